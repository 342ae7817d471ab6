//! What becomes of a file: the sound and nothing but the sound, or why not.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::time::Duration;

use prospectai::media::{Reencoded, Unfit, reencode};

use super::files::{ogg_with_opus, ogg_with_tables, riff, silent_mp3, silent_ogg, tone, wav, wav_of};

const LONGEST: Duration = Duration::from_secs(600);

fn reencoded(file: &[u8]) -> Result<Reencoded, Unfit> {
    reencode(on_disk(file), LONGEST)
}

fn on_disk(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(content).expect("written");
    file
}

/// The samples behind the head, which is checked.
fn samples(made: &Reencoded) -> Vec<i16> {
    let (head, sound) = made.wav.split_at(44);
    assert_eq!(&head[..4], b"RIFF");
    assert_eq!(&head[8..40], b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    let size = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes")) as usize;
    assert_eq!((size(4), size(40)), (made.wav.len() - 8, sound.len()));
    sound.chunks_exact(2).map(|sample| i16::from_le_bytes([sample[0], sample[1]])).collect()
}

/// How strong a tone is in the middle of a sound, 0 to 1 of the greatest loudness.
fn strength(samples: &[i16], hertz: f64) -> f64 {
    let middle = &samples[400..samples.len() - 400];
    let (mut real, mut imaginary) = (0.0, 0.0);
    for (nth, sample) in middle.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * nth as f64 / 8_000.0;
        real += f64::from(*sample) * angle.cos();
        imaginary += f64::from(*sample) * angle.sin();
    }
    (real * real + imaginary * imaginary).sqrt() * 2.0 / middle.len() as f64 / 32_768.0
}

#[test]
fn what_a_telephone_plays_already_is_kept_sample_by_sample() {
    let sound = tone(8_000, 440.0, 1.0);
    assert_eq!(samples(&reencoded(&wav(8_000, 1, &sound)).expect("a sound")), sound);
}

#[test]
fn every_kind_of_wav_file_sounds_the_same_afterwards() {
    let wanted = |file: Vec<u8>, what: &str| {
        let made = reencoded(&file).unwrap_or_else(|unfit| panic!("{what}: {unfit}"));
        let samples = samples(&made);
        assert!(samples.len().abs_diff(8_000) <= 1, "{what}: {}", samples.len());
        let loud = strength(&samples, 440.0);
        assert!((loud - 0.5).abs() < 0.03, "{what}: {loud}");
        assert!(strength(&samples, 1_000.0) < 0.01, "{what}");
    };
    for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000] {
        let mono = tone(rate, 440.0, 1.0);
        wanted(wav(rate, 1, &mono), &format!("{rate} in one channel"));
        let both: Vec<i16> = mono.iter().flat_map(|sample| [*sample, *sample]).collect();
        wanted(wav(rate, 2, &both), &format!("{rate} in two channels"));
    }
    let mono = tone(16_000, 440.0, 1.0);
    let bytes =
        |of: &dyn Fn(i16) -> Vec<u8>| -> Vec<u8> { mono.iter().flat_map(|sample| of(*sample)).collect() };
    let eight = bytes(&|sample| vec![((sample >> 8) + 128) as u8]);
    wanted(wav_of(1, 1, 16_000, 8, &eight), "8 bits");
    let more = bytes(&|sample| (i32::from(sample) << 8).to_le_bytes()[..3].to_vec());
    wanted(wav_of(1, 1, 16_000, 24, &more), "24 bits");
    let floats = bytes(&|sample| (f32::from(sample) / 32_768.0).to_le_bytes().to_vec());
    wanted(wav_of(3, 1, 16_000, 32, &floats), "floating samples");
}

#[test]
fn mp3_and_ogg_files_become_what_a_telephone_plays() {
    for (what, file) in [("MP3", silent_mp3(3)), ("Ogg Vorbis", silent_ogg(3))] {
        let made = reencoded(&file).unwrap_or_else(|unfit| panic!("{what}: {unfit}"));
        let samples = samples(&made);
        assert!(samples.len().abs_diff(24_000) < 5_000, "{what}: {}", samples.len());
        assert!(samples.iter().all(|sample| *sample == 0), "{what}");
        assert_eq!(made.sound.duration_ms, samples.len() as u64 / 8, "{what}");
        assert_eq!(made.sound.peaks, vec![0; 240], "{what}");
    }
}

#[test]
fn nothing_that_was_smuggled_along_is_in_what_is_kept() {
    const SMUGGLED: &[u8] = b"<script>alert(document.domain)</script>";
    let sound: Vec<u8> = tone(8_000, 440.0, 1.0).iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let format = &wav_of(1, 1, 8_000, 16, b"")[20..36];
    let tagged =
        [b"ID3\x04\0\0\0\0\0".to_vec(), vec![SMUGGLED.len() as u8], SMUGGLED.to_vec(), silent_mp3(2)];
    for (what, file) in [
        ("a chunk before the sound", riff(&[(b"LIST", SMUGGLED), (b"fmt ", format), (b"data", &sound)])),
        ("a chunk behind the sound", riff(&[(b"fmt ", format), (b"data", &sound), (b"html", SMUGGLED)])),
        (
            "bytes behind the file",
            [riff(&[(b"fmt ", format), (b"data", &sound)]), SMUGGLED.to_vec()].concat(),
        ),
        ("a tag of an MP3 file", tagged.concat()),
        ("bytes behind an MP3 file", [silent_mp3(2), SMUGGLED.to_vec()].concat()),
    ] {
        let made = reencoded(&file).unwrap_or_else(|unfit| panic!("{what}: {unfit}"));
        samples(&made);
        assert!(!made.wav.windows(7).any(|bytes| bytes == b"<script" || bytes == b"/script"), "{what}");
    }
}

#[test]
fn what_is_no_sound_is_refused_whatever_it_begins_with() {
    let format = &wav_of(1, 1, 8_000, 16, b"")[20..36];
    let of = |file: &[u8]| reencoded(file).expect_err("refused");
    for (what, file) in [
        ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01".to_vec()),
        ("a page", b"<!doctype html><script>alert(1)</script>".repeat(100)),
        (
            "a page behind a RIFF head",
            [b"RIFF\0\0\0\0".to_vec(), b"<html><script>alert(1)</script>".to_vec()].concat(),
        ),
        ("a packed file", b"PK\x03\x04\x14\0\0\0\x08\0".repeat(50)),
        ("zeros", vec![0; 10_000]),
        ("text", b"hello".to_vec()),
        ("a film", b"RIFF\0\0\0\0AVI LIST".repeat(50)),
    ] {
        assert!(matches!(of(&file), Unfit::NotSound), "{what}: {}", of(&file));
    }
    assert!(matches!(of(b""), Unfit::Empty));
    assert!(matches!(of(b"fLaC\0\0\0\x22"), Unfit::Codec("FLAC")));
    assert!(matches!(of(b"\0\0\0\x20ftypM4A "), Unfit::Codec(_)));
    assert!(matches!(of(&ogg_with_opus()), Unfit::Codec("Opus")));
    assert!(matches!(of(&wav_of(1, 6, 48_000, 16, &[0; 9_600])), Unfit::Damaged(_)), "six channels");
    assert!(matches!(of(&wav_of(0x55, 1, 8_000, 16, &[0; 9_600])), Unfit::Codec(_)), "MP3 in a WAV file");
    assert!(matches!(of(&wav_of(1, 1, 0, 16, &[0; 9_600])), Unfit::Damaged(_)), "no samples per second");
    for (what, file) in [
        ("a head and no more", riff(&[(b"fmt ", format)])),
        ("a WAV file that breaks off", wav(8_000, 1, &tone(8_000, 440.0, 1.0))[..8_000].to_vec()),
        ("an Ogg file that breaks off", silent_ogg(60)[..200].to_vec()),
    ] {
        assert!(matches!(of(&file), Unfit::Damaged(_)), "{what}: {}", of(&file));
    }
    assert!(matches!(of(&wav(8_000, 1, &[1; 40])), Unfit::TooShort));
    assert!(matches!(of(&wav(8_000, 1, &[])), Unfit::TooShort | Unfit::Damaged(_)));
}

#[test]
fn three_hours_in_a_small_file_are_refused_long_before_they_are_decoded() {
    const HOURS: u64 = 3 * 60 * 60;
    for (what, file) in [("MP3", silent_mp3(HOURS)), ("Ogg Vorbis", silent_ogg(HOURS))] {
        let on_disk = on_disk(&file);
        let mut same = on_disk.try_clone().expect("the same file, at the same place");
        assert!(matches!(reencode(on_disk, Duration::from_secs(60)), Err(Unfit::TooLong(_))), "{what}");
        let read = same.stream_position().expect("a place");
        assert!(read < file.len() as u64 / 4 + 200_000, "{what}: {read} of {} bytes", file.len());
    }
    // A head that announces them is enough.
    let mut announced = wav(8_000, 1, &tone(8_000, 440.0, 1.0));
    announced[40..44].copy_from_slice(&(8_000 * 2 * HOURS as u32).to_le_bytes());
    assert!(matches!(reencoded(&announced), Err(Unfit::TooLong(_))));
    assert!(matches!(reencode(on_disk(&silent_mp3(6)), Duration::from_secs(5)), Err(Unfit::TooLong(_))));
    assert!(reencode(on_disk(&silent_mp3(4)), Duration::from_secs(5)).is_ok());
}

#[test]
fn a_head_that_asks_for_terabytes_is_refused_before_anything_is_given() {
    for (dimensions, entries) in [(65_535, 1 << 23), (65_535, 1 << 17), (1_000, 1 << 16)] {
        let refused = reencoded(&ogg_with_tables(dimensions, entries));
        assert!(matches!(refused, Err(Unfit::Damaged(_))), "{dimensions} {entries}");
    }
}

#[test]
fn no_file_whose_bytes_were_changed_does_more_than_sound_wrong_or_be_refused() {
    for file in [wav(8_000, 1, &tone(8_000, 440.0, 0.2)), silent_mp3(1), silent_ogg(1)] {
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        for _ in 0..300 {
            let mut changed = file.clone();
            for _ in 0..3 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = (state >> 16) as usize % changed.len().min(600);
                changed[at] = (state >> 40) as u8;
            }
            // A decoder may stumble, which the server takes for a damaged file; it may not end the process or never return.
            let made = std::panic::catch_unwind(|| reencode(on_disk(&changed), Duration::from_secs(20)));
            if let Ok(Ok(made)) = made {
                samples(&made);
            }
        }
    }
}
