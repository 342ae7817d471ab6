//! Recordings and their media.

use axum::Json;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Desk;
use super::calls::found;
use super::errors::Refusal;
use super::form::Form;
use super::paging::Page;
use super::silence;
use super::time_filter::TimeFilter;
use super::view;
use crate::network::State as Facts;
use crate::network::recording::Recording;

/// `GET Recordings.json`
pub(super) async fn list(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Value>, Refusal> {
    let query = Form::of_query(uri.query());
    let created = TimeFilter::all(&query, "DateCreated")?;
    page(&desk, &uri, false, |recording| {
        query.get("CallSid").is_none_or(|sid| sid == recording.call_sid)
            && created.iter().all(|filter| filter.matches(Some(recording.started_at)))
    })
}

/// `GET Calls/{sid}/Recordings.json`
pub(super) async fn of_call(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
    path: Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let call = found(&desk.network.state(), &format!("{}.json", path.1))?;
    page(&desk, &uri, true, |recording| recording.call == call)
}

fn page(
    desk: &Desk,
    uri: &axum::http::Uri,
    within_call: bool,
    wanted: impl Fn(&Recording) -> bool,
) -> Result<Json<Value>, Refusal> {
    let query = Form::of_query(uri.query());
    let page = Page::of(&query)?;
    let state = desk.network.state();
    let matching = state.recordings.iter().enumerate().rev().filter(|(_, r)| !r.deleted && wanted(r));
    let (positions, more) = page.take(matching.map(|(position, _)| position));
    let shown = positions
        .iter()
        .map(|p| view::recording(&desk.network, &state.recordings[*p], within_call))
        .collect();
    let next = positions.last().copied().filter(|_| more);
    Ok(Json(page.envelope("recordings", uri.path(), &query, shown, next)))
}

/// `GET Recordings/{sid}.json`, or the media: `.wav`, `.mp3`, or no suffix.
pub(super) async fn fetch(
    State(desk): State<Desk>,
    OriginalUri(uri): OriginalUri,
    path: Path<(String, String)>,
) -> Result<Response, Refusal> {
    let state = desk.network.state();
    let (sid, suffix) = path.1.split_once('.').unwrap_or((&path.1, ""));
    let recording = &state.recordings[position(&state, sid)?];
    match suffix {
        "json" => Ok(Json(view::recording(&desk.network, recording, false)).into_response()),
        "" | "wav" | "mp3" => media(recording, &Form::of_query(uri.query()), suffix),
        _ => Err(Refusal::not_found(uri.path())),
    }
}

fn media(recording: &Recording, query: &Form, suffix: &str) -> Result<Response, Refusal> {
    if recording.status() != "completed" {
        return Err(Refusal::not_found(&format!("/Recordings/{}", recording.sid)));
    }
    let channels = match query.get("RequestedChannels") {
        Some("2") if recording.order.channels < 2 => {
            return Err(Refusal::bad(20001, "The recording has one channel only"));
        }
        Some("2") => 2,
        _ => 1,
    };
    let seconds = recording.seconds().unwrap_or(0);
    Ok(match suffix {
        "mp3" => ([(header::CONTENT_TYPE, "audio/mpeg")], silence::mp3(seconds)).into_response(),
        _ => ([(header::CONTENT_TYPE, "audio/x-wav")], silence::wav(seconds, channels)).into_response(),
    })
}

/// `DELETE Recordings/{sid}.json`
pub(super) async fn delete(
    State(desk): State<Desk>,
    path: Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let mut state = desk.network.state();
    let sid = path.1.strip_suffix(".json").ok_or_else(|| Refusal::not_found(&path.1))?;
    let position = position(&state, sid)?;
    state.recordings[position].deleted = true;
    Ok(StatusCode::NO_CONTENT)
}

fn position(state: &Facts, sid: &str) -> Result<usize, Refusal> {
    let known = state.recordings_by_sid.get(sid).copied().filter(|p| !state.recordings[*p].deleted);
    known.ok_or_else(|| Refusal::not_found(&format!("/Recordings/{sid}")))
}
