//! Sorts what came back into the outcomes that decide whether a person may be rung again.

use std::time::Duration;

use domain::refusal::RefusalMeaning;
use jiff::Timestamp;
use serde_json::Value;

use super::wire::{self, NotSendable};
use crate::carrier::{EndOutcome, PlaceOutcome, RedirectOutcome, Refusal, RequestError};

/// The call is in no state that could be changed.
const NOT_IN_PROGRESS: u32 = 21220;

/// A complete answer.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, where it was a number of seconds.
    pub retry_after: Option<Duration>,
    /// The other side's clock, to the second.
    pub date: Option<Timestamp>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReply {
    /// The connection never stood, so the request cannot have arrived.
    NotSent {
        /// What stood in the way.
        why: String,
    },
    /// The request may have arrived.
    Lost {
        /// What was seen.
        why: String,
    },
}

/// The outcome of a create.
pub fn place_outcome(reply: Result<Reply, NoReply>) -> PlaceOutcome {
    let reply = match reply {
        Ok(reply) => reply,
        Err(NoReply::NotSent { why }) => return PlaceOutcome::NotSent { why },
        Err(NoReply::Lost { why }) => return PlaceOutcome::Unknown { why },
    };
    match Answer::of(&reply) {
        Answer::Success(json) => match json.as_ref().and_then(wire::read_call) {
            Some(call) => PlaceOutcome::Placed(Box::new(call)),
            None => {
                PlaceOutcome::Unknown { why: format!("HTTP {} without a readable call SID", reply.status) }
            }
        },
        Answer::Throttled => PlaceOutcome::Throttled { retry_after: reply.retry_after },
        Answer::Refused(refusal) => PlaceOutcome::Refused(refusal),
        Answer::Unclear { why } => PlaceOutcome::Unknown { why },
    }
}

/// A call that we refuse ourselves because Twilio would: a fault of the set-up, found before anything was sent.
pub fn refused_unsent(error: &NotSendable) -> Refusal {
    Refusal { code: None, message: error.to_string(), http_status: None, meaning: RefusalMeaning::SetUp }
}

/// The JSON of a read.
pub fn read_outcome(reply: Result<Reply, NoReply>) -> Result<Value, RequestError> {
    let reply = reply.map_err(|lost| match lost {
        NoReply::NotSent { why } | NoReply::Lost { why } => RequestError::Failed { why },
    })?;
    match Answer::of(&reply) {
        Answer::Success(Some(json)) => Ok(json),
        Answer::Success(None) => Err(unreadable()),
        Answer::Throttled => Err(RequestError::Throttled { retry_after: reply.retry_after }),
        Answer::Refused(refusal) if refusal.http_status == Some(404) => Err(RequestError::Missing),
        Answer::Refused(refusal) => Err(RequestError::Refused(refusal)),
        Answer::Unclear { why } => Err(RequestError::Failed { why }),
    }
}

/// The outcome of a request whose answer says nothing but that it was done.
pub fn done_outcome(reply: Result<Reply, NoReply>) -> Result<(), RequestError> {
    match reply {
        Ok(Reply { status: 200..=299, .. }) => Ok(()),
        reply => read_outcome(reply).map(|_| ()),
    }
}

/// The outcome of an update that ends a call.
pub fn end_outcome(reply: Result<Reply, NoReply>) -> Result<EndOutcome, RequestError> {
    match read_outcome(reply) {
        Ok(json) => {
            wire::read_call(&json).map(|call| EndOutcome::Ended(Box::new(call))).ok_or_else(unreadable)
        }
        // For a hang-up that is what we want.
        Err(RequestError::Refused(refusal)) if refusal.code == Some(NOT_IN_PROGRESS) => {
            Ok(EndOutcome::AlreadyOver)
        }
        Err(error) => Err(error),
    }
}

/// What an answer to a redirection means.
pub fn redirect_outcome(reply: Result<Reply, NoReply>) -> Result<RedirectOutcome, RequestError> {
    match read_outcome(reply) {
        Ok(_) => Ok(RedirectOutcome::Redirected),
        Err(RequestError::Refused(refusal)) if refusal.code == Some(NOT_IN_PROGRESS) => {
            Ok(RedirectOutcome::AlreadyOver)
        }
        Err(error) => Err(error),
    }
}

/// An answer without the fields it must have.
pub fn unreadable() -> RequestError {
    RequestError::Failed { why: "the answer is not what Twilio documents".to_owned() }
}

enum Answer {
    Success(Option<Value>),
    Throttled,
    Refused(Refusal),
    Unclear { why: String },
}

impl Answer {
    fn of(reply: &Reply) -> Self {
        let json: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let status = reply.status;
        match status {
            200..=299 => Self::Success(json),
            429 => Self::Throttled,
            400..=499 => match json.as_ref().and_then(|json| twilio_error(json, status)) {
                Some((20429, _)) => Self::Throttled,
                // Twilio's own "internal error" codes: something may have been done.
                Some((code @ (20500 | 20503), _)) => {
                    Self::Unclear { why: format!("HTTP {status} with Twilio error {code}") }
                }
                Some((code, message)) => Self::Refused(refusal(code, message, status)),
                None => Self::Unclear { why: format!("HTTP {status} that is not an answer of Twilio's API") },
            },
            _ => Self::Unclear { why: format!("HTTP {status}") },
        }
    }
}

/// Code and message of an error in one of Twilio's two forms (`code, message, more_info, status`, or RFC 9457 with a code).
/// A proxy's page must not pass for a refusal, so the status must agree and the code be one of Twilio's five digits.
fn twilio_error(json: &Value, status: u16) -> Option<(u32, &str)> {
    let code = json["code"].as_u64().filter(|code| (10_000..=99_999).contains(code))?;
    let message = json["message"].as_str().or_else(|| json["title"].as_str())?;
    let agrees = json["status"].as_u64() == Some(u64::from(status));
    agrees.then_some((u32::try_from(code).ok()?, message))
}

fn refusal(code: u32, message: &str, status: u16) -> Refusal {
    let meaning = match (RefusalMeaning::from_twilio_code(code), status) {
        (RefusalMeaning::Other, 401 | 403) => RefusalMeaning::Account,
        (meaning, _) => meaning,
    };
    // Longer texts are no use to anybody and would go into a row.
    let message = message.chars().take(300).collect();
    Refusal { code: Some(code), message, http_status: Some(status), meaning }
}
