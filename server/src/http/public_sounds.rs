//! Sounds for the carrier, which signs in nowhere: who has a sealed address that has not expired hears that one sound.
//!
//! Recordings are never given here.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::get;
use jiff::{SignedDuration, Timestamp};
use tracing::error;

use super::problem::Problem;
use super::sound_answer::{NotGiven, SoundFile, give};
use super::state::HttpState;
use crate::media::PublicUrls;

/// The carrier looks again after this at the latest, whatever it has kept.
const LONGEST_KEPT: SignedDuration = SignedDuration::from_hours(1);

/// The address of a sound. Every server answers it, whichever made it.
pub fn routes() -> Router<HttpState> {
    Router::new().route(PublicUrls::PATH, get(hear))
}

async fn hear(
    State(state): State<HttpState>,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = state.actions.clock.now();
    // One answer for forged, expired and deleted: the difference would help only a guesser.
    let nothing = || Problem::not_found("sound");
    let Path(token) = path.map_err(|_| nothing())?;
    let opened = state.server.public_sounds.open(&token, now).ok_or_else(nothing)?;
    let sound = state.actions.store.sound(opened.workspace, opened.sound).await?.ok_or_else(nothing)?;
    let file = SoundFile {
        object: sound.object.as_deref().ok_or_else(nothing)?,
        bytes: sound.bytes,
        sha256: &sound.sha256,
        content_type: &sound.content_type,
        save_as: format!("{}.wav", sound.id),
        cache_control: Some(kept_for(opened.expires_at, now)),
    };
    give(&state.media, file, &method, &headers).await.map_err(|not_given| match not_given {
        NotGiven::Refused(problem) => problem,
        NotGiven::Store(why) => {
            error!(sound_id = %sound.id, error = %why, "a sound could not be read for the carrier");
            Problem::unavailable("The store of the sound files does not give this sound. Try again.", 5)
        }
    })
}

fn kept_for(expires_at: Timestamp, now: Timestamp) -> String {
    let left = now.duration_until(expires_at).min(LONGEST_KEPT).as_secs().max(0);
    format!("public, max-age={left}")
}
