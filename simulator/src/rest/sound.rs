//! What recordings sound like: two people who hum in turn, in the formats Twilio serves. The same recording always sounds
//! the same.

use std::f64::consts::TAU;

use crate::dice::Dice;

/// Longest sound served: an hour, which takes 115 MB in two channels.
const MOST_SECONDS: u64 = 3_600;
/// Samples per second.
const RATE: u32 = 8_000;
/// Nobody needs to hear more of a format in which there is nothing to hear.
const MOST_SECONDS_OF_MP3: u64 = 5;

/// 16 bit PCM at 8 kHz (128 kbit/s per channel), mono or stereo: the caller and the called person.
pub(super) fn wav(sid: &str, seconds: u64, channels: u8) -> Vec<u8> {
    let seconds = seconds.clamp(1, MOST_SECONDS) as u32;
    let frame = u32::from(channels) * 2;
    let size = seconds * RATE * frame;
    let mut wav = head(u16::from(channels), size);
    // Hummed once and repeated: a call of an hour is made as quickly as one of seconds.
    let turns = [0, 1].map(|side| Voice::of(sid, side).turn(side, channels));
    let end = wav.len() + size as usize;
    for turn in turns.iter().cycle() {
        let missing = end - wav.len();
        if missing == 0 {
            break;
        }
        wav.extend_from_slice(&turn[..missing.min(turn.len())]);
    }
    wav
}

fn head(channels: u16, size: u32) -> Vec<u8> {
    let frame = u32::from(channels) * 2;
    let mut head = Vec::with_capacity(44 + size as usize);
    head.extend_from_slice(b"RIFF");
    head.extend_from_slice(&(36 + size).to_le_bytes());
    head.extend_from_slice(b"WAVEfmt ");
    head.extend_from_slice(&16_u32.to_le_bytes());
    head.extend_from_slice(&1_u16.to_le_bytes());
    head.extend_from_slice(&channels.to_le_bytes());
    head.extend_from_slice(&RATE.to_le_bytes());
    head.extend_from_slice(&(RATE * frame).to_le_bytes());
    head.extend_from_slice(&(channels * 2).to_le_bytes());
    head.extend_from_slice(&16_u16.to_le_bytes());
    head.extend_from_slice(b"data");
    head.extend_from_slice(&size.to_le_bytes());
    head
}

/// Somebody who hums at their own height, two seconds at a time, while the other one is quiet.
struct Voice {
    hertz: f64,
    loudness: f64,
}

impl Voice {
    fn of(sid: &str, side: usize) -> Self {
        let mut dice = Dice::new(0, &["voice", sid, &side.to_string()]);
        Self { hertz: dice.between((110.0, 330.0)), loudness: dice.between((6_000.0, 14_000.0)) }
    }

    /// The frames of one turn of this side.
    fn turn(&self, side: usize, channels: u8) -> Vec<u8> {
        const TURN: u32 = 2 * RATE;
        let mut frames = Vec::new();
        for nth in 0..TURN {
            let swell = (f64::from(nth) / f64::from(TURN) * TAU / 2.0).sin();
            let tone = (f64::from(nth) / f64::from(RATE) * self.hertz * TAU).sin();
            let heard = ((self.loudness * swell * tone) as i16).to_le_bytes();
            match (channels, side) {
                (1, _) => frames.extend_from_slice(&heard),
                (_, 0) => frames.extend_from_slice(&[heard[0], heard[1], 0, 0]),
                _ => frames.extend_from_slice(&[0, 0, heard[0], heard[1]]),
            }
        }
        frames
    }
}

/// MPEG 2.5 layer III, 32 kbit/s, 8 kHz, mono: frames of 288 bytes and 72 ms each. A frame whose side information is
/// all zero has no sound in it.
pub(super) fn mp3(seconds: u64) -> Vec<u8> {
    const HEADER: [u8; 4] = [0xFF, 0xE3, 0x48, 0xC4];
    const FRAME: usize = 288;
    let frames = (seconds.clamp(1, MOST_SECONDS_OF_MP3) * 1_000).div_ceil(72) as usize;
    let mut mp3 = vec![0; frames * FRAME];
    for frame in mp3.chunks_exact_mut(FRAME) {
        frame[..HEADER.len()].copy_from_slice(&HEADER);
    }
    mp3
}
