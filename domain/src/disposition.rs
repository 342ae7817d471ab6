//! How an attempt to ring somebody ended.

/// How an attempt ended, as far as the campaign is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// A person picked up.
    HumanAnswered,
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
    pub const ALL: [Self; 10] = [
        Self::HumanAnswered,
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
        matches!(self, Self::HumanAnswered)
    }

    /// Somebody or something picked up.
    pub const fn was_answered(self) -> bool {
        matches!(self, Self::HumanAnswered | Self::MachineAnswered | Self::Fax | Self::AnsweredUnknown)
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
        assert_eq!(reached, [Disposition::HumanAnswered]);
    }

    #[test]
    fn nobody_who_may_have_spoken_with_us_is_rung_again() {
        for disposition in [Disposition::HumanAnswered, Disposition::AnsweredUnknown, Disposition::Refused] {
            assert!(!disposition.may_be_retried());
        }
    }

    #[test]
    fn somebody_or_something_picked_up_in_four_ways() {
        use Disposition::*;
        let answered: Vec<_> = Disposition::ALL.into_iter().filter(|d| d.was_answered()).collect();
        assert_eq!(answered, [HumanAnswered, MachineAnswered, Fax, AnsweredUnknown]);
    }

    #[test]
    fn a_policy_may_retry_what_can_still_become_a_conversation() {
        use Disposition::*;
        let retried: Vec<_> = Disposition::ALL.into_iter().filter(|d| d.may_be_retried()).collect();
        assert_eq!(retried, [MachineAnswered, Busy, NoAnswer, Failed, Canceled, Lost]);
    }
}
