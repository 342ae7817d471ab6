//! How an attempt to ring somebody ended.

use crate::reaction::Reaction;

/// How an attempt ended, as far as the campaign is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// A person picked up, and did nothing further.
    HumanAnswered,
    /// A person said yes.
    Confirmed,
    /// A person asked for somebody to talk to and got nobody.
    Abandoned,
    /// A person left a message.
    LeftMessage,
    /// A person was put through to somebody.
    Transferred,
    /// A person wants no more calls.
    OptedOut,
    /// An answering machine or voicemail picked up.
    MachineAnswered,
    /// A fax picked up.
    Fax,
    /// Something picked up; detection was off or could not tell. Twilio's `completed` alone proves no person.
    AnsweredUnknown,
    /// The line was engaged.
    Busy,
    /// Nobody picked up in time.
    NoAnswer,
    /// The call could not be made, for a reason that may pass.
    Failed,
    /// Ended by us before anybody picked up.
    Canceled,
    /// The carrier will not make this call: the number does not exist, is blocked or may not be rung.
    Refused,
    /// Nobody can say what became of it, and nobody will: the carrier may have rung the person.
    Lost,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 15] = [
        Self::HumanAnswered,
        Self::Confirmed,
        Self::Abandoned,
        Self::LeftMessage,
        Self::Transferred,
        Self::OptedOut,
        Self::MachineAnswered,
        Self::Fax,
        Self::AnsweredUnknown,
        Self::Busy,
        Self::NoAnswer,
        Self::Failed,
        Self::Canceled,
        Self::Refused,
        Self::Lost,
    ];

    /// Its name in storage and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HumanAnswered => "human_answered",
            Self::Confirmed => Reaction::Confirmed.as_str(),
            Self::Abandoned => Reaction::Abandoned.as_str(),
            Self::LeftMessage => Reaction::LeftMessage.as_str(),
            Self::Transferred => Reaction::Transferred.as_str(),
            Self::OptedOut => Reaction::OptedOut.as_str(),
            Self::MachineAnswered => "machine_answered",
            Self::Fax => "fax",
            Self::AnsweredUnknown => "answered_unknown",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }

    /// Reads a name back; `None` for one this version does not know.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|disposition| disposition.as_str() == name)
    }

    /// A person is known to have picked up.
    pub const fn reached_a_person(self) -> bool {
        matches!(
            self,
            Self::HumanAnswered
                | Self::Confirmed
                | Self::Abandoned
                | Self::LeftMessage
                | Self::Transferred
                | Self::OptedOut
        )
    }

    /// A person picked up, or somebody of whom nobody knows what they are.
    pub const fn may_have_been_a_person(self) -> bool {
        self.reached_a_person() || matches!(self, Self::AnsweredUnknown)
    }

    /// Somebody or something picked up.
    pub const fn was_answered(self) -> bool {
        self.reached_a_person() || matches!(self, Self::MachineAnswered | Self::Fax | Self::AnsweredUnknown)
    }

    /// A retry policy may have a rule for it. Whoever may have been a person, and numbers that the carrier will
    /// not ring, are never rung again by themselves.
    pub const fn may_be_retried(self) -> bool {
        matches!(
            self,
            Self::MachineAnswered | Self::Busy | Self::NoAnswer | Self::Failed | Self::Canceled | Self::Lost
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disposition_is_read_back_as_it_was_stored() {
        for disposition in Disposition::ALL {
            assert_eq!(Disposition::parse(disposition.as_str()), Some(disposition));
        }
        assert_eq!(Disposition::parse("Busy"), None);
    }

    #[test]
    fn only_a_known_person_counts_as_reached() {
        let reached: Vec<_> = Disposition::ALL.into_iter().filter(|d| d.reached_a_person()).collect();
        use Disposition::*;
        assert_eq!(reached, [HumanAnswered, Confirmed, Abandoned, LeftMessage, Transferred, OptedOut]);
    }

    #[test]
    fn nobody_who_may_have_spoken_with_us_is_rung_again() {
        let spoken = Disposition::ALL.into_iter().filter(|disposition| disposition.reached_a_person());
        for disposition in spoken.chain([Disposition::AnsweredUnknown, Disposition::Refused]) {
            assert!(!disposition.may_be_retried(), "{disposition:?}");
        }
    }

    #[test]
    fn a_person_a_machine_a_fax_or_something_unknown_picks_up() {
        use Disposition::*;
        let others = Disposition::ALL.into_iter().filter(|d| d.was_answered() && !d.reached_a_person());
        assert_eq!(others.collect::<Vec<_>>(), [MachineAnswered, Fax, AnsweredUnknown]);
    }

    #[test]
    fn a_policy_may_retry_what_can_still_become_a_conversation() {
        use Disposition::*;
        let retried: Vec<_> = Disposition::ALL.into_iter().filter(|d| d.may_be_retried()).collect();
        assert_eq!(retried, [MachineAnswered, Busy, NoAnswer, Failed, Canceled, Lost]);
    }
}
