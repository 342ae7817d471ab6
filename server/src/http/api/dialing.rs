//! The switch for everything: dialing of a whole workspace, off and on.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::auth::{Admin, Analyst, Operator};
use crate::http::state::HttpState;

/// Whether anybody may be rung.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dialing {
    /// Switched off: no call is armed in the whole workspace.
    stopped: bool,
    /// Nobody is rung until a restored or rolled-back history is reconciled; see `/api/quarantine`.
    quarantine: bool,
}

/// Whether dialing is switched off.
#[utoipa::path(get, path = "/api/dialing", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
) -> Result<Json<Dialing>, Problem> {
    let stopped = state.actions.store.dialing_stopped(visitor.actor.workspace).await?;
    dialing(&state, stopped).await
}

/// Switches dialing off. No call is armed after the answer; calls under way go on to their end.
#[utoipa::path(post, path = "/api/dialing/stop", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn stop(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
) -> Result<Json<Dialing>, Problem> {
    state.actions.switch_dialing(visitor.actor, true).await?;
    dialing(&state, true).await
}

/// Switches dialing on again: an administrator's business, for anybody may stop in an emergency.
#[utoipa::path(post, path = "/api/dialing/resume", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn resume(State(state): State<HttpState>, Admin(visitor): Admin) -> Result<Json<Dialing>, Problem> {
    state.actions.switch_dialing(visitor.actor, false).await?;
    dialing(&state, false).await
}

async fn dialing(state: &HttpState, stopped: bool) -> Result<Json<Dialing>, Problem> {
    let quarantine = state.actions.store.is_quarantined().await?;
    Ok(Json(Dialing { stopped, quarantine }))
}
