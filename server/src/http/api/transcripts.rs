//! What was said in calls: of one call, and in which calls something was said.

use axum::Json;
use axum::extract::State;
use domain::ids::{CallId, RecordingId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calls;
use super::words::{maybe_time, time};
use crate::actions::users::Visitor;
use crate::http::auth::Analyst;
use crate::http::query::{Cursor, Limit, ListIdentity, Position, SearchText};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::transcripts::{Piece, TranscriptRecord};

/// Pieces of one transcript that a search shows, at most.
const MOST_FOUND: usize = 3;

/// What was said in one recording.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Transcript)]
pub struct TranscriptView {
    recording_id: String,
    call_id: String,
    /// `wanted`, `written` (down, and yet to be summed up), `done` or `failed`.
    state: &'static str,
    /// Why the last attempt was in vain; null when it was not.
    trouble: Option<String>,
    /// As the service calls it, such as `english`.
    language: Option<String>,
    duration_ms: Option<u64>,
    /// By a model; null when none is set up for it.
    summary: Option<String>,
    /// How the called person sounded: `negative`, `neutral` or `positive`.
    tone: Option<&'static str>,
    /// -1 to 1.
    score: Option<f64>,
    /// Who says how they sounded: `model` or `words`, a list of ours.
    judged_by: Option<&'static str>,
    /// What it took so far, in dollars.
    cost: String,
    #[schema(format = DateTime)]
    wanted_at: String,
    #[schema(format = DateTime)]
    done_at: Option<String>,
    /// In order. In a search only the first three in which the text was said.
    pieces: Vec<PieceView>,
}

/// A piece of what was said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TranscriptPiece)]
pub struct PieceView {
    /// `person` (the one who was rung), `us`, or `either` where they share a track.
    speaker: &'static str,
    /// From the begin of the recording.
    start_ms: u64,
    end_ms: u64,
    text: String,
}

/// The transcripts of one call.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallTranscripts {
    transcripts: Vec<TranscriptView>,
}

/// One page of transcripts, latest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptList {
    transcripts: Vec<TranscriptView>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which part of which list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct TranscriptsQuery {
    /// Something that was said, by either side; case does not matter.
    #[param(value_type = Option<String>)]
    q: Option<SearchText>,
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Reads what was said in a call.
#[utoipa::path(get, path = "/api/calls/{id}/transcripts", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, body = CallTranscripts), (status = "4XX", body = Problem)))]
pub async fn of_call(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CallId>,
) -> Result<Json<CallTranscripts>, Problem> {
    let call = calls::load(&state, &visitor, id).await?;
    let store = &state.actions.store;
    let mut transcripts = Vec::new();
    for transcript in store.transcripts_of_call(call.id).await? {
        let pieces = store.transcript_pieces(transcript.recording).await?;
        transcripts.push(TranscriptView::of(transcript, pieces));
    }
    Ok(Json(CallTranscripts { transcripts }))
}

/// Searches in what was said, latest recordings first.
#[utoipa::path(get, path = "/api/transcripts", tag = "calls", params(TranscriptsQuery),
    responses((status = 200, body = TranscriptList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<TranscriptsQuery>,
) -> Result<Json<TranscriptList>, Problem> {
    let text = asked.q.as_ref().and_then(SearchText::text).unwrap_or_default();
    let limit = asked.limit.rows();
    let found = find(&state, &visitor, text, asked.cursor.as_ref(), limit).await?;
    let view = |(transcript, pieces)| TranscriptView::of(transcript, pieces);
    let transcripts = found.transcripts.into_iter().map(view).collect();
    Ok(Json(TranscriptList { transcripts, limit, next_cursor: found.next_cursor }))
}

/// A stretch of what a search found.
pub struct Found {
    /// Each with the first pieces in which the text was said; latest recordings first.
    pub transcripts: Vec<(TranscriptRecord, Vec<Piece>)>,
    /// Where the next stretch begins.
    pub next_cursor: Option<String>,
}

/// Searches in what was said; at most so many transcripts.
pub async fn find(
    state: &HttpState,
    visitor: &Visitor,
    text: &str,
    cursor: Option<&Cursor>,
    limit: u64,
) -> Result<Found, Problem> {
    let (workspace, text) = (visitor.actor.workspace, text.to_lowercase());
    let list = ListIdentity { endpoint: "transcripts", workspace: &workspace.to_string(), filters: &text };
    let key = &state.server.cursor_key;
    let after = match Position::<String>::new(None, cursor, &list, key)? {
        // Our own seal is on it.
        Position::After(id) => id.parse::<RecordingId>().ok(),
        Position::Skip(_) => None,
    };
    let store = &state.actions.store;
    let mut found = store.transcripts_with(workspace, &text, after, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.recording.to_string());
    let next_cursor = last.map(|id| key.seal(&list, &id)).transpose()?;
    let mut transcripts = Vec::with_capacity(found.len());
    for transcript in found {
        let mut pieces = store.transcript_pieces(transcript.recording).await?;
        pieces.retain(|piece| piece.said.to_lowercase().contains(&text));
        pieces.truncate(MOST_FOUND);
        transcripts.push((transcript, pieces));
    }
    Ok(Found { transcripts, next_cursor })
}

impl TranscriptView {
    fn of(transcript: TranscriptRecord, pieces: Vec<Piece>) -> Self {
        let judged = transcript.judgement;
        Self {
            recording_id: transcript.recording.to_string(),
            call_id: transcript.call.to_string(),
            state: transcript.state.as_str(),
            trouble: transcript.trouble,
            language: transcript.language,
            duration_ms: transcript.duration_ms,
            summary: transcript.summary,
            tone: judged.map(|judged| judged.tone.as_str()),
            score: judged.map(|judged| judged.score),
            judged_by: judged.map(|judged| if judged.by_model { "model" } else { "words" }),
            cost: transcript.cost.to_string(),
            wanted_at: time(transcript.wanted_at),
            done_at: maybe_time(transcript.done_at),
            pieces: pieces.into_iter().map(PieceView::from).collect(),
        }
    }
}

impl From<Piece> for PieceView {
    fn from(piece: Piece) -> Self {
        Self {
            speaker: piece.speaker.as_str(),
            start_ms: piece.start_ms,
            end_ms: piece.end_ms,
            text: piece.said,
        }
    }
}
