//! Files as telephones send them, whole and broken, in pieces of every size.

use super::*;

fn wav(code: u16, channels: u16, bits: u16, rate: u32, sound: &[u8], announced: u32) -> Vec<u8> {
    let frame = u32::from(channels * bits / 8);
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    // A chunk of odd length before the format, as some writers leave one.
    file.extend_from_slice(b"LIST\x03\0\0\0abc\0fmt \x10\0\0\0");
    for short in [code, channels] {
        file.extend_from_slice(&short.to_le_bytes());
    }
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * frame).to_le_bytes());
    file.extend_from_slice(&(frame as u16).to_le_bytes());
    file.extend_from_slice(&bits.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&announced.to_le_bytes());
    file.extend_from_slice(sound);
    file
}

/// A second in which the left is loud at first and the right at the end.
fn two_sides() -> Vec<u8> {
    let frame = |nth: u32| {
        let (left, right): (i16, i16) = if nth < 4_000 { (-32_768, 0) } else { (0, 16_384) };
        [left.to_le_bytes(), right.to_le_bytes()].concat()
    };
    (0..8_000).flat_map(frame).collect()
}

fn read(file: &[u8], piece: usize) -> Result<Sound, Unreadable> {
    let mut reader = SoundReader::new();
    file.chunks(piece).try_for_each(|piece| reader.take(piece))?;
    reader.finish()
}

#[test]
fn length_channels_and_loudness_are_the_same_in_pieces_of_any_size() {
    let sound = two_sides();
    let file = wav(PCM, 2, 16, 8_000, &sound, sound.len() as u32);
    let whole = read(&file, file.len()).expect("a sound");
    assert_eq!((whole.duration_ms, whole.channels), (1_000, 2));
    let (left, right) = whole.peaks.split_at(PEAKS);
    assert_eq!((left[0], left[PEAKS - 1]), (255, 0));
    assert_eq!((right[0], right[PEAKS - 1]), (0, 128));
    for piece in [1, 3, 7, 44, 1_000] {
        assert_eq!(read(&file, piece), Ok(whole.clone()), "pieces of {piece}");
    }
}

#[test]
fn a_file_that_breaks_off_anywhere_is_not_whole() {
    let sound = two_sides();
    let file = wav(PCM, 2, 16, 8_000, &sound, sound.len() as u32);
    for end in (1..file.len()).step_by(97).chain([file.len() - 1]) {
        let broken = read(&file[..end], 64);
        assert!(matches!(broken, Err(Unreadable::BrokenOff { .. })), "{end}: {broken:?}");
    }
}

#[test]
fn a_length_that_was_not_known_when_the_head_was_written_is_counted() {
    let sound = two_sides();
    for unknown in [0, u32::MAX] {
        let file = wav(PCM, 2, 16, 8_000, &sound, unknown);
        assert_eq!(read(&file, 512).map(|sound| sound.duration_ms), Ok(1_000));
    }
}

#[test]
fn mu_law_is_heard_and_other_kinds_are_kept_without_a_picture() {
    // The loudest and the softest that mu-law knows.
    let sound = [0x00, 0xFF].repeat(4_000);
    let read_as = |code| read(&wav(code, 1, 8, 8_000, &sound, sound.len() as u32), 100).expect("a sound");
    let mu_law = read_as(MU_LAW);
    assert_eq!((mu_law.duration_ms, mu_law.peaks[0]), (1_000, 250));
    let a_law = read_as(6);
    assert_eq!((a_law.duration_ms, a_law.peaks.len()), (1_000, 0));
}

#[test]
fn what_is_not_a_sound_is_refused_and_never_read_out_of_bounds() {
    assert_eq!(read(b"<html>an error page</html>", 5), Err(Unreadable::NotWav));
    assert_eq!(read(b"", 1), Err(Unreadable::NotWav));
    assert_eq!(read(b"RIFF\0\0\0\0AVI LIST", 5), Err(Unreadable::NotWav));
    let mut endless = b"RIFF\0\0\0\0WAVEjunk".to_vec();
    endless.extend_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read(&endless, 9), Err(Unreadable::Head(_))));
    assert!(matches!(read(&wav(PCM, 3, 16, 8_000, &[0; 60], 60), 9), Err(Unreadable::Head(_))));
    assert!(matches!(read(&wav(PCM, 1, 16, 0, &[0; 60], 60), 9), Err(Unreadable::Head(_))));
    assert!(matches!(read(b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd", 9), Err(Unreadable::Head(_))));
}
