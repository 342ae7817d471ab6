//! The switch for everything: dialing of a whole workspace, off and on.

use axum::Json;
use axum::extract::State;
use domain::ids::WorkspaceId;
use serde::Serialize;
use utoipa::ToSchema;

use super::nodes::ClockHold;
use crate::actions::nodes::ConfirmRefused;
use crate::http::Problem;
use crate::http::auth::{Admin, Analyst, Operator};
use crate::http::state::HttpState;
use crate::store::StoreError;
use crate::store::nodes::NodeRecord;

/// Whether anybody may be rung.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dialing {
    /// Switched off: no call is armed in the whole workspace.
    stopped: bool,
    /// Servers that dial nobody because their clock cannot be trusted.
    clock_holds: Vec<HeldServer>,
    /// Nobody is rung until a restored or rolled-back history is reconciled; see `/api/quarantine`.
    quarantine: bool,
}

/// A server whose clock cannot be trusted.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeldServer {
    /// Which, as in the list of nodes.
    node: String,
    /// The machine, and the address it listens on.
    name: String,
    #[serde(flatten)]
    hold: ClockHold,
}

/// Whether dialing is switched off.
#[utoipa::path(get, path = "/api/dialing", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
) -> Result<Json<Dialing>, Problem> {
    Ok(Json(dialing(&state, visitor.actor.workspace).await?))
}

/// Switches dialing off. No call is armed after the answer. Calls under way go on to their end; those that the carrier
/// has not begun to dial are ended.
#[utoipa::path(post, path = "/api/dialing/stop", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn stop(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
) -> Result<Json<Dialing>, Problem> {
    let workspace = visitor.actor.workspace;
    state.actions.switch_dialing(visitor.actor, true).await?;
    Ok(Json(dialing(&state, workspace).await?))
}

/// Switches dialing on again: an administrator's business, for anybody may stop in an emergency.
#[utoipa::path(post, path = "/api/dialing/resume", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn resume(State(state): State<HttpState>, Admin(visitor): Admin) -> Result<Json<Dialing>, Problem> {
    let workspace = visitor.actor.workspace;
    state.actions.switch_dialing(visitor.actor, false).await?;
    Ok(Json(dialing(&state, workspace).await?))
}

/// Says that the server's clock is right, after it was set or found behind: dialing goes on. On PostgreSQL a clock that
/// differs from the database's cannot be confirmed, only set.
#[utoipa::path(post, path = "/api/dialing/confirm-clock", tag = "dialing",
    responses((status = 200, body = Dialing), (status = "4XX", body = Problem)))]
pub async fn confirm_clock(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
) -> Result<Json<Dialing>, Problem> {
    let workspace = visitor.actor.workspace;
    match state.actions.confirm_clock(visitor.actor).await {
        Ok(()) => Ok(Json(dialing(&state, workspace).await?)),
        Err(ConfirmRefused::Skewed(hold)) => Err(Problem::conflict("clock_skewed", hold.explain())),
        Err(ConfirmRefused::Store(error)) => Err(error.into()),
    }
}

async fn dialing(state: &HttpState, of: WorkspaceId) -> Result<Dialing, StoreError> {
    let store = &state.actions.store;
    let held = |node: NodeRecord| {
        let dials = node.is_living() && node.role.dials();
        let (reason, detail) = node.hold.filter(|_| dials)?;
        Some(HeldServer { node: node.id.to_string(), name: node.name, hold: ClockHold { reason, detail } })
    };
    Ok(Dialing {
        stopped: store.workspace_rules(of).await?.dialing_stopped,
        clock_holds: store.nodes().await?.into_iter().filter_map(held).collect(),
        quarantine: store.is_quarantined().await?,
    })
}
