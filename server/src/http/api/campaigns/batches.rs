//! Several calls at once: the next few of a campaign, or those that failed once more.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::{CampaignId, ProspectId};
use domain::retry::{InvalidRetryPolicy, RetryPolicy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::load;
use crate::actions::calls::PlaceRefused;
use crate::http::api::once::Repeatable;
use crate::http::auth::Operator;
use crate::http::state::HttpState;
use crate::http::{FieldError, PathId, Problem};

/// Calls in one request, at most.
const MOST_CALLS: u32 = 500;

/// How many calls to place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PlaceNext {
    /// 1 to 500, default 10.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 500, default = 10)]
    max_calls: u32,
}

const fn ten() -> u32 {
    10
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedView {
    /// Calls that are on their way.
    scheduled: usize,
    /// Prospects who were not called. What holds the whole campaign is told once.
    failed: usize,
    errors: Vec<BatchError>,
    /// `call_…` of each call on its way.
    call_ids: Vec<String>,
}

/// Why one prospect was not called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchError {
    prospect_id: String,
    #[schema(example = "outside_hours")]
    code: &'static str,
    detail: String,
    /// The next possible time, where time alone can make it possible.
    #[schema(format = DateTime)]
    next_possible_at: Option<String>,
}

/// Places calls to the next prospects of a campaign who are due.
#[utoipa::path(post, path = "/api/campaigns/{id}/calls", tag = "campaigns", request_body = PlaceNext,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = PlacedView), (status = "4XX", body = Problem)))]
pub async fn place_next(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<PlaceNext>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wanted: PlaceNext| async move {
        if !(1..=MOST_CALLS).contains(&wanted.max_calls) {
            let what = format!("expected a whole number from 1 to {MOST_CALLS}");
            return Err(FieldError::at("/maxCalls", "out_of_range", what).into());
        }
        let many = actions.place_next(actor, id, wanted.max_calls).await?;
        let view = PlacedView {
            scheduled: many.placed.len(),
            failed: many.refused.len(),
            errors: many.refused.into_iter().map(BatchError::from).collect(),
            call_ids: many.placed.iter().map(|call| call.id.to_string()).collect(),
        };
        Ok((StatusCode::OK, view))
    };
    request.once(&state, &visitor, work).await
}

impl From<(ProspectId, PlaceRefused)> for BatchError {
    fn from((prospect, refused): (ProspectId, PlaceRefused)) -> Self {
        let next_possible_at = match &refused {
            PlaceRefused::NotNow { until, .. } => until.map(|until| until.to_string()),
            _ => None,
        };
        let detail = refused.to_string();
        Self {
            prospect_id: prospect.to_string(),
            code: Problem::from(refused).code(),
            detail,
            next_possible_at,
        }
    }
}

/// Whom to ring once more, and when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct RetryWish {
    /// Retries after the first attempt, 0 to 9; who had more is left alone. Default 3.
    #[schema(minimum = 0, maximum = 9)]
    max_retries: u32,
    /// Minutes from now, 1 to 43200. Default 30.
    #[schema(minimum = 1, maximum = 43200)]
    retry_delay: u32,
    /// Outcomes to ring again: `busy`, `no-answer`, `failed`, `canceled`, `voicemail`. Default the first three.
    retry_statuses: Vec<String>,
}

impl Default for RetryWish {
    fn default() -> Self {
        let retry_statuses = ["busy", "no-answer", "failed"].map(str::to_owned).to_vec();
        Self { max_retries: 3, retry_delay: 30, retry_statuses }
    }
}

/// How many are rung once more.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetriedView {
    /// Prospects that are in line again.
    retried: u64,
    /// Always 0: whoever cannot be rung again is not chosen.
    failed: u64,
    errors: Vec<BatchError>,
}

/// Puts prospects back in line whose last call ended in one of the given ways.
#[utoipa::path(post, path = "/api/campaigns/{id}/retries", tag = "campaigns", request_body = RetryWish,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = RetriedView), (status = "4XX", body = Problem)))]
pub async fn retry(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<RetryWish>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wish: RetryWish| async move {
        let outcomes = wish.read()?.rules().map(|(outcome, _)| outcome).collect();
        let retried = actions.retry_many(actor, id, outcomes, wish.max_retries, wish.retry_delay).await?;
        Ok((StatusCode::OK, RetriedView { retried, failed: 0, errors: Vec::new() }))
    };
    request.once(&state, &visitor, work).await
}

impl RetryWish {
    /// The three numbers as the rules read them.
    fn read(&self) -> Result<RetryPolicy, FieldError> {
        let statuses = self.retry_statuses.iter().map(String::as_str);
        RetryPolicy::from_simple(self.max_retries, self.retry_delay, statuses).map_err(|error| {
            let (pointer, code) = match error {
                InvalidRetryPolicy::Attempts => ("/maxRetries", "out_of_range"),
                InvalidRetryPolicy::Delay | InvalidRetryPolicy::Growth => ("/retryDelay", "out_of_range"),
                InvalidRetryPolicy::Status(_) | InvalidRetryPolicy::NeverRetried(_) => {
                    ("/retryStatuses", "unknown_value")
                }
            };
            FieldError::at(pointer, code, error.to_string())
        })
    }
}
