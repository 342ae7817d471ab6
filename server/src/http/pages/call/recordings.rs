//! The recordings of a call on its card: to hear, or what became of them.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::RecordingId;
use domain::recording::{RecordingSource, RecordingState};
use domain::recording_consent::RecordingRuling;
use maud::{Markup, html};

use super::transcript::{Hearing, seconds};
use crate::actions::users::Role;
use crate::http::api::recordings::view::in_words;
use crate::http::auth::{Admin, Operator};
use crate::http::pages::parts::waveform::waveform;
use crate::http::pages::parts::{act, show};
use crate::http::state::{HttpState, ServerFacts};
use crate::http::{PathId, Problem};
use crate::store::recordings::{OurCopy, RecordingRecord};

const SPEEDS: [(&str, &str); 5] =
    [("0.75", "0.75 ×"), ("1", "1 ×"), ("1.25", "1.25 ×"), ("1.5", "1.5 ×"), ("2", "2 ×")];

/// Has a recording that could not be fetched tried again.
pub async fn fetch_again(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<RecordingId>,
) -> Result<Response, Problem> {
    let again = state.actions.fetch_recording_again(visitor.actor, id).await?;
    Ok(back_to(&again))
}

/// Deletes a recording.
pub async fn remove(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<RecordingId>,
) -> Result<Response, Problem> {
    let deleted = state.actions.delete_recording(visitor.actor, id).await?;
    Ok(back_to(&deleted))
}

fn back_to(recording: &RecordingRecord) -> Response {
    Redirect::to(&format!("/calls/{}", recording.call)).into_response()
}

/// One card for each recording, and why the call was recorded or not: `ruling`, for one that was picked up.
pub fn cards(
    recordings: &[RecordingRecord],
    ruling: Option<RecordingRuling>,
    hearing: &Hearing,
    role: Role,
    server: &ServerFacts,
) -> Markup {
    html! {
        @for recording in recordings { (card(recording, ruling, hearing, role, server)) }
        @if let (true, Some(ruling)) = (recordings.is_empty(), ruling) {
            div.card {
                h2 { "Recording" }
                @if ruling.records() {
                    p.muted { "The carrier was asked to record this call, and has announced no recording yet. Its list is read every quarter of an hour." }
                } @else {
                    p { (ruling.explain()) }
                }
            }
        }
    }
}

fn card(
    recording: &RecordingRecord,
    ruling: Option<RecordingRuling>,
    hearing: &Hearing,
    role: Role,
    server: &ServerFacts,
) -> Markup {
    let copy = recording.copy.as_ref().filter(|_| recording.state == RecordingState::Stored);
    html! {
        div.card.recording id=(recording.id) {
            h2 { (title(recording.source)) }
            @if let Some(copy) = copy { (player(recording, copy, hearing.start_of(recording.id))) }
            p class=(if recording.state == RecordingState::Failed { "problem" } else { "muted" }) {
                (in_words(recording, server))
            }
            @if let Some(ruling) = ruling.filter(|_| recording.source == RecordingSource::Call) {
                p.muted { (ruling.explain()) }
            }
            @if recording.state == RecordingState::Failed && role >= Role::Operator {
                (act(&format!("/recordings/{}/fetch", recording.id), "Try again", ""))
            }
            @if role >= Role::Admin && matches!(recording.state, RecordingState::Stored | RecordingState::Failed) {
                details {
                    summary { "Delete it" }
                    p { "Nobody can hear it any more, and the carrier's copy is deleted too. This cannot be undone." }
                    (act(&format!("/recordings/{}/delete", recording.id), "Delete the recording", "grave"))
                }
            }
        }
    }
}

const fn title(source: RecordingSource) -> &'static str {
    match source {
        RecordingSource::Call => "Recording",
        RecordingSource::Message => "Message left",
        RecordingSource::Other => "Another recording",
    }
}

fn player(recording: &RecordingRecord, copy: &OurCopy, start_ms: Option<u64>) -> Markup {
    let name = format!("player-{}", recording.id);
    let sides = if copy.channels == 2 { ", each side by itself" } else { "" };
    // Players begin where the address of the sound says (W3C, Media Fragments URI 1.0, section 4.2.1).
    let start = start_ms.map(|start| format!("#t={}", seconds(start))).unwrap_or_default();
    html! {
        (waveform(&name, copy.duration_ms, &copy.peaks, copy.channels))
        audio id=(name) controls preload="none" aria-label=(title(recording.source))
            src={ "/api/recordings/" (recording.id) "/audio" (start) } {}
        p.row {
            span.number { (show::duration(copy.duration_ms.div_ceil(1_000))) (sides) }
            label.scripted {
                "Speed "
                select data-plays=(name) {
                    @for (value, label) in SPEEDS { option value=(value) selected[value == "1"] { (label) } }
                }
            }
        }
    }
}
