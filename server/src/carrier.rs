//! The words between us and a carrier: what we ask for and every way it can end.
//!
//! A carrier offers no idempotency key, so the difference between *not sent*, *refused*, *placed* and *unknown*
//! decides whether a person may be rung again. Nothing here retries by itself.

mod recordings;
pub mod twilio;

pub use recordings::{AudioError, CarrierRecording, InvalidRecordingSid, RecordingList, RecordingSid};

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::ids::{CallId, ProspectId};
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use domain::refusal::RefusalMeaning;
use jiff::Timestamp;

/// One call to be made.
#[derive(Debug, Clone)]
pub struct PlaceCall {
    /// Our attempt; it travels, sealed, in every callback address of the call.
    pub call_id: CallId,
    /// Whose attempt it is; travels along in the same way.
    pub prospect_id: ProspectId,
    /// Who is rung.
    pub to: PhoneNumber,
    /// The caller id: a number of ours that the carrier knows.
    pub from: PhoneNumber,
    /// What is said once somebody picks up.
    pub speech: CallSpeech,
    /// How long the phone rings, in whole seconds; 1 to 600 s at Twilio.
    pub ring_timeout: Duration,
    /// How long the call may last, in whole seconds; 1 s to 24 h.
    pub time_limit: Duration,
    /// Whether the carrier listens for an answering machine.
    pub machine_detection: MachineDetection,
    /// Whether the carrier records the call.
    pub record: Recording,
}

/// Where the words of a call come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallSpeech {
    /// A TwiML document sent along with the call; at most 4000 characters at Twilio.
    Inline(String),
    /// The carrier asks our voice address when somebody picks up.
    Url,
}

/// Whether and how the carrier tells people from answering machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineDetection {
    /// Not at all.
    Off,
    /// Say so as soon as it is decided.
    Enable {
        /// The call starts at once and the verdict follows by callback, instead of about 4 s of silence.
        asynchronous: bool,
    },
    /// For a machine, wait until its greeting has ended.
    DetectMessageEnd {
        /// As for `Enable`.
        asynchronous: bool,
    },
}

/// Whether the carrier records a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// No recording.
    Off,
    /// Both sides in one channel.
    Mono,
    /// One channel for each side.
    Dual,
}

/// How one request to place a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceOutcome {
    /// The carrier has accepted the call and named it.
    Placed(Box<CarrierCall>),
    /// Not a byte of the request left us: the same attempt may be sent again.
    NotSent {
        /// What stood in the way, for logs.
        why: String,
    },
    /// The carrier had too many requests and did not process this one: it may be sent again, later.
    Throttled {
        /// How long the carrier asks us to wait.
        retry_after: Option<Duration>,
    },
    /// The carrier said no, or we did because it would have; nobody is rung.
    Refused(Refusal),
    /// Nobody knows whether the phone rings. Must not be sent again before it is cleared up.
    Unknown {
        /// What was seen instead of an answer, for logs and for people.
        why: String,
    },
}

/// The carrier's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The carrier's error code, if it gave one.
    pub code: Option<u32>,
    /// The carrier's words, or ours when we did not even ask.
    pub message: String,
    /// The HTTP status of the answer; `None` when we did not send the request.
    pub http_status: Option<u16>,
    /// What it means for prospect, campaign and account.
    pub meaning: RefusalMeaning,
}

impl Refusal {
    /// What happened and what to do, for a person.
    pub fn explain(&self) -> String {
        match self.http_status {
            None => format!("{} The call was not sent. {}", self.message, self.meaning.explain(self.code)),
            Some(_) => self.meaning.explain(self.code),
        }
    }
}

/// A call as the carrier describes it. Reads are only eventually consistent: callbacks are nearer to the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierCall {
    /// The carrier's name for the call.
    pub sid: CallSid,
    /// `None` when the carrier used a word this version does not know.
    pub status: Option<CarrierStatus>,
    /// Who is rung; `None` for anything that is not a phone number.
    pub to: Option<PhoneNumber>,
    /// The caller id; `None` for anything that is not a phone number.
    pub from: Option<PhoneNumber>,
    /// When the carrier accepted the call; may be missing on a fresh one.
    pub created_at: Option<Timestamp>,
    /// When dialling began.
    pub started_at: Option<Timestamp>,
    /// When it was over; missing for calls that were never connected.
    pub ended_at: Option<Timestamp>,
    /// Connected time in seconds.
    pub duration_seconds: Option<u32>,
    /// How long the carrier let the call wait before it dialled.
    pub queue_time: Option<Duration>,
    /// What the connection cost, as a positive amount. Missing until rated, and for accounts not kept in US dollars.
    pub price: Option<Usd>,
    /// The currency of the account, as an ISO 4217 code.
    pub price_unit: Option<String>,
    /// Who picked up; `None` without machine detection.
    pub answered_by: Option<AnsweredBy>,
}

/// Twilio's name for a call: `CA` and 32 hexadecimal digits. Safe to put into a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallSid(String);

impl CallSid {
    /// The name as Twilio writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CallSid {
    type Err = InvalidCallSid;

    fn from_str(text: &str) -> Result<Self, InvalidCallSid> {
        if twilio::is_sid("CA", text) { Ok(Self(text.to_owned())) } else { Err(InvalidCallSid) }
    }
}

/// The text is not a call's SID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a call SID: CA followed by 32 hexadecimal digits")]
pub struct InvalidCallSid;

/// How we end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndAs {
    /// Take it back before anybody picked up; only while queued or ringing.
    Canceled,
    /// Hang up, whatever state it is in.
    Completed,
}

/// What came of ending a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndOutcome {
    /// The carrier has ended it. For a call that was still queued no callback will follow.
    Ended(Box<CarrierCall>),
    /// It was over before we asked; as good as ended.
    AlreadyOver,
}

/// What came of sending a call to other instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectOutcome {
    /// The carrier asks for them now.
    Redirected,
    /// It was over before we asked.
    AlreadyOver,
}

/// Why a read, or an update, brought nothing. All of them may be repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The carrier knows no such thing. Reads lag behind: one miss is no proof.
    #[error("the carrier does not know it")]
    Missing,
    /// Too many requests at once; not processed.
    #[error("the carrier asked us to slow down")]
    Throttled {
        /// How long the carrier asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No usable answer.
    #[error("no usable answer from the carrier: {why}")]
    Failed {
        /// What was seen instead, for logs and for people.
        why: String,
    },
    /// The carrier said no.
    #[error("the carrier refused: {}", .0.explain())]
    Refused(Refusal),
}

/// Calls found, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallList {
    /// The calls, newest first.
    pub calls: Vec<CarrierCall>,
    /// All calls of the wanted time were read. When false, the absence of a call proves nothing.
    pub complete: bool,
}

/// The account as the carrier describes it, for the connection test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name in the carrier's console.
    pub friendly_name: String,
    /// `active`, `suspended` or `closed`.
    pub status: String,
    /// `Trial` or `Full`.
    pub kind: String,
    /// The carrier's clock when it answered, to the second.
    pub answered_at: Option<Timestamp>,
}

/// What a number is to the account, as the number that people see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberStanding {
    /// Bought from the carrier, and good for calls.
    Owned,
    /// Bought from the carrier, but calls cannot be made from it.
    WithoutVoice,
    /// Somebody's own, verified as theirs.
    Verified,
    /// Not the account's: the carrier refuses calls from it.
    Foreign,
}

/// One request that the carrier notes with a call: those we made, and those it made to us.
#[derive(Clone, PartialEq, Eq)]
pub struct CallEvent {
    /// The HTTP method.
    pub method: String,
    /// The address that was asked.
    pub url: String,
    /// The parameters, as they were sent. Holds phone numbers and texts: not for logs.
    pub parameters: Vec<(String, String)>,
}

impl CallEvent {
    /// The parameter of that name, whether it is written `StatusCallback` or `status_callback`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let wanted = plain(name);
        self.parameters.iter().find(|(found, _)| plain(found) == wanted).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for CallEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallEvent").field("method", &self.method).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_call_sid_is_one() {
        let sid = format!("CA{}", "0a".repeat(16));
        assert_eq!(sid.parse::<CallSid>().map(|sid| sid.to_string()), Ok(sid.clone()));
        for wrong in ["", "CA", "../../Accounts", &sid[1..], &format!("{sid}0"), &sid.replace("CA", "RE")] {
            assert!(wrong.parse::<CallSid>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_event_parameter_is_found_in_either_spelling() {
        let event = CallEvent {
            method: "POST".into(),
            url: "https://api.twilio.com/".into(),
            parameters: vec![("status_callback".into(), "https://example.com/".into())],
        };
        assert_eq!(event.parameter("StatusCallback"), Some("https://example.com/"));
        assert_eq!(event.parameter("Url"), None);
    }
}
