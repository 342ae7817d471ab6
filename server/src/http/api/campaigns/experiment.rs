//! A/B tests of a campaign: start one, read what it shows, end it.

/// What shall be compared.
pub mod fields;
/// A test as the API shows it.
pub mod view;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::experiment::Arm;
use domain::ids::CampaignId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::fields::ExperimentFields;
use self::view::ExperimentView;
use super::load;
use crate::http::auth::{Analyst, Operator};
use crate::http::state::HttpState;
use crate::http::{FieldError, JsonBody, PathId, Problem};

/// Tests listed, at most.
const MOST: u64 = 50;

/// Starts an A/B test: from now on everybody who is called hears one of the arms, and the same one at every attempt. What is
/// compared stays as it is until the test ends. Putting the test that runs already changes nothing; any other is refused
/// while it runs.
#[utoipa::path(put, path = "/api/campaigns/{id}/experiment", tag = "experiments", params(("id" = String, Path)),
    request_body = ExperimentFields,
    responses((status = 201, description = "It began", body = ExperimentView),
        (status = 200, description = "It runs already", body = ExperimentView), (status = "4XX", body = Problem)))]
pub async fn start(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    JsonBody(fields): JsonBody<ExperimentFields>,
) -> Result<(StatusCode, Json<ExperimentView>), Problem> {
    let draft = fields.read().map_err(Problem::invalid)?;
    let (test, is_new) = state.actions.start_experiment(visitor.actor, id, draft).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ExperimentView::of(&test)?)))
}

/// Reads the test that runs, or else the last one, with what may be concluded from it so far. It may be read as often as you
/// like: looking often does not make a false winner more likely.
#[utoipa::path(get, path = "/api/campaigns/{id}/experiment", tag = "experiments", params(("id" = String, Path)),
    responses((status = 200, body = ExperimentView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<ExperimentView>, Problem> {
    load(&state, &visitor, id).await?;
    let latest = state.actions.store.experiments_of(id, 1).await?;
    let latest = latest.first().ok_or_else(|| Problem::not_found("A/B test"))?;
    Ok(Json(ExperimentView::of(latest)?))
}

/// The tests of a campaign, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentList {
    experiments: Vec<ExperimentView>,
}

/// Lists the latest 50 tests of a campaign, newest first, with their results.
#[utoipa::path(get, path = "/api/campaigns/{id}/experiments", tag = "experiments", params(("id" = String, Path)),
    responses((status = 200, body = ExperimentList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<ExperimentList>, Problem> {
    load(&state, &visitor, id).await?;
    let tests = state.actions.store.experiments_of(id, MOST).await?;
    let experiments = tests.iter().map(ExperimentView::of).collect::<Result<_, _>>()?;
    Ok(Json(ExperimentList { experiments }))
}

/// How a test shall end.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct ExperimentEnd {
    /// The arm whose script and voice the campaign goes on with, `A` to `H`; its own when null or left out.
    #[schema(example = "B")]
    adopt: Option<String>,
}

/// Ends the test that runs. Whoever is called from then on hears the campaign's script and voice, which are those of the
/// adopted arm where one is named.
#[utoipa::path(post, path = "/api/campaigns/{id}/experiment/end", tag = "experiments", params(("id" = String, Path)),
    request_body = ExperimentEnd,
    responses((status = 200, body = ExperimentView), (status = "4XX", body = Problem)))]
pub async fn end(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    JsonBody(fields): JsonBody<ExperimentEnd>,
) -> Result<Json<ExperimentView>, Problem> {
    let adopt = fields.adopt.as_deref().map(|word| arm_at("/adopt", word)).transpose()?;
    let test = state.actions.end_experiment(visitor.actor, id, adopt).await?;
    Ok(Json(ExperimentView::of(&test)?))
}

/// An arm by its letter.
pub fn arm_at(pointer: &str, word: &str) -> Result<Arm, FieldError> {
    let wrong = || FieldError::at(pointer, "invalid", "an arm is a letter from A to H");
    Arm::parse(word).ok_or_else(wrong)
}
