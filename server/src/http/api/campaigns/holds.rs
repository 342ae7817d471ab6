//! Why the people of a campaign are not rung, in counts that add up to the list.

use axum::Json;
use axum::extract::State;
use domain::ids::CampaignId;
use serde::Serialize;
use utoipa::ToSchema;

use super::load;
use crate::http::api::words::maybe_time;
use crate::http::auth::Analyst;
use crate::http::state::HttpState;
use crate::http::why::{Reason, Why};
use crate::http::{PathId, Problem};

/// Everybody of a campaign by what keeps them from being rung at this instant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignHolds)]
pub struct Holds {
    /// Everybody, and the sum of the counts below.
    people: u64,
    reasons: Vec<HoldCount>,
}

/// People who are not rung for one reason.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldCount {
    /// The stable name of what decides; `none` for those who may be rung. As `why`, it lists them at
    /// `/api/campaigns/{id}/prospects`.
    #[schema(example = "window_closed")]
    reason: &'static str,
    /// The same for people, and what ends it.
    explanation: &'static str,
    /// When the first of them may be rung, where time alone can end it.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// How many they are.
    people: u64,
}

/// Counts everybody of a campaign by what keeps them from being rung, the most first.
#[utoipa::path(get, path = "/api/campaigns/{id}/holds", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = Holds), (status = "4XX", body = Problem)))]
pub async fn holds(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<Holds>, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let why = Why::of(&state.actions, &campaign).await?;
    Ok(Json(Holds { people: why.people(), reasons: why.reasons.iter().map(HoldCount::from).collect() }))
}

impl From<&Reason> for HoldCount {
    fn from(reason: &Reason) -> Self {
        Self {
            reason: reason.code,
            explanation: reason.explanation,
            until: maybe_time(reason.until),
            people: reason.people,
        }
    }
}
