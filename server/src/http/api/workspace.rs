//! What holds for a whole workspace: how often one number may ring, and what a day may cost.

use axum::Json;
use axum::extract::State;
use domain::frequency::FrequencyCap;
use domain::money::Usd;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::campaigns::spending::{Spending, budget};
use super::words::{given, given_or_null, note};
use crate::actions::users::Visitor;
use crate::http::auth::{Admin, Analyst};
use crate::http::state::HttpState;
use crate::http::{FieldError, JsonBody, Problem};
use crate::store::budgets::BudgetScope;

/// The limits of a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Workspace)]
pub struct WorkspaceView {
    /// Rings to one number in any 24 hours, over all campaigns.
    frequency_cap: u32,
    /// Dollars that all campaigns together may cost on a day in UTC; null for no bound.
    daily_budget: Option<String>,
    /// What today's calls cost, and what is held for those under way.
    today: Spending,
}

/// What shall be different; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct WorkspaceFields {
    /// 1 to 20. Three is the strictest cap in force in a state of the United States.
    #[serde(deserialize_with = "given")]
    #[schema(example = 3, minimum = 1, maximum = 20)]
    frequency_cap: Option<i64>,
    /// 0 to 10000000 dollars, or null for no bound.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>, example = "250.00")]
    daily_budget: Option<Option<String>>,
}

/// The limits of the workspace.
#[utoipa::path(get, path = "/api/workspace", tag = "dialing",
    responses((status = 200, body = WorkspaceView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
) -> Result<Json<WorkspaceView>, Problem> {
    view(&state, &visitor).await
}

/// Changes the limits of the workspace; they hold for every call that is armed after the answer.
#[utoipa::path(patch, path = "/api/workspace", tag = "dialing", request_body = WorkspaceFields,
    responses((status = 200, body = WorkspaceView), (status = "4XX", body = Problem)))]
pub async fn change(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    JsonBody(fields): JsonBody<WorkspaceFields>,
) -> Result<Json<WorkspaceView>, Problem> {
    change_limits(&state, &visitor, fields).await?;
    view(&state, &visitor).await
}

/// Changes the limits that are named, if all of them can be.
pub async fn change_limits(
    state: &HttpState,
    visitor: &Visitor,
    fields: WorkspaceFields,
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let cap = fields.frequency_cap.map(|rings| {
        let read = FrequencyCap::new(rings);
        read.map_err(|error| FieldError::at("/frequencyCap", "out_of_range", error.to_string()))
    });
    let cap = cap.and_then(|read| note(&mut errors, read));
    let daily_budget: Option<Option<Usd>> = fields
        .daily_budget
        .map(|text| text.and_then(|text| note(&mut errors, budget("/dailyBudget", &text))));
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    state.actions.change_workspace_limits(visitor.actor.clone(), cap, daily_budget).await?;
    Ok(())
}

async fn view(state: &HttpState, visitor: &Visitor) -> Result<Json<WorkspaceView>, Problem> {
    let (store, workspace) = (&state.actions.store, visitor.actor.workspace);
    let now: Timestamp = state.actions.clock.now();
    let rules = store.workspace_rules(workspace).await?;
    let today = store.committed(BudgetScope::workspace_on(workspace, now)).await?;
    Ok(Json(WorkspaceView {
        frequency_cap: rules.frequency_cap.rings(),
        daily_budget: rules.daily_budget.map(|budget| budget.to_string()),
        today: today.into(),
    }))
}
