//! Prospects: add one or many, list, read, change, remove.

/// What a person may say about a prospect.
pub mod fields;
/// A prospect as the API shows it.
pub mod view;

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::ids::{CampaignId, ProspectId};
use domain::prospect::ProspectStatus;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use self::fields::{NumberRules, ProspectFields};
use self::view::ProspectView;
use super::campaigns;
use super::once::Repeatable;

use crate::actions::Actions;
use crate::actions::prospects::Added;
use crate::actions::users::Visitor;
use crate::http::auth::{Analyst, Operator};
use crate::http::query::{CommaList, Cursor, Limit, ListIdentity, Offset, Position, SearchText};
use crate::http::state::HttpState;
use crate::http::why::Why;
use crate::http::{JsonBody, OneOrMany, PathId, Problem, Query};
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::{ProspectFilter, ProspectRecord};

/// Prospects in one request, at most; files of more are imported.
const MOST_AT_ONCE: usize = 10_000;
/// Room for that many, with fields of their own.
const ROOM: usize = 16 * 1024 * 1024;

/// Null empties a text.
fn emptied<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(value).map(|text| Some(text.unwrap_or_default()))
}

/// What was added, for one person or for many.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum AddedView {
    /// One person was sent.
    One(Box<ProspectView>),
    /// Many were.
    Many(BatchView),
}

/// What became of each person of a batch, in the order given.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchView {
    added: usize,
    duplicates: usize,
    results: Vec<BatchItem>,
}

/// What became of one person of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchItem {
    /// `added`, or `duplicate` when the campaign has the number already or had it earlier in the batch.
    result: &'static str,
    /// `pro_…` of an added one.
    id: Option<String>,
    phone: String,
    /// Where an added one stands: `ready`, or `do_not_call`.
    status: Option<&'static str>,
}

/// Adds one prospect (an object) or up to 10,000 (an array). Either all are readable or none is added.
#[utoipa::path(post, path = "/api/campaigns/{id}/prospects", tag = "prospects", request_body = ProspectFields,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 201, description = "One was added", body = AddedView),
        (status = 200, description = "A batch was taken in", body = AddedView), (status = "4XX", body = Problem)))]
pub async fn add(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<OneOrMany<ProspectFields>, ROOM>,
) -> Result<Response, Problem> {
    let campaign = campaigns::load(&state, &visitor, id).await?;
    let (for_work, by) = (state.clone(), visitor.clone());
    let work = move |people| async move {
        match people {
            OneOrMany::One(fields) => add_one(&for_work, by, campaign, fields).await,
            OneOrMany::Many(many) => add_many(&for_work.actions, by, &campaign, many).await,
        }
    };
    request.once(&state, &visitor, work).await
}

async fn add_one(
    state: &HttpState,
    by: Visitor,
    campaign: CampaignRecord,
    fields: ProspectFields,
) -> Result<(StatusCode, AddedView), Problem> {
    let actions = &state.actions;
    let rules = NumberRules::of(&campaign, &actions.installation);
    let person = fields.person("", &rules).map_err(Problem::invalid)?;
    match actions.add_prospects(by.actor, campaign.id, vec![person]).await?.pop() {
        Some(Added::New(prospect)) => {
            let view = view::one(state, &campaign, *prospect).await?;
            Ok((StatusCode::CREATED, AddedView::One(Box::new(view))))
        }
        _ => Err(Problem::conflict("duplicate", "The campaign has a prospect with this number already.")),
    }
}

async fn add_many(
    actions: &Actions,
    by: Visitor,
    campaign: &CampaignRecord,
    many: Vec<ProspectFields>,
) -> Result<(StatusCode, AddedView), Problem> {
    if many.len() > MOST_AT_ONCE {
        let detail = format!(
            "At most {MOST_AT_ONCE} prospects are taken at once. Send them in parts, or import a file."
        );
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_items",
            "Too many at once",
            detail,
        ));
    }
    let rules = NumberRules::of(campaign, &actions.installation);
    let mut people = Vec::with_capacity(many.len());
    let mut errors = Vec::new();
    for (index, fields) in many.into_iter().enumerate() {
        match fields.person(&format!("/{index}"), &rules) {
            Ok(person) => people.push(person),
            Err(wrong) => errors.extend(wrong),
        }
        // Enough to see the pattern; the answer must not grow with the mistakes.
        if errors.len() >= 100 {
            break;
        }
    }
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let results = actions.add_prospects(by.actor, campaign.id, people).await?;
    let results: Vec<BatchItem> = results.into_iter().map(BatchItem::from).collect();
    let added = results.iter().filter(|item| item.id.is_some()).count();
    let batch = BatchView { added, duplicates: results.len() - added, results };
    Ok((StatusCode::OK, AddedView::Many(batch)))
}

impl From<Added> for BatchItem {
    fn from(added: Added) -> Self {
        match added {
            Added::New(prospect) => Self {
                result: "added",
                id: Some(prospect.id.to_string()),
                phone: prospect.phone.to_string(),
                status: Some(prospect.status.as_str()),
            },
            Added::Duplicate(phone) => {
                Self { result: "duplicate", id: None, phone: phone.to_string(), status: None }
            }
        }
    }
}

/// A prospect's status in a query.
#[derive(Debug, Clone, Copy)]
pub struct StatusWord(ProspectStatus);

impl FromStr for StatusWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        ProspectStatus::parse(word).map(Self).ok_or(
            "expected one of: ready, in_call, waiting, held, done, exhausted, invalid, do_not_call, removed",
        )
    }
}

/// Which prospects to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ProspectsQuery {
    /// Only in these states, separated by commas.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    status: CommaList<StatusWord>,
    /// Part of a name, company, e-mail address or number.
    #[param(value_type = Option<String>)]
    q: Option<SearchText>,
    /// Only those who are not rung for this reason, a `reason` of `/api/campaigns/{id}/holds`; by itself, without other
    /// filters and without `offset`.
    why: Option<String>,
    /// 1 to 200, default 50.
    #[serde(default)]
    #[param(value_type = Option<u16>)]
    limit: Limit,
    /// Rows to skip; cursors are faster.
    #[param(value_type = Option<u32>)]
    offset: Option<Offset>,
    /// `nextCursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// Prospects in the order in which they were added.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProspectList {
    prospects: Vec<ProspectView>,
    total: u64,
    limit: u64,
    offset: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Lists a campaign's prospects in the order in which they were added.
#[utoipa::path(get, path = "/api/campaigns/{id}/prospects", tag = "prospects",
    params(("id" = String, Path), ProspectsQuery),
    responses((status = 200, body = ProspectList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<ProspectsQuery>,
) -> Result<Json<ProspectList>, Problem> {
    let campaign = campaigns::load(&state, &visitor, id).await?;
    let filter = ProspectFilter {
        statuses: asked.status.0.iter().map(|word| word.0).collect(),
        text: asked.q.as_ref().and_then(SearchText::text).map(str::to_owned),
    };
    let list = ListIdentity {
        endpoint: "prospects",
        workspace: &visitor.actor.workspace.to_string(),
        filters: &format!("{id} {filter:?} {:?}", asked.why),
    };
    if asked.why.is_some() && (filter != ProspectFilter::default() || asked.offset.is_some()) {
        let what = "give it by itself, without `status`, `q` and `offset`";
        return Err(Problem::invalid_parameter("why", what));
    }
    let key = &state.server.cursor_key;
    let (after, offset) = match Position::<String>::new(asked.offset, asked.cursor.as_ref(), &list, key)? {
        Position::After(id) => (Some(id.parse().map_err(|_| Problem::invalid_cursor())?), 0),
        Position::Skip(rows) => (None, rows),
    };
    let limit = asked.limit.rows();
    let store = &state.actions.store;
    let (mut found, total) = match &asked.why {
        Some(reason) => {
            let why = Why::of(&state.actions, &campaign).await?;
            let people = why.people_of(store, reason, after, limit + 1).await?;
            (people, why.count_of(reason))
        }
        None => {
            let found = store.prospects(id, &filter, after, offset, limit + 1).await?;
            (found, store.count_prospects(id, &filter).await?)
        }
    };
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next_cursor = last.map(|id| key.seal(&list, &id)).transpose()?;
    let prospects = view::views(&state, &campaign, found).await?;
    Ok(Json(ProspectList { prospects, total, limit, offset, next_cursor }))
}

/// A prospect of the visitor's workspace with their campaign; 404 for any other.
pub async fn load(
    state: &HttpState,
    visitor: &Visitor,
    id: ProspectId,
) -> Result<(ProspectRecord, CampaignRecord), Problem> {
    let found = state.actions.store.prospect(visitor.actor.workspace, id).await?;
    let prospect = found.ok_or_else(|| Problem::not_found("prospect"))?;
    let campaign = campaigns::load(state, visitor, prospect.campaign).await?;
    Ok((prospect, campaign))
}

/// Reads a prospect.
#[utoipa::path(get, path = "/api/prospects/{id}", tag = "prospects", params(("id" = String, Path)),
    responses((status = 200, body = ProspectView), (status = "4XX", body = Problem)))]
pub async fn read(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ProspectId>,
) -> Result<Json<ProspectView>, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    Ok(Json(view::one(&state, &campaign, prospect).await?))
}

/// Changes a prospect nobody is ringing at this moment.
#[utoipa::path(patch, path = "/api/prospects/{id}", tag = "prospects", params(("id" = String, Path)),
    request_body = ProspectFields,
    responses((status = 200, body = ProspectView), (status = "4XX", body = Problem)))]
pub async fn change(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
    JsonBody(fields): JsonBody<ProspectFields>,
) -> Result<Json<ProspectView>, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let (of, installation) = (campaign.clone(), state.actions.installation.clone());
    let change = move |prospect: &ProspectRecord| {
        fields.changed(prospect, &NumberRules::of(&of, &installation)).map_err(Problem::invalid)
    };
    let prospect = state.actions.change_prospect(visitor.actor, id, change).await?;
    Ok(Json(view::one(&state, &campaign, prospect).await?))
}

/// Takes a prospect off their campaign. Their calls stay on record.
#[utoipa::path(delete, path = "/api/prospects/{id}", tag = "prospects", params(("id" = String, Path)),
    responses((status = 204), (status = "4XX", body = Problem)))]
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<StatusCode, Problem> {
    state.actions.remove_prospect(visitor.actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
