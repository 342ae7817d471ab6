//! Scripts: what people hear, and what their keys do.

mod fields;

pub use fields::ScriptFields;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::{ProspectId, ScriptId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::once::Repeatable;
use super::prospects;
use super::words::time;
use crate::actions::users::Visitor;
use crate::http::auth::{Analyst, Operator};
use crate::http::query::{Cursor, Limit, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{FieldError, JsonBody, PathId, Problem, Query};
use crate::speech::Heard;
use crate::store::scripts::ScriptRecord;
use crate::store::scripts::written::{WrittenKey, WrittenStep, menu_of, steps_of};

/// A script.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Script)]
pub struct ScriptView {
    /// `scr_…`
    id: String,
    name: String,
    /// The text, with variables such as `{{firstName}}`; empty when there are steps.
    body: String,
    /// Keys that people may press while it is spoken.
    menu: Vec<WrittenKey>,
    /// Steps of its own, instead of a text and keys; the first one is where calls begin.
    steps: Option<Vec<WrittenStep>>,
    /// What a machine hears after its tone.
    voicemail: Option<String>,
    /// How often what it says was written. Every call keeps the version that it said.
    version: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Makes a script.
#[utoipa::path(post, path = "/api/scripts", tag = "scripts", request_body = ScriptFields,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 201, body = ScriptView), (status = "4XX", body = Problem)))]
pub async fn create(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    request: Repeatable<ScriptFields>,
) -> Result<Response, Problem> {
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let rules = state.server.clone();
    let work = move |fields: ScriptFields| async move {
        let (name, words) = fields.read(None, &rules)?;
        let script =
            actions.create_script(actor, name.unwrap_or_default(), words.unwrap_or_default()).await?;
        Ok((StatusCode::CREATED, ScriptView::from(script)))
    };
    request.once(&state, &visitor, work).await
}

/// Which scripts to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ScriptsQuery {
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Scripts, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScriptList {
    scripts: Vec<ScriptView>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Lists scripts, newest first.
#[utoipa::path(get, path = "/api/scripts", tag = "scripts", params(ScriptsQuery),
    responses((status = 200, body = ScriptList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<ScriptsQuery>,
) -> Result<Json<ScriptList>, Problem> {
    let workspace = visitor.actor.workspace;
    let list = ListIdentity { endpoint: "scripts", workspace: &workspace.to_string(), filters: "" };
    let key = &state.server.cursor_key;
    let before = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(id) => Some(id.parse().map_err(|_| Problem::invalid_cursor())?),
        Position::Skip(_) => None,
    };
    let limit = asked.limit.rows();
    let mut found = state.actions.store.scripts(workspace, before, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next_cursor = last.map(|id| key.seal(&list, &id)).transpose()?;
    Ok(Json(ScriptList { scripts: found.into_iter().map(ScriptView::from).collect(), limit, next_cursor }))
}

async fn load(state: &HttpState, visitor: &Visitor, id: ScriptId) -> Result<ScriptRecord, Problem> {
    let found = state.actions.store.script(visitor.actor.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("script"))
}

/// Reads a script.
#[utoipa::path(get, path = "/api/scripts/{id}", tag = "scripts", params(("id" = String, Path)),
    responses((status = 200, body = ScriptView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ScriptId>,
) -> Result<Json<ScriptView>, Problem> {
    Ok(Json(load(&state, &visitor, id).await?.into()))
}

/// Changes a script. Calls that are armed from then on say the new text. While an A/B test compares it, only its name can be
/// changed.
#[utoipa::path(patch, path = "/api/scripts/{id}", tag = "scripts", params(("id" = String, Path)),
    request_body = ScriptFields,
    responses((status = 200, body = ScriptView), (status = "4XX", body = Problem)))]
pub async fn change(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ScriptId>,
    JsonBody(fields): JsonBody<ScriptFields>,
) -> Result<Json<ScriptView>, Problem> {
    let current = load(&state, &visitor, id).await?;
    let (name, words) = fields.read(Some(&current.words), &state.server)?;
    Ok(Json(state.actions.change_script(visitor.actor, id, name, words).await?.into()))
}

/// Who would hear the script.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PreviewFor {
    /// `pro_…`
    prospect_id: String,
}

/// What they would hear.
#[derive(Debug, Serialize, ToSchema)]
pub struct Preview {
    /// Up to the first key or the end of the call.
    text: String,
    /// What their machine would hear.
    voicemail: Option<String>,
    /// About how long the text takes, in seconds.
    seconds: u32,
}

/// Shows what a prospect would hear.
#[utoipa::path(post, path = "/api/scripts/{id}/preview", tag = "scripts", params(("id" = String, Path)),
    request_body = PreviewFor,
    responses((status = 200, body = Preview), (status = "4XX", body = Problem)))]
pub async fn preview(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ScriptId>,
    JsonBody(wanted): JsonBody<PreviewFor>,
) -> Result<Json<Preview>, Problem> {
    let script = load(&state, &visitor, id).await?;
    let wrong =
        |error: domain::ids::InvalidId| FieldError::at("/prospectId", "invalid_id", error.to_string());
    let prospect: ProspectId = wanted.prospect_id.parse().map_err(wrong)?;
    let (prospect, _) = prospects::load(&state, &visitor, prospect).await?;
    let heard = Heard::of(&script.words, &prospect.spoken_values()).map_err(|error| {
        Problem::unprocessable(
            "script_broken",
            format!("The script cannot be said to this prospect: {error}."),
        )
    })?;
    Ok(Json(Preview { seconds: heard.seconds(), text: heard.text, voicemail: heard.voicemail }))
}

impl From<ScriptRecord> for ScriptView {
    fn from(script: ScriptRecord) -> Self {
        Self {
            id: script.id.to_string(),
            name: script.name,
            menu: menu_of(&script.words.menu),
            steps: script.words.steps.as_ref().map(steps_of),
            body: script.words.text,
            voicemail: script.words.voicemail,
            version: script.version,
            created_at: time(script.created_at),
            updated_at: time(script.updated_at),
        }
    }
}
