//! Reads the fields of a webhook one by one, and says which of them is not as documented.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::recording::RecordingSource;
use jiff::Timestamp;

use super::news::{AmdNews, CallNews, RecordingNews, RecordingStatus};
use crate::carrier::CallSid;
use crate::carrier::twilio::{is_sid, wire};

/// Calls last a day at most, so a longer duration is not one.
const MAX_CALL_SECONDS: u32 = 24 * 60 * 60;
const MAX_DETECTION_MS: u32 = 60 * 60 * 1000;

pub(super) enum NotNews {
    Unmapped(String),
    Malformed(String),
}

/// The fields we read, each at most once. Empty ones count as absent: Twilio sends many of them.
pub(super) struct Fields<'f>(HashMap<&'f str, &'f str>);

pub(super) const READ: [&str; 19] = [
    "AccountSid",
    "AnsweredBy",
    "CallDuration",
    "CallSid",
    "CallStatus",
    "ErrorCode",
    "ErrorMessage",
    "From",
    "MachineDetectionDuration",
    "RecordingChannels",
    "RecordingDuration",
    "RecordingSid",
    "RecordingSource",
    "RecordingStartTime",
    "RecordingStatus",
    "SequenceNumber",
    "SipResponseCode",
    "Timestamp",
    "To",
];

impl<'f> Fields<'f> {
    pub(super) fn new(fields: &'f [(String, String)]) -> Result<Self, NotNews> {
        let mut found = HashMap::with_capacity(READ.len());
        for (name, value) in fields.iter().filter(|(name, _)| READ.contains(&name.as_str())) {
            // Two readers could each believe another one of them.
            if found.insert(name.as_str(), value.as_str()).is_some() {
                return Err(NotNews::Malformed(format!("{name} is there more than once")));
            }
        }
        found.retain(|_, value| !value.is_empty());
        Ok(Self(found))
    }

    pub(super) fn call_news(&self) -> Result<CallNews, NotNews> {
        Ok(CallNews {
            call_sid: self.call_sid()?,
            account_sid: self.account_sid()?,
            to: self.optional("To").and_then(wire::read_phone_number),
            from: self.optional("From").and_then(wire::read_phone_number),
            status: self.required_word("CallStatus", CarrierStatus::parse)?,
            sequence: self.number("SequenceNumber", 0..=u32::MAX)?,
            at: self.time("Timestamp")?,
            call_duration_seconds: self.number("CallDuration", 0..=MAX_CALL_SECONDS)?,
            sip_code: self.number("SipResponseCode", 100..=699)?.and_then(|code| code.try_into().ok()),
            answered_by: self.word("AnsweredBy", AnsweredBy::parse)?,
            machine_detection_ms: self.number("MachineDetectionDuration", 0..=MAX_DETECTION_MS)?,
            error_code: self.number("ErrorCode", 0..=u32::MAX)?,
            error_message: self.optional("ErrorMessage").map(|text| text.chars().take(300).collect()),
            recording_sid: self.optional("RecordingSid").filter(|sid| is_sid("RE", sid)).map(str::to_owned),
        })
    }

    pub(super) fn amd_news(&self) -> Result<AmdNews, NotNews> {
        Ok(AmdNews {
            call_sid: self.call_sid()?,
            account_sid: self.account_sid()?,
            answered_by: self.required_word("AnsweredBy", AnsweredBy::parse)?,
            machine_detection_ms: self.number("MachineDetectionDuration", 0..=MAX_DETECTION_MS)?,
        })
    }

    pub(super) fn recording_news(&self) -> Result<RecordingNews, NotNews> {
        let status = |word: &str| match word {
            "in-progress" => Some(RecordingStatus::InProgress),
            "completed" => Some(RecordingStatus::Completed),
            "absent" => Some(RecordingStatus::Absent),
            _ => None,
        };
        // Twilio gives -1 for the length of a recording that is not there.
        let length = self.optional("RecordingDuration").filter(|seconds| *seconds != "-1");
        Ok(RecordingNews {
            call_sid: self.call_sid()?,
            account_sid: self.account_sid()?,
            recording_sid: self.sid("RecordingSid", "RE")?,
            status: self.required_word("RecordingStatus", status)?,
            // Twilio left it out of older callbacks, which were of whole calls.
            source: self
                .optional("RecordingSource")
                .map_or(RecordingSource::Call, RecordingSource::of_carrier),
            duration_seconds: length
                .map(|seconds| number("RecordingDuration", seconds, 0..=MAX_CALL_SECONDS))
                .transpose()?,
            channels: self.number("RecordingChannels", 1..=2)?.and_then(|count| count.try_into().ok()),
            started_at: self.time("RecordingStartTime")?,
        })
    }

    fn call_sid(&self) -> Result<CallSid, NotNews> {
        self.required("CallSid")?.parse().map_err(|_| malformed("CallSid", self.0["CallSid"]))
    }

    fn account_sid(&self) -> Result<String, NotNews> {
        self.sid("AccountSid", "AC")
    }

    fn sid(&self, name: &str, kind: &str) -> Result<String, NotNews> {
        let text = self.required(name)?;
        if is_sid(kind, text) { Ok(text.to_owned()) } else { Err(malformed(name, text)) }
    }

    fn required_word<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, NotNews> {
        self.required(name)?;
        self.word(name, read)?.ok_or_else(|| missing(name))
    }

    fn word<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, NotNews> {
        let Some(word) = self.optional(name) else { return Ok(None) };
        let unknown = || NotNews::Unmapped(format!("{name} is {:?}", shortened(word)));
        read(word).map(Some).ok_or_else(unknown)
    }

    fn number(&self, name: &str, range: RangeInclusive<u32>) -> Result<Option<u32>, NotNews> {
        self.optional(name).map(|text| number(name, text, range)).transpose()
    }

    fn time(&self, name: &str) -> Result<Option<Timestamp>, NotNews> {
        let Some(text) = self.optional(name) else { return Ok(None) };
        wire::read_time(text).map(Some).ok_or_else(|| malformed(name, text))
    }

    fn required(&self, name: &str) -> Result<&'f str, NotNews> {
        self.optional(name).ok_or_else(|| missing(name))
    }

    fn optional(&self, name: &str) -> Option<&'f str> {
        self.0.get(name).copied()
    }
}

fn number(name: &str, text: &str, range: RangeInclusive<u32>) -> Result<u32, NotNews> {
    // Rust's parser would take a leading plus.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.filter(|number| range.contains(number)).ok_or_else(|| malformed(name, text))
}

fn missing(name: &str) -> NotNews {
    NotNews::Malformed(format!("{name} is missing"))
}

fn malformed(name: &str, text: &str) -> NotNews {
    NotNews::Malformed(format!("{name} is {:?}", shortened(text)))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
