//! The do-not-call list.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::phone_number::PhoneNumber;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::time;
use crate::http::auth::{Admin, Analyst, Operator};
use crate::http::query::{Cursor, Limit, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{FieldError, JsonBody, Problem, Query, text};
use crate::store::do_not_call::DoNotCallRecord;

const LONGEST_REASON: usize = 500;

/// A number that is never rung.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DoNotCallEntry)]
pub struct EntryView {
    phone: String,
    /// Where it comes from: `api`, `keypress`, `import`, …
    source: String,
    /// Why, in the words of whoever added it.
    reason: String,
    #[schema(format = DateTime)]
    created_at: String,
}

/// One page of the list, in the order of numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryList {
    entries: Vec<EntryView>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Lists the numbers that are never rung.
#[utoipa::path(get, path = "/api/do-not-call", tag = "do-not-call", params(EntriesQuery),
    responses((status = 200, body = EntryList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<EntriesQuery>,
) -> Result<Json<EntryList>, Problem> {
    let workspace = visitor.actor.workspace;
    let list = ListIdentity { endpoint: "do-not-call", workspace: &workspace.to_string(), filters: "" };
    let key = &state.server.cursor_key;
    let after = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(phone) => Some(PhoneNumber::from_e164_unchecked(phone)),
        Position::Skip(_) => None,
    };
    let limit = asked.limit.rows();
    let mut found = state.actions.store.do_not_call_list(workspace, None, after.as_ref(), limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.phone.to_string());
    let next_cursor = last.map(|phone| key.seal(&list, &phone)).transpose()?;
    Ok(Json(EntryList { entries: found.into_iter().map(EntryView::from).collect(), limit, next_cursor }))
}

/// A number that must not be rung any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NewEntry {
    /// The number, written internationally.
    #[schema(example = "+14155550123")]
    phone: String,
    /// Why, at most 500 characters.
    #[serde(default)]
    reason: Option<String>,
}

/// What holds from now on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedEntry {
    phone: String,
    /// `false`: it was on the list already.
    added: bool,
}

/// Puts a number on the list. No call to it is armed after the answer; calls that nobody picked up yet are cancelled.
#[utoipa::path(post, path = "/api/do-not-call", tag = "do-not-call", request_body = NewEntry,
    responses((status = 201, body = AddedEntry), (status = 200, description = "It was there", body = AddedEntry),
        (status = "4XX", body = Problem)))]
pub async fn add(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    JsonBody(new): JsonBody<NewEntry>,
) -> Result<(StatusCode, Json<AddedEntry>), Problem> {
    let phone = PhoneNumber::parse(&new.phone, None);
    let phone = phone.map_err(|error| FieldError::at("/phone", error.code(), error.to_string()))?;
    let reason = text::optional_name("/reason", new.reason.as_deref(), LONGEST_REASON)?.unwrap_or_default();
    let added = state.actions.add_do_not_call(visitor.actor, phone.clone(), "api", reason).await?;
    let status = if added { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(AddedEntry { phone: phone.to_string(), added })))
}

/// Why a number may be rung again.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct RemovalQuery {
    /// Kept in the audit trail, at most 500 characters.
    reason: Option<String>,
}

/// Takes a number off the list. Prospects stay as they are.
#[utoipa::path(delete, path = "/api/do-not-call/{number}", tag = "do-not-call",
    params(("number" = String, Path, description = "`+` and digits"), RemovalQuery),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn remove(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    Path(number): Path<String>,
    Query(why): Query<RemovalQuery>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("number");
    let phone = PhoneNumber::parse(&number, None).map_err(|_| missing())?;
    let reason = text::optional_name("reason", why.reason.as_deref(), LONGEST_REASON);
    let reason = reason.map_err(|error| Problem::invalid_parameter("reason", error.detail))?;
    let was_there =
        state.actions.remove_do_not_call(visitor.actor, phone, reason.unwrap_or_default()).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(missing()) }
}

impl From<DoNotCallRecord> for EntryView {
    fn from(entry: DoNotCallRecord) -> Self {
        Self {
            phone: entry.phone.to_string(),
            source: entry.source,
            reason: entry.reason,
            created_at: time(entry.created_at),
        }
    }
}
