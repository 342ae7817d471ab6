//! MP3 files, frame by frame: what lies between frames and behind them is passed over, as players do.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use nanomp3::{Channels, Decoder, FrameInfo, MAX_SAMPLES_PER_FRAME, id3v2_len};

use super::{Unfit, Written};

/// The decoder is shown so much at a time: a good many frames, of which none is longer than some thousand bytes.
const WINDOW: usize = 32 * 1024;
/// Read in one go.
const AT_ONCE: usize = 4 * WINDOW;

pub(super) fn decode(mut file: File, written: &mut Written) -> Result<(), Unfit> {
    let mut held = Vec::new();
    read_more(&mut file, &mut held)?;
    let tag = id3v2_len(&held);
    if tag > 0 {
        file.seek(SeekFrom::Start(tag as u64)).map_err(Unfit::Disk)?;
        held.clear();
    }
    let (mut decoder, mut samples) = (Decoder::new(), vec![0_f32; MAX_SAMPLES_PER_FRAME]);
    let mut first: Option<FrameInfo> = None;
    let (mut at, mut ended) = (0, false);
    loop {
        if held.len() - at < WINDOW && !ended {
            held.drain(..at);
            at = 0;
            ended = read_more(&mut file, &mut held)? == 0;
        }
        let window = &held[at..held.len().min(at + WINDOW)];
        let (passed, frame) = decoder.decode(window, &mut samples);
        if passed == 0 && ended {
            break;
        }
        at += passed;
        // A frame that is damaged, or needs one that was not there, is not heard.
        let Ok(frame) = frame else { continue };
        let known = *first.get_or_insert(frame);
        if (known.sample_rate, known.channels) != (frame.sample_rate, frame.channels) {
            return Err(Unfit::Damaged("its kind of sound changes in the middle".to_owned()));
        }
        let channels = if frame.channels == Channels::Mono { 1 } else { 2 };
        if !written.has_begun() {
            written.begin(frame.sample_rate, channels)?;
        }
        written.take(&samples[..frame.samples_produced * usize::from(channels)])?;
    }
    if first.is_some() { Ok(()) } else { Err(Unfit::NotSound) }
}

fn read_more(file: &mut File, held: &mut Vec<u8>) -> Result<usize, Unfit> {
    file.take(AT_ONCE as u64).read_to_end(held).map_err(Unfit::Disk)
}
