//! Recordings, in the words between us and a carrier.

use std::fmt;
use std::str::FromStr;

use domain::recording::{RecordingNews, RecordingSource};
use jiff::Timestamp;

use super::{CallSid, RequestError, twilio};

/// Twilio's name for a recording: `RE` and 32 hexadecimal digits. Safe to put into a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingSid(String);

impl RecordingSid {
    /// The name as Twilio writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordingSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RecordingSid {
    type Err = InvalidRecordingSid;

    fn from_str(text: &str) -> Result<Self, InvalidRecordingSid> {
        if twilio::is_sid("RE", text) { Ok(Self(text.to_owned())) } else { Err(InvalidRecordingSid) }
    }
}

/// The text is not a recording's SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a recording SID: RE followed by 32 hexadecimal digits")]
pub struct InvalidRecordingSid;

/// A recording as the carrier describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierRecording {
    /// The carrier's name for it.
    pub sid: RecordingSid,
    /// The call it is of.
    pub call: CallSid,
    /// How far it has come; `None` for words that this version does not know, and for one that was deleted there.
    pub news: Option<RecordingNews>,
    /// Whose words it holds.
    pub source: RecordingSource,
    /// Length in seconds, once known.
    pub seconds: Option<u32>,
    /// When it began.
    pub created_at: Option<Timestamp>,
}

/// Recordings found, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingList {
    /// The recordings, newest first.
    pub recordings: Vec<CarrierRecording>,
    /// All of the wanted time were read.
    pub complete: bool,
}

/// Why the sound of a recording did not come. All but `TooLarge` may pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// It is not there: not yet, or not any more.
    #[error("the carrier has no file of it")]
    NotThere,
    /// Only one channel was recorded, and two were asked for.
    #[error("the carrier has it in one channel only")]
    OneChannelOnly,
    /// What came is not a sound.
    #[error("the carrier sent {0} instead of a WAV file")]
    NotAudio(String),
    /// More than is taken.
    #[error("the file is larger than the {0} MB that are taken")]
    TooLarge(u64),
    /// No usable answer, or one that broke off.
    #[error(transparent)]
    Request(#[from] RequestError),
}
