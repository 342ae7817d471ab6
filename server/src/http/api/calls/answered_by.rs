//! Saying who picked up a call, where machine detection did not, or was wrong.

use axum::Json;
use axum::extract::State;
use domain::carrier_event::AnsweredBy;
use domain::ids::CallId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{CallView, shown_one};
use crate::actions::users::Visitor;
use crate::http::auth::Operator;
use crate::http::state::HttpState;
use crate::http::{FieldError, JsonBody, PathId, Problem, text};
use crate::store::calls::CallRecord;

const LONGEST_REASON: usize = 500;

/// Who picked up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Correction {
    /// `human`, `machine_start` (a machine of any kind), `machine_end_beep`, `machine_end_silence`, `machine_end_other`, `fax`, or
    /// `unknown` when nobody can tell.
    answered_by: String,
    /// How it is known, at most 500 characters; kept in the audit trail.
    #[serde(default)]
    reason: Option<String>,
}

/// Says who picked up. It counts more than what the carrier says, which stays beside it. Statistics follow at once, and so does
/// the prospect when it is their latest call: a person who was taken for a machine is not rung again, a machine that was taken
/// for a person is tried again as the retry policy says.
#[utoipa::path(post, path = "/api/calls/{id}/answered-by", tag = "calls", params(("id" = String, Path)),
    request_body = Correction,
    responses((status = 200, body = CallView), (status = "4XX", body = Problem)))]
pub async fn correct(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CallId>,
    JsonBody(said): JsonBody<Correction>,
) -> Result<Json<CallView>, Problem> {
    let role = visitor.role;
    let corrected = say(&state, visitor, id, said).await?;
    Ok(Json(shown_one(&state, &corrected, role).await?))
}

/// Writes it down, or points at what cannot be read.
pub async fn say(
    state: &HttpState,
    visitor: Visitor,
    id: CallId,
    said: Correction,
) -> Result<CallRecord, Problem> {
    let by = AnsweredBy::parse(&said.answered_by).ok_or_else(|| {
        let words: Vec<&str> = AnsweredBy::ALL.into_iter().map(AnsweredBy::as_str).collect();
        FieldError::at("/answeredBy", "invalid", format!("expected one of {}", words.join(", ")))
    })?;
    let reason = text::optional_name("/reason", said.reason.as_deref(), LONGEST_REASON)?;
    Ok(state.actions.correct_answered_by(visitor.actor, id, by, reason).await?)
}
