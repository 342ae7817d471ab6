//! Recordings: of whole calls and of the Record verb.

use std::time::Duration;

use jiff::Timestamp;

use super::order::RecordingOrder;

/// A recording; it stays known after its deletion, only hidden.
pub(crate) struct Recording {
    pub sid: String,
    /// Position of its call.
    pub call: usize,
    pub call_sid: String,
    pub source: &'static str,
    pub order: RecordingOrder,
    pub started_at: Timestamp,
    /// Known once the recording is over.
    pub duration: Option<Duration>,
    pub deleted: bool,
    /// So often its sound was asked for.
    pub asked_for: u64,
}

impl Recording {
    /// Twilio's word for its state; a recording that caught nothing is absent.
    pub(crate) fn status(&self) -> &'static str {
        match self.duration {
            None => "in-progress",
            Some(duration) if duration.is_zero() => "absent",
            Some(_) => "completed",
        }
    }

    pub(crate) fn seconds(&self) -> Option<u64> {
        self.duration.map(|duration| duration.as_secs_f64().round() as u64)
    }
}
