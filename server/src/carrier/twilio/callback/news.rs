//! What can be learnt from a webhook.

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::phone_number::PhoneNumber;
use domain::recording::RecordingSource;
use jiff::Timestamp;

use crate::carrier::CallSid;

/// The state of a call at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNews {
    /// Twilio's name for the call.
    pub call_sid: CallSid,
    /// Whose call it is; the receiver compares it with its own.
    pub account_sid: String,
    /// Who is rung; `None` for anything that is not a phone number.
    pub to: Option<PhoneNumber>,
    /// The caller id; `None` for anything that is not a phone number.
    pub from: Option<PhoneNumber>,
    /// How far the call has come.
    pub status: CarrierStatus,
    /// Counts the fired events of this call from 0; arrival order is not guaranteed.
    pub sequence: Option<u32>,
    /// When it happened, by Twilio's clock.
    pub at: Option<Timestamp>,
    /// Connected time in seconds, 0 to 86,400; on end states only. (`Duration` counts minutes and is not read.)
    pub call_duration_seconds: Option<u32>,
    /// The final SIP answer, 100 to 699.
    pub sip_code: Option<u16>,
    /// Who picked up.
    pub answered_by: Option<AnsweredBy>,
    /// How long machine detection listened, in milliseconds.
    pub machine_detection_ms: Option<u32>,
    /// Twilio's error code, if the call failed with one.
    pub error_code: Option<u32>,
    /// Twilio's words for it.
    pub error_message: Option<String>,
    /// The recording's SID. Its address is built from this; `RecordingUrl` could lead anywhere and is not read.
    pub recording_sid: Option<String>,
}

/// Who picked up, told while the call already runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmdNews {
    /// Twilio's name for the call.
    pub call_sid: CallSid,
    /// Whose call it is.
    pub account_sid: String,
    /// The verdict.
    pub answered_by: AnsweredBy,
    /// How long machine detection listened, in milliseconds.
    pub machine_detection_ms: Option<u32>,
}

/// How far a recording has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingNews {
    /// Twilio's name for the call.
    pub call_sid: CallSid,
    /// Whose call it is.
    pub account_sid: String,
    /// `RE` and 32 hexadecimal digits.
    pub recording_sid: String,
    /// How far it has come.
    pub status: RecordingStatus,
    /// Whose words it holds.
    pub source: RecordingSource,
    /// Length in seconds.
    pub duration_seconds: Option<u32>,
    /// 1 or 2.
    pub channels: Option<u8>,
    /// When it began.
    pub started_at: Option<Timestamp>,
}

/// The states of a recording that are reported by callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingStatus {
    /// It runs.
    InProgress,
    /// It can be fetched.
    Completed,
    /// There will be none.
    Absent,
}
