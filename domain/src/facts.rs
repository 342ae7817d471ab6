//! What the carrier's evidence established about one call: the fold of evidence.
//!
//! Every field is a maximum or a minimum over an order, so applying evidence is commutative, associative and
//! idempotent: any order, any number of times, one result.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::carrier_event::{AnsweredBy, CarrierStatus};
use crate::money::Usd;
use crate::reaction::Reaction;

/// Where a piece of evidence comes from, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Concluded by us, such as a call that outlived every limit.
    Inferred,
    /// The carrier asked us what to say on the call.
    InstructionsRequest,
    /// A signed status callback.
    Callback,
    /// A signed answering machine verdict.
    DetectionCallback,
    /// An answer of the carrier's REST interface.
    Rest,
    /// A key that was pressed on the call, told by a signed request for what to say next.
    Keypress,
    /// Somebody of the team, who listened to the call or knows of it.
    Person,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 7] = [
        Self::Inferred,
        Self::InstructionsRequest,
        Self::Callback,
        Self::DetectionCallback,
        Self::Rest,
        Self::Keypress,
        Self::Person,
    ];

    /// The word in our database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::InstructionsRequest => "instructions_request",
            Self::Callback => "callback",
            Self::DetectionCallback => "detection_callback",
            Self::Rest => "rest",
            Self::Keypress => "keypress",
            Self::Person => "person",
        }
    }

    /// Reads the word in our database.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }

    /// How far its word on the ending counts: REST 3, signed callbacks 2, us 1.
    const fn authority_on_ending(self) -> u8 {
        match self {
            Self::Rest => 3,
            Self::Callback | Self::DetectionCallback | Self::InstructionsRequest | Self::Keypress => 2,
            Self::Inferred | Self::Person => 1,
        }
    }

    /// How far its word on who answered counts: a person is asked last, machines press no keys, and otherwise a detection
    /// callback knows best.
    const fn authority_on_answer(self) -> u8 {
        match self {
            Self::Person => 6,
            Self::Keypress => 5,
            Self::DetectionCallback => 4,
            Self::InstructionsRequest | Self::Callback => 3,
            Self::Rest => 2,
            Self::Inferred => 1,
        }
    }
}

/// One piece of evidence about one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who says so.
    pub source: Source,
    /// The status it reports.
    pub status: Option<CarrierStatus>,
    /// When the reported status began.
    pub at: Option<Timestamp>,
    /// Seconds of audio, for a call that is over.
    pub duration_seconds: Option<u32>,
    /// What the call cost, positive. Only REST knows it.
    pub price: Option<Usd>,
    /// Who picked up.
    pub answered_by: Option<AnsweredBy>,
    /// The SIP response that ended it.
    pub sip_code: Option<u16>,
    /// The carrier's error code, for a call that failed.
    pub error_code: Option<u32>,
    /// What the person did.
    pub reaction: Option<Reaction>,
}

impl Evidence {
    /// Evidence that says nothing yet; name what it does say with struct update syntax.
    pub const fn from(source: Source) -> Self {
        Self {
            source,
            status: None,
            at: None,
            duration_seconds: None,
            price: None,
            answered_by: None,
            sip_code: None,
            error_code: None,
            reaction: None,
        }
    }
}

/// How a call ended, by the strongest evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// A final status.
    pub status: CarrierStatus,
    /// Who says so.
    pub source: Source,
    /// When; `None` where the evidence did not say.
    pub at: Option<Timestamp>,
}

/// Who picked up, by the strongest evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Who picked up.
    pub by: AnsweredBy,
    /// Who says so.
    pub source: Source,
}

/// What somebody of the team said about who picked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// Who picked up.
    pub by: AnsweredBy,
    /// When they said so.
    pub at: Option<Timestamp>,
}

/// Everything the evidence so far established.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallFacts {
    /// The furthest status reported that is not an ending.
    pub progress: Option<CarrierStatus>,
    /// When the carrier began to dial.
    pub initiated_at: Option<Timestamp>,
    /// When the phone began to ring.
    pub ringing_at: Option<Timestamp>,
    /// When somebody or something picked up.
    pub answered_at: Option<Timestamp>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Seconds of audio.
    pub duration_seconds: Option<u32>,
    /// What it cost, positive.
    pub price: Option<Usd>,
    /// Who picked up, by all evidence but that of people.
    pub answer: Option<Answer>,
    /// Who picked up, as somebody of the team said at last. It stands beside the answer and takes nothing away from it.
    pub correction: Option<Correction>,
    /// The SIP response that ended it.
    pub sip_code: Option<u16>,
    /// The carrier's error code.
    pub error_code: Option<u32>,
    /// What the person did; of several things the one that counts most.
    pub reaction: Option<Reaction>,
}

impl CallFacts {
    /// Joins one piece of evidence.
    pub fn apply(&mut self, evidence: &Evidence) {
        match evidence.status {
            Some(status) if status.is_final() => self.apply_ending(status, evidence),
            Some(status) => self.apply_progress(status, evidence.at),
            None => {}
        }
        match evidence.answered_by {
            Some(by) if evidence.source == Source::Person => {
                let claim = Correction { by, at: evidence.at };
                self.correction = max_by_rank(self.correction, claim, correction_rank);
            }
            Some(by) => {
                self.answer = max_by_rank(self.answer, Answer { by, source: evidence.source }, answer_rank);
            }
            None => {}
        }
        self.duration_seconds = self.duration_seconds.max(evidence.duration_seconds);
        self.price = self.price.max(evidence.price);
        self.sip_code = self.sip_code.max(evidence.sip_code);
        self.error_code = self.error_code.max(evidence.error_code);
        self.reaction = self.reaction.max(evidence.reaction);
    }

    /// The status these facts amount to; `None` before any evidence.
    pub fn status(&self) -> Option<CarrierStatus> {
        self.ending.map(|ending| ending.status).or(self.progress)
    }

    /// Who picked up, where anything is known of it: what people say counts most.
    pub fn answered_by(&self) -> Option<AnsweredBy> {
        self.correction.map(|said| said.by).or(self.answer.map(|answer| answer.by))
    }

    fn apply_ending(&mut self, status: CarrierStatus, evidence: &Evidence) {
        let claim = Ending { status, source: evidence.source, at: evidence.at };
        self.ending = max_by_rank(self.ending, claim, ending_rank);
    }

    fn apply_progress(&mut self, status: CarrierStatus, at: Option<Timestamp>) {
        self.progress = max_by_rank(self.progress, status, |status| *status as u8);
        let first_seen = match status {
            CarrierStatus::Initiated => &mut self.initiated_at,
            CarrierStatus::Ringing => &mut self.ringing_at,
            CarrierStatus::InProgress => &mut self.answered_at,
            _ => return,
        };
        *first_seen = [*first_seen, at].into_iter().flatten().min();
    }
}

fn max_by_rank<T, R: Ord>(held: Option<T>, claim: T, rank: impl Fn(&T) -> R) -> Option<T> {
    match held {
        Some(held) if rank(&held) >= rank(&claim) => Some(held),
        _ => Some(claim),
    }
}

/// The stronger authority wins; then the ending that says more; then a known time over none, and the earlier one.
/// The source itself comes last, so that no two different claims ever rank alike.
fn ending_rank(ending: &Ending) -> (u8, u8, bool, Reverse<Option<Timestamp>>, Source) {
    let verdict = match ending.status {
        CarrierStatus::Completed => 5,
        CarrierStatus::Busy => 4,
        CarrierStatus::NoAnswer => 3,
        CarrierStatus::Failed => 2,
        _ => 1,
    };
    let authority = ending.source.authority_on_ending();
    (authority, verdict, ending.at.is_some(), Reverse(ending.at), ending.source)
}

/// `unknown` never replaces an answer; then the stronger source; then the value that says more.
fn answer_rank(answer: &Answer) -> (bool, u8, u8, Source) {
    let known = answer.by != AnsweredBy::Unknown;
    (known, answer.source.authority_on_answer(), detail(answer.by), answer.source)
}

/// The last word wins; of words at the same instant the one that says more. Whoever corrects may also say that nobody knows.
fn correction_rank(said: &Correction) -> (Option<Timestamp>, u8) {
    (said.at, detail(said.by))
}

const fn detail(by: AnsweredBy) -> u8 {
    match by {
        AnsweredBy::Unknown => 0,
        AnsweredBy::MachineStart => 1,
        AnsweredBy::MachineEndOther => 2,
        AnsweredBy::MachineEndSilence => 3,
        AnsweredBy::MachineEndBeep => 4,
        AnsweredBy::Fax => 5,
        AnsweredBy::Human => 6,
    }
}

#[cfg(test)]
mod tests;
