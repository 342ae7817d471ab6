//! Calls: place one, list, read, end.

/// Who picked up, by the word of people.
pub mod answered_by;
/// Lists of calls.
pub mod list;
/// What a person found out about a lost one.
pub mod resolve;
/// A call as the API shows it.
pub mod view;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::call::Placement;
use domain::ids::{CallId, CampaignId, ProspectId};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use self::view::{CallView, shown_one};
use super::once::Repeatable;
use super::words::metadata;
use crate::actions::users::Visitor;
use crate::http::auth::{Listener, Operator};
use crate::http::query::DateTimeParam;
use crate::http::state::HttpState;
use crate::http::{FieldError, PathId, Problem};
use crate::live::{Change, Subject};
use crate::store::calls::CallRecord;

/// A live call that was quiet for this long is asked about before it is shown.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// How long the answer waits for what the carrier says.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whom to call, for which campaign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PlaceCall {
    /// `cmp_…`
    campaign_id: String,
    /// `pro_…` of that campaign.
    prospect_id: String,
    /// When, at most a year ahead; now when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_for: Option<DateTimeParam>,
    /// Your own JSON object, at most 16 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
}

/// Places one call, now or at a given time. It passes every gate again right before it is sent.
#[utoipa::path(post, path = "/api/calls/place", tag = "calls", request_body = PlaceCall,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 201, body = CallView),
        (status = 409, description = "Not now; see `reason` and `nextPossibleAt`", body = Problem),
        (status = "4XX", body = Problem)))]
pub async fn place(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    request: Repeatable<PlaceCall>,
) -> Result<Response, Problem> {
    let (actor, role) = (visitor.actor.clone(), visitor.role);
    let (actions, server) = (state.actions.clone(), state.server.clone());
    let work = move |wanted: PlaceCall| async move {
        let campaign: CampaignId = id_at("/campaignId", &wanted.campaign_id)?;
        let prospect: ProspectId = id_at("/prospectId", &wanted.prospect_id)?;
        let own = wanted.metadata.as_ref().map(|object| metadata("/metadata", object)).transpose()?;
        let when = wanted.scheduled_for.map(|when| when.0);
        let call = actions.place_one(actor, campaign, prospect, when, own).await?;
        Ok((StatusCode::CREATED, CallView::of(&call, None, &server, role)))
    };
    request.once(&state, &visitor, work).await
}

fn id_at<T: std::str::FromStr<Err = domain::ids::InvalidId>>(
    pointer: &str,
    id: &str,
) -> Result<T, FieldError> {
    id.parse()
        .map_err(|error: domain::ids::InvalidId| FieldError::at(pointer, "invalid_id", error.to_string()))
}

/// A call of the visitor's workspace; 404 for any other.
pub async fn load(state: &HttpState, visitor: &Visitor, id: CallId) -> Result<CallRecord, Problem> {
    let found = state.actions.store.call(visitor.actor.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("call"))
}

/// Reads a call. One that is live and was quiet for half a minute is asked about first, for at most two seconds.
#[utoipa::path(get, path = "/api/calls/{id}", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, body = CallView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    PathId(id): PathId<CallId>,
) -> Result<Json<CallView>, Problem> {
    let mut call = load(&state, &visitor, id).await?;
    // Listening begins before the question, or the answer could fall between the two.
    let changes = state.actions.live.subscribe(None).changes;
    if ask_when_quiet(&state, &call).await? {
        // The time is the person's who waits, not the clock's that may be virtual; what is known then is the answer.
        let _ = tokio::time::timeout(PATIENCE, change_of(id, changes)).await;
        call = load(&state, &visitor, id).await?;
    }
    Ok(Json(shown_one(&state, &call, visitor.role).await?))
}

/// Has the carrier asked about a live call that was quiet for half a minute; whether it was.
pub async fn ask_when_quiet(state: &HttpState, call: &CallRecord) -> Result<bool, Problem> {
    let quiet = state.actions.clock.now().duration_since(call.updated_at).unsigned_abs();
    let at_the_carrier = matches!(call.call.placement, Placement::Placed | Placement::Unknown);
    let ask = call.call.is_live() && at_the_carrier && quiet > STALE_AFTER;
    if ask {
        state.actions.ask_again(call.id).await?;
    }
    Ok(ask)
}

async fn change_of(id: CallId, mut changes: Receiver<std::sync::Arc<Change>>) {
    loop {
        match changes.recv().await {
            Ok(change) if matches!(change.subject, Subject::Call { call, .. } if call == id) => return,
            Ok(_) => {}
            // Too much news to follow: this call's may have been among it.
            Err(RecvError::Lagged(_) | RecvError::Closed) => return,
        }
    }
}

/// Cancels a call that nobody picked up yet, or hangs up one that talks. The call's own news confirms it.
#[utoipa::path(post, path = "/api/calls/{id}/cancel", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, body = CallView), (status = "4XX", body = Problem)))]
pub async fn cancel(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CallId>,
) -> Result<Json<CallView>, Problem> {
    let call = state.actions.end_call(visitor.actor, id).await?;
    Ok(Json(shown_one(&state, &call, visitor.role).await?))
}
