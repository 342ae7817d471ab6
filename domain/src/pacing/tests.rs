//! What a pace promises whoever asks it, and when.

use proptest::prelude::*;

use super::*;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

fn limits(calls_per_second: f64) -> Pacing {
    Pacing::new(calls_per_second, 10).expect("limits")
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + millis).expect("a time")
}

/// Starts as many calls as it may, and sleeps until it was told; the instants in milliseconds.
fn starts(pace: &mut Pace, limits: Pacing, from: i64, until: i64) -> Vec<i64> {
    let (mut now, mut started) = (from, Vec::new());
    while now < until {
        match pace.may_start(limits, at(now)) {
            Start::Now => {
                pace.start(limits, at(now));
                started.push(now);
            }
            Start::At(again) => now = (again.duration_since(at(0)).as_millis() as i64).max(now + 1),
            Start::Held(hold) => now = hold.until.duration_since(at(0)).as_millis() as i64,
        }
    }
    started
}

#[test]
fn a_pacing_out_of_range_is_refused() {
    for rate in [0.0, 0.009, 10_000.1, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Pacing::new(rate, 10), Err(InvalidPacing::CallsPerSecond), "{rate}");
    }
    for live in [0, 100_001] {
        assert_eq!(Pacing::new(1.0, live), Err(InvalidPacing::MaxLive), "{live}");
    }
    assert!(Pacing::new(0.01, 1).is_ok() && Pacing::new(10_000.0, 100_000).is_ok());
}

#[test]
fn one_call_per_second_is_one_each_second_and_a_quarter_from_the_first_on() {
    let started = starts(&mut Pace::default(), limits(1.0), 0, 5_000);
    assert_eq!(started, [0, 1_250, 2_500, 3_750]);
}

#[test]
fn four_fifths_of_the_allowance_are_used() {
    for rate in [0.3, 1.0, 7.0, 30.0, 400.0] {
        let started = starts(&mut Pace::default(), limits(rate), 0, 60_000).len() as f64;
        let wanted = rate * 60.0 * 0.8;
        assert!((wanted..=wanted + 1.0 + rate * 0.1).contains(&started), "{rate}: {started} of {wanted}");
    }
}

#[test]
fn a_pause_is_not_caught_up_beyond_a_tenth_of_a_second() {
    let limits = limits(50.0);
    let mut pace = Pace::default();
    starts(&mut pace, limits, 0, 1_000);
    assert_eq!(pace.startable(limits, at(3_600_000), 1_000), 5);
    let after: Vec<i64> = starts(&mut pace, limits, 3_600_000, 3_601_000);
    assert!(after.len() <= 50, "{}", after.len());
}

#[test]
fn a_complaint_halves_the_pace_once_and_it_comes_back_slowly() {
    let mut pace = Pace::default();
    pace.note_throttled(at(0), Some(Duration::from_secs(3)));
    pace.note_throttled(at(500), Some(Duration::from_secs(3)));
    assert_eq!(pace.share_now(at(500)), 500, "two answers to one burst are one complaint");
    assert_eq!(
        pace.may_start(limits(1.0), at(3_499)),
        Start::Held(PaceHold { trouble: PaceTrouble::Throttled, until: at(3_500) })
    );
    assert_eq!(pace.may_start(limits(1.0), at(3_500)), Start::Now);
    pace.note_queued(at(10_000));
    assert_eq!(
        pace.share_now(at(10_000)),
        300,
        "the ten seconds brought a tenth back before the half was taken"
    );
    assert_eq!(pace.share_now(at(20_000)), 400);
    assert_eq!(pace.share_now(at(3_600_000)), 1_000);
}

#[test]
fn a_carrier_that_does_not_say_how_long_is_waited_for_ever_longer_until_it_takes_a_call() {
    let mut pace = Pace::default();
    let mut waits = Vec::new();
    for turn in 0..9_i64 {
        let now = at(turn * 100_000);
        pace.note_throttled(now, None);
        waits.push(pace.hold.expect("held").until.duration_since(now).as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    pace.note_answer();
    pace.note_throttled(at(1_000_000), None);
    assert_eq!(pace.hold.map(|hold| hold.until), Some(at(1_001_000)));
}

#[test]
fn the_pace_never_falls_below_a_twentieth() {
    let mut pace = Pace::default();
    for second in 0..100 {
        pace.note_queued(at(second * 1_000));
    }
    assert!(pace.share_now(at(99_000)) >= 50, "{}", pace.share_now(at(99_000)));
}

#[test]
fn five_requests_that_never_left_hold_everybody_then_one_call_tries() {
    let mut pace = Pace::default();
    for second in 0..4 {
        assert!(!pace.note_not_sent(at(second * 1_000)));
    }
    assert!(pace.note_not_sent(at(4_000)));
    let held = |until| Start::Held(PaceHold { trouble: PaceTrouble::Unreachable, until: at(until) });
    assert_eq!(pace.may_start(limits(100.0), at(33_999)), held(34_000));
    assert_eq!(pace.may_start(limits(100.0), at(34_000)), Start::Now);
    pace.start(limits(100.0), at(34_000));
    assert_eq!(pace.may_start(limits(100.0), at(34_001)), held(39_000), "one call tries, the others wait");
    assert!(pace.note_not_sent(at(34_500)), "still away");
    assert_eq!(pace.may_start(limits(100.0), at(40_000)), held(94_500), "and twice as long");
    pace.start(limits(100.0), at(94_500));
    pace.note_answer();
    assert_eq!(pace.may_start(limits(100.0), at(95_000)), Start::Now);
    assert!(!pace.is_troubled());
}

#[test]
fn failures_far_apart_or_between_answers_hold_nobody() {
    let mut pace = Pace::default();
    for turn in 0..20 {
        assert!(!pace.note_not_sent(at(turn * 10_000)));
    }
    let mut pace = Pace::default();
    for second in 0..20 {
        assert!(!pace.note_not_sent(at(second * 1_000)));
        pace.note_answer();
    }
}

#[test]
fn a_limit_says_what_it_was_made_of() {
    let limits = Pacing::new(2.5, 7).expect("limits");
    assert_eq!((limits.calls_per_second(), limits.max_live()), (2.5, 7));
}

#[test]
fn what_a_pace_says_a_gate_says_with_the_same_time() {
    let held = |reason| Verdict::Hold { reason, until: Some(at(5)) };
    assert_eq!(Verdict::from(Start::Now), Verdict::Dial);
    assert_eq!(Verdict::from(Start::At(at(5))), held(HoldReason::Pacing));
    for (trouble, reason) in [
        (PaceTrouble::Throttled, HoldReason::CarrierThrottled),
        (PaceTrouble::Unreachable, HoldReason::CarrierUnreachable),
    ] {
        assert_eq!(Verdict::from(Start::Held(PaceHold { trouble, until: at(5) })), held(reason));
        assert_eq!(PaceTrouble::parse(trouble.as_str()), Some(trouble));
    }
    assert_eq!(PaceTrouble::parse("busy"), None);
}

#[test]
fn whoever_has_to_wait_is_told_the_first_whole_millisecond() {
    let told = |rate| {
        let mut pace = Pace::default();
        pace.start(limits(rate), at(0));
        pace.may_start(limits(rate), at(0))
    };
    assert_eq!(told(1.0), Start::At(at(1_250)));
    assert_eq!(told(3.0), Start::At(at(417)), "rounded up from 416.67");
}

#[test]
fn several_starts_together_are_as_many_one_by_one() {
    let limits = limits(100.0);
    let mut one_by_one = Pace::default();
    for _ in 0..3 {
        one_by_one.start(limits, at(0));
    }
    assert_eq!(Pace::default().after(3, limits, at(0)), one_by_one);
    assert_eq!(one_by_one.startable(limits, at(0), 100), 7, "three of the ten that may start at once");
    assert_eq!(Pace::default().startable(limits, at(0), 4), 4, "no more than wanted");
}

#[test]
fn complaints_a_second_apart_are_two() {
    let share_after = |second_complaint| {
        let mut pace = Pace::default();
        pace.note_queued(at(0));
        pace.note_queued(at(second_complaint));
        pace.share_now(at(second_complaint))
    };
    assert_eq!(share_after(999), 500);
    assert_eq!(share_after(1_000), 255, "half of what one second brought back");
}

#[test]
fn five_failures_hold_everybody_only_within_half_a_minute_of_the_first() {
    let broken_by = |fifth| {
        let mut pace = Pace::default();
        for failure in 0..4 {
            pace.note_not_sent(at(failure));
        }
        pace.note_not_sent(at(fifth))
    };
    assert!(broken_by(29_999));
    assert!(!broken_by(30_000), "the first one is forgotten");
}

#[test]
fn a_break_gets_longer_each_time_up_to_five_minutes() {
    let mut pace = Pace::default();
    let mut breaks = Vec::new();
    for failure in 0..9 {
        let now = at(failure);
        if pace.note_not_sent(now) {
            breaks.push(pace.hold.expect("held").until.duration_since(now).as_secs());
        }
    }
    assert_eq!(breaks, [30, 60, 120, 240, 300], "the first four only count");
}

#[test]
fn an_answer_would_change_something_after_any_one_trouble() {
    let untroubled = Pace::default();
    assert!(!untroubled.is_troubled());
    let hold = Some(PaceHold { trouble: PaceTrouble::Throttled, until: at(0) });
    for troubled in [
        Pace { streak: 1, ..untroubled.clone() },
        Pace { failures: 1, ..untroubled.clone() },
        Pace { hold, ..untroubled.clone() },
    ] {
        assert!(troubled.is_troubled(), "{troubled:?}");
    }
    let started = untroubled.after(1, limits(1.0), at(0));
    assert!(!started.is_troubled(), "a call that starts is no trouble");
}

#[test]
fn what_the_carrier_asks_for_lengthens_a_hold_and_never_shortens_it() {
    let mut broken = Pace::default();
    for failure in 0..5 {
        broken.note_not_sent(at(failure));
    }
    let hold = broken.hold.expect("a break");
    assert_eq!(hold, PaceHold { trouble: PaceTrouble::Unreachable, until: at(30_004) });
    let after_asking = |millis| {
        let mut pace = broken.clone();
        pace.note_throttled(at(4), Some(Duration::from_millis(millis)));
        pace.hold
    };
    assert_eq!(after_asking(29_999), Some(hold));
    assert_eq!(after_asking(30_000), Some(hold), "as long changes nothing: one call still has to try first");
    let longer = PaceHold { trouble: PaceTrouble::Throttled, until: at(30_005) };
    assert_eq!(after_asking(30_001), Some(longer));
}

#[test]
fn a_start_planned_too_far_ahead_was_left_by_a_clock_set_back() {
    let may_start = |planned| {
        let pace = Pace { next_start: Some(at(planned)), ..Pace::default() };
        pace.may_start(limits(1.0), at(0))
    };
    // One distance of 1.25 seconds, and the two by which clocks may differ.
    assert_eq!(may_start(3_250), Start::At(at(3_250)));
    assert_eq!(may_start(3_251), Start::Now);
}

#[test]
fn an_answer_does_not_cut_short_what_the_carrier_asked_for() {
    let mut pace = Pace::default();
    pace.note_throttled(at(0), Some(Duration::from_secs(10)));
    pace.note_answer();
    assert!(matches!(pace.may_start(limits(1.0), at(9_999)), Start::Held(_)));
}

#[test]
fn a_clock_set_back_by_an_hour_does_not_stop_dialing_for_an_hour() {
    let limits = limits(1.0);
    let mut pace = Pace::default();
    pace.start(limits, at(3_600_000));
    assert_eq!(starts(&mut pace, limits, 0, 4_000), [0, 1_250, 2_500, 3_750]);
    let many = Pacing::new(100.0, 10).expect("limits");
    pace.start(many, at(3_600_000));
    assert_eq!(pace.startable(many, at(0), 100), 1, "and no burst");
}

proptest! {
    #[test]
    fn in_any_second_no_more_calls_start_than_the_carrier_allows(
        rate in 0.05_f64..300.0,
        pauses in prop::collection::vec(0_i64..3_000, 1..40),
    ) {
        let limits = limits(rate);
        let (mut pace, mut now, mut started) = (Pace::default(), 0, Vec::new());
        for pause in pauses {
            now += pause;
            while pace.may_start(limits, at(now)) == Start::Now {
                pace.start(limits, at(now));
                started.push(now);
            }
        }
        for (index, first) in started.iter().enumerate() {
            let in_second = started[index..].iter().take_while(|start| **start < first + 1_000).count();
            prop_assert!(in_second <= rate.ceil() as usize, "{in_second} from {first} on at {rate}");
        }
    }

    #[test]
    fn whoever_waits_as_told_may_start_then(rate in 0.05_f64..2_000.0, begun in 0_usize..40) {
        let limits = limits(rate);
        let mut pace = Pace::default();
        for _ in 0..begun {
            pace.start(limits, at(0));
        }
        match pace.may_start(limits, at(0)) {
            Start::At(again) if again.duration_since(at(0)) < SignedDuration::from_secs(2) => {
                prop_assert_eq!(pace.may_start(limits, again), Start::Now);
            }
            Start::Held(_) => prop_assert!(false, "nothing held it"),
            _ => {}
        }
    }
}
