//! Reads a WAV file as it arrives: whether it is one, whether it is whole, how long it lasts and how loud it is where.
//!
//! Nothing is kept of what was read but one loudness per tenth of a second: a recording of hours takes no more memory than
//! a short one.

/// How many loudnesses a channel is summed up in.
pub const PEAKS: usize = 240;

/// A longer head is no head: everything that stands before the sound in files of telephones fits into a fraction of it.
pub(super) const LONGEST_HEAD: usize = 64 * 1024;
/// Loudnesses are first noted this often per second.
const NOTED_PER_SECOND: u32 = 10;
/// Linear samples (format 1 of the WAVE specification).
const PCM: u16 = 1;
/// G.711 mu-law (format 7).
const MU_LAW: u16 = 7;
/// The real format stands further behind.
const EXTENSIBLE: u16 = 0xFFFE;

/// What was found in a whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// 1 or 2.
    pub channels: u8,
    /// Loudness from 0 to 255, [`PEAKS`] times for each channel, one channel behind the other; empty when the samples are
    /// of a kind whose loudness is not known here.
    pub peaks: Vec<u8>,
}

/// Why a file is no sound that can be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is something else.
    #[error("what was sent is not a WAV file")]
    NotWav,
    /// Its head contradicts itself or names something that telephones do not send.
    #[error("the WAV file's head cannot be used: {0}")]
    Head(&'static str),
    /// It ends before its head says that it does.
    #[error("the file breaks off: {missing} of {whole} bytes of sound are missing")]
    BrokenOff {
        /// Bytes that the head announces.
        whole: u64,
        /// Bytes that did not come.
        missing: u64,
    },
}

/// Takes a file piece by piece.
#[derive(Debug)]
pub struct SoundReader {
    head: Vec<u8>,
    body: Option<Body>,
}

#[derive(Debug)]
struct Body {
    format: Format,
    /// What the head announces; `None` where whoever wrote it did not know yet.
    announced: Option<u64>,
    read: u64,
    /// The beginning of a sample whose end has not come yet.
    rest: Vec<u8>,
    frames_noted: u32,
    loudest: [u8; 2],
    noted: [Vec<u8>; 2],
}

/// How samples are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Format {
    /// Of the WAVE specification.
    pub(super) code: u16,
    /// 1 or 2.
    pub(super) channels: u16,
    /// Per second.
    pub(super) rate: u32,
    /// 8, 16, 24 or 32.
    pub(super) bits: u16,
}

impl Default for SoundReader {
    fn default() -> Self {
        Self::new()
    }
}

impl SoundReader {
    /// Before the first piece.
    pub const fn new() -> Self {
        Self { head: Vec::new(), body: None }
    }

    /// Takes the next piece.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), Unreadable> {
        if let Some(body) = &mut self.body {
            body.take(piece);
            return Ok(());
        }
        self.head.extend_from_slice(piece);
        match read_head(&self.head)? {
            Some((format, announced, at)) => {
                let mut body = Body::new(format, announced);
                body.take(&self.head[at..]);
                self.body = Some(body);
                self.head = Vec::new();
                Ok(())
            }
            None if self.head.len() > LONGEST_HEAD => Err(Unreadable::Head("it has no end")),
            None => Ok(()),
        }
    }

    /// What it was, when nothing more comes.
    pub fn finish(self) -> Result<Sound, Unreadable> {
        let Some(body) = self.body else {
            let begins_well = b"RIFF".starts_with(&self.head[..self.head.len().min(4)]) || is_wav(&self.head);
            let broken = Unreadable::BrokenOff { whole: 0, missing: 0 };
            return Err(if begins_well && !self.head.is_empty() { broken } else { Unreadable::NotWav });
        };
        let whole = body.announced.unwrap_or(body.read);
        if body.read < whole {
            return Err(Unreadable::BrokenOff { whole, missing: whole - body.read });
        }
        Ok(body.summed_up(whole))
    }
}

fn is_wav(head: &[u8]) -> bool {
    head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WAVE")
}

/// The format, the bytes of sound that are announced, `None` where whoever wrote it did not know yet, and where they begin;
/// nothing while the head is not whole.
pub(super) fn read_head(head: &[u8]) -> Result<Option<(Format, Option<u64>, usize)>, Unreadable> {
    if head.len() < 12 {
        return if b"RIFF".starts_with(&head[..head.len().min(4)]) || head.starts_with(b"RIFF") {
            Ok(None)
        } else {
            Err(Unreadable::NotWav)
        };
    }
    if !is_wav(head) {
        return Err(Unreadable::NotWav);
    }
    let (mut at, mut format) = (12, None);
    loop {
        let Some((name, length)) = chunk(head, at) else { return Ok(None) };
        let content = at + 8;
        match name {
            b"fmt " => match head.get(content..content + length as usize) {
                Some(fields) => format = Some(read_format(fields)?),
                None => return Ok(None),
            },
            b"data" => {
                let format = format.ok_or(Unreadable::Head("the sound comes before its format"))?;
                // Whoever writes while it is recorded leaves one of these two.
                let announced = (!matches!(length, 0 | u32::MAX)).then_some(u64::from(length));
                return Ok(Some((format, announced, content)));
            }
            _ => {}
        }
        // Chunks begin at even places.
        at = content + length as usize + (length % 2) as usize;
        if at > LONGEST_HEAD {
            return Err(Unreadable::Head("it has no end"));
        }
    }
}

fn chunk(head: &[u8], at: usize) -> Option<(&[u8; 4], u32)> {
    let name = head.get(at..at + 4)?.try_into().ok()?;
    let length = head.get(at + 4..at + 8)?.try_into().ok()?;
    Some((name, u32::from_le_bytes(length)))
}

fn read_format(fields: &[u8]) -> Result<Format, Unreadable> {
    let short = |at: usize| {
        let bytes = fields.get(at..at + 2).and_then(|two| two.try_into().ok());
        bytes.map(u16::from_le_bytes).ok_or(Unreadable::Head("its format is too short"))
    };
    let rate = u32::from(short(4)?) | u32::from(short(6)?) << 16;
    let mut format = Format { code: short(0)?, channels: short(2)?, rate, bits: short(14)? };
    if format.code == EXTENSIBLE {
        format.code = short(24)?;
    }
    if !matches!(format.channels, 1 | 2) {
        return Err(Unreadable::Head("it has neither one channel nor two"));
    }
    // The slowest and the fastest that any telephone or sound card uses.
    if !(4_000..=192_000).contains(&rate) || !matches!(format.bits, 8 | 16 | 24 | 32) {
        return Err(Unreadable::Head("its rate or its samples are not those of a sound"));
    }
    Ok(format)
}

impl Format {
    /// Bytes of one sample of each channel.
    pub(super) fn frame(self) -> usize {
        usize::from(self.channels) * usize::from(self.bits / 8)
    }

    /// Loudness of one sample; `None` for kinds that are not known here.
    fn loudness(self, sample: &[u8]) -> Option<u8> {
        match (self.code, sample) {
            (PCM, [_, high]) => Some(loudness_of(i16::from_le_bytes([sample[0], *high]))),
            (MU_LAW, [byte]) => Some(loudness_of(of_mu_law(*byte))),
            _ => None,
        }
    }
}

fn loudness_of(sample: i16) -> u8 {
    u8::try_from(sample.unsigned_abs() >> 7).unwrap_or(u8::MAX)
}

/// ITU-T G.711: the bits are inverted; sign, exponent and mantissa, around a bias of 33 at 14 bits.
pub(super) fn of_mu_law(byte: u8) -> i16 {
    let bits = !byte;
    let (exponent, mantissa) = (i16::from(bits >> 4 & 7), i16::from(bits & 0x0F));
    let magnitude = (((mantissa << 1) + 33) << exponent) - 33;
    if bits & 0x80 == 0 { magnitude << 2 } else { -(magnitude << 2) }
}

impl Body {
    fn new(format: Format, announced: Option<u64>) -> Self {
        Self {
            format,
            announced,
            read: 0,
            rest: Vec::new(),
            frames_noted: 0,
            loudest: [0; 2],
            noted: [Vec::new(), Vec::new()],
        }
    }

    fn take(&mut self, piece: &[u8]) {
        // What stands behind the sound is not heard.
        let room = self.announced.map_or(u64::MAX, |whole| whole - self.read);
        let piece = &piece[..piece.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        self.read += piece.len() as u64;
        let frame = self.format.frame();
        let mut piece = piece;
        if !self.rest.is_empty() {
            let missing = (frame - self.rest.len()).min(piece.len());
            self.rest.extend_from_slice(&piece[..missing]);
            piece = &piece[missing..];
            if self.rest.len() < frame {
                return;
            }
            let whole = std::mem::take(&mut self.rest);
            self.hear(&whole);
        }
        let frames = piece.chunks_exact(frame);
        let rest = frames.remainder().to_vec();
        frames.for_each(|one| self.hear(one));
        self.rest = rest;
    }

    fn hear(&mut self, frame: &[u8]) {
        let size = usize::from(self.format.bits / 8);
        for (channel, sample) in frame.chunks_exact(size).enumerate() {
            let loudness = self.format.loudness(sample).unwrap_or(0);
            self.loudest[channel] = self.loudest[channel].max(loudness);
        }
        self.frames_noted += 1;
        if self.frames_noted >= self.format.rate / NOTED_PER_SECOND {
            self.note();
        }
    }

    fn note(&mut self) {
        for (noted, loudest) in self.noted.iter_mut().zip(&mut self.loudest) {
            noted.push(std::mem::take(loudest));
        }
        self.frames_noted = 0;
    }

    fn summed_up(mut self, whole: u64) -> Sound {
        if self.frames_noted > 0 {
            self.note();
        }
        let known = matches!((self.format.code, self.format.bits), (PCM, 16) | (MU_LAW, 8));
        let channels = usize::from(self.format.channels);
        let of_channels = self.noted.iter().take(channels).filter(|_| known);
        let frames = whole / self.format.frame() as u64;
        Sound {
            duration_ms: frames * 1_000 / u64::from(self.format.rate),
            channels: channels as u8,
            peaks: of_channels.flat_map(|noted| spread(noted)).collect(),
        }
    }
}

/// As many values as are wanted: the loudest of each part, or each several times.
fn spread(noted: &[u8]) -> impl Iterator<Item = u8> {
    (0..PEAKS).map(|nth| {
        let from = nth * noted.len() / PEAKS;
        let until = ((nth + 1) * noted.len() / PEAKS).max(from + 1).min(noted.len());
        noted.get(from..until).and_then(|part| part.iter().max()).copied().unwrap_or(0)
    })
}

#[cfg(test)]
mod tests;
