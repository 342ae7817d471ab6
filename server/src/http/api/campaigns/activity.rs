//! Who did what to a campaign.

use axum::Json;
use axum::extract::State;
use domain::ids::{AuditId, CampaignId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::load;
use crate::http::api::words::{stored_json, time};
use crate::http::auth::Analyst;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};

/// Deeds shown, at most.
const MOST: u64 = 200;

/// The latest deeds, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Activity {
    activity: Vec<Deed>,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deed {
    id: String,
    /// A user (`usr_…`), a key (`key_…`), `console` or `server`.
    actor: String,
    #[schema(example = "campaign.launch")]
    action: String,
    #[schema(value_type = Object)]
    detail: Value,
    #[schema(format = DateTime)]
    at: String,
}

/// Who did what to a campaign: the latest 200 deeds, newest first.
#[utoipa::path(get, path = "/api/campaigns/{id}/activity", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = Activity), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<Activity>, Problem> {
    load(&state, &visitor, id).await?;
    let deeds = state.actions.store.audit_of(visitor.actor.workspace, &id.to_string(), MOST).await?;
    let deeds = deeds.into_iter().map(|row| Deed {
        id: AuditId::from_uuid(row.id).to_string(),
        actor: row.actor,
        action: row.action,
        detail: stored_json(&row.detail),
        at: jiff::Timestamp::from_millisecond(row.at).map(time).unwrap_or_default(),
    });
    Ok(Json(Activity { activity: deeds.collect() }))
}
