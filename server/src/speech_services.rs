//! Services that speak and understand: voices by ElevenLabs, transcription and summaries by whatever speaks OpenAI's language.
//!
//! Addresses and keys are the operator's, from the configuration; nothing that a user of the dashboard writes ever becomes one
//! (SR-40). No client repeats a request that may have been paid for: whoever asks decides, with [`ServiceError::may_have_cost`].

mod door;
pub mod elevenlabs;
pub mod openai;

use std::time::Duration;

pub use door::{InvalidAddress, NoHttps, ServiceAddress};

/// A service did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The request never arrived.
    #[error("{service} cannot be reached: {why}. Nothing was done; it is worth trying again later")]
    Unreachable {
        /// Which.
        service: &'static str,
        /// What stood in the way.
        why: String,
    },
    /// It asks to wait. Nothing was done.
    #[error("{service} has too much to do. Nothing was done; it is worth trying again later")]
    Busy {
        /// Which.
        service: &'static str,
        /// For how long, where it says so; at most an hour.
        retry_after: Option<Duration>,
    },
    /// The key is not accepted, or not for this.
    #[error(
        "{service} does not accept the key. Look at {setting}: whether it is whole, still valid and allowed to do this"
    )]
    Key {
        /// Which.
        service: &'static str,
        /// The setting with the key.
        setting: &'static str,
    },
    /// What the account may use is used up.
    #[error(
        "the quota at {service} is used up. It goes on when the account has more, or with its next period"
    )]
    Quota {
        /// Which.
        service: &'static str,
    },
    /// It does not do this, however often it is asked.
    #[error("{service} refuses: {why}")]
    Refused {
        /// Which.
        service: &'static str,
        /// Its reason.
        why: String,
    },
    /// It was asked and there is no whole answer: it may have been done, and may be on the bill.
    #[error("there is no whole answer from {service}: {why}. It may be on the bill all the same")]
    Lost {
        /// Which.
        service: &'static str,
        /// What was seen.
        why: String,
    },
    /// The answer is whole, and not what was asked for.
    #[error("the answer of {service} cannot be used: {why}")]
    Unusable {
        /// Which.
        service: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl ServiceError {
    /// Whether the request may have been done, and charged, although there is no result.
    pub const fn may_have_cost(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Unusable { .. })
    }

    /// Whether the same request may be answered at another time without anybody changing anything.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Busy { .. } | Self::Lost { .. })
    }
}
