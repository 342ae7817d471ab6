//! The servers that share the database: who they are, what they do, and whether they may dial.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{maybe_time, time};
use crate::http::Problem;
use crate::http::auth::Admin;
use crate::http::state::HttpState;
use crate::store::nodes::NodeRecord;

/// The servers that share the database.
#[derive(Debug, Serialize, ToSchema)]
pub struct Nodes {
    nodes: Vec<Node>,
}

/// One run of one server. Its times are the database's clock.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    id: String,
    /// The machine, and the address it listens on.
    name: String,
    /// `all`, `web`, `dialer`, or `command` for a command that works on the data by itself.
    role: &'static str,
    version: String,
    /// It has not stopped, and nobody took it for dead.
    alive: bool,
    /// How often its lease changed hands, from 1.
    epoch: i64,
    started_at: String,
    /// When it last renewed its lease.
    seen_at: String,
    /// Until when it may arm calls.
    lease_until: String,
    stopped_at: Option<String>,
    /// How far its clock is ahead of the database's, in milliseconds; 0 on SQLite, where there is only one.
    skew_ms: i64,
    hold: Option<ClockHold>,
}

/// Why a server dials nobody although everything else is in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockHold {
    /// `clock_skewed`, `clock_behind` or `clock_jumped`.
    pub(super) reason: String,
    /// What it means, and what to do.
    pub(super) detail: String,
}

/// Lists servers: those that live, then those that ended within the last week, the newest first.
#[utoipa::path(get, path = "/api/nodes", tag = "server",
    responses((status = 200, body = Nodes), (status = "4XX", body = Problem)))]
pub async fn list(State(state): State<HttpState>, Admin(_visitor): Admin) -> Result<Json<Nodes>, Problem> {
    let nodes = state.actions.store.nodes().await?;
    Ok(Json(Nodes { nodes: nodes.into_iter().map(Node::from).collect() }))
}

impl From<NodeRecord> for Node {
    fn from(node: NodeRecord) -> Self {
        Self {
            id: node.id.to_string(),
            alive: node.is_living(),
            role: node.role.as_str(),
            version: node.version,
            epoch: node.epoch,
            name: node.name,
            started_at: time(node.started_at),
            seen_at: time(node.seen_at),
            lease_until: time(node.lease_until),
            stopped_at: maybe_time(node.stopped_at),
            skew_ms: node.skew_ms,
            hold: node.hold.map(|(reason, detail)| ClockHold { reason, detail }),
        }
    }
}
