//! How often one number may ring in a day, over all campaigns of a workspace.

use std::time::Duration;

use jiff::Timestamp;

use crate::gate::CLOSING_GUARD;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Rings to one number in any 24 hours, 1 to 20. Three is the strictest cap in force (Florida Statutes 501.616(6)(b) and
/// Oklahoma's act of 2022: three calls in 24 hours on the same subject).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrequencyCap(u32);

/// The cap is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number can be rung between 1 and 20 times in 24 hours")]
pub struct InvalidFrequencyCap;

impl FrequencyCap {
    /// `rings` in any 24 hours, 1 to 20.
    pub fn new(rings: i64) -> Result<Self, InvalidFrequencyCap> {
        u32::try_from(rings)
            .ok()
            .filter(|rings| (1..=20).contains(rings))
            .map(Self)
            .ok_or(InvalidFrequencyCap)
    }

    /// Rings in any 24 hours.
    pub const fn rings(self) -> u32 {
        self.0
    }

    /// How far back calls count at `now`.
    ///
    /// A call is counted from when it was armed, and rings at most the closing guard later: two rings are up to the guard
    /// closer together than the calls were armed, so the guard is added to the day.
    pub fn counts_since(now: Timestamp) -> Timestamp {
        now.checked_sub(A_DAY + CLOSING_GUARD).unwrap_or(Timestamp::MIN)
    }

    /// When the number may ring again, given when its calls of the last day were armed, in any order. `None`: now.
    pub fn free_at(self, armed: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
        let mut counted: Vec<Timestamp> =
            armed.iter().copied().filter(|at| *at > Self::counts_since(now)).collect();
        counted.sort_unstable_by(|one, other| other.cmp(one));
        // With a cap of three it is the third latest that has to leave the day.
        let in_the_way = counted.get(self.0 as usize - 1)?;
        Some(in_the_way.checked_add(A_DAY + CLOSING_GUARD).unwrap_or(Timestamp::MAX))
    }
}

impl Default for FrequencyCap {
    fn default() -> Self {
        Self(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).expect("a time")
    }

    #[test]
    fn caps_out_of_range_are_refused() {
        for rings in [-1, 0, 21] {
            assert_eq!(FrequencyCap::new(rings), Err(InvalidFrequencyCap));
        }
        assert_eq!(FrequencyCap::new(1).map(FrequencyCap::rings), Ok(1));
        assert_eq!(FrequencyCap::new(20).map(FrequencyCap::rings), Ok(20));
    }

    #[test]
    fn the_fourth_ring_waits_until_the_first_has_left_the_day_and_the_guard() {
        let cap = FrequencyCap::default();
        let now = at(24 * 60);
        assert_eq!(cap.free_at(&[], now), None);
        assert_eq!(cap.free_at(&[at(20), at(10)], now), None);
        let armed = [at(30), at(10), at(20)];
        let free = at(10).checked_add(A_DAY + CLOSING_GUARD).expect("a time");
        assert_eq!(cap.free_at(&armed, now), Some(free));
        let just_before = free.checked_sub(Duration::from_millis(1)).expect("a time");
        assert_eq!(cap.free_at(&armed, just_before), Some(free));
        assert_eq!(cap.free_at(&armed, free), None);
    }

    #[test]
    fn a_cap_lowered_below_what_was_rung_waits_for_the_latest_rings_to_leave() {
        let armed: Vec<Timestamp> = (0..5).map(at).collect();
        let free = at(4).checked_add(A_DAY + CLOSING_GUARD).ok();
        assert_eq!(FrequencyCap::new(1).expect("a cap").free_at(&armed, at(60)), free);
    }

    #[test]
    fn a_ring_leaves_the_day_24_hours_and_90_seconds_after_it_was_armed() {
        let left = Timestamp::from_second(1_800_000_000 + 86_400 + 90).expect("a time");
        assert_eq!(FrequencyCap::counts_since(left), at(0));
        assert_eq!(FrequencyCap::new(1).expect("a cap").free_at(&[at(0)], at(1)), Some(left));
    }
}
