//! The sound of a recording: for whoever may hear it, in parts where wanted, and each time written down.

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use domain::ids::RecordingId;
use domain::recording::RecordingState;
use tracing::error;

use super::{load, view};
use crate::http::auth::Listener;
use crate::http::sound_answer::{NotGiven, SoundFile, give};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::media::MediaError;

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
    let copy = recording.copy.as_ref().filter(|_| recording.state == RecordingState::Stored);
    let copy = copy.ok_or_else(|| {
        let detail = view::in_words(&recording, &state.server);
        Problem::conflict("recording_not_stored", detail).with_reason(recording.state.as_str())
    })?;
    let file = SoundFile {
        object: &copy.object,
        bytes: copy.bytes,
        sha256: &copy.sha256,
        content_type: "audio/wav",
        save_as: format!("{id}.wav"),
        cache_control: None,
    };
    let answer = give(&state.media, file, &method, &headers).await.map_err(|not_given| match not_given {
        NotGiven::Refused(problem) => problem,
        NotGiven::Store(why) => trouble(id, &why),
    })?;
    if method != Method::HEAD && answer.status().is_success() {
        state.actions.note_listening(visitor.actor, &recording).await?;
    }
    Ok(answer)
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
