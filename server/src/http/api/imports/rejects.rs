//! Refused rows: a CSV file to correct and send again, or a page of JSON.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::ids::ImportId;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::imports::rejects::{cells_of, push_cell};
use crate::http::auth::Analyst;
use crate::http::csv::harmless;
use crate::http::query::{Cursor, Limit, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::imports::RejectRecord;
use crate::store::{Store, StoreError};

/// Rows fetched at once while a file is sent.
const ROWS_AT_ONCE: u64 = 1_000;

/// Which page of JSON; a file is always whole.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct RejectsQuery {
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Refused rows in the order of the file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RejectList {
    rejects: Vec<RejectView>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// One refused row.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RejectView {
    /// The line of the file on which the row begins, from 1.
    line: u64,
    /// The stable name of the reason.
    #[schema(example = "invalid_number")]
    code: String,
    /// What is wrong, and what to do.
    reason: String,
    /// Its cells; the whole row as one where it could not be taken apart.
    cells: Vec<String>,
}

/// The rows of an import that were refused, each with its line and the reason.
///
/// CSV, unless `Accept: application/json` asks for a page. In the file, cells that a spreadsheet would run as a formula
/// begin with an apostrophe.
#[utoipa::path(get, path = "/api/imports/{id}/rejects", tag = "imports",
    params(("id" = String, Path, description = "The import"), RejectsQuery),
    responses((status = 200, content((String = "text/csv"), (RejectList = "application/json"))),
        (status = "4XX", body = Problem)))]
pub(super) async fn download(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ImportId>,
    Query(query): Query<RejectsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let workspace = visitor.actor.workspace;
    state.actions.store.import(workspace, id).await?.ok_or_else(|| Problem::not_found("import"))?;
    if asks_for_json(&headers) {
        return Ok(Json(page(&state, &workspace.to_string(), id, &query).await?).into_response());
    }
    file(&state.actions.store, id).await
}

async fn page(
    state: &HttpState,
    workspace: &str,
    id: ImportId,
    query: &RejectsQuery,
) -> Result<RejectList, Problem> {
    let list = ListIdentity { endpoint: "rejects", workspace, filters: &id.to_string() };
    let key = &state.server.cursor_key;
    let after = match Position::new(None, query.cursor.as_ref(), &list, key)? {
        Position::After(line) => line,
        Position::Skip(_) => 0,
    };
    let limit = query.limit.rows();
    let mut found = state.actions.store.rejects(id, after, limit + 1).await?;
    let has_more = found.len() as u64 > limit;
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| has_more).map(|reject| reject.line);
    let next_cursor = last.map(|line| key.seal(&list, &line)).transpose()?;
    Ok(RejectList { rejects: found.into_iter().map(RejectView::from).collect(), limit, next_cursor })
}

async fn file(store: &Store, id: ImportId) -> Result<Response, Problem> {
    let mut header = "line,code,reason".to_owned();
    push_content(&mut header, &store.import_header(id).await?.unwrap_or_default());
    let rows = stream::try_unfold((store.clone(), Some((0, header))), move |(store, at)| async move {
        let Some((after, mut text)) = at else { return Ok::<_, StoreError>(None) };
        let rejects = store.rejects(id, after, ROWS_AT_ONCE).await?;
        for reject in &rejects {
            push_row(&mut text, reject);
        }
        let next = rejects.last().map(|last| (last.line, String::new()));
        Ok(Some((Bytes::from(text), (store, next))))
    });
    let mut response = Body::from_stream(rows).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{id}-rejects.csv\""));
    headers.extend(name.ok().map(|name| (header::CONTENT_DISPOSITION, name)));
    Ok(response)
}

fn push_row(text: &mut String, reject: &RejectRecord) {
    text.push_str(&reject.line.to_string());
    for cell in [&reject.code, &reject.reason] {
        text.push(',');
        push_cell(text, cell);
    }
    push_content(text, &reject.content);
}

/// Cells and the end of the row.
fn push_content(text: &mut String, content: &str) {
    for cell in cells_of(content) {
        text.push(',');
        push_cell(text, &harmless(cell));
    }
    text.push_str("\r\n");
}

/// Named outright: what accepts anything gets the file.
fn asks_for_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        range.split(';').next().is_some_and(|range| range.trim().eq_ignore_ascii_case("application/json"))
    })
}

impl From<RejectRecord> for RejectView {
    fn from(reject: RejectRecord) -> Self {
        Self { line: reject.line, code: reject.code, reason: reject.reason, cells: cells_of(&reject.content) }
    }
}
