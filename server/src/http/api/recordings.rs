//! Recordings: what became of them, their sound, another attempt, their end.

/// Their sound.
pub mod audio;
/// A recording as the API shows it.
pub mod view;

use axum::Json;
use axum::extract::State;
use domain::ids::{CallId, RecordingId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::view::RecordingView;
use super::calls;
use crate::actions::users::Visitor;
use crate::http::auth::{Admin, Listener, Operator};
use crate::http::query::Parsed;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::recordings::RecordingRecord;

/// Of which call.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RecordingsQuery {
    /// `call_…`
    #[param(value_type = String)]
    call_id: Parsed<CallId>,
}

/// The recordings of a call, first the one that began first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingList {
    recordings: Vec<RecordingView>,
}

/// Lists the recordings of a call.
#[utoipa::path(get, path = "/api/recordings", tag = "recordings", params(RecordingsQuery),
    responses((status = 200, body = RecordingList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    Query(asked): Query<RecordingsQuery>,
) -> Result<Json<RecordingList>, Problem> {
    let call = calls::load(&state, &visitor, asked.call_id.0).await?;
    let found = state.actions.store.recordings_of_call(call.id).await?;
    let recordings = found.iter().map(|recording| RecordingView::of(recording, &state.server)).collect();
    Ok(Json(RecordingList { recordings }))
}

/// A recording of the visitor's workspace; 404 for any other.
pub async fn load(state: &HttpState, visitor: &Visitor, id: RecordingId) -> Result<RecordingRecord, Problem> {
    let found = state.actions.store.recording(visitor.actor.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("recording"))
}

/// Reads what became of a recording.
#[utoipa::path(get, path = "/api/recordings/{id}", tag = "recordings", params(("id" = String, Path)),
    responses((status = 200, body = RecordingView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    PathId(id): PathId<RecordingId>,
) -> Result<Json<RecordingView>, Problem> {
    Ok(Json(RecordingView::of(&load(&state, &visitor, id).await?, &state.server)))
}

/// Deletes a recording: nobody hears it any more from now on, and the file and the carrier's copy follow.
#[utoipa::path(delete, path = "/api/recordings/{id}", tag = "recordings", params(("id" = String, Path)),
    responses((status = 200, body = RecordingView), (status = "4XX", body = Problem)))]
pub async fn remove(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<RecordingId>,
) -> Result<Json<RecordingView>, Problem> {
    let deleted = state.actions.delete_recording(visitor.actor, id).await?;
    Ok(Json(RecordingView::of(&deleted, &state.server)))
}

/// Has a recording that could not be fetched tried again.
#[utoipa::path(post, path = "/api/recordings/{id}/fetch", tag = "recordings", params(("id" = String, Path)),
    responses((status = 200, body = RecordingView), (status = "4XX", body = Problem)))]
pub async fn fetch_again(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<RecordingId>,
) -> Result<Json<RecordingView>, Problem> {
    let again = state.actions.fetch_recording_again(visitor.actor, id).await?;
    Ok(Json(RecordingView::of(&again, &state.server)))
}
