//! What the carrier says of a call, in its own words.

/// A call's status as Twilio names it. `Initiated` exists only in callbacks, never in its REST answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CarrierStatus {
    /// Accepted, not yet started.
    Queued,
    /// The carrier has begun to dial.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody or something picked up.
    InProgress,
    /// Audio was connected, and the call is over.
    Completed,
    /// The line was engaged.
    Busy,
    /// The call could not be made.
    Failed,
    /// Nobody picked up in time.
    NoAnswer,
    /// Ended by us before anybody picked up.
    Canceled,
}

impl CarrierStatus {
    /// Every status, in the order in which a call can pass through them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Initiated,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Busy,
        Self::Failed,
        Self::NoAnswer,
        Self::Canceled,
    ];

    /// Twilio's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
        }
    }

    /// Reads Twilio's word; `None` for one this version does not know.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// No further status follows.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Busy | Self::Failed | Self::NoAnswer | Self::Canceled)
    }
}

/// Who picked up, by answering machine detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnsweredBy {
    /// A person.
    Human,
    /// A machine, told from the start of its greeting.
    MachineStart,
    /// A machine; its greeting ended with a beep.
    MachineEndBeep,
    /// A machine; its greeting ended in silence.
    MachineEndSilence,
    /// A machine; its greeting ended otherwise, or detection ran out of time.
    MachineEndOther,
    /// A fax.
    Fax,
    /// Detection could not tell.
    Unknown,
}

impl AnsweredBy {
    /// Every value.
    pub const ALL: [Self; 7] = [
        Self::Human,
        Self::MachineStart,
        Self::MachineEndBeep,
        Self::MachineEndSilence,
        Self::MachineEndOther,
        Self::Fax,
        Self::Unknown,
    ];

    /// Twilio's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::MachineStart => "machine_start",
            Self::MachineEndBeep => "machine_end_beep",
            Self::MachineEndSilence => "machine_end_silence",
            Self::MachineEndOther => "machine_end_other",
            Self::Fax => "fax",
            Self::Unknown => "unknown",
        }
    }

    /// Reads Twilio's word; `None` for one this version does not know.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == word)
    }

    /// A machine that has said its greeting: what is said now is kept.
    pub const fn takes_messages(self) -> bool {
        matches!(self, Self::MachineEndBeep | Self::MachineEndSilence | Self::MachineEndOther)
    }

    /// An answering machine of any kind.
    pub const fn is_machine(self) -> bool {
        matches!(
            self,
            Self::MachineStart | Self::MachineEndBeep | Self::MachineEndSilence | Self::MachineEndOther
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_carriers_words_are_read_back_and_no_others() {
        for status in CarrierStatus::ALL {
            assert_eq!(CarrierStatus::parse(status.as_str()), Some(status));
        }
        for value in AnsweredBy::ALL {
            assert_eq!(AnsweredBy::parse(value.as_str()), Some(value));
        }
        assert_eq!((CarrierStatus::parse("in_progress"), AnsweredBy::parse("Human")), (None, None));
    }

    #[test]
    fn a_call_is_over_in_five_ways() {
        use CarrierStatus::*;
        let last: Vec<_> = CarrierStatus::ALL.into_iter().filter(|status| status.is_final()).collect();
        assert_eq!(last, [Completed, Busy, Failed, NoAnswer, Canceled]);
    }

    #[test]
    fn four_of_the_answers_are_machines() {
        use AnsweredBy::*;
        let machines: Vec<_> = AnsweredBy::ALL.into_iter().filter(|value| value.is_machine()).collect();
        assert_eq!(machines, [MachineStart, MachineEndBeep, MachineEndSilence, MachineEndOther]);
    }
}
