//! `/health`: whether this server can do its work, for people and load balancers.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::state::HttpState;

/// Everything works.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always `ok`; a server that cannot work answers 503.
    status: &'static str,
    version: &'static str,
    /// Calls go to the phone network in the box, not to the world.
    simulation: bool,
    /// Always `ok`.
    database: &'static str,
    /// What this server does: `all`, `web` or `dialer`.
    role: &'static str,
    /// `ok`, or why this server dials nobody because of its clock: `clock_skewed`, `clock_behind` or `clock_jumped`.
    clock: &'static str,
    /// Nobody is rung: the database may be older than what was done with it. See `/api/quarantine`.
    quarantine: bool,
}

/// Says whether the server works. 503 when the database does not answer or cannot be written.
#[utoipa::path(get, path = "/health", tag = "server", security(()),
    responses((status = 200, body = Health), (status = 503, body = Problem)))]
pub async fn health(State(state): State<HttpState>) -> Result<Json<Health>, Problem> {
    let node = &state.actions.node;
    if !node.can_write() {
        return Err(Problem::unavailable(
            "The database or the data folder cannot be written. Nobody is dialed until it can.",
            5,
        ));
    }
    let quarantine = state.actions.store.is_quarantined().await.map_err(|error| {
        tracing::error!(%error, "the database does not answer");
        Problem::unavailable("The database does not answer.", 5)
    })?;
    let simulation = state.server.simulation;
    Ok(Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        simulation,
        database: "ok",
        role: node.role().map_or("all", |role| role.as_str()),
        clock: node.clock_hold().map_or("ok", |hold| hold.as_str()),
        quarantine,
    }))
}
