//! Voices of a service that speaks beforehand: how they are named, when calls wait for one, and how long a service rests.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::gate::{HoldReason, Verdict};

/// What a `voiceId` of such a voice begins with.
const PREFIX: &str = "elevenlabs:";

/// How often a text is asked for whose requests may all have been paid for without an answer that can be used.
pub const MOST_PAID_TRIES: u32 = 3;
/// A text that was refused, or paid for in vain, is not asked for again for so long.
pub const REST_OF_A_TEXT: Duration = Duration::from_secs(60 * 60);
/// Whoever waits for words asks again as often whether they are there.
pub const LOOK_AT_WORDS: Duration = Duration::from_secs(1);

/// A voice of ElevenLabs, by its identifier: 1 to 64 letters and digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceVoice(String);

/// The text is no identifier of a voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a voice of ElevenLabs is named by up to 64 letters and digits; copy the voice ID from its page")]
pub struct InvalidVoice;

impl ServiceVoice {
    /// Reads the service's identifier.
    ///
    /// # Errors
    /// [`InvalidVoice`].
    pub fn parse(id: &str) -> Result<Self, InvalidVoice> {
        let fits = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(id.to_owned())) } else { Err(InvalidVoice) }
    }

    /// Reads a `voiceId`; `None` for one that names a voice of the carrier.
    ///
    /// # Errors
    /// [`InvalidVoice`], when it is meant for the service and cannot be one of its.
    pub fn of(voice_id: &str) -> Option<Result<Self, InvalidVoice>> {
        voice_id.strip_prefix(PREFIX).map(Self::parse)
    }

    /// The service's identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As a `voiceId`.
impl fmt::Display for ServiceVoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

/// Whether the service can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Narration {
    /// A key was given.
    pub is_set_up: bool,
    /// It was asked in vain, and is left alone until then.
    pub rests_until: Option<Timestamp>,
}

impl Narration {
    /// What a campaign's voice says to anybody; `needed`: the service speaks for it.
    pub fn verdict(self, needed: bool, now: Timestamp) -> Verdict {
        if !needed {
            Verdict::Dial
        } else if !self.is_set_up {
            Verdict::Hold { reason: HoldReason::VoiceOff, until: None }
        } else if let Some(until) = self.rests_until.filter(|until| *until > now) {
            Verdict::Hold { reason: HoldReason::VoiceUnavailable, until: Some(until) }
        } else {
            Verdict::Dial
        }
    }
}

/// Why a service does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// It cannot be reached, or gives no whole answer.
    Away,
    /// It has too much to do.
    Busy,
    /// It does not accept the key.
    Key,
    /// The quota is used up.
    Quota,
}

impl Trouble {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Away, Self::Busy, Self::Key, Self::Quota];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Key => "key",
            Self::Quota => "quota",
        }
    }

    /// The trouble of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }

    /// How long the service is left alone after it was asked in vain so many times in a row, the last time included.
    pub fn rest_after(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(10);
        let (first, longest) = match self {
            Self::Busy => (2, 60),
            Self::Away => (15, 15 * 60),
            // Somebody has to do something about it, and may have done it.
            Self::Key | Self::Quota => (10 * 60, 10 * 60),
        };
        Duration::from_secs((first << doublings).min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_of_the_service_is_told_from_those_of_the_carrier() {
        let voice =
            ServiceVoice::of("elevenlabs:21m00Tcm4TlvDq8ikWAM").expect("the service's").expect("a voice");
        assert_eq!(voice.as_str(), "21m00Tcm4TlvDq8ikWAM");
        assert_eq!(voice.to_string(), "elevenlabs:21m00Tcm4TlvDq8ikWAM");
        assert_eq!(ServiceVoice::of("Polly.Joanna"), None);
        for hostile in ["", "../user", "a/b", "a?b", "a%2e", "ä", &"a".repeat(65)] {
            assert_eq!(
                ServiceVoice::of(&format!("elevenlabs:{hostile}")),
                Some(Err(InvalidVoice)),
                "{hostile}"
            );
        }
    }

    #[test]
    fn calls_wait_for_a_service_that_is_off_or_rests_and_nobody_else_does() {
        let now = Timestamp::UNIX_EPOCH;
        let later = now + Duration::from_secs(5);
        let off = Narration::default();
        assert_eq!(off.verdict(false, now), Verdict::Dial);
        assert_eq!(off.verdict(true, now), Verdict::Hold { reason: HoldReason::VoiceOff, until: None });
        let rests = Narration { is_set_up: true, rests_until: Some(later) };
        assert_eq!(
            rests.verdict(true, now),
            Verdict::Hold { reason: HoldReason::VoiceUnavailable, until: Some(later) }
        );
        assert_eq!(rests.verdict(true, later), Verdict::Dial);
        assert_eq!(rests.verdict(false, now), Verdict::Dial);
    }

    #[test]
    fn rests_grow_up_to_a_bound() {
        let rests = |trouble: Trouble| [1, 2, 3, 100].map(|failures| trouble.rest_after(failures).as_secs());
        assert_eq!(rests(Trouble::Busy), [2, 4, 8, 60]);
        assert_eq!(rests(Trouble::Away), [15, 30, 60, 900]);
        assert_eq!(rests(Trouble::Quota), [600; 4]);
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::parse(trouble.as_str()), Some(trouble));
        }
    }
}
