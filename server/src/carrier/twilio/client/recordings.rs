//! Recordings at Twilio: their list, their sound, their end. Every address is built from a SID; the addresses that callbacks
//! and answers carry are not used.

use std::time::Duration;

use bytes::Bytes;
use domain::recording::{RecordingNews, RecordingSource};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{TwilioClient, describe, entries, errors, wire};
use crate::carrier::{AudioError, CarrierRecording, RecordingList, RecordingSid, RequestError};

/// Nine hours of both sides, as Twilio writes them: 32 kB per second.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;
/// The whole of a file, on a slow line.
const WHOLE: Duration = Duration::from_secs(15 * 60);
/// One that stops for this long does not go on.
const SILENCE: Duration = Duration::from_secs(30);
const PAGE_SIZE: &str = "100";

impl TwilioClient {
    /// Reads one recording's description.
    pub async fn fetch_recording(&self, sid: &RecordingSid) -> Result<CarrierRecording, RequestError> {
        let json = self.read(self.account_url(&format!("/Recordings/{sid}.json"))).await?;
        read_recording(&json).ok_or_else(errors::unreadable)
    }

    /// The account's recordings that began at or after `since`, newest first.
    pub async fn list_recordings(&self, since: Timestamp) -> Result<RecordingList, RequestError> {
        const LIST: &str = "/Recordings.json";
        let mut url = self.account_url(LIST);
        // The filter goes by whole days.
        let day = since.to_zoned(TimeZone::UTC).date().to_string();
        url.query_pairs_mut().append_pair("PageSize", PAGE_SIZE).append_pair("DateCreated>", &day);
        let mut recordings = Vec::new();
        loop {
            let page = self.read(url).await?;
            for entry in entries(&page, "recordings")? {
                let recording = read_recording(entry).ok_or_else(errors::unreadable)?;
                if recording.created_at.is_some_and(|created| created < since) {
                    return Ok(RecordingList { recordings, complete: true });
                }
                recordings.push(recording);
            }
            match self.next_page(&page, LIST)? {
                Some(next) => url = next,
                None => return Ok(RecordingList { recordings, complete: true }),
            }
        }
    }

    /// Begins to read the sound of a recording, as WAV in one channel or two. Twilio refuses two of what was recorded in
    /// one.
    pub async fn recording_audio(&self, sid: &RecordingSid, channels: u8) -> Result<Audio, AudioError> {
        let mut url = self.account_url(&format!("/Recordings/{sid}.wav"));
        url.query_pairs_mut().append_pair("RequestedChannels", &channels.to_string());
        let (user, password) = self.credentials.basic_auth();
        let request = self.reads.get(url).timeout(WHOLE).basic_auth(user, Some(password.expose_secret()));
        let response = within_silence(request.send()).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(AudioError::NotThere),
            StatusCode::BAD_REQUEST if channels > 1 => return Err(AudioError::OneChannelOnly),
            StatusCode::TOO_MANY_REQUESTS => return Err(RequestError::Throttled { retry_after: None }.into()),
            // A redirect could lead anywhere, and is not followed.
            other => return Err(failed(format!("HTTP {} instead of a file", other.as_u16()))),
        }
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
        if !is_wav(kind) {
            return Err(AudioError::NotAudio(kind.chars().take(60).collect()));
        }
        if response.content_length().is_some_and(|length| length > MOST_BYTES) {
            return Err(too_large());
        }
        Ok(Audio { response, read: 0 })
    }

    /// Deletes a recording at Twilio; one that is not there is as good as deleted.
    pub async fn delete_recording(&self, sid: &RecordingSid) -> Result<(), RequestError> {
        let request = self.reads.delete(self.account_url(&format!("/Recordings/{sid}.json")));
        match errors::done_outcome(self.exchange(request).await) {
            Ok(()) | Err(RequestError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A sound on its way.
#[derive(Debug)]
pub struct Audio {
    response: Response,
    read: u64,
}

impl Audio {
    /// The next piece; `None` when everything came that was announced.
    pub async fn next(&mut self) -> Result<Option<Bytes>, AudioError> {
        let piece = within_silence(self.response.chunk()).await?;
        self.read += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if self.read > MOST_BYTES { Err(too_large()) } else { Ok(piece) }
    }
}

async fn within_silence<T>(work: impl Future<Output = reqwest::Result<T>>) -> Result<T, AudioError> {
    match tokio::time::timeout(SILENCE, work).await {
        Ok(done) => done.map_err(|error| failed(describe(error))),
        Err(_) => Err(failed(format!("nothing came for {} s", SILENCE.as_secs()))),
    }
}

fn failed(why: String) -> AudioError {
    RequestError::Failed { why }.into()
}

const fn too_large() -> AudioError {
    AudioError::TooLarge(MOST_BYTES / (1024 * 1024))
}

/// Twilio says `audio/x-wav`; the registered name and its older brothers mean the same.
fn is_wav(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(kind.as_str(), "audio/x-wav" | "audio/wav" | "audio/wave" | "audio/vnd.wave")
}

fn read_recording(json: &Value) -> Option<CarrierRecording> {
    Some(CarrierRecording {
        sid: json["sid"].as_str()?.parse().ok()?,
        call: json["call_sid"].as_str()?.parse().ok()?,
        news: json["status"].as_str().and_then(news),
        source: RecordingSource::of_carrier(json["source"].as_str().unwrap_or_default()),
        // -1 for one that is not there.
        seconds: json["duration"].as_str().and_then(|seconds| seconds.parse().ok()),
        created_at: json["date_created"].as_str().and_then(wire::read_time),
    })
}

fn news(word: &str) -> Option<RecordingNews> {
    match word {
        "in-progress" | "paused" | "stopped" | "processing" => Some(RecordingNews::InProgress),
        "completed" => Some(RecordingNews::Completed),
        "absent" => Some(RecordingNews::Absent),
        _ => None,
    }
}
