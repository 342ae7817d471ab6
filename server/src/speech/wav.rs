//! Spoken samples as WAV files, and back.

use super::SAMPLE_RATE;

const HEAD: usize = 44;

/// Samples of one channel and 16 bit in a RIFF file (format 1 of the WAVE specification).
pub fn file(samples: &[u8]) -> Vec<u8> {
    // No spoken text is near the four gigabytes that a head can announce.
    let size = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(HEAD + samples.len());
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&size.saturating_add(36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00");
    file.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    file.extend_from_slice(&(SAMPLE_RATE * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\x00\x10\x00data");
    file.extend_from_slice(&size.to_le_bytes());
    file.extend_from_slice(samples);
    file
}

/// The samples of a file that was made here.
pub fn samples(file: &[u8]) -> Option<&[u8]> {
    let (head, samples) = file.split_at_checked(HEAD)?;
    (head.starts_with(b"RIFF") && &head[36..40] == b"data").then_some(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_into_a_file_comes_out_of_it() {
        let file = file(&[1, 2, 3, 4]);
        assert_eq!((file.len(), samples(&file)), (48, Some(&[1, 2, 3, 4][..])));
        assert_eq!(samples(b"ID3"), None);
        assert_eq!(samples(&[0; 60]), None);
    }
}
