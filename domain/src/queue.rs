//! The queue of a campaign: who comes before whom, and what people may do with somebody who waits in it.

use jiff::Timestamp;

use crate::calling_window::Openness;
use crate::campaign::CampaignRules;
use crate::prospect::ProspectStatus;

/// How urgent a prospect is. The more urgent come first, whoever waited longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// Before everybody else.
    Next,
    /// Before most.
    High,
    /// Like everybody.
    #[default]
    Normal,
    /// When nobody else is due.
    Low,
}

impl Priority {
    /// Every priority, most urgent first.
    pub const ALL: [Self; 4] = [Self::Next, Self::High, Self::Normal, Self::Low];

    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// Reads the word of our API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == word)
    }

    /// Its place in the database, 0 to 3; smaller is more urgent.
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// Reads its place in the database.
    pub fn from_rank(rank: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| i64::from(priority.rank()) == rank)
    }
}

/// In which order a campaign rings those of one priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DialOrder {
    /// Whose time came first.
    #[default]
    Due,
    /// Those who are ready before those who wait for another attempt.
    FreshFirst,
    /// Those who wait for another attempt before those who are ready.
    RetriesFirst,
}

impl DialOrder {
    /// Every order.
    pub const ALL: [Self; 3] = [Self::Due, Self::FreshFirst, Self::RetriesFirst];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::FreshFirst => "fresh_first",
            Self::RetriesFirst => "retries_first",
        }
    }

    /// Reads the word of our API and database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|order| order.as_str() == word)
    }

    /// The turn of a prospect: whoever has a smaller one is rung first, and within one turn whose time came first.
    pub const fn turn(self, priority: Priority, status: ProspectStatus) -> u8 {
        let waits = matches!(status, ProspectStatus::Waiting);
        let behind = match self {
            Self::Due => false,
            Self::FreshFirst => waits,
            Self::RetriesFirst => !waits,
        };
        priority.rank() * 2 + behind as u8
    }
}

/// Why somebody's place in the queue is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum QueueRefused {
    /// The campaign has no such prospect.
    #[error("There is no such prospect in this campaign.")]
    NotFound,
    /// A call to them is under way.
    #[error("A call to this prospect is under way. Wait for its end, or cancel it.")]
    InCall,
    /// What became of their last call is being looked for.
    #[error("What became of the last call is not known yet. It is being looked for; wait for the answer.")]
    OutcomeUnknown,
    /// The number must never be rung.
    #[error("The number is on the do-not-call list.")]
    DoNotCall,
    /// The number does not exist or cannot be rung.
    #[error("The number does not exist or cannot be rung. Correct it first.")]
    InvalidNumber,
    /// They do not wait in the queue.
    #[error("The prospect is finished and not in the queue. Put them back in line first.")]
    NotInLine,
}

/// Whether somebody who stands here can be put back in line, to be rung as soon as may be.
pub const fn may_be_requeued(status: ProspectStatus) -> Result<(), QueueRefused> {
    match status {
        ProspectStatus::Ready
        | ProspectStatus::Waiting
        | ProspectStatus::Done
        | ProspectStatus::Exhausted
        | ProspectStatus::Removed => Ok(()),
        ProspectStatus::InCall => Err(QueueRefused::InCall),
        ProspectStatus::Held => Err(QueueRefused::OutcomeUnknown),
        ProspectStatus::Invalid => Err(QueueRefused::InvalidNumber),
        ProspectStatus::DoNotCall => Err(QueueRefused::DoNotCall),
    }
}

/// Whether somebody who stands here can be passed over.
pub const fn may_be_skipped(status: ProspectStatus) -> Result<(), QueueRefused> {
    match status {
        ProspectStatus::Ready | ProspectStatus::Waiting => Ok(()),
        ProspectStatus::InCall => Err(QueueRefused::InCall),
        ProspectStatus::Held => Err(QueueRefused::OutcomeUnknown),
        ProspectStatus::DoNotCall => Err(QueueRefused::DoNotCall),
        ProspectStatus::Done
        | ProspectStatus::Exhausted
        | ProspectStatus::Removed
        | ProspectStatus::Invalid => Err(QueueRefused::NotInLine),
    }
}

/// Until when somebody is passed over who is skipped for today: the first opening of the window on the campaign's next
/// local day, or later where that day has none.
pub fn after_today(now: Timestamp, rules: &CampaignRules) -> Timestamp {
    let midnight = rules.zone.next_midnight(now);
    match rules.windows.openness(midnight, &rules.zone) {
        Openness::Closed { next_open: Some(opens) } => opens,
        _ => midnight,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calling_window::{CampaignZone, WeeklyWindows};
    use crate::limits::DailyLimit;
    use crate::retry::RetryPolicy;

    #[test]
    fn words_and_ranks_are_read_back() {
        for priority in Priority::ALL {
            assert_eq!(Priority::parse(priority.as_str()), Some(priority));
            assert_eq!(Priority::from_rank(priority.rank().into()), Some(priority));
        }
        for order in DialOrder::ALL {
            assert_eq!(DialOrder::parse(order.as_str()), Some(order));
        }
        assert_eq!((Priority::parse("urgent"), Priority::from_rank(4)), (None, None));
    }

    #[test]
    fn a_higher_priority_wins_in_every_order_whatever_the_prospect_waits_for() {
        let standings = [ProspectStatus::Ready, ProspectStatus::Waiting];
        for order in DialOrder::ALL {
            for pair in Priority::ALL.windows(2) {
                for (first, second) in standings.iter().flat_map(|a| standings.map(|b| (*a, b))) {
                    assert!(order.turn(pair[0], first) < order.turn(pair[1], second));
                }
            }
        }
        let turns = |order: DialOrder| standings.map(|status| order.turn(Priority::Normal, status));
        assert!(turns(DialOrder::Due)[0] == turns(DialOrder::Due)[1]);
        assert!(turns(DialOrder::FreshFirst)[0] < turns(DialOrder::FreshFirst)[1]);
        assert!(turns(DialOrder::RetriesFirst)[0] > turns(DialOrder::RetriesFirst)[1]);
    }

    #[test]
    fn nobody_who_must_not_be_rung_or_is_being_rung_comes_back_in_line() {
        let refused: Vec<_> = ProspectStatus::ALL
            .into_iter()
            .filter_map(|status| may_be_requeued(status).err().map(|why| (status, why)))
            .collect();
        assert_eq!(
            refused,
            [
                (ProspectStatus::InCall, QueueRefused::InCall),
                (ProspectStatus::Held, QueueRefused::OutcomeUnknown),
                (ProspectStatus::Invalid, QueueRefused::InvalidNumber),
                (ProspectStatus::DoNotCall, QueueRefused::DoNotCall),
            ]
        );
    }

    #[test]
    fn skipped_for_today_means_until_the_window_opens_on_a_later_day() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let rules = |windows| CampaignRules {
            zone: CampaignZone::parse("America/New_York").unwrap(),
            windows,
            daily_limit: DailyLimit::new(1).unwrap(),
            retry: RetryPolicy::default(),
            lost_calls: crate::campaign::LostCallPolicy::default(),
            budgets: crate::budget::Budgets::default(),
            pacing: None,
        };
        let always = rules(WeeklyWindows::around_the_clock());
        assert_eq!(after_today(at("2027-01-11T15:00:00Z"), &always), at("2027-01-12T05:00:00Z"));
        let nine_to_five = crate::calling_window::DailyWindow::parse("09:00", "17:00").unwrap();
        let office = rules(WeeklyWindows::every_day(nine_to_five));
        assert_eq!(after_today(at("2027-01-11T15:00:00Z"), &office), at("2027-01-12T14:00:00Z"));
        // Early in the morning, before the window of the same day.
        assert_eq!(after_today(at("2027-01-11T06:00:00Z"), &office), at("2027-01-12T14:00:00Z"));
    }

    #[test]
    fn only_who_waits_in_line_is_passed_over() {
        use ProspectStatus::*;
        let skipped = ProspectStatus::ALL.map(|status| (status, may_be_skipped(status).err()));
        assert_eq!(
            skipped,
            [
                (Ready, None),
                (InCall, Some(QueueRefused::InCall)),
                (Waiting, None),
                (Held, Some(QueueRefused::OutcomeUnknown)),
                (Done, Some(QueueRefused::NotInLine)),
                (Exhausted, Some(QueueRefused::NotInLine)),
                (Invalid, Some(QueueRefused::NotInLine)),
                (DoNotCall, Some(QueueRefused::DoNotCall)),
                (Removed, Some(QueueRefused::NotInLine)),
            ]
        );
    }
}
