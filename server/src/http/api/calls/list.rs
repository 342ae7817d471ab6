//! Lists of calls: filters, order, pages, and how many there are.

use std::str::FromStr;

use axum::extract::State;
use axum::response::Response;
use domain::call::CallStatus;
use domain::carrier_event::AnsweredBy;
use domain::experiment::Arm;
use domain::ids::{CampaignId, ProspectId};
use domain::reaction::Reaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::{CallView, shown};
use crate::http::{Problem, Query, json};

use crate::actions::users::Role;
use crate::http::api::prospects;
use crate::http::auth::Listener;
use crate::http::query::{
    CommaList, Cursor, DateRange, DateTimeParam, Limit, ListIdentity, Offset, Parsed, Position, SearchText,
};
use crate::http::state::HttpState;
use crate::store::call_list::{Begin, By, CallFilter, Order};

/// Room for a call in an answer: most need less.
const BYTES_OF_A_CALL: usize = 1_280;

/// Which calls to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct CallsQuery {
    /// Only of this campaign.
    #[param(value_type = Option<String>)]
    campaign_id: Option<Parsed<CampaignId>>,
    /// Only to this prospect.
    #[param(value_type = Option<String>)]
    prospect_id: Option<Parsed<ProspectId>>,
    /// Only with these statuses, separated by commas.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "busy,no-answer")]
    status: CommaList<StatusWord>,
    /// Only picked up by these, separated by commas; `machine` means every kind of machine.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "human")]
    answered_by: CommaList<AnswerWord>,
    /// Only those on which the person did one of these, separated by commas.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "opted_out")]
    reaction: CommaList<ReactionWord>,
    /// Only to people who were drawn for one of these arms of A/B tests, separated by commas. Needs `campaignId`.
    #[serde(default)]
    #[param(value_type = Option<String>, example = "B")]
    arm: CommaList<ArmWord>,
    /// Only made at or after this time.
    #[param(value_type = Option<String>)]
    from: Option<DateTimeParam>,
    /// Only made before this time, at most 366 days later.
    #[param(value_type = Option<String>)]
    to: Option<DateTimeParam>,
    /// Part of a number or of the prospect's name; not for listeners, who could find out numbers with it.
    #[param(value_type = Option<String>)]
    q: Option<SearchText>,
    /// `createdAt`, `duration` or `cost`, with a `-` before it from the largest on; newest first without. The last two
    /// need `campaignId`.
    #[param(value_type = Option<String>)]
    sort: Option<Parsed<SortWord>>,
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

/// One page of calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallList {
    calls: Vec<CallView>,
    /// How many the filters find.
    total: u64,
    /// There are more than `total`: counting stopped there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    total_is_capped: bool,
    limit: u64,
    offset: u64,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Lists calls.
#[utoipa::path(get, path = "/api/calls", tag = "calls", params(CallsQuery),
    responses((status = 200, body = CallList), (status = "4XX", body = Problem)))]
pub async fn list(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    Query(asked): Query<CallsQuery>,
) -> Result<Response, Problem> {
    let range = DateRange::new(asked.from, asked.to)?;
    let mut filter = CallFilter::of(visitor.actor.workspace);
    filter.campaign = asked.campaign_id.map(|Parsed(id)| id);
    if let Some(Parsed(id)) = asked.prospect_id {
        prospects::load(&state, &visitor, id).await?;
        filter.prospect = Some(id);
    }
    filter.statuses = asked.status.0.iter().map(|word| word.0).collect();
    filter.answered_by = asked.answered_by.0.iter().flat_map(|word| word.0.iter().copied()).collect();
    filter.reactions = asked.reaction.0.iter().map(|word| word.0).collect();
    filter.arms = asked.arm.0.iter().map(|word| word.0).collect();
    if !filter.arms.is_empty() && filter.campaign.is_none() {
        return Err(Problem::invalid_parameter(
            "arm",
            "an arm is one of a campaign: this needs `campaignId`",
        ));
    }
    if asked.q.is_some() && visitor.role == Role::Listener {
        return Err(Problem::forbidden());
    }
    filter.text = asked.q.as_ref().and_then(SearchText::text).map(str::to_owned);
    (filter.from, filter.to) = (range.from, range.to);
    let order = asked.sort.map_or(Order::NEWEST_FIRST, |sort| sort.0.0);
    if order.by != By::Made && filter.campaign.is_none() {
        return Err(Problem::invalid_parameter("sort", "this order needs `campaignId`"));
    }

    let key = &state.server.cursor_key;
    let list = ListIdentity {
        endpoint: "calls",
        workspace: &visitor.actor.workspace.to_string(),
        filters: &format!("{filter:?} {order:?}"),
    };
    let position = Position::<String>::new(asked.offset, asked.cursor.as_ref(), &list, key)?;
    let (begin, offset) = match position {
        Position::After(spot) => (Begin::Behind(spot.parse().map_err(|_| Problem::invalid_cursor())?), 0),
        Position::Skip(rows) => (Begin::Skip(rows), rows),
    };
    let limit = asked.limit.rows();
    let store = &state.actions.store;
    let (mut found, counted) =
        tokio::try_join!(store.calls(&filter, order, begin, limit + 1), store.count_calls(&filter))?;
    let counted = counted.ok_or_else(|| Problem::not_found("campaign"))?;
    let more = found.len() as u64 > limit;
    found.truncate(limit as usize);
    let last = found.last().filter(|_| more).map(|last| order.spot(last));
    let next_cursor = last.map(|spot| key.seal(&list, &spot.to_string())).transpose()?;
    let calls = shown(&state, &found, visitor.role).await?;
    let list =
        CallList { calls, total: counted.calls, total_is_capped: counted.capped, limit, offset, next_cursor };
    json::answer(&list, found.len() * BYTES_OF_A_CALL)
}

/// A call's status in a query.
#[derive(Debug, Clone, Copy)]
pub struct StatusWord(CallStatus);

impl FromStr for StatusWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        CallStatus::parse(word).map(Self).ok_or(
            "expected one of: queued, ringing, in-progress, completed, failed, busy, no-answer, canceled, unknown",
        )
    }
}

/// Who picked up, in a query: one answer, or several under one word.
#[derive(Debug, Clone)]
pub struct AnswerWord(Vec<AnsweredBy>);

impl FromStr for AnswerWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == "machine" {
            return Ok(Self(AnsweredBy::ALL.into_iter().filter(|by| by.is_machine()).collect()));
        }
        AnsweredBy::parse(word).map(|by| Self(vec![by])).ok_or(
            "expected one of: human, machine, machine_start, machine_end_beep, machine_end_silence, \
             machine_end_other, fax, unknown",
        )
    }
}

/// What a person did, in a query.
#[derive(Debug, Clone, Copy)]
pub struct ReactionWord(Reaction);

impl FromStr for ReactionWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Reaction::parse(word)
            .map(Self)
            .ok_or("expected one of: confirmed, abandoned, left_message, transferred, opted_out")
    }
}

/// An arm of an A/B test, in a query.
#[derive(Debug, Clone, Copy)]
pub struct ArmWord(Arm);

impl FromStr for ArmWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Arm::parse(word).map(Self).ok_or("expected a letter from A to H")
    }
}

/// An order in a query.
#[derive(Debug, Clone, Copy)]
pub struct SortWord(Order);

impl FromStr for SortWord {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Order::parse(word)
            .map(Self)
            .ok_or("expected createdAt, duration or cost, with or without a - before it")
    }
}
