//! Imports: send a file of prospects, see how far it is, fetch the rows that were refused, undo it.

/// Refused rows, as a file or a page.
mod rejects;
/// A file on its way to the disk.
pub mod upload;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::{CampaignId, ImportId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::actions::imports::{ImportLimits, ImportOptions, ImportRefused, UndoRefused};
use crate::http::auth::{Analyst, Operator};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::imports::{ImportRecord, ImportStatus};

/// The addresses of imports.
pub fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new().routes(routes!(start)).routes(routes!(show)).routes(routes!(rejects::download))
}

/// How to read the file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct StartQuery {
    /// Answer when the import is over instead of when it begins.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    wait: bool,
    /// JSON object from column names to `phone`, `firstName`, `lastName`, `email`, `company`, `title`, `ignore`, or any
    /// other name for a custom field. Columns that are not mentioned are guessed from their names.
    mapping: Option<String>,
}

/// How far an import is. At every moment `rows = added + merged + rejected`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportView {
    #[schema(example = "imp_0192f0c1a2b37cde8f00112233445566")]
    id: String,
    campaign_id: String,
    /// `running`, `completed` or `failed`.
    status: &'static str,
    /// Why it failed, and what to do.
    problem: Option<String>,
    /// Length of the file.
    bytes: u64,
    /// How much of it is done.
    bytes_read: u64,
    /// Rows done, without the header.
    rows: u64,
    /// Rows that became new prospects.
    added: u64,
    /// Rows whose number the campaign had already; gaps were filled in, nothing was overwritten.
    merged: u64,
    /// Rows that were refused; see `/rejects`.
    rejected: u64,
    /// Prospects that undoing it has taken out.
    taken_out: u64,
    /// Prospects that undoing it left; null as long as it is not undone.
    kept: Option<u64>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    #[schema(format = DateTime)]
    undone_at: Option<String>,
}

/// Imports a file of prospects into a campaign.
///
/// CSV in UTF-8, separated by commas, semicolons or tabs, or the first worksheet of an Excel workbook (.xlsx), whose
/// formulas are not run; the first row names the columns, one of them the phone number. Sending the same file again adds nobody twice.
#[utoipa::path(post, path = "/api/campaigns/{id}/imports", tag = "imports",
    params(("id" = String, Path, description = "The campaign"), StartQuery),
    request_body(content((String = "text/csv"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    responses((status = 202, body = ImportView), (status = 200, body = ImportView, description = "With `wait`"),
        (status = "4XX", body = Problem)))]
async fn start(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(campaign): PathId<CampaignId>,
    Query(query): Query<StartQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let mapping = query.mapping.as_deref().map(read_mapping).transpose()?;
    let limits = ImportLimits::default();
    let file = upload::to_disk(request, limits.bytes).await?;
    let workspace = visitor.actor.workspace;
    let options = ImportOptions { mapping, limits };
    let import = state.actions.start_import(visitor.actor, campaign, file, options).await?;
    if !query.wait {
        let location = HeaderValue::from_str(&format!("/api/imports/{}", import.id)).ok();
        let mut response = (StatusCode::ACCEPTED, Json(ImportView::from(import))).into_response();
        response.headers_mut().extend(location.map(|location| (header::LOCATION, location)));
        return Ok(response);
    }
    let finished = state.actions.import_finished(workspace, import.id).await?.unwrap_or(import);
    if finished.status == ImportStatus::Failed {
        let problem = finished.problem.unwrap_or_default();
        let detail = format!("{problem} The refused rows: /api/imports/{}/rejects", finished.id);
        return Err(Problem::unprocessable("import_failed", detail));
    }
    Ok(Json(ImportView::from(finished)).into_response())
}

/// One import.
#[utoipa::path(get, path = "/api/imports/{id}", tag = "imports",
    params(("id" = String, Path, description = "The import")),
    responses((status = 200, body = ImportView), (status = "4XX", body = Problem)))]
async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ImportId>,
) -> Result<Json<ImportView>, Problem> {
    let found = state.actions.store.import(visitor.actor.workspace, id).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("import"))?.into()))
}

/// Takes out again everybody whom an import added, who was never rung and was not changed since.
///
/// Whoever was rung, is being rung, was changed since or is in a later file as well stays and is counted in `kept`. Doing it
/// again changes nothing. The file can be imported anew afterwards.
#[utoipa::path(post, path = "/api/imports/{id}/undo", tag = "imports",
    params(("id" = String, Path, description = "The import")),
    responses((status = 200, body = ImportView), (status = "4XX", body = Problem)))]
pub async fn undo(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ImportId>,
) -> Result<Json<ImportView>, Problem> {
    Ok(Json(state.actions.undo_import(visitor.actor, id).await?.into()))
}

fn read_mapping(json: &str) -> Result<BTreeMap<String, String>, Problem> {
    serde_json::from_str(json).map_err(|_| {
        Problem::invalid_parameter(
            "mapping",
            "expected a JSON object from column names to fields, such as {\"Handy\":\"phone\"}",
        )
    })
}

impl From<ImportRecord> for ImportView {
    fn from(import: ImportRecord) -> Self {
        let kept = import.undone_at.map(|_| import.kept());
        Self {
            id: import.id.to_string(),
            campaign_id: import.campaign.to_string(),
            status: import.status.as_str(),
            problem: import.problem,
            bytes: import.bytes,
            bytes_read: import.bytes_read,
            rows: import.rows,
            added: import.added,
            merged: import.merged,
            rejected: import.rejected,
            created_at: import.created_at.to_string(),
            finished_at: import.finished_at.map(|at| at.to_string()),
            undone_at: import.undone_at.map(|at| at.to_string()),
            taken_out: import.taken_out,
            kept,
        }
    }
}

impl From<UndoRefused> for Problem {
    fn from(refused: UndoRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            UndoRefused::NotFound => Self::not_found("import"),
            UndoRefused::Running => Self::conflict("import_running", detail),
            UndoRefused::Store(error) => error.into(),
        }
    }
}

impl From<ImportRefused> for Problem {
    fn from(refused: ImportRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            ImportRefused::NoSuchCampaign => Self::not_found("campaign"),
            ImportRefused::AlreadyRunning => Self::conflict("import_running", detail),
            ImportRefused::Header(_) => Self::unprocessable("csv_header", detail),
            ImportRefused::Workbook(_) => Self::unprocessable("workbook", detail),
            ImportRefused::NotStaged => Self::not_found("file"),
            ImportRefused::Encoding { .. } => Self::unprocessable("encoding", detail),
            ImportRefused::TooLarge { limit } => {
                Self::body_too_large(usize::try_from(limit).unwrap_or(usize::MAX))
            }
            ImportRefused::TooManyRows { .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_many_rows", "Too many rows", detail)
            }
            ImportRefused::File(error) => upload::unreadable(&error),
            ImportRefused::Store(error) => error.into(),
        }
    }
}
