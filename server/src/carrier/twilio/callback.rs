//! Turns the form of a verified webhook into typed news, or says why it cannot be.
//!
//! Nothing here is a reason for a 4xx: Twilio would log an error and forget the news. What cannot be read is kept raw.

mod fields;
mod news;
mod turn;

pub use news::{AmdNews, CallNews, RecordingNews, RecordingStatus};
pub use turn::turn_of;

use super::callback_urls::Purpose;
use fields::{Fields, NotNews};

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

/// Reads the decoded fields of a webhook whose signature has been verified.
pub fn parse(purpose: Purpose, fields: &[(String, String)]) -> ParsedCallback {
    let parsed = Fields::new(fields).and_then(|fields| match purpose {
        Purpose::Status => fields.call_news().map(ParsedCallback::Status),
        Purpose::Voice | Purpose::Turn => fields.call_news().map(ParsedCallback::Voice),
        Purpose::Amd => fields.amd_news().map(ParsedCallback::Amd),
        Purpose::Recording => fields.recording_news().map(ParsedCallback::Recording),
        Purpose::Whisper => Err(NotNews::Unmapped("it is of the call to somebody else".to_owned())),
    });
    parsed.unwrap_or_else(|not_news| match not_news {
        NotNews::Unmapped(why) => ParsedCallback::Unmapped { why },
        NotNews::Malformed(why) => ParsedCallback::Malformed { why },
    })
}

#[cfg(test)]
mod tests {
    use domain::carrier_event::{AnsweredBy, CarrierStatus};

    use super::fields::READ;
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
