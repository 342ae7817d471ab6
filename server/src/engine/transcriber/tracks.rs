//! The tracks of a recording, each as a file of its own: who speaks is known by the track.

use std::borrow::Cow;

use crate::speech_services::openai::AudioFile;

/// One voice, or all of them.
pub struct Track<'a> {
    bytes: Cow<'a, [u8]>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Wav,
    Mp3,
    Ogg,
}

impl Track<'_> {
    /// As it is sent.
    pub fn file(&self) -> AudioFile<'_> {
        let (content_type, name) = match self.kind {
            Kind::Wav => ("audio/wav", "call.wav"),
            Kind::Mp3 => ("audio/mpeg", "call.mp3"),
            Kind::Ogg => ("audio/ogg", "call.ogg"),
        };
        AudioFile { bytes: &self.bytes, content_type, name }
    }
}

/// The two tracks of a stereo WAV file; any other file is one track.
pub fn of(audio: &[u8]) -> Vec<Track<'_>> {
    let kind = match audio {
        [b'R', b'I', b'F', b'F', ..] => Kind::Wav,
        [b'O', b'g', b'g', b'S', ..] => Kind::Ogg,
        _ => Kind::Mp3,
    };
    match stereo(audio) {
        Some(stereo) => {
            let one = |nth| Track { bytes: Cow::Owned(stereo.track(nth)), kind };
            vec![one(0), one(1)]
        }
        None => vec![Track { bytes: Cow::Borrowed(audio), kind }],
    }
}

/// A WAV file with two channels of whole bytes.
struct Stereo<'a> {
    /// 1 for PCM, 7 for µ-law.
    format: u16,
    rate: u32,
    sample_bytes: usize,
    samples: &'a [u8],
}

impl Stereo<'_> {
    fn track(&self, nth: usize) -> Vec<u8> {
        let samples = self.samples.chunks_exact(self.sample_bytes * 2);
        let track: Vec<u8> =
            samples.flat_map(|both| &both[nth * self.sample_bytes..][..self.sample_bytes]).copied().collect();
        let size = track.len() as u32;
        let mut file = Vec::with_capacity(track.len() + 44);
        file.extend_from_slice(b"RIFF");
        file.extend_from_slice(&size.saturating_add(36).to_le_bytes());
        file.extend_from_slice(b"WAVEfmt \x10\x00\x00\x00");
        file.extend_from_slice(&self.format.to_le_bytes());
        file.extend_from_slice(&1_u16.to_le_bytes());
        file.extend_from_slice(&self.rate.to_le_bytes());
        file.extend_from_slice(&self.rate.saturating_mul(self.sample_bytes as u32).to_le_bytes());
        file.extend_from_slice(&(self.sample_bytes as u16).to_le_bytes());
        file.extend_from_slice(&(self.sample_bytes as u16 * 8).to_le_bytes());
        file.extend_from_slice(b"data");
        file.extend_from_slice(&size.to_le_bytes());
        file.extend(track);
        file
    }
}

/// Reads the chunks of a RIFF file (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0"). A file that is
/// not as it should be is no stereo file; the service will say what it thinks of it.
fn stereo(audio: &[u8]) -> Option<Stereo<'_>> {
    let mut rest = audio.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WAVE")?;
    let (mut format, mut samples) = (None, None);
    while let (Some(name), Some(size)) = (rest.get(..4), rest.get(4..8)) {
        let size = u32::from_le_bytes(size.try_into().ok()?) as usize;
        let body = rest.get(8..)?;
        // A recording that is still being written down says zero or too much for its last chunk.
        let content = body.get(..size).unwrap_or(body);
        match name {
            b"fmt " => format = Some(content),
            b"data" => samples = Some(content),
            _ => {}
        }
        rest = body.get(size.saturating_add(size % 2)..).unwrap_or_default();
    }
    let format = format?;
    let word = |at: usize| Some(u16::from_le_bytes(format.get(at..at + 2)?.try_into().ok()?));
    let (kind, channels, bits) = (word(0)?, word(2)?, word(14)?);
    let rate = u32::from_le_bytes(format.get(4..8)?.try_into().ok()?);
    let known = matches!((kind, bits), (1, 8 | 16) | (7, 8));
    (known && channels == 2).then_some(Stereo {
        format: kind,
        rate,
        sample_bytes: usize::from(bits / 8),
        samples: samples?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(channels: u16, bits: u16, samples: &[u8]) -> Vec<u8> {
        let frame = channels * bits / 8;
        let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0".to_vec();
        file.extend(channels.to_le_bytes());
        file.extend(8_000_u32.to_le_bytes());
        file.extend((8_000 * u32::from(frame)).to_le_bytes());
        file.extend(frame.to_le_bytes());
        file.extend(bits.to_le_bytes());
        file.extend(b"data");
        file.extend((samples.len() as u32).to_le_bytes());
        file.extend(samples);
        file
    }

    fn samples(track: &Track<'_>) -> Vec<u8> {
        track.bytes[44..].to_vec()
    }

    #[test]
    fn two_channels_become_two_files() {
        let both = wav(2, 16, &[1, 2, 11, 12, 3, 4, 13, 14, 9]);
        let tracks = of(&both);
        let tracks: Vec<Vec<u8>> = tracks.iter().map(samples).collect();
        assert_eq!(tracks, [[1, 2, 3, 4], [11, 12, 13, 14]]);
        let both = wav(2, 8, &[1, 11, 2, 12]);
        assert_eq!(of(&both).iter().map(samples).collect::<Vec<_>>(), [[1, 2], [11, 12]]);
        // What was made is a file with one channel again.
        let made = of(&both).swap_remove(1).bytes.into_owned();
        assert_eq!(of(&made).len(), 1);
        assert_eq!(&made[20..36], b"\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0");
    }

    #[test]
    fn any_other_file_stays_as_it_is() {
        for file in [
            wav(1, 16, &[1, 2]),
            wav(2, 24, &[0; 12]),
            wav(2, 0, &[]),
            b"RIFF".to_vec(),
            b"RIFF\0\0\0\0WAVEfmt \xFF\xFF\xFF\xFF\x01".to_vec(),
            b"RIFF\0\0\0\0WAVEdata\xFF\xFF\xFF\xFF\x01".to_vec(),
            b"OggS".to_vec(),
            b"ID3 a title".to_vec(),
            vec![],
        ] {
            let tracks = of(&file);
            assert_eq!((tracks.len(), &*tracks[0].bytes), (1, &*file));
        }
    }
}
