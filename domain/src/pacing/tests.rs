//! What the pacer promises whatever asks it, and when.

use proptest::prelude::*;

use super::*;

fn start() -> Timestamp {
    "2027-06-01T12:00:00Z".parse().unwrap()
}

fn pacer(calls_per_second: f64, max_live: u32) -> Pacer {
    Pacer::new(Pacing::new(calls_per_second, max_live).unwrap())
}

fn after_millis(millis: i64) -> Timestamp {
    start() + SignedDuration::from_millis(millis)
}

#[test]
fn one_call_starts_at_once_and_the_next_says_when() {
    let mut pacer = pacer(0.5, 10);
    assert_eq!(pacer.permits(start(), 5, 0), Permit { now: 1, again_at: Some(after_millis(2_000)) });
    assert_eq!(pacer.permits(after_millis(1_999), 5, 1).now, 0);
    assert_eq!(pacer.permits(after_millis(2_000), 1, 1), Permit { now: 1, again_at: None });
}

#[test]
fn waking_when_told_gives_the_rate() {
    for rate in [0.01, 0.3, 1.0, 1.5, 7.0, 30.0, 333.3, 1_000.0] {
        let mut pacer = pacer(rate, 100_000);
        let (mut now, mut started) = (start(), 0);
        let seconds = if rate < 1.0 { 1_000 } else { 20 };
        while now < after_millis(seconds * 1_000) {
            let permit = pacer.permits(now, usize::MAX, 0);
            started += permit.now;
            now = permit.again_at.unwrap();
        }
        let expected = rate * seconds as f64;
        assert!(
            (started as f64) <= expected + 1.0 && (started as f64) >= expected * 0.99 - 1.0,
            "{rate}: {started}"
        );
    }
}

#[test]
fn a_pause_is_not_caught_up() {
    let mut pacer = pacer(20.0, 1_000);
    pacer.permits(start(), 1, 0);
    let after_an_hour = after_millis(3_600_000);
    assert_eq!(pacer.permits(after_an_hour, 1_000, 0).now, 2, "a tenth of a second's worth");
}

#[test]
fn the_second_after_a_pause_is_like_any_other() {
    let mut pacer = pacer(100.0, 1_000);
    pacer.permits(start(), 1, 0);
    let later = 3_600_000;
    let started: usize =
        (0..100).map(|ten| pacer.permits(after_millis(later + ten * 10), 1_000, 0).now).sum();
    assert_eq!(started, 100);
}

#[test]
fn the_ceiling_of_live_calls_has_no_time_at_which_it_lifts() {
    let mut pacer = pacer(10.0, 3);
    assert_eq!(pacer.permits(start(), 5, 3), Permit { now: 0, again_at: None });
    assert_eq!(pacer.permits(start(), 5, 200), Permit { now: 0, again_at: None });
    assert_eq!(pacer.permits(after_millis(500), 5, 2), Permit { now: 1, again_at: None });
}

#[test]
fn nothing_wanted_costs_nothing() {
    let mut pacer = pacer(1.0, 3);
    assert_eq!(pacer.permits(start(), 0, 0), Permit { now: 0, again_at: None });
    assert_eq!(pacer.permits(start(), 1, 0).now, 1);
}

#[test]
fn a_clock_set_back_neither_bursts_nor_blocks() {
    let mut pacer = pacer(1.0, 100);
    assert_eq!(pacer.permits(start(), 9, 0).now, 1);
    let an_hour_back = after_millis(-3_600_000);
    let permit = pacer.permits(an_hour_back, 9, 0);
    assert_eq!(permit, Permit { now: 0, again_at: Some(after_millis(-3_599_000)) });
    assert_eq!(pacer.permits(after_millis(-3_599_000), 9, 0).now, 1);
}

#[test]
fn a_slower_pacing_holds_at_once() {
    let mut pacer = pacer(100.0, 100);
    pacer.permits(start(), 1, 0);
    pacer.permits(after_millis(100), 4, 0);
    pacer.change(Pacing::new(1.0, 100).unwrap());
    assert_eq!(
        pacer.permits(after_millis(200), 9, 0),
        Permit { now: 0, again_at: Some(after_millis(1_100)) }
    );
}

#[test]
fn pacings_out_of_range_are_refused() {
    for rate in [0.0, -1.0, 0.009, 1_000.1, f64::NAN, f64::INFINITY] {
        assert_eq!(Pacing::new(rate, 10), Err(InvalidPacing::CallsPerSecond));
    }
    for live in [0, 100_001] {
        assert_eq!(Pacing::new(1.0, live), Err(InvalidPacing::MaxLive));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn in_no_second_start_more_calls_than_the_rate_and_one(
        rate in 0.01..100.0_f64, max_live in 1..200_u32,
        questions in proptest::collection::vec((prop_oneof![0..30_i64, 0..700_i64], 0..100_usize, 0..20_usize), 1..150),
    ) {
        let mut pacer = pacer(rate, max_live);
        let mut now = start();
        let mut starts: Vec<Timestamp> = Vec::new();
        for (pause, wanted, live) in questions {
            now += SignedDuration::from_millis(pause);
            let permit = pacer.permits(now, wanted, live);
            prop_assert!(permit.now <= wanted);
            prop_assert!(permit.now == 0 || live + permit.now <= max_live as usize);
            prop_assert!(permit.again_at.is_none_or(|again| again > now));
            starts.extend(std::iter::repeat_n(now, permit.now));
        }
        for (index, first) in starts.iter().enumerate() {
            let within = starts[index..].iter().take_while(|s| s.duration_since(*first) < ONE_SECOND).count();
            prop_assert!(within as f64 <= rate + 1.0, "{} in the second from {}", within, first);
        }
    }

    /// At the instant it named there is at least one call to start.
    #[test]
    fn what_the_pacer_promises_it_keeps(
        rate in 0.01..1_000.0_f64, pauses in proptest::collection::vec((0..50_i64, 1..40_usize), 1..60),
    ) {
        let mut pacer = pacer(rate, 100_000);
        let mut now = start();
        for (pause, wanted) in pauses {
            let permit = pacer.permits(now, wanted, 0);
            now = match permit.again_at {
                Some(again) => {
                    prop_assert!(pacer.clone().permits(again, 1, 0).now == 1);
                    again
                }
                None => now,
            } + SignedDuration::from_millis(pause);
        }
    }
}
