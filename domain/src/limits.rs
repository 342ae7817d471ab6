//! How many calls a campaign may place per day.

use jiff::Timestamp;

use crate::calling_window::CampaignZone;

/// Calls per calendar day in the campaign's zone, 0 to 1,000,000. With 0 the campaign is paused by its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DailyLimit(u32);

/// The limit is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the daily limit must be between 0 (no calls at all) and 1000000")]
pub struct InvalidDailyLimit;

impl DailyLimit {
    /// The highest limit.
    pub const MAX: Self = Self(1_000_000);

    /// `calls` per day, 0 to 1,000,000.
    pub fn new(calls: i64) -> Result<Self, InvalidDailyLimit> {
        u32::try_from(calls).ok().map(Self).filter(|limit| *limit <= Self::MAX).ok_or(InvalidDailyLimit)
    }

    /// Calls per day.
    pub const fn calls(self) -> u32 {
        self.0
    }

    /// How many more calls today allows after `used`; none if the limit was lowered below what is used already.
    pub const fn remaining(self, used: u32) -> u32 {
        self.0.saturating_sub(used)
    }

    /// No day allows a call.
    pub const fn is_paused(self) -> bool {
        self.0 == 0
    }

    /// When counting starts again at 0: the next midnight in the campaign's zone.
    pub fn resets_at(now: Timestamp, zone: &CampaignZone) -> Timestamp {
        zone.next_midnight(now)
    }
}

impl Default for DailyLimit {
    fn default() -> Self {
        Self(50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_out_of_range_are_refused() {
        for calls in [-1, 1_000_001, 1_000_000_000_000] {
            assert_eq!(DailyLimit::new(calls), Err(InvalidDailyLimit));
        }
        assert_eq!(DailyLimit::new(1_000_000), Ok(DailyLimit::MAX));
    }

    #[test]
    fn zero_pauses_the_campaign() {
        let limit = DailyLimit::new(0).unwrap();
        assert!(limit.is_paused());
        assert_eq!(limit.remaining(0), 0);
        let least = DailyLimit::new(1).unwrap();
        assert!(!least.is_paused());
        assert_eq!((least.calls(), least.remaining(0), least.remaining(1)), (1, 1, 0));
        assert_eq!(DailyLimit::default().calls(), 50);
    }

    #[test]
    fn a_limit_lowered_below_what_is_used_leaves_nothing() {
        assert_eq!(DailyLimit::new(10).unwrap().remaining(25), 0);
        assert_eq!(DailyLimit::default().remaining(20), 30);
    }

    #[test]
    fn the_day_has_23_or_25_hours_when_clocks_change() {
        let zone = CampaignZone::parse("America/New_York").unwrap();
        for (midnight, hours) in
            [("2027-03-14T05:00:00Z", 23), ("2027-11-07T04:00:00Z", 25), ("2027-06-01T04:00:00Z", 24)]
        {
            let midnight: Timestamp = midnight.parse().unwrap();
            assert_eq!(DailyLimit::resets_at(midnight, &zone).duration_since(midnight).as_hours(), hours);
        }
    }
}
