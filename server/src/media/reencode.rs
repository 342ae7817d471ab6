//! Makes of a sound file that somebody sent one that a telephone plays: decoded, and written anew.
//!
//! What the file is, its content says. Nothing of it but its sound gets into what is written: no name, no picture, no bytes
//! that another program would take for a page. Memory and work are bounded whatever the file claims.

mod mp3;
mod ogg;
mod resample;
mod vorbis_setup;
mod wav;

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use bytes::Bytes;

use super::sound::{Sound, SoundReader, Unreadable};
use resample::Resampler;

/// What is written: 16 bits, one channel, linear. Telephones carry no more than this.
pub const RATE: u32 = 8_000;
/// Of these, a sound of people may have so many per second.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Shorter than this is a click.
const SHORTEST: u64 = RATE as u64 / 10;
/// RIFF and `WAVE`, `fmt ` with 16 bytes, `data`.
const HEAD: usize = 44;

/// A sound as a telephone plays it.
#[derive(Debug, Clone)]
pub struct Reencoded {
    /// The whole file.
    pub wav: Bytes,
    /// What is in it.
    pub sound: Sound,
}

/// Why a file is not taken. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// Nothing in it.
    #[error("the file is empty; choose another one")]
    Empty,
    /// It is something else, whatever its name says.
    #[error("the file is no WAV, MP3 or Ogg Vorbis file; save the sound as one of these and send that")]
    NotSound,
    /// A container with sound of a kind that is not read.
    #[error(
        "the file holds {0}, which is not read here; save the sound as WAV, MP3 or Ogg Vorbis and send that"
    )]
    Codec(&'static str),
    /// It contradicts itself, or breaks off.
    #[error("the file is damaged: {0}; save the sound anew and send that")]
    Damaged(String),
    /// It lasts too long.
    #[error("the sound is longer than {} minutes, the most that is played; cut it", .0.as_secs() / 60)]
    TooLong(Duration),
    /// It lasts no time.
    #[error("there is nothing to hear in the file: it is shorter than a tenth of a second")]
    TooShort,
    /// Our own disk failed, not the file.
    #[error("the file could not be read back from the disk: {0}")]
    Disk(io::Error),
}

/// Decodes a file from its beginning and writes its sound anew: at most `longest` of it, which bounds memory to 16 kB per
/// second. Blocks; to be called where that is allowed.
///
/// # Errors
/// What is wrong with the file; the first thing that is found. A decoder that stumbles over a hostile file panics, so that
/// the caller is to take a panic for [`Unfit::Damaged`].
pub fn reencode(mut file: File, longest: Duration) -> Result<Reencoded, Unfit> {
    let decode = decoder_for(&mut file)?;
    let mut written = Written { longest, sound: None, wav: vec![0; HEAD] };
    decode(file, &mut written)?;
    written.finish()
}

type Decoder = fn(File, &mut Written) -> Result<(), Unfit>;

fn decoder_for(file: &mut File) -> Result<Decoder, Unfit> {
    let mut beginning = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(Unfit::Disk)?;
    file.by_ref().take(64 * 1024).read_to_end(&mut beginning).map_err(Unfit::Disk)?;
    file.seek(SeekFrom::Start(0)).map_err(Unfit::Disk)?;
    match beginning.as_slice() {
        [] => Err(Unfit::Empty),
        [b'R', b'I', b'F', b'F', ..] => Ok(wav::decode),
        [b'O', b'g', b'g', b'S', ..] => Ok(ogg::decode),
        [b'f', b'L', b'a', b'C', ..] => Err(Unfit::Codec("FLAC")),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Err(Unfit::Codec("MP4 or AAC")),
        other if nanomp3::detect(other) => Ok(mp3::decode),
        _ => Err(Unfit::NotSound),
    }
}

/// What decoders write to.
struct Written {
    longest: Duration,
    sound: Option<(Format, Resampler)>,
    wav: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format {
    rate: u32,
    channels: u8,
}

impl Written {
    /// What comes next. Once, before the first sample.
    fn begin(&mut self, rate: u32, channels: u8) -> Result<(), Unfit> {
        if !RATES.contains(&rate) {
            return Err(Unfit::Damaged(format!("{rate} samples per second are those of no sound")));
        }
        if !matches!(channels, 1 | 2) {
            return Err(Unfit::Codec("more than two channels"));
        }
        self.sound = Some((Format { rate, channels }, Resampler::new(rate, RATE)));
        Ok(())
    }

    fn has_begun(&self) -> bool {
        self.sound.is_some()
    }

    /// Samples from -1 to 1, one per channel in turn; of both channels the mean is heard.
    fn take(&mut self, samples: &[f32]) -> Result<(), Unfit> {
        let Some((format, resampler)) = &mut self.sound else { return Ok(()) };
        let wav = &mut self.wav;
        let mut write = |sample: f32| {
            // NaN becomes 0.
            let sample = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
            wav.extend_from_slice(&sample.to_le_bytes());
        };
        match format.channels {
            2 => {
                samples.chunks_exact(2).for_each(|both| resampler.take((both[0] + both[1]) / 2.0, &mut write))
            }
            _ => samples.iter().for_each(|sample| resampler.take(*sample, &mut write)),
        }
        if self.frames() > self.longest.as_secs() * u64::from(RATE) {
            return Err(Unfit::TooLong(self.longest));
        }
        Ok(())
    }

    fn frames(&self) -> u64 {
        (self.wav.len() - HEAD) as u64 / 2
    }

    fn finish(mut self) -> Result<Reencoded, Unfit> {
        if let Some((_, resampler)) = self.sound.take() {
            let wav = &mut self.wav;
            resampler.finish(|sample| {
                let sample = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
                wav.extend_from_slice(&sample.to_le_bytes());
            });
        }
        if self.frames() < SHORTEST {
            return Err(Unfit::TooShort);
        }
        let head = head(self.wav.len() - HEAD);
        self.wav[..HEAD].copy_from_slice(&head);
        // The same eyes that look at recordings.
        let mut reader = SoundReader::new();
        let read = reader.take(&self.wav).and_then(|()| reader.finish());
        let sound = read.map_err(|error: Unreadable| Unfit::Damaged(error.to_string()))?;
        Ok(Reencoded { wav: self.wav.into(), sound })
    }
}

fn head(sound: usize) -> [u8; HEAD] {
    let sound = u32::try_from(sound).unwrap_or(u32::MAX);
    let mut head = [0; HEAD];
    head[0..4].copy_from_slice(b"RIFF");
    head[4..8].copy_from_slice(&sound.saturating_add(36).to_le_bytes());
    head[8..16].copy_from_slice(b"WAVEfmt ");
    head[16..20].copy_from_slice(&16_u32.to_le_bytes());
    // Linear, one channel.
    head[20..24].copy_from_slice(&[1, 0, 1, 0]);
    head[24..28].copy_from_slice(&RATE.to_le_bytes());
    head[28..32].copy_from_slice(&(RATE * 2).to_le_bytes());
    // Two bytes per sample, sixteen bits.
    head[32..36].copy_from_slice(&[2, 0, 16, 0]);
    head[36..40].copy_from_slice(b"data");
    head[40..44].copy_from_slice(&sound.to_le_bytes());
    head
}
