//! The sound of a recording: for whoever may hear it, in parts where wanted, and each time written down.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::RecordingId;
use domain::recording::RecordingState;
use tracing::error;

use super::{load, view};
use crate::http::auth::Listener;
use crate::http::range::{Wanted, wanted};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::media::{MediaError, ObjectName};
use crate::store::recordings::OurCopy;

/// Gives the sound of a recording, or one part of it. Each time is written in the audit trail before the first byte leaves.
#[utoipa::path(get, path = "/api/recordings/{id}/audio", tag = "recordings",
    params(("id" = String, Path), ("Range" = Option<String>, Header, description = "One part, in bytes")),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>),
        (status = 206, content_type = "audio/wav", body = Vec<u8>), (status = "4XX", body = Problem)))]
pub async fn hear(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    PathId(id): PathId<RecordingId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let recording = load(&state, &visitor, id).await?;
    if !is_for_a_player(&headers) {
        return Err(Problem::not_a_page());
    }
    let copy = recording.copy.as_ref().filter(|_| recording.state == RecordingState::Stored);
    let copy = copy.ok_or_else(|| {
        let detail = view::in_words(&recording, &state.server);
        Problem::conflict("recording_not_stored", detail).with_reason(recording.state.as_str())
    })?;
    let tag = tag(copy);
    let (status, part) = match wanted(&headers, copy.bytes, &tag) {
        Wanted::Whole => (StatusCode::OK, 0..copy.bytes),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nowhere => return Err(Problem::range_not_satisfiable(copy.bytes)),
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let object = ObjectName::stored(copy.object.clone());
        let pieces =
            state.media.read(&object, Some(part.clone())).await.map_err(|error| trouble(id, &error))?;
        state.actions.note_listening(visitor.actor, &recording).await?;
        Body::from_stream(pieces)
    };
    let mut response = (status, body).into_response();
    let lines = [
        (header::CONTENT_TYPE, "audio/wav".to_owned()),
        (header::CONTENT_LENGTH, (part.end - part.start).to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.wav\"")),
    ];
    let range = format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), copy.bytes);
    let range = (status == StatusCode::PARTIAL_CONTENT).then_some((header::CONTENT_RANGE, range));
    for (name, value) in lines.into_iter().chain(range) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// Browsers say what an answer is for. A recording is played or fetched by a program; it is never a page, nor a part of one
/// but its sound.
fn is_for_a_player(headers: &HeaderMap) -> bool {
    let destination = headers.get(HeaderName::from_static("sec-fetch-dest"));
    destination.is_none_or(|it| matches!(it.as_bytes(), b"audio" | b"video" | b"empty"))
}

fn tag(copy: &OurCopy) -> String {
    let digits: String = copy.sha256[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

fn trouble(id: RecordingId, error: &MediaError) -> Problem {
    error!(recording_id = %id, %error, "a stored recording could not be read");
    match error {
        MediaError::NotThere => Problem::unavailable(
            "The file of this recording is not in the store. Was another store set up, or the file deleted there? \
             `prospectai check` lists what is missing.",
            60,
        ),
        _ => Problem::unavailable("The store of the sound files does not answer. Try again.", 5),
    }
}
