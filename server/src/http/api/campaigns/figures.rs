//! Figures of one campaign: statistics and the schedule, both in constant time.

use axum::Json;
use axum::extract::State;
use domain::budget::Funds;
use domain::calling_window::Openness;
use domain::campaign::{CampaignRules, CampaignStatus};
use domain::frequency::FrequencyCap;
use domain::gate::{self, GateFacts, Verdict};
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use domain::money::Usd;
use domain::prospect::ProspectStatus;
use domain::statistics::Tally;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::hours::{Week, Window, same_every_day};
use super::load;
use crate::http::api::campaigns::spending::Spending;
use crate::http::api::words::maybe_time;
use crate::http::auth::Analyst;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::store::budgets::BudgetScope;

/// What became of the calls, in numbers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    total: i64,
    queued: i64,
    ringing: i64,
    in_progress: i64,
    completed: i64,
    failed: i64,
    busy: i64,
    no_answer: i64,
    canceled: i64,
    /// Calls whose answer from the carrier was lost.
    unknown: i64,
    answered_by_human: i64,
    answered_by_machine: i64,
    /// Said yes.
    confirmed: i64,
    /// Asked for a person and got none.
    abandoned: i64,
    /// Left a message.
    left_message: i64,
    /// Were put through to a person.
    transferred: i64,
    /// Want no more calls.
    opted_out: i64,
    /// The share of completed calls that a person picked up, 0 to 1.
    human_rate: f64,
    /// The share of completed calls that a machine picked up, 0 to 1.
    machine_rate: f64,
    /// Seconds of audio per completed call.
    average_duration: f64,
    /// Seconds of audio in all completed calls.
    total_duration: i64,
    /// US dollars as a decimal.
    #[schema(example = "1.2600")]
    total_cost: String,
    /// The same by the campaign's calendar day on which the calls were made; only with the totals.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    by_day: Vec<DayStatistics>,
}

/// What became of the calls of one day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayStatistics {
    /// The campaign's calendar day.
    #[schema(example = "2026-03-02")]
    day: String,
    #[serde(flatten)]
    #[schema(no_recursion)]
    statistics: Statistics,
}

impl Statistics {
    fn of(tally: &Tally) -> Self {
        Self {
            total: tally.total,
            queued: tally.queued,
            ringing: tally.ringing,
            in_progress: tally.in_progress,
            completed: tally.completed,
            failed: tally.failed,
            busy: tally.busy,
            no_answer: tally.no_answer,
            canceled: tally.canceled,
            unknown: tally.unknown,
            answered_by_human: tally.answered_by_human,
            answered_by_machine: tally.answered_by_machine,
            confirmed: tally.confirmed,
            abandoned: tally.abandoned,
            left_message: tally.left_message,
            transferred: tally.transferred,
            opted_out: tally.opted_out,
            human_rate: tally.human_rate().unwrap_or(0.0),
            machine_rate: tally.machine_rate().unwrap_or(0.0),
            average_duration: tally.average_duration_seconds().unwrap_or(0.0),
            total_duration: tally.total_duration_seconds,
            total_cost: Usd::from_micros(tally.total_cost_micros).to_string(),
            by_day: Vec::new(),
        }
    }
}

/// Statistics of a campaign, in total and by day.
#[utoipa::path(get, path = "/api/campaigns/{id}/stats", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = Statistics), (status = "4XX", body = Problem)))]
pub async fn stats(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<Statistics>, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let store = &state.actions.store;
    let (total, days) = tokio::try_join!(store.tally(id), store.tally_by_day(id, &campaign.rules.zone))?;
    let by_day = days
        .into_iter()
        .map(|(day, tally)| DayStatistics { day: day.to_string(), statistics: Statistics::of(&tally) });
    Ok(Json(Statistics { by_day: by_day.collect(), ..Statistics::of(&total) }))
}

/// When a campaign may ring.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The zone of its hours and its days.
    #[schema(example = "America/New_York")]
    timezone: String,
    /// The window of every day, where all days are alike.
    window: Option<Window>,
    /// The windows of each weekday.
    calling_windows: Week,
    /// Calls on one of its days.
    daily_call_limit: u32,
    /// Calls that count against today's limit.
    calls_today: u32,
    /// Money that its calls committed, from the first to the last.
    spending: Spending,
    /// Money that its calls committed on its current day.
    spending_today: Spending,
    /// Calls that today's limit still allows.
    remaining: u32,
    /// The window is open at this instant.
    open_now: bool,
    /// Until when it is open.
    #[schema(format = DateTime)]
    open_until: Option<String>,
    /// The first instant at which both the window and the limit allow a call; now, when they do. Null when they never
    /// will, as with a limit of 0. Whether the campaign runs is not asked.
    #[schema(format = DateTime)]
    next_available_time: Option<String>,
    /// When the limit begins to count anew.
    #[schema(format = DateTime)]
    resets_at: Option<String>,
}

/// When a campaign may ring: window, limit, calls today, and the next possible time.
#[utoipa::path(get, path = "/api/campaigns/{id}/schedule", tag = "campaigns", params(("id" = String, Path)),
    responses((status = 200, body = Schedule), (status = "4XX", body = Problem)))]
pub async fn schedule(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Json<Schedule>, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let now = state.actions.clock.now();
    let rules = &campaign.rules;
    let (store, today) = (&state.actions.store, rules.zone.local_date(now));
    let used = store.used_on(id, today).await?;
    let open_until = match rules.windows.openness(now, &rules.zone) {
        Openness::Open { until } => Some(until),
        Openness::Closed { .. } => None,
    };
    Ok(Json(Schedule {
        timezone: rules.zone.name().to_owned(),
        window: same_every_day(&rules.windows),
        calling_windows: Week::of(&rules.windows),
        daily_call_limit: rules.daily_limit.calls(),
        calls_today: used,
        spending: store.committed(BudgetScope::Campaign(id)).await?.into(),
        spending_today: store.committed(BudgetScope::CampaignDay(id, today)).await?.into(),
        remaining: rules.daily_limit.remaining(used),
        open_now: open_until.is_some(),
        open_until: maybe_time(open_until),
        next_available_time: maybe_time(next_available(rules, used, now)),
        resets_at: maybe_time(Some(DailyLimit::resets_at(now, &rules.zone))),
    }))
}

/// The first instant from `now` on at which window and limit allow a call.
pub fn next_available(rules: &CampaignRules, used_today: u32, now: Timestamp) -> Option<Timestamp> {
    if rules.daily_limit.is_paused() {
        return None;
    }
    let today = rules.zone.local_date(now);
    let mut at = now;
    // Each step passes a closed window or a used-up day; a week holds fewer of both than this.
    for _ in 0..400 {
        let used_today = if rules.zone.local_date(at) == today { used_today } else { 0 };
        let verdict = gate::decide(&GateFacts {
            now: at,
            campaign: CampaignStatus::Active,
            rules,
            used_today,
            kill_switch: false,
            quarantine: false,
            prospect: ProspectStatus::Ready,
            due_at: None,
            do_not_call: false,
            number_in_call: false,
            // What one number or the money allows is not a matter of the schedule.
            lost_call_unlooked: false,
            frequency_cap: FrequencyCap::default(),
            recent_rings: &[],
            funds: Funds::UNBOUNDED,
            worst_case: None,
            voice: Verdict::Dial,
            pace: Verdict::Dial,
        });
        match verdict {
            Verdict::Dial => return Some(at),
            Verdict::Hold { until: Some(until), .. } if until > at => at = until,
            _ => return None,
        }
    }
    None
}
