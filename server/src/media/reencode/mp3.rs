//! MP3 files.

use std::fs::File;
use std::io::BufReader;

use nanomp3::{Channels, Error, Options, Reader};

use super::{Unfit, Written};

pub(super) fn decode(file: File, written: &mut Written) -> Result<(), Unfit> {
    // Its length is found out by decoding: what the file says of it is no reason to believe it.
    let options = Options::default().skip_scan(true);
    let mut reader = Reader::<_, f32>::with_options(BufReader::new(file), options)?;
    let Some(channels) = reader.channels() else { return Err(Unfit::NotSound) };
    written.begin(reader.sample_rate(), if channels == Channels::Mono { 1 } else { 2 })?;
    while let Some(samples) = reader.read_frame()? {
        written.take(samples)?;
    }
    Ok(())
}

impl From<Error> for Unfit {
    fn from(error: Error) -> Self {
        match error {
            Error::Io(error) => Self::Disk(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}
