//! WAV files: linear samples of 8 to 32 bits, floating ones, and the two companded kinds of telephony.

use std::fs::File;
use std::io::{BufReader, Read as _};

use super::{Unfit, Written};
use crate::media::sound::{Format, LONGEST_HEAD, Unreadable, of_mu_law, read_head};

/// Floating samples (format 3 of the WAVE specification).
const FLOAT: u16 = 3;
/// G.711 A-law (format 6).
const A_LAW: u16 = 6;
/// Bytes read in one go.
const AT_ONCE: usize = 32 * 1024;

pub(super) fn decode(file: File, written: &mut Written) -> Result<(), Unfit> {
    let mut file = BufReader::with_capacity(AT_ONCE, file);
    let mut head = Vec::new();
    file.by_ref().take(LONGEST_HEAD as u64).read_to_end(&mut head).map_err(Unfit::Disk)?;
    let (format, announced, at) =
        read_head(&head)?.ok_or_else(|| Unfit::Damaged("it has no sound behind its head".to_owned()))?;
    let sample = sample_of(format)?;
    let frame = format.frame();
    let whole = announced.unwrap_or(u64::MAX);
    // Without reading it all first.
    if announced
        .is_some_and(|bytes| bytes / frame as u64 / u64::from(format.rate) > written.longest.as_secs())
    {
        return Err(Unfit::TooLong(written.longest));
    }
    written.begin(format.rate, format.channels as u8)?;

    let mut sound = head[at..].chain(file).take(whole);
    let (mut read, mut samples) = (0, Vec::new());
    let mut piece = vec![0; AT_ONCE / frame * frame];
    loop {
        let got = fill(&mut sound, &mut piece).map_err(Unfit::Disk)?;
        read += got as u64;
        samples.clear();
        samples.extend(piece[..got / frame * frame].chunks_exact(usize::from(format.bits / 8)).map(sample));
        written.take(&samples)?;
        if got < piece.len() {
            break;
        }
    }
    match announced {
        Some(whole) if read < whole => Err(Unreadable::BrokenOff { whole, missing: whole - read }.into()),
        _ => Ok(()),
    }
}

fn fill(from: &mut impl std::io::Read, piece: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < piece.len() {
        match from.read(&mut piece[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// How one sample is read, from -1 to 1.
fn sample_of(format: Format) -> Result<fn(&[u8]) -> f32, Unfit> {
    Ok(match (format.code, format.bits) {
        (1, 8) => |it| (f32::from(it[0]) - 128.0) / 128.0,
        (1, 16) => |it| f32::from(i16::from_le_bytes([it[0], it[1]])) / 32_768.0,
        (1, 24) => |it| i32::from_le_bytes([0, it[0], it[1], it[2]]) as f32 / 2_147_483_648.0,
        (1, 32) => |it| i32::from_le_bytes([it[0], it[1], it[2], it[3]]) as f32 / 2_147_483_648.0,
        (FLOAT, 32) => |it| f32::from_le_bytes([it[0], it[1], it[2], it[3]]),
        (7, 8) => |it| f32::from(of_mu_law(it[0])) / 32_768.0,
        (A_LAW, 8) => |it| f32::from(of_a_law(it[0])) / 32_768.0,
        _ => return Err(Unfit::Codec("a kind of WAV sound")),
    })
}

/// ITU-T G.711: every second bit is inverted; sign, exponent and mantissa.
fn of_a_law(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let (exponent, mantissa) = (bits >> 4 & 7, i16::from(bits & 0x0F));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    if bits & 0x80 == 0 { -magnitude } else { magnitude }
}

impl From<Unreadable> for Unfit {
    fn from(unreadable: Unreadable) -> Self {
        match unreadable {
            Unreadable::NotWav => Self::NotSound,
            other => Self::Damaged(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_a_law;

    #[test]
    fn a_law_is_that_of_the_table() {
        // G.711, table 1a: the first values of each sign, the largest ones.
        for (byte, value) in [(0xD5, 8), (0x55, -8), (0xD4, 24), (0xAA, 32_256), (0x2A, -32_256)] {
            assert_eq!(of_a_law(byte), value, "{byte:#04x}");
        }
    }
}
