//! Turns the form of a verified webhook into typed news, or says why it cannot be.
//!
//! Nothing here is a reason for a 4xx: Twilio would log an error and forget the news. What cannot be read is kept raw.

use std::collections::HashMap;

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;

use super::callback_urls::Purpose;
use super::{is_sid, wire};
use crate::carrier::CallSid;

/// What a webhook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParsedCallback {
    /// The call has come further.
    Status(CallNews),
    /// Twilio asks what to say; proof, too, that the call exists and was answered.
    Voice(CallNews),
    /// The verdict of asynchronous machine detection.
    Amd(AmdNews),
    /// The recording has come further.
    Recording(RecordingNews),
    /// Well formed, but with a word this version does not know: kept raw and counted, without effect.
    Unmapped {
        /// The word and where it stood.
        why: String,
    },
    /// Not as Twilio documents it: into quarantine, without effect.
    Malformed {
        /// What is wrong.
        why: String,
    },
}

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

/// Calls last a day at most, so a longer duration is not one.
const MAX_CALL_SECONDS: u32 = 24 * 60 * 60;
const MAX_DETECTION_MS: u32 = 60 * 60 * 1000;

/// Reads the decoded fields of a webhook whose signature has been verified.
pub fn parse(purpose: Purpose, fields: &[(String, String)]) -> ParsedCallback {
    let parsed = Fields::new(fields).and_then(|fields| match purpose {
        Purpose::Status => fields.call_news().map(ParsedCallback::Status),
        Purpose::Voice => fields.call_news().map(ParsedCallback::Voice),
        Purpose::Amd => fields.amd_news().map(ParsedCallback::Amd),
        Purpose::Recording => fields.recording_news().map(ParsedCallback::Recording),
    });
    parsed.unwrap_or_else(|not_news| match not_news {
        NotNews::Unmapped(why) => ParsedCallback::Unmapped { why },
        NotNews::Malformed(why) => ParsedCallback::Malformed { why },
    })
}

enum NotNews {
    Unmapped(String),
    Malformed(String),
}

/// The fields we read, each at most once. Empty ones count as absent: Twilio sends many of them.
struct Fields<'f>(HashMap<&'f str, &'f str>);

const READ: [&str; 18] = [
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
    "RecordingStartTime",
    "RecordingStatus",
    "SequenceNumber",
    "SipResponseCode",
    "Timestamp",
    "To",
];

impl<'f> Fields<'f> {
    fn new(fields: &'f [(String, String)]) -> Result<Self, NotNews> {
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

    fn call_news(&self) -> Result<CallNews, NotNews> {
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

    fn amd_news(&self) -> Result<AmdNews, NotNews> {
        Ok(AmdNews {
            call_sid: self.call_sid()?,
            account_sid: self.account_sid()?,
            answered_by: self.required_word("AnsweredBy", AnsweredBy::parse)?,
            machine_detection_ms: self.number("MachineDetectionDuration", 0..=MAX_DETECTION_MS)?,
        })
    }

    fn recording_news(&self) -> Result<RecordingNews, NotNews> {
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

    fn number(&self, name: &str, range: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, NotNews> {
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

fn number(name: &str, text: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, NotNews> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "CA0123456789abcdef0123456789abcdef";
    const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
    const RECORDING: &str = "RE0123456789abcdef0123456789abcdef";

    fn form(changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let base = [("CallSid", CALL), ("AccountSid", ACCOUNT), ("CallStatus", "completed")];
        let kept = base.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        kept.chain(changes).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn status(changes: &[(&str, &str)]) -> ParsedCallback {
        parse(Purpose::Status, &form(changes))
    }

    #[test]
    fn an_answered_call_is_read_whole_and_in_seconds() {
        let parsed = status(&[
            ("To", "+14155550123"),
            ("From", "sip:desk@pbx.example"),
            ("SequenceNumber", "3"),
            ("Timestamp", "Tue, 31 Aug 2010 20:36:28 +0000"),
            ("CallDuration", "49"),
            ("Duration", "1"),
            ("SipResponseCode", "200"),
            ("AnsweredBy", "human"),
            ("MachineDetectionDuration", "3200"),
            ("RecordingSid", RECORDING),
            ("RecordingUrl", "https://evil.example/recording"),
            ("ToCity", ""),
            ("SomethingNew", "1"),
        ]);
        let ParsedCallback::Status(news) = parsed else { panic!("{parsed:?}") };
        assert_eq!((news.status, news.sequence), (CarrierStatus::Completed, Some(3)));
        assert_eq!((news.call_duration_seconds, news.sip_code), (Some(49), Some(200)));
        assert_eq!(news.at.map(|at| at.to_string()), Some("2010-08-31T20:36:28Z".to_owned()));
        assert_eq!((news.answered_by, news.machine_detection_ms), (Some(AnsweredBy::Human), Some(3200)));
        assert_eq!((news.to.is_some(), news.from), (true, None));
        assert_eq!(news.recording_sid.as_deref(), Some(RECORDING));
    }

    #[test]
    fn every_status_is_read_and_empty_fields_count_as_absent() {
        for word in CarrierStatus::ALL {
            let parsed = status(&[("CallStatus", word.as_str()), ("AnsweredBy", ""), ("CallDuration", "")]);
            let ParsedCallback::Status(news) = parsed else { panic!("{parsed:?}") };
            assert_eq!((news.status, news.answered_by, news.call_duration_seconds), (word, None, None));
        }
    }

    #[test]
    fn a_word_we_do_not_know_is_unmapped() {
        for changes in [("CallStatus", "teleported"), ("AnsweredBy", "machine_polite")] {
            assert!(matches!(status(&[changes]), ParsedCallback::Unmapped { .. }), "{changes:?}");
        }
    }

    #[test]
    fn what_twilio_would_never_send_is_malformed() {
        for (name, value) in [
            ("CallSid", ""),
            ("CallSid", "CA1"),
            ("CallSid", "../../Accounts"),
            ("AccountSid", ""),
            ("AccountSid", CALL),
            ("CallStatus", ""),
            ("CallDuration", "-1"),
            ("CallDuration", "86401"),
            ("CallDuration", "99999999999999999999"),
            ("CallDuration", "1.5"),
            ("SequenceNumber", "x"),
            ("SequenceNumber", "+1"),
            ("SequenceNumber", "-1"),
            ("Timestamp", "yesterday"),
            ("Timestamp", "2010-08-31T20:36:28Z"),
            ("SipResponseCode", "99"),
            ("SipResponseCode", "700"),
            ("MachineDetectionDuration", "long"),
        ] {
            let parsed = status(&[(name, value)]);
            assert!(
                matches!(&parsed, ParsedCallback::Malformed { why } if why.starts_with(name)),
                "{parsed:?}"
            );
        }
    }

    #[test]
    fn a_field_we_read_must_not_be_repeated_and_others_may() {
        let mut twice = form(&[]);
        twice.push(("CallSid".into(), CALL.into()));
        assert!(matches!(parse(Purpose::Status, &twice), ParsedCallback::Malformed { .. }));
        let others = status(&[("Digits", "1"), ("Digits", "2")]);
        assert!(matches!(others, ParsedCallback::Status(_)));
    }

    #[test]
    fn the_verdict_of_machine_detection_is_read() {
        let fields = form(&[("AnsweredBy", "machine_end_beep"), ("MachineDetectionDuration", "4100")]);
        let ParsedCallback::Amd(news) = parse(Purpose::Amd, &fields) else { panic!("not read") };
        assert_eq!((news.answered_by, news.machine_detection_ms), (AnsweredBy::MachineEndBeep, Some(4100)));
        assert!(matches!(parse(Purpose::Amd, &form(&[])), ParsedCallback::Malformed { .. }));
    }

    #[test]
    fn a_recording_is_read_and_an_absent_one_has_no_length() {
        for (word, length, expected) in [
            ("completed", "12", (RecordingStatus::Completed, Some(12))),
            ("absent", "-1", (RecordingStatus::Absent, None)),
            ("in-progress", "", (RecordingStatus::InProgress, None)),
        ] {
            let fields = form(&[
                ("RecordingSid", RECORDING),
                ("RecordingStatus", word),
                ("RecordingDuration", length),
                ("RecordingChannels", "2"),
            ]);
            let ParsedCallback::Recording(news) = parse(Purpose::Recording, &fields) else {
                panic!("{word}")
            };
            assert_eq!((news.status, news.duration_seconds), expected);
            assert_eq!(news.channels, Some(2));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_form_makes_the_reader_fail(fields: Vec<(proptest::sample::Index, String)>) {
            let fields: Vec<_> =
                fields.into_iter().map(|(name, value)| (READ[name.index(READ.len())].to_owned(), value)).collect();
            for purpose in Purpose::ALL {
                parse(purpose, &fields);
            }
        }
    }
}
