//! The states of a call as Twilio's REST API names them.

use serde::{Deserialize, Serialize};

/// A call's state. `initiated` exists only in callbacks, never here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Waiting for its turn, or dialled and not yet ringing.
    Queued,
    /// Ringing at the called number.
    Ringing,
    /// Answered.
    InProgress,
    /// Answered and over.
    Completed,
    /// The line was engaged.
    Busy,
    /// The network could not complete the call.
    Failed,
    /// Nobody answered within the caller's timeout.
    NoAnswer,
    /// The caller gave up before an answer.
    Canceled,
}

impl Status {
    /// The word in Twilio's JSON, callbacks and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// Nothing follows this state.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Ringing | Self::InProgress)
    }
}
