//! How fast calls start, and how many are on at the same time.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

const ONE_SECOND: SignedDuration = SignedDuration::from_secs(1);
/// Tokens are sums of fractions; one that is this close to whole is whole.
const ROUNDING: f64 = 1e-6;

/// Limits on starting calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    calls_per_second: f64,
    max_live: u32,
}

/// Why a pacing was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPacing {
    /// The rate is out of range or not a number.
    #[error("calls per second must be between 0.01 (one call in 100 seconds) and 1000")]
    CallsPerSecond,
    /// The ceiling is out of range.
    #[error("calls at the same time must be between 1 and 100000")]
    MaxLive,
}

/// How many calls may start now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// So many, counted as started.
    pub now: usize,
    /// When more may start, if it is the rate that holds some back. `None` if all that were wanted may start, or if
    /// only the ceiling of live calls holds them back: then the end of a call is the signal.
    pub again_at: Option<Timestamp>,
}

/// Keeps a [`Pacing`] over time.
///
/// In any second at most as many calls start as the rate says, rounded up. What a pause leaves unused is not caught
/// up, except for a tenth of a second's worth, so that a late wake-up does not slow the campaign down.
#[derive(Debug, Clone)]
pub struct Pacer {
    pacing: Pacing,
    tokens: f64,
    counted_until: Option<Timestamp>,
    last_second: VecDeque<Timestamp>,
}

impl Pacing {
    /// `calls_per_second` from 0.01 to 1000, `max_live` from 1 to 100,000.
    pub fn new(calls_per_second: f64, max_live: u32) -> Result<Self, InvalidPacing> {
        if !(0.01..=1_000.0).contains(&calls_per_second) {
            return Err(InvalidPacing::CallsPerSecond);
        }
        if !(1..=100_000).contains(&max_live) {
            return Err(InvalidPacing::MaxLive);
        }
        Ok(Self { calls_per_second, max_live })
    }

    /// Calls started per second.
    pub const fn calls_per_second(self) -> f64 {
        self.calls_per_second
    }

    /// Calls on at the same time.
    pub const fn max_live(self) -> u32 {
        self.max_live
    }

    fn most_tokens(self) -> f64 {
        (self.calls_per_second / 10.0).max(1.0)
    }

    fn most_per_second(self) -> usize {
        self.calls_per_second.ceil() as usize
    }
}

impl Default for Pacing {
    /// One call per second, Twilio's allowance for a new account, and ten at the same time.
    fn default() -> Self {
        Self { calls_per_second: 1.0, max_live: 10 }
    }
}

impl Pacer {
    /// Ready to start one call at once.
    pub const fn new(pacing: Pacing) -> Self {
        Self { pacing, tokens: 1.0, counted_until: None, last_second: VecDeque::new() }
    }

    /// The limits it keeps.
    pub const fn pacing(&self) -> Pacing {
        self.pacing
    }

    /// Keeps other limits from now on. Nothing is forgiven: what has started still counts.
    pub fn change(&mut self, pacing: Pacing) {
        self.pacing = pacing;
        self.tokens = self.tokens.min(pacing.most_tokens());
    }

    /// How many of `wanted` calls may start at `now` while `live` calls are on. They count as started.
    pub fn permits(&mut self, now: Timestamp, wanted: usize, live: usize) -> Permit {
        self.refill(now);
        let below_ceiling = (self.pacing.max_live as usize).saturating_sub(live);
        let possible = wanted.min(below_ceiling);
        let by_second = self.pacing.most_per_second().saturating_sub(self.last_second.len());
        let by_tokens = (self.tokens + ROUNDING) as usize;
        let granted = possible.min(by_second).min(by_tokens);
        self.tokens = (self.tokens - granted as f64).max(0.0);
        self.last_second.extend(std::iter::repeat_n(now, granted));
        Permit { now: granted, again_at: (granted < possible).then(|| self.next_start(now)) }
    }

    fn refill(&mut self, now: Timestamp) {
        let before = self.counted_until.replace(now).unwrap_or(now);
        // A clock set back earns nothing, and what has just started has just started.
        let earned = now.duration_since(before).as_secs_f64().max(0.0) * self.pacing.calls_per_second;
        self.tokens = (self.tokens + earned).min(self.pacing.most_tokens());
        self.last_second.iter_mut().for_each(|start| *start = (*start).min(now));
        while self.last_second.front().is_some_and(|start| now.duration_since(*start) >= ONE_SECOND) {
            self.last_second.pop_front();
        }
    }

    /// When one more call may start, rounded up to a millisecond, the resolution of timers and storage.
    fn next_start(&self, now: Timestamp) -> Timestamp {
        let until_token = (1.0 - self.tokens).max(0.0) / self.pacing.calls_per_second;
        let mut wait = SignedDuration::from_millis((until_token * 1_000.0).ceil() as i64);
        // After a change to a slower pacing several may have to leave the second first.
        let last_to_leave = self.last_second.len().checked_sub(self.pacing.most_per_second());
        if let Some(start) = last_to_leave.and_then(|index| self.last_second.get(index)) {
            wait = wait.max(ONE_SECOND - now.duration_since(*start));
        }
        now.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests;
