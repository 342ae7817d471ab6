//! Recordings and their media.

use axum::Json;
use axum::extract::{ConnectInfo, OriginalUri, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::Desk;
use super::calls::found;
use super::errors::Refusal;
use super::form::Form;
use super::paging::Page;
use super::sound;
use super::time_filter::TimeFilter;
use super::view;
use super::wire::Line;
use crate::faults::MediaFault;
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
    ConnectInfo(line): ConnectInfo<Line>,
    path: Path<(String, String)>,
) -> Result<Response, Refusal> {
    let (sid, suffix) = path.1.split_once('.').unwrap_or((&path.1, ""));
    let asked = match suffix {
        "json" => {
            let state = desk.network.state();
            let recording = &state.recordings[position(&state, sid)?];
            return Ok(Json(view::recording(&desk.network, recording, false)).into_response());
        }
        "" | "wav" | "mp3" => Asked::of(&desk, sid, &Form::of_query(uri.query()))?,
        _ => return Err(Refusal::not_found(uri.path())),
    };
    if suffix == "mp3" {
        return Ok(([(header::CONTENT_TYPE, "audio/mpeg")], sound::mp3(asked.seconds)).into_response());
    }
    let mut wav = sound::wav(sid, asked.seconds, asked.channels);
    match asked.fault {
        Some(MediaFault::BrokenOff) => line.cut_after(150 + wav.len() as u64 / 2),
        Some(MediaFault::CutShort) => wav.truncate(wav.len() / 2),
        Some(MediaFault::Page) => return Ok(Html("<h1>Back in a minute</h1>").into_response()),
        Some(MediaFault::NotReady) | None => {}
    }
    Ok(([(header::CONTENT_TYPE, "audio/x-wav")], wav).into_response())
}

/// What is asked of a recording whose sound is there.
struct Asked {
    seconds: u64,
    channels: u8,
    fault: Option<MediaFault>,
}

impl Asked {
    fn of(desk: &Desk, sid: &str, query: &Form) -> Result<Self, Refusal> {
        let network = &desk.network;
        let mut state = network.state();
        let position = position(&state, sid)?;
        let recording = &mut state.recordings[position];
        recording.asked_for += 1;
        let fault = network.faults().for_media(network.seed, sid, recording.asked_for);
        if recording.status() != "completed" || fault == Some(MediaFault::NotReady) {
            return Err(Refusal::not_found(&format!("/Recordings/{sid}")));
        }
        let channels = match query.get("RequestedChannels") {
            Some("2") if recording.order.channels < 2 => {
                return Err(Refusal::bad(20001, "The recording has one channel only"));
            }
            Some("2") => 2,
            _ => 1,
        };
        Ok(Self { seconds: recording.seconds().unwrap_or(0), channels, fault })
    }
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
