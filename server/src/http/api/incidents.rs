//! What must not happen and did, and how the last comparison with the carrier went.

use axum::Json;
use axum::extract::State;
use domain::ids::IncidentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::{maybe_time, time};
use crate::http::auth::Analyst;
use crate::http::query::{Cursor, Limit, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{Problem, Query};
use crate::store::incidents::IncidentRecord;
use crate::store::sweeps::SweepRecord;

/// Something that must not happen and did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Incident)]
pub struct IncidentView {
    id: String,
    /// `dialed_outside_hours` (its campaign was paused), `stray_call` or `missing_at_carrier`.
    kind: &'static str,
    /// The call: ours, or the carrier's name of one that is not.
    call: String,
    /// What happened and what to do.
    detail: String,
    #[schema(format = DateTime)]
    noted_at: String,
}

/// One comparison of the carrier's list of calls, 48 hours back, with ours.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sweep {
    #[schema(format = DateTime)]
    began_at: String,
    /// Missing while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// Calls in the carrier's list.
    calls_listed: u64,
    /// Calls of ours of which the list told something new.
    calls_caught_up: u64,
    /// Calls from our numbers that none of ours stands for.
    calls_stray: u64,
    /// Calls that the carrier once took and does not list.
    calls_missing: u64,
}

/// One page of incidents, latest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentList {
    incidents: Vec<IncidentView>,
    /// The latest comparison with the carrier, once a day; missing before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_sweep: Option<Sweep>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which part of the list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct IncidentsQuery {
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Lists what must not happen and did, latest first.
#[utoipa::path(get, path = "/api/incidents", tag = "dialing", params(IncidentsQuery),
    responses((status = 200, body = IncidentList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<IncidentsQuery>,
) -> Result<Json<IncidentList>, Problem> {
    let workspace = visitor.actor.workspace;
    let list = ListIdentity { endpoint: "incidents", workspace: &workspace.to_string(), filters: "" };
    let key = &state.server.cursor_key;
    let after = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        // Our own seal is on it.
        Position::After(id) => id.parse::<IncidentId>().ok(),
        Position::Skip(_) => None,
    };
    let limit = asked.limit.rows();
    let mut found = state.actions.store.incidents(workspace, after, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next_cursor = last.map(|id| key.seal(&list, &id)).transpose()?;
    let last_sweep = state.actions.store.latest_sweep().await?.map(Sweep::from);
    let incidents = found.into_iter().map(IncidentView::from).collect();
    Ok(Json(IncidentList { incidents, last_sweep, limit, next_cursor }))
}

impl From<IncidentRecord> for IncidentView {
    fn from(incident: IncidentRecord) -> Self {
        Self {
            id: incident.id.to_string(),
            kind: incident.kind.as_str(),
            call: incident.subject,
            detail: incident.detail,
            noted_at: time(incident.noted_at),
        }
    }
}

impl From<SweepRecord> for Sweep {
    fn from(sweep: SweepRecord) -> Self {
        Self {
            began_at: time(sweep.began_at),
            finished_at: maybe_time(sweep.finished_at),
            calls_listed: sweep.findings.listed,
            calls_caught_up: sweep.findings.caught_up,
            calls_stray: sweep.findings.stray,
            calls_missing: sweep.findings.missing,
        }
    }
}
