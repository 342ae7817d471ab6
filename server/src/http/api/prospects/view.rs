//! A prospect as the API shows it, with the answer to "why has this person not been called?".

use domain::budget::RateCard;
use domain::gate::{self, GateCheck, Verdict};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::api::words::{maybe_time, stored_json, time};
use crate::http::state::HttpState;
use crate::store::campaigns::CampaignRecord;
use crate::store::hold_facts::HoldFacts;
use crate::store::prospects::ProspectRecord;

/// A prospect.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Prospect)]
pub struct ProspectView {
    /// `pro_…`
    id: String,
    campaign_id: String,
    first_name: String,
    last_name: String,
    email: String,
    /// `+` and digits.
    #[schema(example = "+14155550123")]
    phone: String,
    company: String,
    title: String,
    /// `ready`, `in_call`, `waiting`, `held`, `done`, `exhausted`, `invalid`, `do_not_call` or `removed`.
    status: &'static str,
    /// How the last attempt ended.
    disposition: Option<&'static str>,
    /// Calls made so far.
    attempts: u32,
    /// `next`, `high`, `normal` or `low`.
    priority: &'static str,
    /// When they may be rung next.
    #[schema(format = DateTime)]
    due_at: Option<String>,
    last_call_id: Option<String>,
    /// Fields of your own.
    #[schema(value_type = Object)]
    metadata: Value,
    /// Why they are not rung at this instant; null when they may be.
    hold: Option<Hold>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Why somebody is not rung at this instant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hold {
    /// The stable name of what decides.
    #[schema(example = "window_closed")]
    reason: &'static str,
    /// The same for people, and what ends it.
    explanation: &'static str,
    /// Until when, where time alone can end it.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Every question asked before a call, in order, with its answer.
    gates: Vec<GateView>,
}

impl Hold {
    /// What decides and what ends it, for people.
    pub const fn explanation(&self) -> &'static str {
        self.explanation
    }

    /// Until when, where time alone can end it.
    pub fn until(&self) -> Option<Timestamp> {
        self.until.as_deref()?.parse().ok()
    }
}

/// One question asked before a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateView {
    #[schema(example = "calling_window")]
    gate: &'static str,
    /// `open`, `hold` or `never`.
    verdict: &'static str,
    reason: Option<&'static str>,
    explanation: Option<&'static str>,
    #[schema(format = DateTime)]
    until: Option<String>,
}

/// Prospects of one campaign as they stand now.
pub async fn views(
    state: &HttpState,
    campaign: &CampaignRecord,
    prospects: Vec<ProspectRecord>,
) -> Result<Vec<ProspectView>, Problem> {
    let now = state.actions.clock.now();
    let installation = &state.actions.installation;
    let facts = state.actions.store.hold_facts(campaign, &prospects, installation.means(), now).await?;
    let rates = &installation.rates;
    Ok(prospects.into_iter().map(|prospect| view(prospect, campaign, &facts, rates)).collect())
}

/// One prospect as they stand now.
pub async fn one(
    state: &HttpState,
    campaign: &CampaignRecord,
    prospect: ProspectRecord,
) -> Result<ProspectView, Problem> {
    let mut views = views(state, campaign, vec![prospect]).await?;
    views.pop().ok_or_else(Problem::internal)
}

fn view(
    prospect: ProspectRecord,
    campaign: &CampaignRecord,
    facts: &HoldFacts,
    rates: &RateCard,
) -> ProspectView {
    let hold = hold_of(&prospect, campaign, facts, rates);
    ProspectView {
        id: prospect.id.to_string(),
        campaign_id: prospect.campaign.to_string(),
        first_name: prospect.first_name,
        last_name: prospect.last_name,
        email: prospect.email,
        phone: prospect.phone.to_string(),
        company: prospect.company,
        title: prospect.title,
        status: prospect.status.as_str(),
        disposition: prospect.disposition.map(|disposition| disposition.as_str()),
        attempts: prospect.attempts,
        priority: prospect.priority.as_str(),
        // Those whom a clearing took out keep theirs for its undoing; it means nothing meanwhile.
        due_at: maybe_time(prospect.due_at.filter(|_| !prospect.status.is_final())),
        last_call_id: prospect.last_call.map(|id| id.to_string()),
        metadata: stored_json(&prospect.metadata),
        hold,
        created_at: time(prospect.created_at),
        updated_at: time(prospect.updated_at),
    }
}

/// Why a prospect is not rung at this instant; nothing when they may be.
pub fn hold_of(
    prospect: &ProspectRecord,
    campaign: &CampaignRecord,
    facts: &HoldFacts,
    rates: &RateCard,
) -> Option<Hold> {
    let gates = gate::examine(&facts.of(campaign, prospect, rates));
    hold(&gates)
}

fn hold(gates: &[GateCheck]) -> Option<Hold> {
    let (_, reason, explanation, until) = spelled(gate::verdict_of(gates));
    let gates = gates.iter().map(|check| {
        let (verdict, reason, explanation, until) = spelled(check.verdict);
        GateView { gate: check.gate.as_str(), verdict, reason, explanation, until: maybe_time(until) }
    });
    Some(Hold {
        reason: reason?,
        explanation: explanation?,
        until: maybe_time(until),
        gates: gates.collect(),
    })
}

type Spelled = (&'static str, Option<&'static str>, Option<&'static str>, Option<Timestamp>);

fn spelled(verdict: Verdict) -> Spelled {
    match verdict {
        Verdict::Dial => ("open", None, None, None),
        Verdict::Hold { reason, until } => ("hold", Some(reason.as_str()), Some(reason.explain()), until),
        Verdict::Never(reason) => ("never", Some(reason.as_str()), Some(reason.explain()), None),
    }
}
