//! From a verified form to news for the fold. What cannot be read is kept raw, without effect, and never answered with an
//! error: Twilio would drop it.

use domain::facts::{Evidence, Source};
use domain::recording::{RecordingNews, RecordingSource};
use tracing::warn;

use super::form::SignedForm;
use crate::actions::carrier_events::News;
use crate::actions::recordings::RecordingTold;
use crate::carrier::twilio::Purpose;
use crate::carrier::twilio::callback::{self, CallNews, ParsedCallback, RecordingStatus};
use crate::http::state::HttpState;

/// What a form says.
pub(super) fn from_form(state: &HttpState, purpose: Purpose, form: SignedForm) -> News {
    let kind = match purpose {
        Purpose::Status => "status",
        Purpose::Recording => "recording",
        Purpose::Amd => "amd",
        Purpose::Voice => "voice",
        Purpose::Turn => "turn",
        Purpose::Whisper => "whisper",
    };
    let parsed = callback::parse(purpose, &form.fields);
    let mut news = News {
        call: form.call,
        carrier_sid: None,
        to: None,
        kind,
        evidence: None,
        recording: None,
        content_key: News::content_key(kind, form.call, &form.fields),
        payload: form.payload,
    };
    let account = match parsed {
        ParsedCallback::Status(call) => of_call(&mut news, call, Source::Callback),
        ParsedCallback::Voice(call) => of_call(&mut news, call, Source::InstructionsRequest),
        ParsedCallback::Amd(verdict) => {
            news.carrier_sid = Some(verdict.call_sid.to_string());
            news.evidence = Some(Evidence {
                answered_by: Some(verdict.answered_by),
                ..Evidence::from(Source::DetectionCallback)
            });
            verdict.account_sid
        }
        ParsedCallback::Recording(recording) => {
            news.carrier_sid = Some(recording.call_sid.to_string());
            news.recording = Some(RecordingTold {
                sid: recording.recording_sid,
                news: match recording.status {
                    RecordingStatus::InProgress => RecordingNews::InProgress,
                    RecordingStatus::Completed => RecordingNews::Completed,
                    RecordingStatus::Absent => RecordingNews::Absent,
                },
                source: recording.source,
                seconds: recording.duration_seconds,
            });
            recording.account_sid
        }
        ParsedCallback::Unmapped { why } => {
            warn!(why, kind, "a webhook says something that this version does not know; it is kept");
            news.kind = "unmapped";
            return news;
        }
        ParsedCallback::Malformed { why } => {
            warn!(why, kind, "a webhook cannot be read; it is kept");
            news.kind = "quarantine";
            return news;
        }
    };
    if account != state.server.account_sid {
        warn!(kind, "a webhook names another account; it is kept without effect");
        news.call = None;
        news.carrier_sid = None;
        news.evidence = None;
        news.recording = None;
    }
    news
}

fn of_call(news: &mut News, call: CallNews, source: Source) -> String {
    news.carrier_sid = Some(call.call_sid.to_string());
    news.to = call.to;
    // It may not be there yet, or hold nothing: its own news says so.
    news.recording = call.recording_sid.map(|sid| RecordingTold {
        sid,
        news: RecordingNews::InProgress,
        source: RecordingSource::Call,
        seconds: None,
    });
    news.evidence = Some(Evidence {
        status: Some(call.status),
        at: call.at,
        duration_seconds: call.call_duration_seconds,
        answered_by: call.answered_by,
        sip_code: call.sip_code,
        error_code: call.error_code,
        ..Evidence::from(source)
    });
    call.account_sid
}
