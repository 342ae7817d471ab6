//! What the people of an arm amount to: how many were rung, how many picked up, how many did what was hoped for.
//!
//! The unit is a person, not a call. A person counts by the first of their calls that was picked up: what they do on a later
//! one may be an answer to both. So whether somebody is counted and as what is known at the same moment, when that call
//! ends, as the [comparison](super::comparison) supposes.

use std::ops::{AddAssign, Sub};

use crate::disposition::Disposition;

/// What is hoped for: which ends of a call count as a success, among those that somebody picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Says yes.
    Confirmed,
    /// Is put through to a person.
    Transferred,
    /// Says yes, leaves a message or is put through.
    Responded,
    /// Does not ask for an end of all calls.
    NotOptedOut,
}

impl Goal {
    /// Every goal.
    pub const ALL: [Self; 4] = [Self::Confirmed, Self::Transferred, Self::Responded, Self::NotOptedOut];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Transferred => "transferred",
            Self::Responded => "responded",
            Self::NotOptedOut => "not_opted_out",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|goal| goal.as_str() == word)
    }

    /// Whether a call that was picked up and ended like this is a success.
    pub const fn is_met_by(self, disposition: Disposition) -> bool {
        use Disposition::{Confirmed, LeftMessage, OptedOut, Transferred};
        match self {
            Self::Confirmed => matches!(disposition, Confirmed),
            Self::Transferred => matches!(disposition, Transferred),
            Self::Responded => matches!(disposition, Confirmed | LeftMessage | Transferred),
            Self::NotOptedOut => !matches!(disposition, OptedOut),
        }
    }
}

/// The people of one arm in numbers. Also used for differences, so a count may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArmTally {
    /// Whose call was about to be made: the arm was drawn for them.
    pub people: i64,
    /// Who picked up, as far as is known.
    pub reached: i64,
    /// Who did what was hoped for.
    pub successes: i64,
}

impl ArmTally {
    /// What one person contributes whose calls in one test are given, each as the number of its attempt and its end; `None`
    /// for one that has not ended. In any order.
    pub fn of_person(calls: impl Iterator<Item = (u32, Option<Disposition>)>, goal: Goal) -> Self {
        let (mut people, mut first) = (0, None);
        for (attempt, disposition) in calls {
            people = 1;
            let picked_up = disposition.filter(|it| it.may_have_been_a_person()).map(|it| (attempt, it));
            first = [first, picked_up].into_iter().flatten().min_by_key(|(attempt, _)| *attempt);
        }
        let success = first.is_some_and(|(_, disposition)| goal.is_met_by(disposition));
        Self { people, reached: i64::from(first.is_some()), successes: i64::from(success) }
    }

    /// Nothing changes.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for ArmTally {
    fn add_assign(&mut self, other: Self) {
        self.people += other.people;
        self.reached += other.reached;
        self.successes += other.successes;
    }
}

impl Sub for ArmTally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            people: self.people - other.people,
            reached: self.reached - other.reached,
            successes: self.successes - other.successes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Disposition::*;

    fn of(calls: &[(u32, Option<Disposition>)], goal: Goal) -> (i64, i64, i64) {
        let tally = ArmTally::of_person(calls.iter().copied(), goal);
        (tally.people, tally.reached, tally.successes)
    }

    #[test]
    fn a_person_counts_once_however_often_they_were_rung() {
        assert_eq!(of(&[], Goal::Confirmed), (0, 0, 0));
        assert_eq!(of(&[(1, None)], Goal::Confirmed), (1, 0, 0));
        let calls = [(1, Some(Busy)), (2, Some(MachineAnswered)), (3, Some(Confirmed))];
        assert_eq!(of(&calls, Goal::Confirmed), (1, 1, 1));
        assert_eq!(of(&calls[..2], Goal::NotOptedOut), (1, 0, 0));
    }

    #[test]
    fn the_first_call_that_was_picked_up_decides_in_whatever_order_they_are_known() {
        let calls = [(2, Some(HumanAnswered)), (1, Some(NoAnswer)), (3, Some(Confirmed)), (4, None)];
        let mut turned = calls;
        turned.reverse();
        for calls in [calls, turned] {
            assert_eq!(of(&calls, Goal::Confirmed), (1, 1, 0));
            assert_eq!(of(&calls, Goal::NotOptedOut), (1, 1, 1));
        }
    }

    /// Without detection nobody knows who picked up. Were only those counted who press a key, the arm would decide who is.
    #[test]
    fn whoever_picked_up_counts_when_nobody_knows_who_it_was() {
        assert_eq!(of(&[(1, Some(AnsweredUnknown))], Goal::Confirmed), (1, 1, 0));
        assert_eq!(of(&[(1, Some(AnsweredUnknown))], Goal::NotOptedOut), (1, 1, 1));
        assert_eq!(of(&[(1, Some(Fax))], Goal::NotOptedOut), (1, 0, 0));
        assert_eq!(of(&[(1, Some(Lost))], Goal::NotOptedOut), (1, 0, 0));
    }

    #[test]
    fn each_goal_says_what_it_hopes_for() {
        let met = |goal: Goal| -> Vec<Disposition> {
            let picked_up = Disposition::ALL.into_iter().filter(|it| it.may_have_been_a_person());
            picked_up.filter(|it| goal.is_met_by(*it)).collect()
        };
        assert_eq!(met(Goal::Confirmed), [Confirmed]);
        assert_eq!(met(Goal::Transferred), [Transferred]);
        assert_eq!(met(Goal::Responded), [Confirmed, LeftMessage, Transferred]);
        let stayed = [HumanAnswered, Confirmed, Abandoned, LeftMessage, Transferred, AnsweredUnknown];
        assert_eq!(met(Goal::NotOptedOut), stayed);
        for goal in Goal::ALL {
            assert_eq!(Goal::parse(goal.as_str()), Some(goal));
        }
        assert_eq!(Goal::parse("confirm"), None);
    }
}
