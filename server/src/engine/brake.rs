//! Holds the dialer back when the carrier cannot be reached or asks us to slow down.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// This many requests that never left, within `WINDOW`, mean that the carrier is down.
const FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(30);
/// How long nobody is dialed then.
const PAUSE: Duration = Duration::from_secs(30);

/// The state of the brake, shared by the dialer and the sends.
#[derive(Debug, Default)]
pub(super) struct Brake(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: VecDeque<Timestamp>,
    held_until: Option<Timestamp>,
}

impl Brake {
    /// Until when nobody is dialed.
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.with(|state| state.held_until.filter(|until| *until > now))
    }

    /// A request never left. Whether the brake was pulled by it.
    pub fn note_not_sent(&self, now: Timestamp) -> bool {
        self.with(|state| {
            state.failures.push_back(now);
            let window_began = now.checked_sub(WINDOW).unwrap_or(now);
            while state.failures.front().is_some_and(|at| *at < window_began) {
                state.failures.pop_front();
            }
            let pulled = state.failures.len() >= FAILURES;
            if pulled {
                state.failures.clear();
                hold(state, now, PAUSE);
            }
            pulled
        })
    }

    /// The carrier asked us to slow down.
    pub fn note_throttled(&self, now: Timestamp, wait: Duration) {
        self.with(|state| hold(state, now, wait));
    }

    /// The carrier answered: it is there.
    pub fn note_answer(&self) {
        self.with(|state| state.failures.clear());
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn hold(state: &mut State, now: Timestamp, wait: Duration) {
    state.held_until = state.held_until.max(now.checked_add(wait).ok());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    #[test]
    fn five_requests_that_never_left_within_half_a_minute_hold_the_dialer() {
        let brake = Brake::default();
        for second in 0..4 {
            assert!(!brake.note_not_sent(at(second)));
        }
        assert!(brake.note_not_sent(at(4)));
        assert_eq!(brake.held_until(at(5)), Some(at(34)));
        assert_eq!(brake.held_until(at(34)), None);
    }

    #[test]
    fn failures_far_apart_or_between_answers_do_not() {
        let brake = Brake::default();
        for turn in 0..20 {
            assert!(!brake.note_not_sent(at(turn * 10)));
        }
        let brake = Brake::default();
        for second in 0..20 {
            assert!(!brake.note_not_sent(at(second)));
            brake.note_answer();
        }
    }
}
