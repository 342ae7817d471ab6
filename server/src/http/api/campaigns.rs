//! Campaigns: make, read, change, remove, launch, pause, resume.

/// Who did what to a campaign.
pub mod activity;
/// Several calls at once: the next few, or the failed ones once more.
pub mod batches;
/// What it does about those who must agree to a recording.
pub mod consent;
/// What a person may say about a campaign.
pub mod fields;
/// Statistics and the schedule.
pub mod figures;
/// Why people are not rung, in counts.
pub mod holds;
/// Calling hours.
pub mod hours;
/// The queue: who is rung next, and what people do about it.
pub mod queue;
pub mod retry;
/// Retry rules.
/// What a campaign may cost and how fast it may ring.
pub mod spending;
/// A campaign as the API shows it.
pub mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use domain::ids::CampaignId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::fields::{CampaignFields, draft_of};
use self::view::CampaignView;
use super::once::Repeatable;

use crate::actions::users::Visitor;
use crate::http::auth::{Analyst, Operator};
use crate::http::query::{Cursor, Limit, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{IfMatch, JsonBody, PathId, Problem, Query};
use crate::store::campaigns::CampaignRecord;

/// A campaign of the visitor's workspace; 404 for any other.
pub async fn load(state: &HttpState, visitor: &Visitor, id: CampaignId) -> Result<CampaignRecord, Problem> {
    let found = state.actions.store.campaign(visitor.actor.workspace, id).await?;
    found.ok_or_else(|| Problem::not_found("campaign"))
}

/// Makes a draft, which rings nobody.
#[utoipa::path(post, path = "/api/campaigns", tag = "campaigns", request_body = CampaignFields,
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 201, body = CampaignView), (status = "4XX", body = Problem)))]
pub async fn create(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    request: Repeatable<CampaignFields>,
) -> Result<Response, Problem> {
    let (server, actions, actor) = (state.server.clone(), state.actions.clone(), visitor.actor.clone());
    let work = move |fields: CampaignFields| async move {
        let draft = fields.new_draft(&server).map_err(Problem::invalid)?;
        let campaign = actions.create_campaign(actor, draft).await?;
        Ok((StatusCode::CREATED, CampaignView::from(campaign)))
    };
    request.once(&state, &visitor, work).await
}

/// Which campaigns to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CampaignsQuery {
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Campaigns, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignList {
    campaigns: Vec<CampaignView>,
    limit: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Lists campaigns, newest first.
#[utoipa::path(get, path = "/api/campaigns", tag = "campaigns", params(CampaignsQuery),
    responses((status = 200, body = CampaignList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<CampaignsQuery>,
) -> Result<Json<CampaignList>, Problem> {
    let workspace = visitor.actor.workspace;
    let list = ListIdentity { endpoint: "campaigns", workspace: &workspace.to_string(), filters: "" };
    let before = match Position::<String>::new(None, asked.cursor.as_ref(), &list, &state.server.cursor_key)?
    {
        Position::After(id) => Some(id.parse().map_err(|_| Problem::invalid_cursor())?),
        Position::Skip(_) => None,
    };
    let limit = asked.limit.rows();
    let mut found = state.actions.store.campaigns(workspace, before, limit + 1).await?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next_cursor = last.map(|id| state.server.cursor_key.seal(&list, &id)).transpose()?;
    Ok(Json(CampaignList { campaigns: found.into_iter().map(Into::into).collect(), limit, next_cursor }))
}

type Versioned<T> = ([(HeaderName, String); 1], Json<T>);

/// The version of a campaign for `If-Match`.
fn version(campaign: &CampaignRecord) -> u64 {
    campaign.updated_at.as_millisecond().unsigned_abs()
}

fn versioned(campaign: &CampaignRecord, view: CampaignView) -> Versioned<CampaignView> {
    ([(header::ETAG, IfMatch::etag(version(campaign)))], Json(view))
}

/// Reads a campaign, with how many of its prospects stand where.
#[utoipa::path(get, path = "/api/campaigns/{id}", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Versioned<CampaignView>, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let prospects = state.actions.store.prospects_by_status(id).await?;
    Ok(versioned(&campaign.clone(), CampaignView::with_prospects(campaign, prospects)))
}

/// Changes a campaign. While it runs, too: what is changed holds for every call armed from then on.
#[utoipa::path(patch, path = "/api/campaigns/{id}", tag = "campaigns", request_body = CampaignFields,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was read")),
    responses((status = 200, body = CampaignView), (status = "4XX", body = Problem)))]
pub async fn change(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    if_match: Option<IfMatch>,
    JsonBody(fields): JsonBody<CampaignFields>,
) -> Result<Versioned<CampaignView>, Problem> {
    let server = state.server.clone();
    let change = move |campaign: &CampaignRecord| {
        if_match.map_or(Ok(()), |wanted| wanted.must_be(version(campaign)))?;
        fields.changed(draft_of(campaign), &server).map_err(Problem::invalid)
    };
    let campaign = state.actions.change_campaign(visitor.actor, id, change).await?;
    // A wider window or a higher limit may let somebody be rung at once.
    state.actions.wake.dialer();
    Ok(versioned(&campaign.clone(), campaign.into()))
}

/// Removes a campaign that never rang anybody, with its prospects.
#[utoipa::path(delete, path = "/api/campaigns/{id}", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<StatusCode, Problem> {
    state.actions.remove_campaign(visitor.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to ring. Answers 422 with everything that is missing; launching an active campaign changes nothing.
#[utoipa::path(post, path = "/api/campaigns/{id}/launch", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = Problem)))]
pub async fn launch(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<CampaignView>, Problem> {
    Ok(Json(state.actions.launch(visitor.actor, id).await?.into()))
}

/// Stops ringing. Calls under way go on to their end; those that the carrier has not begun to dial are ended.
#[utoipa::path(post, path = "/api/campaigns/{id}/pause", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = Problem)))]
pub async fn pause(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<CampaignView>, Problem> {
    Ok(Json(state.actions.pause(visitor.actor, id).await?.into()))
}

/// Goes on after a pause.
#[utoipa::path(post, path = "/api/campaigns/{id}/resume", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = CampaignView), (status = "4XX", body = Problem)))]
pub async fn resume(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<CampaignView>, Problem> {
    Ok(Json(state.actions.resume(visitor.actor, id).await?.into()))
}
