//! What became of the calls, in numbers: the sum of what each call contributes.
//!
//! A stored counter is changed by the difference between what a call contributed before and contributes now, in the
//! transaction that changes the call. So the counters equal a recount at every instant.

use std::ops::{Add, AddAssign, Sub};

use crate::call::{Call, CallStatus, Placement};
use crate::carrier_event::AnsweredBy;
use crate::money::Usd;
use crate::reaction::Reaction;

/// Counts of calls and what they took. Also used for differences, so a count may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Every call.
    pub total: i64,
    /// On their way.
    pub queued: i64,
    /// Ringing.
    pub ringing: i64,
    /// In conversation.
    pub in_progress: i64,
    /// Connected and over.
    pub completed: i64,
    /// Could not be made.
    pub failed: i64,
    /// Engaged.
    pub busy: i64,
    /// Not picked up.
    pub no_answer: i64,
    /// Ended by us before anybody picked up.
    pub canceled: i64,
    /// The carrier's answer was lost.
    pub unknown: i64,
    /// Picked up by a person.
    pub answered_by_human: i64,
    /// Picked up by a machine.
    pub answered_by_machine: i64,
    /// Said yes.
    pub confirmed: i64,
    /// Asked for a person and got none.
    pub abandoned: i64,
    /// Left a message.
    pub left_message: i64,
    /// Were put through to a person.
    pub transferred: i64,
    /// Want no more calls.
    pub opted_out: i64,
    /// Seconds of audio in all completed calls.
    pub total_duration_seconds: i64,
    /// What all calls cost, in millionths of a dollar.
    pub total_cost_micros: i64,
}

impl Tally {
    /// What one call contributes.
    pub fn of(call: &Call) -> Self {
        let mut tally = Self { total: 1, ..Self::default() };
        *tally.count_mut(call.status()) = 1;
        if call.placement == Placement::Placed {
            match call.facts.answered_by() {
                Some(AnsweredBy::Human) => tally.answered_by_human = 1,
                Some(machine) if machine.is_machine() => tally.answered_by_machine = 1,
                _ => {}
            }
            if let Some(reaction) = call.facts.reaction {
                *tally.reaction_mut(reaction) = 1;
            }
            if call.status() == CallStatus::Completed {
                tally.total_duration_seconds = call.facts.duration_seconds.unwrap_or(0).into();
            }
            tally.total_cost_micros = call.facts.price.unwrap_or(Usd::ZERO).micros();
        }
        tally
    }

    /// Nothing changes.
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// On how many calls the person did this.
    pub const fn reactions(&self, reaction: Reaction) -> i64 {
        match reaction {
            Reaction::Confirmed => self.confirmed,
            Reaction::Abandoned => self.abandoned,
            Reaction::LeftMessage => self.left_message,
            Reaction::Transferred => self.transferred,
            Reaction::OptedOut => self.opted_out,
        }
    }

    /// The share of completed calls that a person picked up, 0 to 1; `None` before the first completed call.
    pub fn human_rate(&self) -> Option<f64> {
        ratio(self.answered_by_human, self.completed)
    }

    /// The share of completed calls that a machine picked up, 0 to 1; `None` before the first completed call.
    pub fn machine_rate(&self) -> Option<f64> {
        ratio(self.answered_by_machine, self.completed)
    }

    /// Seconds of audio per completed call; `None` before the first.
    pub fn average_duration_seconds(&self) -> Option<f64> {
        ratio(self.total_duration_seconds, self.completed)
    }

    fn count_mut(&mut self, status: CallStatus) -> &mut i64 {
        match status {
            CallStatus::Queued => &mut self.queued,
            CallStatus::Ringing => &mut self.ringing,
            CallStatus::InProgress => &mut self.in_progress,
            CallStatus::Completed => &mut self.completed,
            CallStatus::Failed => &mut self.failed,
            CallStatus::Busy => &mut self.busy,
            CallStatus::NoAnswer => &mut self.no_answer,
            CallStatus::Canceled => &mut self.canceled,
            CallStatus::Unknown => &mut self.unknown,
        }
    }

    fn reaction_mut(&mut self, reaction: Reaction) -> &mut i64 {
        match reaction {
            Reaction::Confirmed => &mut self.confirmed,
            Reaction::Abandoned => &mut self.abandoned,
            Reaction::LeftMessage => &mut self.left_message,
            Reaction::Transferred => &mut self.transferred,
            Reaction::OptedOut => &mut self.opted_out,
        }
    }

    /// The counts in a fixed order, for storage and arithmetic.
    pub const fn to_array(self) -> [i64; 19] {
        [
            self.total,
            self.queued,
            self.ringing,
            self.in_progress,
            self.completed,
            self.failed,
            self.busy,
            self.no_answer,
            self.canceled,
            self.unknown,
            self.answered_by_human,
            self.answered_by_machine,
            self.confirmed,
            self.abandoned,
            self.left_message,
            self.transferred,
            self.opted_out,
            self.total_duration_seconds,
            self.total_cost_micros,
        ]
    }

    /// The counts from their fixed order.
    pub const fn from_array(counts: [i64; 19]) -> Self {
        let [
            total,
            queued,
            ringing,
            in_progress,
            completed,
            failed,
            busy,
            no_answer,
            canceled,
            unknown,
            answered_by_human,
            answered_by_machine,
            confirmed,
            abandoned,
            left_message,
            transferred,
            opted_out,
            total_duration_seconds,
            total_cost_micros,
        ] = counts;
        Self {
            total,
            queued,
            ringing,
            in_progress,
            completed,
            failed,
            busy,
            no_answer,
            canceled,
            unknown,
            answered_by_human,
            answered_by_machine,
            confirmed,
            abandoned,
            left_message,
            transferred,
            opted_out,
            total_duration_seconds,
            total_cost_micros,
        }
    }

    /// The names of the counts, in their fixed order.
    pub const NAMES: [&'static str; 19] = [
        "total",
        "queued",
        "ringing",
        "in_progress",
        "completed",
        "failed",
        "busy",
        "no_answer",
        "canceled",
        "unknown",
        "answered_by_human",
        "answered_by_machine",
        "confirmed",
        "abandoned",
        "left_message",
        "transferred",
        "opted_out",
        "total_duration_seconds",
        "total_cost_micros",
    ];

    fn combine(self, other: Self, with: fn(i64, i64) -> i64) -> Self {
        let (mine, theirs) = (self.to_array(), other.to_array());
        Self::from_array(std::array::from_fn(|i| with(mine[i], theirs[i])))
    }
}

fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.combine(other, i64::saturating_add)
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Tally {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.combine(other, i64::saturating_sub)
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), Add::add)
    }
}
