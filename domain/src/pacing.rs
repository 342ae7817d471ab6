//! How fast calls start, and how many are on at the same time.
//!
//! [`Pacing`] is the limit somebody set: for the account, a number to call from, or a campaign. [`Pace`] is where such a
//! limit stands. It is a handful of plain values, so that it can be a row that several servers share.

mod pace;

use crate::gate::{HoldReason, Verdict};

pub use pace::{Pace, PaceHold, PaceTrouble, Start};

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
    #[error("calls per second must be between 0.01 (one call in 100 seconds) and 10000")]
    CallsPerSecond,
    /// The ceiling is out of range.
    #[error("calls at the same time must be between 1 and 100000")]
    MaxLive,
}

impl Pacing {
    /// `calls_per_second` from 0.01 to 10,000, `max_live` from 1 to 100,000.
    pub fn new(calls_per_second: f64, max_live: u32) -> Result<Self, InvalidPacing> {
        if !(0.01..=10_000.0).contains(&calls_per_second) {
            return Err(InvalidPacing::CallsPerSecond);
        }
        if !(1..=100_000).contains(&max_live) {
            return Err(InvalidPacing::MaxLive);
        }
        Ok(Self { calls_per_second, max_live })
    }

    /// What the carrier allows to be started per second.
    pub const fn calls_per_second(self) -> f64 {
        self.calls_per_second
    }

    /// Calls on at the same time.
    pub const fn max_live(self) -> u32 {
        self.max_live
    }
}

impl Default for Pacing {
    /// One call per second, Twilio's allowance for a new account, and ten at the same time.
    fn default() -> Self {
        Self { calls_per_second: 1.0, max_live: 10 }
    }
}

impl From<Start> for Verdict {
    /// What a pace says, as a gate says it.
    fn from(start: Start) -> Self {
        let (reason, until) = match start {
            Start::Now => return Self::Dial,
            Start::At(at) => (HoldReason::Pacing, at),
            Start::Held(PaceHold { trouble: PaceTrouble::Throttled, until }) => {
                (HoldReason::CarrierThrottled, until)
            }
            Start::Held(PaceHold { trouble: PaceTrouble::Unreachable, until }) => {
                (HoldReason::CarrierUnreachable, until)
            }
        };
        Self::Hold { reason, until: Some(until) }
    }
}

#[cfg(test)]
mod tests;
