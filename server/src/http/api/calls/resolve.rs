//! Settling by hand what became of a call whose answer was lost.

use axum::Json;
use axum::extract::State;
use domain::call::Finding;
use domain::ids::CallId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{CallView, shown_one};
use crate::actions::users::Visitor;
use crate::carrier::CallSid;
use crate::http::auth::Admin;
use crate::http::state::HttpState;
use crate::http::{FieldError, JsonBody, PathId, Problem, text};
use crate::store::calls::CallRecord;

const LONGEST_REASON: usize = 500;

/// What a person found out in the carrier's console.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Resolution {
    /// Whether the carrier made the call.
    outcome: Outcome,
    /// The carrier's name for the call, `CA…`; needed when it was made.
    #[serde(default)]
    twilio_call_sid: Option<String>,
    /// How it was found out, at most 500 characters; kept in the audit trail.
    reason: String,
    /// Has to be true: a call that was made after all would ring again.
    confirm: bool,
}

/// What became of a lost call.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LostCallOutcome)]
pub enum Outcome {
    /// The carrier made it.
    Placed,
    /// The carrier did not make it: the prospect keeps the attempt.
    NotPlaced,
}

/// Settles what became of a call whose answer was lost. It releases what the call held; it opens no gate.
#[utoipa::path(post, path = "/api/calls/{id}/resolve", tag = "calls", params(("id" = String, Path)),
    request_body = Resolution,
    responses((status = 200, body = CallView), (status = "4XX", body = Problem)))]
pub async fn resolve(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<CallId>,
    JsonBody(said): JsonBody<Resolution>,
) -> Result<Json<CallView>, Problem> {
    let role = visitor.role;
    let settled = settle(&state, visitor, id, said).await?;
    Ok(Json(shown_one(&state, &settled, role).await?))
}

/// Settles it as somebody said, or points at what they did not say.
pub async fn settle(
    state: &HttpState,
    visitor: Visitor,
    id: CallId,
    said: Resolution,
) -> Result<CallRecord, Problem> {
    let reason = text::name("/reason", &said.reason, LONGEST_REASON)?;
    if !said.confirm {
        let what = "set it to true after looking the call up at the carrier";
        return Err(FieldError::at("/confirm", "required", what).into());
    }
    let (finding, sid) = match (said.outcome, said.twilio_call_sid) {
        (Outcome::NotPlaced, _) => (Finding::NotPlaced, None),
        (Outcome::Placed, None) => {
            let what = "a call that was made has a name at the carrier: CA and 32 digits";
            return Err(FieldError::at("/twilioCallSid", "required", what).into());
        }
        (Outcome::Placed, Some(text)) => {
            let sid: Result<CallSid, _> = text.parse();
            let what = "not a name of a call: write CA and 32 hexadecimal digits";
            let sid = sid.map_err(|_| FieldError::at("/twilioCallSid", "invalid", what))?;
            (Finding::Placed, Some(sid.to_string()))
        }
    };
    Ok(state.actions.resolve_call(visitor.actor, id, finding, sid, reason).await?)
}
