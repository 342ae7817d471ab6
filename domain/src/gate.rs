//! May this prospect be rung at this instant? The one function behind dialer, API, page, explanation and forecast.
//!
//! Gates are asked in a fixed order and all of them are always answered, so that a person can be shown the whole
//! list. The verdict is the first `Never`, else the first `Hold`, else `Dial`. What is not known holds.

use std::time::Duration;

use jiff::Timestamp;

use crate::calling_window::Openness;
use crate::campaign::{CampaignRules, CampaignStatus};
use crate::prospect::ProspectStatus;

/// How long a window must stay open after a call is armed: what the carrier may take to begin dialing (its queue is
/// kept empty, so about half a minute) and a minute of margin. The ring must fall inside, not only the request.
pub const CLOSING_GUARD: Duration = Duration::from_secs(90);

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
    /// Is the number free of other calls?
    NumberFree,
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
            Self::NumberFree => "number_free",
        }
    }
}

/// Why a prospect is never rung again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NeverReason {
    /// The number is on the do-not-call list.
    DoNotCall,
    /// The prospect has a final answer already.
    Finished(ProspectStatus),
}

impl NeverReason {
    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DoNotCall => "do_not_call",
            Self::Finished(status) => status.as_str(),
        }
    }

    /// What it means, in plain words.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::DoNotCall => "The number is on the do-not-call list.",
            Self::Finished(ProspectStatus::Done) => "A call was answered; nothing more is to do.",
            Self::Finished(ProspectStatus::Exhausted) => {
                "Every attempt that the retry policy allows was made."
            }
            Self::Finished(ProspectStatus::Invalid) => "The number does not exist or cannot be rung.",
            Self::Finished(ProspectStatus::Removed) => "The prospect was taken off the campaign.",
            Self::Finished(_) => "The prospect is finished.",
        }
    }
}

/// Why a prospect is not rung now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// The database may have lost part of its history, and nobody is rung before it is reconciled.
    Quarantine,
    /// The campaign was never launched.
    CampaignDraft,
    /// The campaign is paused.
    CampaignPaused,
    /// The campaign is finished.
    CampaignCompleted,
    /// Dialing is switched off for the whole workspace.
    KillSwitch,
    /// An attempt is under way.
    InCall,
    /// The outcome of the last attempt is not known yet.
    OutcomeUnknown,
    /// The time of the next attempt has not come.
    NotDue,
    /// Outside the calling window.
    WindowClosed,
    /// The calling window closes too soon for the ring to fall inside it.
    WindowClosing,
    /// Today's limit is used up.
    DailyLimit,
    /// The number is in another call.
    NumberInCall,
}

impl HoldReason {
    /// The word of our API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantine => "quarantine",
            Self::CampaignDraft => "campaign_draft",
            Self::CampaignPaused => "campaign_paused",
            Self::CampaignCompleted => "campaign_completed",
            Self::KillSwitch => "kill_switch",
            Self::InCall => "in_call",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::NotDue => "not_due",
            Self::WindowClosed => "window_closed",
            Self::WindowClosing => "window_closing",
            Self::DailyLimit => "daily_limit",
            Self::NumberInCall => "number_in_call",
        }
    }

    /// What it means and what ends it, in plain words.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Quarantine => {
                "The database is older than what this server has done. Nobody is rung until the calls it forgot are found again and an administrator resumes."
            }
            Self::CampaignDraft => "The campaign was not launched yet. Launch it.",
            Self::CampaignPaused => "The campaign is paused. Resume it.",
            Self::CampaignCompleted => "The campaign is finished. Launch it again to ring new prospects.",
            Self::KillSwitch => "Dialing is switched off for everybody. Switch it on again.",
            Self::InCall => "A call to this prospect is under way.",
            Self::OutcomeUnknown => {
                "The carrier's answer to the last attempt was lost. Nobody is rung again on a guess: it is being looked for."
            }
            Self::NotDue => "The next attempt is planned for later.",
            Self::WindowClosed => "The calling window is closed.",
            Self::WindowClosing => "The calling window closes too soon for the phone to ring inside it.",
            Self::DailyLimit => "Today's limit of calls is used up.",
            Self::NumberInCall => "Another call to this number is under way.",
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
pub fn examine(facts: &GateFacts<'_>) -> [GateCheck; 9] {
    [
        (Gate::DoNotCall, do_not_call(facts)),
        (Gate::Quarantine, quarantine(facts)),
        (Gate::Prospect, prospect(facts)),
        (Gate::Campaign, campaign(facts)),
        (Gate::KillSwitch, kill_switch(facts)),
        (Gate::Due, due(facts)),
        (Gate::CallingWindow, calling_window(facts)),
        (Gate::DailyLimit, daily_limit(facts)),
        (Gate::NumberFree, number_free(facts)),
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

fn number_free(facts: &GateFacts<'_>) -> Verdict {
    if facts.number_in_call { hold(HoldReason::NumberInCall) } else { Verdict::Dial }
}
