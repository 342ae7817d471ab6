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
    let voices = [Voice::of(sid, 0), Voice::of(sid, 1)];
    for nth in 0..seconds * RATE {
        let sides = voices.map(|voice| voice.at(nth));
        if channels == 1 {
            wav.extend_from_slice(&(sides[0] + sides[1]).to_le_bytes());
        } else {
            wav.extend(sides.into_iter().flat_map(i16::to_le_bytes));
        }
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
#[derive(Clone, Copy)]
struct Voice {
    side: u32,
    hertz: f64,
    loudness: f64,
}

impl Voice {
    fn of(sid: &str, side: u32) -> Self {
        let mut dice = Dice::new(0, &["voice", sid, &side.to_string()]);
        Self { side, hertz: dice.between((110.0, 330.0)), loudness: dice.between((6_000.0, 14_000.0)) }
    }

    fn at(self, nth: u32) -> i16 {
        const TURN: u32 = 2 * RATE;
        if nth / TURN % 2 != self.side {
            return 0;
        }
        let swell = (f64::from(nth % TURN) / f64::from(TURN) * TAU / 2.0).sin();
        let tone = (f64::from(nth) / f64::from(RATE) * self.hertz * TAU).sin();
        (self.loudness * swell * tone) as i16
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
