//! Audio that stands for speech: as long as the words would take, and different for different words.

use super::desk::mark;
use crate::dice::Dice;

/// Letters spoken in a second.
const LETTERS_PER_SECOND: usize = 15;
/// Nobody needs to hear more humming.
const MOST_SECONDS: usize = 600;

/// A file format of the speech service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// MPEG-1 layer III at 44.1 kHz, by the index of its bit rate (ISO 11172-3, table of bit rates).
    Mp3 { index: u8, kilobits: usize },
    /// MPEG-2 layer III at 22.05 kHz and 32 kbit/s.
    Mp3Low,
    /// Bare samples of 16 bit.
    Pcm { rate: u32 },
    /// The same in a RIFF file.
    Wav { rate: u32 },
    /// Bare µ-law at 8 kHz, as telephones use it.
    Ulaw,
}

impl Format {
    /// Reads a value of `output_format`; without one it is MP3 at 128 kbit/s.
    pub(super) fn parse(word: Option<&str>) -> Option<Self> {
        let Some(word) = word else { return Some(Self::Mp3 { index: 9, kilobits: 128 }) };
        Some(match word {
            "mp3_22050_32" => Self::Mp3Low,
            "mp3_44100_32" => Self::Mp3 { index: 1, kilobits: 32 },
            "mp3_44100_64" => Self::Mp3 { index: 5, kilobits: 64 },
            "mp3_44100_96" => Self::Mp3 { index: 7, kilobits: 96 },
            "mp3_44100_128" => Self::Mp3 { index: 9, kilobits: 128 },
            "mp3_44100_192" => Self::Mp3 { index: 11, kilobits: 192 },
            "ulaw_8000" => Self::Ulaw,
            _ => {
                let (kind, rate) = word.split_once('_')?;
                let rate = rate
                    .parse()
                    .ok()
                    .filter(|rate| [8_000, 16_000, 22_050, 24_000, 44_100].contains(rate))?;
                match kind {
                    "pcm" => Self::Pcm { rate },
                    "wav" => Self::Wav { rate },
                    _ => return None,
                }
            }
        })
    }

    /// How the file is announced.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Mp3 { .. } | Self::Mp3Low => "audio/mpeg",
            Self::Pcm { .. } => "audio/pcm",
            Self::Wav { .. } => "audio/wav",
            Self::Ulaw => "audio/basic",
        }
    }

    /// A file that stands for `text` in `voice`.
    pub(super) fn speak(self, text: &str, voice: &str) -> Vec<u8> {
        let mark = mark(format!("{voice}\n{text}").as_bytes());
        let seconds = (text.chars().count().div_ceil(LETTERS_PER_SECOND)).clamp(1, MOST_SECONDS);
        match self {
            // Side information that is all zero has no sound in it.
            Self::Mp3 { index, kilobits } => {
                let header = [0xFF, 0xFB, index << 4, 0xC4];
                mp3(&mark, header, 144 * kilobits * 1_000 / 44_100, seconds * 44_100 / 1_152)
            }
            Self::Mp3Low => {
                mp3(&mark, [0xFF, 0xF3, 0x40, 0xC4], 72 * 32_000 / 22_050, seconds * 22_050 / 576)
            }
            Self::Pcm { rate } => hum(&mark, rate, seconds),
            Self::Wav { rate } => wav(rate, hum(&mark, rate, seconds)),
            Self::Ulaw => hum(&mark, 8_000, seconds)
                .chunks_exact(2)
                .map(|sample| ulaw(i16::from_le_bytes([sample[0], sample[1]])))
                .collect(),
        }
    }
}

/// How long a file is taken to play: by its header where it is a RIFF file, else as MP3 of 32 kbit/s.
pub(super) fn seconds(audio: &[u8]) -> f64 {
    let bytes_per_second = match audio.get(28..32) {
        Some(rate) if audio.starts_with(b"RIFF") => {
            u32::from_le_bytes([rate[0], rate[1], rate[2], rate[3]]).max(1)
        }
        _ => 4_000,
    };
    audio.len().saturating_sub(44) as f64 / f64::from(bytes_per_second)
}

/// Silent frames behind a title that tells the file from others (ID3 version 2.3, frame TIT2).
fn mp3(mark: &str, header: [u8; 4], frame: usize, frames: usize) -> Vec<u8> {
    let title = mark.len() as u8 + 1;
    let mut file = Vec::with_capacity(64 + frame * frames);
    file.extend_from_slice(b"ID3\x03\x00\x00\x00\x00\x00");
    file.push(title + 10);
    file.extend_from_slice(b"TIT2\x00\x00\x00");
    file.extend_from_slice(&[title, 0, 0, 0]);
    file.extend_from_slice(mark.as_bytes());
    for _ in 0..frames {
        let begin = file.len();
        file.extend_from_slice(&header);
        file.resize(begin + frame, 0);
    }
    file
}

/// A quiet hum whose pitch changes four times a second.
fn hum(mark: &str, rate: u32, seconds: usize) -> Vec<u8> {
    let mut dice = Dice::new(0, &["hum", mark]);
    let mut samples = Vec::with_capacity(seconds * rate as usize * 2);
    for _ in 0..seconds * 4 {
        let step = dice.between((150.0, 400.0)) * std::f64::consts::TAU / f64::from(rate);
        let quarter = (0..rate / 4).map(|at| ((f64::from(at) * step).sin() * 3_000.0) as i16);
        samples.extend(quarter.flat_map(i16::to_le_bytes));
    }
    samples
}

fn wav(rate: u32, samples: Vec<u8>) -> Vec<u8> {
    let size = samples.len() as u32;
    let mut file = Vec::with_capacity(44 + samples.len());
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + size).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00");
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\x00\x10\x00data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend(samples);
    file
}

/// One sample as G.711 writes it down: sign, segment and step within it, inverted.
fn ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let level = i32::from(sample).abs().min(32_635) + 132;
    let segment = (24 - level.leading_zeros()).min(7);
    let step = (level >> (segment + 3)) & 0x0F;
    !(sign | (segment as u8) << 4 | step as u8)
}
