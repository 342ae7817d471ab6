//! One attempt to ring one prospect: what we did, what the carrier says became of it, and how both are shown.
//!
//! A call has two registers. *Placement* is what we know of our own request. *Facts* is what the carrier's
//! evidence established. Both only ever grow, so evidence may arrive in any order and any number of times.

mod dialed;
mod steps;

pub use steps::{Finding, SendOutcome};

use jiff::Timestamp;

use crate::carrier_event::{AnsweredBy, CarrierStatus};
use crate::disposition::Disposition;
use crate::facts::CallFacts;
use crate::reaction::Reaction;
use crate::refusal::RefusalMeaning;

/// What we know of our request to the carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// Chosen, not yet armed. No request can have been made.
    Reserved,
    /// Given up before it was armed: the prospect keeps the attempt.
    Released,
    /// Committed to be sent: from here on the phone may ring.
    Armed,
    /// The request may or may not have reached the carrier. Held, never sent again.
    Unknown,
    /// No trace of the call was found in time. Counts as an attempt; late proof still wins.
    PresumedNotPlaced,
    /// The carrier said no, or the request provably never left.
    NotPlaced,
    /// The carrier made a call for it.
    Placed,
}

impl Placement {
    /// Every placement.
    pub const ALL: [Self; 7] = [
        Self::Reserved,
        Self::Released,
        Self::Armed,
        Self::Unknown,
        Self::PresumedNotPlaced,
        Self::NotPlaced,
        Self::Placed,
    ];

    /// The word in our database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Released => "released",
            Self::Armed => "armed",
            Self::Unknown => "unknown",
            Self::PresumedNotPlaced => "presumed_not_placed",
            Self::NotPlaced => "not_placed",
            Self::Placed => "placed",
        }
    }

    /// Reads the word in our database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|placement| placement.as_str() == word)
    }
}

/// A call as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallStatus {
    /// On its way: chosen, sent, or waiting in the carrier's queue.
    Queued,
    /// The phone rings.
    Ringing,
    /// Somebody or something picked up.
    InProgress,
    /// Audio was connected and the call is over.
    Completed,
    /// It could not be made.
    Failed,
    /// The line was engaged.
    Busy,
    /// Nobody picked up in time.
    NoAnswer,
    /// Ended before anybody picked up, by us.
    Canceled,
    /// The carrier's answer was lost; being looked for.
    Unknown,
}

impl CallStatus {
    /// Every status, in the order in which statistics list them.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Ringing,
        Self::InProgress,
        Self::Completed,
        Self::Failed,
        Self::Busy,
        Self::NoAnswer,
        Self::Canceled,
        Self::Unknown,
    ];

    /// Calls with it are over: exactly those that are not live.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Ringing | Self::InProgress | Self::Unknown => false,
            Self::Completed | Self::Failed | Self::Busy | Self::NoAnswer | Self::Canceled => true,
        }
    }

    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Canceled => "canceled",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word of our API.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// One attempt, as far as the rules are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What we know of our request.
    pub placement: Placement,
    /// Why the carrier refused, where it did.
    pub refusal: Option<RefusalMeaning>,
    /// When the placement became final without the carrier: refused, released or presumed not placed.
    pub closed_at: Option<Timestamp>,
    /// What the carrier's evidence established.
    pub facts: CallFacts,
}

impl Call {
    /// A call that was just chosen.
    pub fn reserved() -> Self {
        Self { placement: Placement::Reserved, refusal: None, closed_at: None, facts: CallFacts::default() }
    }

    /// The status as shown, derived and never stored on its own authority.
    pub fn status(&self) -> CallStatus {
        match self.placement {
            Placement::Reserved | Placement::Armed => CallStatus::Queued,
            Placement::Released => CallStatus::Canceled,
            Placement::Unknown => CallStatus::Unknown,
            Placement::PresumedNotPlaced | Placement::NotPlaced => CallStatus::Failed,
            Placement::Placed => match self.facts.status() {
                None | Some(CarrierStatus::Queued | CarrierStatus::Initiated) => CallStatus::Queued,
                Some(CarrierStatus::Ringing) => CallStatus::Ringing,
                Some(CarrierStatus::InProgress) => CallStatus::InProgress,
                Some(CarrierStatus::Completed) => CallStatus::Completed,
                Some(CarrierStatus::Busy) => CallStatus::Busy,
                Some(CarrierStatus::Failed) => CallStatus::Failed,
                Some(CarrierStatus::NoAnswer) => CallStatus::NoAnswer,
                Some(CarrierStatus::Canceled) => CallStatus::Canceled,
            },
        }
    }

    /// The call may still change by itself, and its number must not be rung by another one.
    pub fn is_live(&self) -> bool {
        match self.placement {
            Placement::Reserved | Placement::Armed | Placement::Unknown => true,
            Placement::Released | Placement::NotPlaced | Placement::PresumedNotPlaced => false,
            Placement::Placed => self.facts.ending.is_none(),
        }
    }

    /// The call holds a slot of its day: it was armed, and is not proven never to have been made.
    pub fn holds_day_slot(&self) -> bool {
        !matches!(self.placement, Placement::Reserved | Placement::Released | Placement::NotPlaced)
    }

    /// The retry policy counts this attempt: the person was rung, or may have been, or cannot be.
    pub fn spends_attempt(&self) -> bool {
        match self.placement {
            Placement::Reserved | Placement::Released => false,
            Placement::NotPlaced => self.refusal.is_some_and(RefusalMeaning::is_about_the_person),
            Placement::Armed | Placement::Unknown | Placement::PresumedNotPlaced | Placement::Placed => true,
        }
    }

    /// How the attempt ended; `None` while it may still change by itself, and for one that was given up before
    /// it was sent and so never was an attempt.
    pub fn disposition(&self) -> Option<Disposition> {
        match self.placement {
            Placement::Reserved | Placement::Armed | Placement::Unknown | Placement::Released => None,
            Placement::PresumedNotPlaced => Some(Disposition::Lost),
            Placement::NotPlaced => Some(match self.refusal {
                Some(RefusalMeaning::UnreachableNumber) => Disposition::Failed,
                _ => Disposition::Refused,
            }),
            Placement::Placed => self.facts.ending.map(|ending| match ending.status {
                CarrierStatus::Busy => Disposition::Busy,
                CarrierStatus::NoAnswer => Disposition::NoAnswer,
                CarrierStatus::Failed => Disposition::Failed,
                CarrierStatus::Canceled => Disposition::Canceled,
                _ => match self.facts.reaction {
                    Some(Reaction::Confirmed) => Disposition::Confirmed,
                    Some(Reaction::Abandoned) => Disposition::Abandoned,
                    Some(Reaction::LeftMessage) => Disposition::LeftMessage,
                    Some(Reaction::Transferred) => Disposition::Transferred,
                    Some(Reaction::OptedOut) => Disposition::OptedOut,
                    None => self.answered_disposition(),
                },
            }),
        }
    }

    fn answered_disposition(&self) -> Disposition {
        match self.facts.answered_by() {
            Some(AnsweredBy::Human) => Disposition::HumanAnswered,
            Some(AnsweredBy::Fax) => Disposition::Fax,
            Some(machine) if machine.is_machine() => Disposition::MachineAnswered,
            _ => Disposition::AnsweredUnknown,
        }
    }

    /// When the attempt ended, for the delay before the next one.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self.placement {
            Placement::Placed => self.facts.ending.and_then(|ending| ending.at),
            _ => self.closed_at,
        }
    }
}

#[cfg(test)]
mod tests;
