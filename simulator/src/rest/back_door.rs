//! What a test asks and Twilio does not offer: the ledger, the alerts, the fault script. Open to everybody who
//! reaches the port; phone networks in boxes hold no secrets.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Desk;
use super::form::Form;
use crate::faults::Faults;
use crate::ring_ledger::Ring;

/// `GET /_health`
pub(super) async fn health() -> &'static str {
    "ok"
}

/// `GET /_ledger`: what began to ring; with `?all=true` also what never did.
pub(super) async fn ledger(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Json<Value> {
    let all = Form::of_query(query.as_deref()).get("all") == Some("true");
    let rings: Vec<Ring> =
        desk.network.ledger().into_iter().filter(|ring| all || ring.started_at.is_some()).collect();
    Json(json!({"now": desk.network.timeline.now().to_string(), "rings": rings}))
}

/// `GET /_alerts`, oldest first.
pub(super) async fn alerts(State(desk): State<Desk>) -> Json<Value> {
    let alerts: Vec<Value> = desk.network.state().alerts.iter().map(|alert| alert.json()).collect();
    Json(json!({"alerts": alerts}))
}

/// `POST /_faults` with a fault script in JSON replaces the one in force.
pub(super) async fn faults(State(desk): State<Desk>, body: Bytes) -> (StatusCode, Json<Value>) {
    let read = serde_json::from_slice::<Faults>(&body).map_err(|error| error.to_string());
    match read.and_then(|faults| faults.checked().map_err(|error| error.to_string())) {
        Ok(faults) => {
            desk.network.set_faults(faults.clone());
            (StatusCode::OK, Json(json!(faults)))
        }
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"error": error}))),
    }
}
