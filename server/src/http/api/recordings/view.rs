//! A recording as the API shows it, and in words.

use domain::ids::RecordingId;
use domain::recording::RecordingState;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::words::{maybe_time, time};
use crate::http::state::ServerFacts;
use crate::store::recordings::RecordingRecord;

/// One recording of a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Recording)]
pub struct RecordingView {
    /// `rec_…`
    id: String,
    /// The call it is of.
    call_id: String,
    /// Twilio's name for it.
    twilio_recording_sid: String,
    /// `call` for the whole call, `message` for one that was left, `other`.
    source: &'static str,
    /// `announced`, `awaited` (being fetched), `stored`, `absent` (nothing was recorded), `failed` or `deleted`.
    state: &'static str,
    /// The same in words, with what to do.
    detail: String,
    /// Where to hear it; null unless it is stored.
    audio_url: Option<String>,
    /// Milliseconds, as the file says.
    duration_ms: Option<u64>,
    /// 1, or 2 with each side by itself.
    channels: Option<u8>,
    /// Size of the file.
    bytes: Option<u64>,
    /// SHA-256 of the file, in hexadecimal digits.
    sha256: Option<String>,
    #[schema(format = DateTime)]
    announced_at: String,
    #[schema(format = DateTime)]
    stored_at: Option<String>,
    /// When it will be deleted.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    /// When Twilio's copy was deleted.
    #[schema(format = DateTime)]
    deleted_at_carrier_at: Option<String>,
}

impl RecordingView {
    /// A recording as it is now.
    pub fn of(recording: &RecordingRecord, server: &ServerFacts) -> Self {
        let stored = recording.state == RecordingState::Stored;
        let copy = recording.copy.as_ref().filter(|_| stored);
        Self {
            id: recording.id.to_string(),
            call_id: recording.call.to_string(),
            twilio_recording_sid: recording.carrier_sid.clone(),
            source: recording.source.as_str(),
            state: recording.state.as_str(),
            detail: in_words(recording, server),
            audio_url: stored.then(|| audio_url(recording.id, server)),
            duration_ms: copy.map(|copy| copy.duration_ms),
            channels: copy.map(|copy| copy.channels),
            bytes: copy.map(|copy| copy.bytes),
            sha256: copy.map(|copy| hexadecimal(&copy.sha256)),
            announced_at: time(recording.announced_at),
            stored_at: maybe_time(recording.stored_at),
            expires_at: maybe_time(expires_at(recording, server)),
            deleted_at: maybe_time(recording.deleted_at),
            deleted_at_carrier_at: maybe_time(recording.deleted_at_carrier_at),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where a stored recording is heard, for whoever may.
pub fn audio_url(id: RecordingId, server: &ServerFacts) -> String {
    format!("{}/api/recordings/{id}/audio", server.public_url.as_str().trim_end_matches('/'))
}

/// When a stored recording will be deleted.
pub fn expires_at(recording: &RecordingRecord, server: &ServerFacts) -> Option<Timestamp> {
    let stored = recording.stored_at.filter(|_| recording.state == RecordingState::Stored)?;
    stored.checked_add(SignedDuration::from_hours(24 * i64::from(server.recordings_keep_days))).ok()
}

/// What became of it, what that means, what to do.
pub fn in_words(recording: &RecordingRecord, server: &ServerFacts) -> String {
    let trouble = recording.trouble.as_deref();
    match recording.state {
        RecordingState::Announced => "The carrier is recording, or about to make the file.".to_owned(),
        RecordingState::Absent => {
            "The carrier recorded nothing: the call was too short, or nobody spoke.".to_owned()
        }
        RecordingState::Awaited => match trouble {
            Some(trouble) => format!(
                "Being fetched. The last attempt was in vain: {trouble}. It is tried again by itself."
            ),
            None => "Being fetched from the carrier.".to_owned(),
        },
        RecordingState::Failed => {
            let trouble = trouble.unwrap_or("nobody knows why").trim_end_matches('.');
            let sid = &recording.carrier_sid;
            format!(
                "It could not be fetched: {trouble}. Have it tried again, or look for {sid} in the carrier's console."
            )
        }
        RecordingState::Stored => match expires_at(recording, server) {
            Some(at) => format!("Kept until {}.", at.to_zoned(jiff::tz::TimeZone::UTC).date()),
            None => "Kept.".to_owned(),
        },
        RecordingState::Deleted => match recording.deleted_at {
            Some(at) => format!("Deleted on {}.", at.to_zoned(jiff::tz::TimeZone::UTC).date()),
            None => "Deleted.".to_owned(),
        },
    }
}
