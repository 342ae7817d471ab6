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
}

/// Whether dialing is switched off.
#[utoipa::path(get, path = "/api/dialing", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
) -> Result<Json<Dialing>, Problem> {
    let stopped = state.actions.store.dialing_stopped(visitor.actor.workspace).await?;
    Ok(Json(Dialing { stopped }))
}

/// Switches dialing off. No call is armed after the answer. Calls under way go on to their end; those that the carrier
/// has not begun to dial are ended.
#[utoipa::path(post, path = "/api/dialing/stop", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn stop(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
) -> Result<Json<Dialing>, Problem> {
    state.actions.switch_dialing(visitor.actor, true).await?;
    Ok(Json(Dialing { stopped: true }))
}

/// Switches dialing on again: an administrator's business, for anybody may stop in an emergency.
#[utoipa::path(post, path = "/api/dialing/resume", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn resume(State(state): State<HttpState>, Admin(visitor): Admin) -> Result<Json<Dialing>, Problem> {
    state.actions.switch_dialing(visitor.actor, false).await?;
    Ok(Json(Dialing { stopped: false }))
}
