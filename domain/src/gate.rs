//! May this prospect be rung at this instant? The one function behind dialer, API, page, explanation and forecast.
//!
//! Gates are asked in a fixed order and all of them are always answered, so that a person can be shown the whole
//! list. The verdict is the first `Never`, else the first `Hold`, else `Dial`. What is not known holds.

mod reasons;

use std::time::Duration;

use jiff::Timestamp;

use crate::budget::Funds;
use crate::calling_window::{CampaignZone, Openness};
use crate::campaign::{CampaignRules, CampaignStatus};
use crate::frequency::FrequencyCap;
use crate::money::Usd;
use crate::prospect::ProspectStatus;

pub use reasons::{HoldReason, NeverReason};

/// How long a window must stay open after a call is armed: what the carrier may take to begin dialing (its queue is
/// kept empty, so about half a minute) and a minute of margin. The ring must fall inside, not only the request.
pub const CLOSING_GUARD: Duration = Duration::from_secs(90);

/// How long one more look at the carrier's list takes, with the questions that wait before it.
const TIME_TO_LOOK: Duration = Duration::from_secs(60);
/// How long a call may wait in the carrier's queue after its request; one that would wait longer is ended at once. Not the
/// whole guard: the request leaves up to five seconds after the arm, is on its way for half a minute at most, and clocks
/// differ by two seconds.
pub const LONGEST_QUEUE: Duration = Duration::from_secs(50);

/// One question asked before every call, in the order in which they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Must this number never be rung?
    DoNotCall,
    /// Is the history of this database complete?
    Quarantine,
    /// Is the prospect waiting to be rung at all?
    Prospect,
    /// Is the campaign running?
    Campaign,
    /// Is dialing switched on?
    KillSwitch,
    /// Has the time of the next attempt come?
    Due,
    /// Is the calling window open, and for long enough?
    CallingWindow,
    /// Is there room in today's limit?
    DailyLimit,
    /// Was the number rung seldom enough in the last day, over all campaigns?
    FrequencyCap,
    /// Is there money left for the worst that the call can cost?
    Budget,
    /// Is the number free of other calls?
    NumberFree,
    /// Is everything that they may hear there, where a service speaks it beforehand?
    Voice,
    /// Is it time for one more call, by the pace of the account, the caller id and the campaign?
    Pacing,
}

impl Gate {
    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DoNotCall => "do_not_call",
            Self::Quarantine => "quarantine",
            Self::Prospect => "prospect",
            Self::Campaign => "campaign",
            Self::KillSwitch => "kill_switch",
            Self::Due => "due",
            Self::CallingWindow => "calling_window",
            Self::DailyLimit => "daily_limit",
            Self::FrequencyCap => "frequency_cap",
            Self::Budget => "budget",
            Self::NumberFree => "number_free",
            Self::Voice => "voice",
            Self::Pacing => "pacing",
        }
    }
}

/// The answer of one gate, or of all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on: ring.
    Dial,
    /// Not now; `until` is the earliest instant at which the answer can change by itself.
    Hold {
        /// Why.
        reason: HoldReason,
        /// Until when, where time alone can end it.
        until: Option<Timestamp>,
    },
    /// Never again.
    Never(NeverReason),
}

/// Everything the gates need to know of one prospect at one instant.
#[derive(Debug, Clone, Copy)]
pub struct GateFacts<'a> {
    /// The instant.
    pub now: Timestamp,
    /// Where the campaign stands.
    pub campaign: CampaignStatus,
    /// Under which rules it rings.
    pub rules: &'a CampaignRules,
    /// Calls that hold a slot of the campaign's current local day.
    pub used_today: u32,
    /// Dialing is switched off for the workspace.
    pub kill_switch: bool,
    /// The database may have lost part of its history.
    pub quarantine: bool,
    /// Where the prospect stands.
    pub prospect: ProspectStatus,
    /// When the prospect may be rung next.
    pub due_at: Option<Timestamp>,
    /// The number is on the do-not-call list.
    pub do_not_call: bool,
    /// Another live call to the number exists.
    pub number_in_call: bool,
    /// A call to the number was presumed not to have been placed, and nobody looked again lately: it could still wait in
    /// the carrier's queue.
    pub lost_call_unlooked: bool,
    /// How often a number may ring in 24 hours.
    pub frequency_cap: FrequencyCap,
    /// When calls to the number, of any campaign, were armed that rang or may have rung; the last day is enough.
    pub recent_rings: &'a [Timestamp],
    /// What is left of the budgets.
    pub funds: Funds,
    /// What the call can cost at worst; `None` when no rate is known.
    pub worst_case: Option<Usd>,
    /// What the voice says; `Dial` where nothing is spoken beforehand, or where it is asked later.
    pub voice: Verdict,
    /// What the pace of account, caller id and campaign says; `Dial` where it is asked later.
    pub pace: Verdict,
}

/// One gate and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateCheck {
    /// The question.
    pub gate: Gate,
    /// Its answer.
    pub verdict: Verdict,
}

/// The verdict of all gates together.
pub fn decide(facts: &GateFacts<'_>) -> Verdict {
    verdict_of(&examine(facts))
}

/// The verdict that a list of answers amounts to.
pub fn verdict_of(checks: &[GateCheck]) -> Verdict {
    let first = |wanted: fn(&Verdict) -> bool| checks.iter().map(|check| check.verdict).find(wanted);
    first(|verdict| matches!(verdict, Verdict::Never(_)))
        .or_else(|| first(|verdict| matches!(verdict, Verdict::Hold { .. })))
        .unwrap_or(Verdict::Dial)
}

/// Every gate with its answer, in order.
pub fn examine(facts: &GateFacts<'_>) -> [GateCheck; 13] {
    [
        (Gate::DoNotCall, do_not_call(facts)),
        (Gate::Quarantine, quarantine(facts)),
        (Gate::Prospect, prospect(facts)),
        (Gate::Campaign, campaign(facts)),
        (Gate::KillSwitch, kill_switch(facts)),
        (Gate::Due, due(facts)),
        (Gate::CallingWindow, calling_window(facts)),
        (Gate::DailyLimit, daily_limit(facts)),
        (Gate::FrequencyCap, frequency_cap(facts)),
        (Gate::Budget, budget(facts)),
        (Gate::NumberFree, number_free(facts)),
        (Gate::Voice, facts.voice),
        (Gate::Pacing, facts.pace),
    ]
    .map(|(gate, verdict)| GateCheck { gate, verdict })
}

const fn hold(reason: HoldReason) -> Verdict {
    Verdict::Hold { reason, until: None }
}

fn do_not_call(facts: &GateFacts<'_>) -> Verdict {
    if facts.do_not_call { Verdict::Never(NeverReason::DoNotCall) } else { Verdict::Dial }
}

fn quarantine(facts: &GateFacts<'_>) -> Verdict {
    if facts.quarantine { hold(HoldReason::Quarantine) } else { Verdict::Dial }
}

fn prospect(facts: &GateFacts<'_>) -> Verdict {
    match facts.prospect {
        ProspectStatus::Ready | ProspectStatus::Waiting => Verdict::Dial,
        ProspectStatus::InCall => hold(HoldReason::InCall),
        ProspectStatus::Held => hold(HoldReason::OutcomeUnknown),
        ProspectStatus::DoNotCall => Verdict::Never(NeverReason::DoNotCall),
        finished => Verdict::Never(NeverReason::Finished(finished)),
    }
}

fn campaign(facts: &GateFacts<'_>) -> Verdict {
    match facts.campaign {
        CampaignStatus::Active => Verdict::Dial,
        CampaignStatus::Draft => hold(HoldReason::CampaignDraft),
        CampaignStatus::Paused => hold(HoldReason::CampaignPaused),
        CampaignStatus::Completed => hold(HoldReason::CampaignCompleted),
    }
}

fn kill_switch(facts: &GateFacts<'_>) -> Verdict {
    if facts.kill_switch { hold(HoldReason::KillSwitch) } else { Verdict::Dial }
}

fn due(facts: &GateFacts<'_>) -> Verdict {
    match facts.due_at {
        Some(due_at) if due_at > facts.now => {
            Verdict::Hold { reason: HoldReason::NotDue, until: Some(due_at) }
        }
        _ => Verdict::Dial,
    }
}

fn calling_window(facts: &GateFacts<'_>) -> Verdict {
    let CampaignRules { zone, windows, .. } = facts.rules;
    match windows.openness(facts.now, zone) {
        Openness::Closed { next_open } => {
            Verdict::Hold { reason: HoldReason::WindowClosed, until: next_open }
        }
        Openness::Open { until } if stays_open_for(CLOSING_GUARD, facts.now, until) => Verdict::Dial,
        Openness::Open { until } => {
            let next_open = match windows.openness(until, zone) {
                Openness::Closed { next_open } => next_open,
                Openness::Open { .. } => Some(until),
            };
            Verdict::Hold { reason: HoldReason::WindowClosing, until: next_open }
        }
    }
}

fn stays_open_for(guard: Duration, now: Timestamp, until: Timestamp) -> bool {
    now.checked_add(guard).is_ok_and(|end_of_guard| end_of_guard <= until)
}

fn daily_limit(facts: &GateFacts<'_>) -> Verdict {
    if facts.rules.daily_limit.remaining(facts.used_today) > 0 {
        return Verdict::Dial;
    }
    let until = facts.rules.zone.next_midnight(facts.now);
    Verdict::Hold { reason: HoldReason::DailyLimit, until: Some(until) }
}

fn frequency_cap(facts: &GateFacts<'_>) -> Verdict {
    match facts.frequency_cap.free_at(facts.recent_rings, facts.now) {
        None => Verdict::Dial,
        until => Verdict::Hold { reason: HoldReason::FrequencyCap, until },
    }
}

fn budget(facts: &GateFacts<'_>) -> Verdict {
    let Funds { total, day, workspace_day } = facts.funds;
    if !facts.funds.are_bounded() {
        return Verdict::Dial;
    }
    let Some(worst_case) = facts.worst_case else { return hold(HoldReason::NoRate) };
    let short = |left: Option<Usd>| left.is_some_and(|left| left < worst_case);
    let until = |midnight| Verdict::Hold { reason: HoldReason::DailyBudget, until: Some(midnight) };
    if short(total) {
        hold(HoldReason::Budget)
    } else if short(day) {
        until(facts.rules.zone.next_midnight(facts.now))
    } else if short(workspace_day) {
        until(CampaignZone::utc().next_midnight(facts.now))
    } else {
        Verdict::Dial
    }
}

fn number_free(facts: &GateFacts<'_>) -> Verdict {
    if facts.number_in_call {
        hold(HoldReason::NumberInCall)
    } else if facts.lost_call_unlooked {
        Verdict::Hold { reason: HoldReason::OutcomeUnknown, until: facts.now.checked_add(TIME_TO_LOOK).ok() }
    } else {
        Verdict::Dial
    }
}

#[cfg(test)]
mod tests;
