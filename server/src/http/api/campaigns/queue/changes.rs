//! What people do to a queue: put somebody first, pass somebody over, put back in line, clear, and undo.

use std::str::FromStr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::disposition::Disposition;
use domain::ids::{CampaignId, ClearingId, ProspectId};
use domain::prospect::ProspectStatus;
use domain::queue::{Priority, QueueRefused};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actions::queue::{Change, Outcomes, Swept};
use crate::http::api::campaigns::load;
use crate::http::api::once::Repeatable;
use crate::http::api::prospects::fields::PriorityWord;
use crate::http::auth::Operator;
use crate::http::query::DateTimeParam;
use crate::http::state::HttpState;
use crate::http::{FieldError, PathId, Problem};
use crate::store::prospects::ProspectFilter;

/// Prospects named in one request, at most.
const MOST_IDS: usize = 1_000;
/// A skip of more than this is a removal.
const LONGEST_SKIP_HOURS: i64 = 366 * 24;

/// What became of a wish: for each prospect that was named, or for all that were meant together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueChange {
    /// Prospects that were changed.
    changed: u64,
    /// Prospects that must stay as they are.
    refused: u64,
    /// One entry for each id, in the order given; empty when none were given.
    results: Vec<QueueResult>,
}

/// What became of one prospect.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueResult {
    prospect_id: String,
    /// `changed`, `unchanged` when it was so already, or `refused`.
    result: &'static str,
    /// Why it was refused: `not_found`, `already_in_call`, `outcome_unknown`, `do_not_call`, `invalid_number` or
    /// `prospect_finished`.
    code: Option<&'static str>,
    /// The same for people.
    reason: Option<String>,
}

/// Who gets which priority: either `prospectIds`, or everybody whom `filter` finds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PriorityWish {
    /// `pro_…` of this campaign, at most 1000.
    #[serde(default)]
    prospect_ids: Option<Vec<String>>,
    #[serde(default)]
    filter: Option<FilterFields>,
    priority: PriorityWord,
}

/// Which prospects are meant. An empty filter means everybody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[derive(Default)]
pub struct FilterFields {
    /// Only in these states.
    status: Vec<String>,
    /// Part of a name, company, e-mail address or number; at most 200 characters.
    q: Option<String>,
}

/// Gives prospects a priority. The more urgent are rung first, whoever waited longer.
#[utoipa::path(post, path = "/api/campaigns/{id}/queue/priority", tag = "queue", request_body = PriorityWish,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = QueueChange), (status = "4XX", body = Problem)))]
pub async fn prioritise(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<PriorityWish>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wish: PriorityWish| async move {
        let priority = Priority::from(wish.priority);
        let change = match one_of("prospectIds", wish.prospect_ids, "filter", wish.filter)? {
            Either::First(ids) => {
                QueueChange::from(actions.prioritise(actor, id, named(&ids)?, priority).await?)
            }
            Either::Second(filter) => {
                QueueChange::from(actions.prioritise_all(actor, id, filter.read()?, priority).await?)
            }
        };
        Ok((StatusCode::OK, change))
    };
    request.once(&state, &visitor, work).await
}

/// Whom to pass over, and until when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SkipWish {
    /// `pro_…` of this campaign, at most 1000.
    prospect_ids: Vec<String>,
    /// At most a year ahead. When left out: until the window opens on the campaign's next day.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<DateTimeParam>,
}

/// Passes prospects over until a time, or for the rest of the day. Calls to them that were not sent yet are given up.
#[utoipa::path(post, path = "/api/campaigns/{id}/queue/skip", tag = "queue", request_body = SkipWish,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = QueueChange), (status = "4XX", body = Problem)))]
pub async fn skip(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<SkipWish>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wish: SkipWish| async move {
        let (until, now) = (wish.until.map(|until| until.0), actions.clock.now());
        if until.is_some_and(|it| it <= now || it.duration_since(now).as_hours() > LONGEST_SKIP_HOURS) {
            let what = "must lie in the future and at most a year away";
            return Err(FieldError::at("/until", "out_of_range", what).into());
        }
        let outcomes = actions.skip(actor, id, named(&wish.prospect_ids)?, until).await?;
        Ok((StatusCode::OK, QueueChange::from(outcomes)))
    };
    request.once(&state, &visitor, work).await
}

/// Whom a wish is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamedProspects {
    /// `pro_…` of this campaign, at most 1000.
    prospect_ids: Vec<String>,
}

/// Takes back that prospects are passed over: they are due when they would have been.
#[utoipa::path(post, path = "/api/campaigns/{id}/queue/unskip", tag = "queue", request_body = NamedProspects,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = QueueChange), (status = "4XX", body = Problem)))]
pub async fn unskip(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<NamedProspects>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wish: NamedProspects| async move {
        let outcomes = actions.unskip(actor, id, named(&wish.prospect_ids)?).await?;
        Ok((StatusCode::OK, QueueChange::from(outcomes)))
    };
    request.once(&state, &visitor, work).await
}

/// Who comes back in line: either `prospectIds`, or everybody whose last call ended in one of `dispositions`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RequeueWish {
    /// `pro_…` of this campaign, at most 1000.
    #[serde(default)]
    prospect_ids: Option<Vec<String>>,
    /// Such as `busy`, `no_answer`, `machine_answered`. Prospects whom a person removed are not meant.
    #[serde(default)]
    dispositions: Option<Vec<String>>,
}

/// Puts prospects back in line, to be rung as soon as may be. Who must never be rung stays out.
#[utoipa::path(post, path = "/api/campaigns/{id}/queue/requeue", tag = "queue", request_body = RequeueWish,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = QueueChange), (status = "4XX", body = Problem)))]
pub async fn requeue(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<RequeueWish>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wish: RequeueWish| async move {
        let change = match one_of("prospectIds", wish.prospect_ids, "dispositions", wish.dispositions)? {
            Either::First(ids) => QueueChange::from(actions.requeue(actor, id, named(&ids)?).await?),
            Either::Second(words) => {
                let dispositions = read_words("/dispositions", &words, Disposition::parse)?;
                QueueChange::from(actions.requeue_all(actor, id, dispositions).await?)
            }
        };
        Ok((StatusCode::OK, change))
    };
    request.once(&state, &visitor, work).await
}

/// Nothing needs to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearWish {}

/// A queue that was cleared.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClearedView {
    /// `clr_…`: undoes exactly this clearing.
    clearing: String,
    /// Prospects that were taken out of the queue.
    removed: u64,
    /// Calls that were given up before they were sent.
    calls_given_up: u64,
}

/// Takes everybody out of the queue who waits in it; who is in a call stays. May be repeated, and undone.
#[utoipa::path(post, path = "/api/campaigns/{id}/queue/clear", tag = "queue", request_body = ClearWish,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = ClearedView), (status = "4XX", body = Problem)))]
pub async fn clear(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<ClearWish>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |_: ClearWish| async move {
        let cleared = actions.clear_queue(actor, id).await?;
        let view = ClearedView {
            clearing: cleared.clearing.to_string(),
            removed: cleared.prospects,
            calls_given_up: cleared.calls,
        };
        Ok((StatusCode::OK, view))
    };
    request.once(&state, &visitor, work).await
}

/// Which clearing to undo.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RestoreWish {
    /// `clr_…`; every clearing when left out.
    #[serde(default)]
    clearing: Option<String>,
}

/// Undoes a clearing: everybody is where they stood. Numbers that came onto the do-not-call list stay out.
#[utoipa::path(post, path = "/api/campaigns/{id}/queue/restore", tag = "queue", request_body = RestoreWish,
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeats are answered, not repeated")),
    responses((status = 200, body = QueueChange), (status = "4XX", body = Problem)))]
pub async fn restore(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    request: Repeatable<RestoreWish>,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let (actions, actor) = (state.actions.clone(), visitor.actor.clone());
    let work = move |wish: RestoreWish| async move {
        let clearing = wish.clearing.as_deref().map(|text| id_at::<ClearingId>("/clearing", text));
        let changed = actions.restore_queue(actor, id, clearing.transpose()?).await?;
        Ok((StatusCode::OK, QueueChange::from(Swept { changed, refused: 0 })))
    };
    request.once(&state, &visitor, work).await
}

enum Either<A, B> {
    First(A),
    Second(B),
}

fn one_of<A, B>(first: &str, a: Option<A>, second: &str, b: Option<B>) -> Result<Either<A, B>, FieldError> {
    let what = format!("give either {first} or {second}");
    match (a, b) {
        (Some(a), None) => Ok(Either::First(a)),
        (None, Some(b)) => Ok(Either::Second(b)),
        (Some(_), Some(_)) => Err(FieldError::at(format!("/{second}"), "conflict", what)),
        (None, None) => Err(FieldError::at(format!("/{first}"), "required", what)),
    }
}

/// The prospects that were named, each once.
fn named(ids: &[String]) -> Result<Vec<ProspectId>, Problem> {
    if ids.is_empty() {
        return Err(FieldError::at("/prospectIds", "required", "name at least one prospect").into());
    }
    if ids.len() > MOST_IDS {
        let detail = format!("At most {MOST_IDS} prospects are taken at once. Send them in parts.");
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_many_items",
            "Too many at once",
            detail,
        ));
    }
    let mut seen = std::collections::HashSet::new();
    let mut named = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let id: ProspectId = id_at(&format!("/prospectIds/{index}"), id)?;
        if seen.insert(id) {
            named.push(id);
        }
    }
    Ok(named)
}

fn id_at<T: FromStr<Err = domain::ids::InvalidId>>(pointer: &str, id: &str) -> Result<T, FieldError> {
    id.parse().map_err(|error: T::Err| FieldError::at(pointer, "invalid_id", error.to_string()))
}

fn read_words<T>(
    pointer: &str,
    words: &[String],
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, FieldError> {
    if words.is_empty() {
        return Err(FieldError::at(pointer, "required", "name at least one"));
    }
    let read = words.iter().enumerate().map(|(index, word)| {
        parse(word).ok_or_else(|| {
            let what = "this word is not known; see the description of the API";
            FieldError::at(format!("{pointer}/{index}"), "unknown_value", what)
        })
    });
    read.collect()
}

impl FilterFields {
    fn read(self) -> Result<ProspectFilter, FieldError> {
        let statuses = match self.status.as_slice() {
            [] => Vec::new(),
            words => read_words("/filter/status", words, ProspectStatus::parse)?,
        };
        let text = self.q.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
            return Err(FieldError::at("/filter/q", "too_long", "use at most 200 characters"));
        }
        Ok(ProspectFilter { statuses, text })
    }
}

impl From<Swept> for QueueChange {
    fn from(swept: Swept) -> Self {
        Self { changed: swept.changed, refused: swept.refused, results: Vec::new() }
    }
}

impl From<Outcomes> for QueueChange {
    fn from(outcomes: Outcomes) -> Self {
        let count = |wanted: fn(&Result<Change, QueueRefused>) -> bool| {
            outcomes.iter().filter(|(_, result)| wanted(result)).count() as u64
        };
        Self {
            changed: count(|result| *result == Ok(Change::Changed)),
            refused: count(Result::is_err),
            results: outcomes.into_iter().map(QueueResult::from).collect(),
        }
    }
}

impl From<(ProspectId, Result<Change, QueueRefused>)> for QueueResult {
    fn from((prospect, result): (ProspectId, Result<Change, QueueRefused>)) -> Self {
        let (word, refused) = match result {
            Ok(Change::Changed) => ("changed", None),
            Ok(Change::Unchanged) => ("unchanged", None),
            Err(refused) => ("refused", Some(refused)),
        };
        Self {
            prospect_id: prospect.to_string(),
            result: word,
            code: refused.map(code_of),
            reason: refused.map(|refused| refused.to_string()),
        }
    }
}

const fn code_of(refused: QueueRefused) -> &'static str {
    match refused {
        QueueRefused::NotFound => "not_found",
        QueueRefused::InCall => "already_in_call",
        QueueRefused::OutcomeUnknown => "outcome_unknown",
        QueueRefused::DoNotCall => "do_not_call",
        QueueRefused::InvalidNumber => "invalid_number",
        QueueRefused::NotInLine => "prospect_finished",
    }
}
