//! What Twilio says in its callbacks and TwiML requests. All values are text.

use jiff::Timestamp;

use super::Fields;
use crate::network::call::{Call, Verdict};
use crate::network::order::Event;
use crate::network::recording::Recording;
use crate::timeline::rfc2822;

/// The fields every voice request carries.
pub(crate) fn base(account_sid: &str, call: &Call, status: &str) -> Fields {
    let (to, from) = (&call.order.to, &call.order.from);
    let mut fields = vec![
        ("CallSid", call.sid.clone()),
        ("AccountSid", account_sid.to_owned()),
        ("From", from.clone()),
        ("To", to.clone()),
        ("Caller", from.clone()),
        ("Called", to.clone()),
        ("CallStatus", status.to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("Direction", "outbound-api".to_owned()),
    ];
    // Twilio names where the numbers are registered and often does not know.
    const PLACES: [&str; 16] = [
        "FromCity",
        "FromState",
        "FromZip",
        "FromCountry",
        "ToCity",
        "ToState",
        "ToZip",
        "ToCountry",
        "CallerCity",
        "CallerState",
        "CallerZip",
        "CallerCountry",
        "CalledCity",
        "CalledState",
        "CalledZip",
        "CalledCountry",
    ];
    fields.extend(PLACES.map(|place| (place, String::new())));
    fields
}

/// A TwiML request: the call is live, and a verdict that came first is told.
pub(crate) fn instructions(account_sid: &str, call: &Call) -> Fields {
    let mut fields = base(account_sid, call, "in-progress");
    fields.extend(call.verdict.map(detection).into_iter().flatten());
    fields
}

/// A status callback.
pub(crate) fn progress(
    account_sid: &str,
    account_url: &str,
    call: &Call,
    recording: Option<&Recording>,
    event: Event,
    at: Timestamp,
) -> Fields {
    let status = match event {
        Event::Initiated => "initiated",
        Event::Ringing => "ringing",
        Event::Answered => "in-progress",
        Event::Completed => call.status().as_str(),
    };
    let mut fields = base(account_sid, call, status);
    fields.push(("Timestamp", rfc2822(at)));
    fields.push(("SequenceNumber", call.fired.to_string()));
    fields.push(("CallbackSource", "call-progress-events".to_owned()));
    if matches!(event, Event::Ringing | Event::Answered) {
        fields.push(("StirStatus", "A".to_owned()));
    }
    if let (Event::Completed, Some(ending)) = (event, call.ending) {
        fields.push(("CallDuration", call.duration().to_string()));
        fields.push(("Duration", call.minutes().to_string()));
        if ending.sip != 0 {
            fields.push(("SipResponseCode", ending.sip.to_string()));
        }
        fields.extend(call.verdict.map(detection).into_iter().flatten());
        if let Some(recording) = recording {
            fields.push(("RecordingUrl", recording_url(account_url, recording)));
            fields.push(("RecordingSid", recording.sid.clone()));
            fields.push(("RecordingDuration", recording.seconds().unwrap_or(0).to_string()));
        }
    }
    fields
}

/// The callback of asynchronous machine detection.
pub(crate) fn verdict(account_sid: &str, call: &Call, verdict: Verdict) -> Fields {
    let mut fields = vec![("AccountSid", account_sid.to_owned()), ("CallSid", call.sid.clone())];
    fields.extend(detection(verdict));
    fields
}

/// A recording callback.
pub(crate) fn recording(account_sid: &str, account_url: &str, recording: &Recording) -> Fields {
    let mut fields = vec![
        ("AccountSid", account_sid.to_owned()),
        ("CallSid", recording.call_sid.clone()),
        ("RecordingSid", recording.sid.clone()),
        ("RecordingUrl", recording_url(account_url, recording)),
        ("RecordingStatus", recording.status().to_owned()),
        ("RecordingChannels", recording.order.channels.to_string()),
        ("RecordingStartTime", rfc2822(recording.started_at)),
        ("RecordingSource", recording.source.to_owned()),
        ("RecordingTrack", recording.order.track.clone()),
    ];
    fields.extend(recording.seconds().map(|seconds| ("RecordingDuration", seconds.to_string())));
    fields
}

/// Where the media of a recording is; without a suffix it is a WAV file.
pub(crate) fn recording_url(account_url: &str, recording: &Recording) -> String {
    format!("{account_url}/Recordings/{}", recording.sid)
}

fn detection(verdict: Verdict) -> [(&'static str, String); 2] {
    [
        ("AnsweredBy", verdict.answered_by.to_owned()),
        ("MachineDetectionDuration", verdict.took.as_millis().to_string()),
    ]
}
