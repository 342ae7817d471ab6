//! Whether a call may be recorded: what the law of the place that a number belongs to asks for, and what a campaign does about it.
//!
//! A number's area code says where it was given out, not where somebody is. So what is not known to be allowed is not done, and
//! who calls from a place where everybody must agree announces every recording.

mod laws;

pub use laws::{COMPILED_ON, LAWS, Law, Parties, law_of};

use crate::phone_number::PhoneNumber;

/// What people are told where a campaign has no words of its own for it.
pub const NOTICE: &str = "This call is recorded.";

/// What a campaign that records does about those who must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingConsent {
    /// Everybody is told at the beginning of the call: whoever stays on it agrees.
    Announce {
        /// What they are told; [`NOTICE`] when absent.
        words: Option<String>,
    },
    /// Nobody is told; only calls to places where one party to a call may record it are recorded.
    OnlyWhereOnePartySuffices,
}

/// Whether a call is recorded, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingRuling {
    /// It is, and whoever picks up is told.
    Announced,
    /// It is: where the number belongs, one party may record a call.
    OneParty(&'static Law),
    /// It is not: where the number belongs, everybody must agree.
    AllParties(&'static Law),
    /// It is not: nobody knows what the law asks for where the number belongs.
    UnknownPlace,
}

impl RecordingConsent {
    /// The word of our API and database.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Announce { .. } => "announce",
            Self::OnlyWhereOnePartySuffices => "record_only_where_one_party_suffices",
        }
    }

    /// Reads the word of our API and database, with what people are told.
    pub fn parse(word: &str, words: Option<String>) -> Option<Self> {
        match word {
            "announce" => Some(Self::Announce { words }),
            "record_only_where_one_party_suffices" => Some(Self::OnlyWhereOnePartySuffices),
            _ => None,
        }
    }

    /// What people are told at the beginning of a recorded call, where they are told.
    pub fn notice(&self) -> Option<&str> {
        match self {
            Self::Announce { words } => Some(words.as_deref().unwrap_or(NOTICE)),
            Self::OnlyWhereOnePartySuffices => None,
        }
    }

    /// Whether a call to this number is recorded by a campaign that wants to.
    pub fn ruling(&self, to: &PhoneNumber) -> RecordingRuling {
        match (self, law_of(to)) {
            (Self::Announce { .. }, _) => RecordingRuling::Announced,
            (Self::OnlyWhereOnePartySuffices, Some(law)) if law.parties == Parties::One => {
                RecordingRuling::OneParty(law)
            }
            (Self::OnlyWhereOnePartySuffices, Some(law)) => RecordingRuling::AllParties(law),
            (Self::OnlyWhereOnePartySuffices, None) => RecordingRuling::UnknownPlace,
        }
    }
}

impl Default for RecordingConsent {
    fn default() -> Self {
        Self::Announce { words: None }
    }
}

impl RecordingRuling {
    /// Whether the carrier is asked to record.
    pub const fn records(self) -> bool {
        matches!(self, Self::Announced | Self::OneParty(_))
    }

    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::OneParty(_) => "one_party",
            Self::AllParties(_) => "all_parties",
            Self::UnknownPlace => "unknown_place",
        }
    }

    /// What people are told at the beginning of this call.
    pub fn notice(self, consent: &RecordingConsent) -> Option<&str> {
        match self {
            // The campaign may have changed since the call was armed: what was promised is said.
            Self::Announced => consent.notice().or(Some(NOTICE)),
            _ => None,
        }
    }

    /// As it is stored: the word, and behind a colon the place.
    pub fn stored(self) -> String {
        match self {
            Self::OneParty(law) | Self::AllParties(law) => format!("{}:{}", self.as_str(), law.state),
            Self::Announced | Self::UnknownPlace => self.as_str().to_owned(),
        }
    }

    /// Reads it back. A place whose law was changed since keeps what was decided then.
    pub fn parse(stored: &str) -> Option<Self> {
        let (word, state) = stored.split_once(':').unwrap_or((stored, ""));
        let law = LAWS.iter().find(|law| law.state == state);
        match (word, law) {
            ("announced", _) => Some(Self::Announced),
            ("unknown_place", _) => Some(Self::UnknownPlace),
            ("one_party", Some(law)) => Some(Self::OneParty(law)),
            ("all_parties", Some(law)) => Some(Self::AllParties(law)),
            _ => None,
        }
    }

    /// In plain words, with the source.
    pub fn explain(self) -> String {
        match self {
            Self::Announced => "Recorded: whoever picked up was told at the beginning.".to_owned(),
            Self::OneParty(law) => {
                format!("Recorded: in {} one party to a call may record it ({}).", law.name, law.source)
            }
            Self::AllParties(law) => format!(
                "Not recorded: in {} everybody on a call must agree to its recording ({}), and this campaign tells nobody.",
                law.name, law.source
            ),
            Self::UnknownPlace => {
                "Not recorded: it is not known where the number belongs, so everybody would have to \
                                   agree, and this campaign tells nobody."
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;
