//! From a snapshot to a plan: whom to ring now, why the others wait, and when to look again.
//!
//! Planning does no I/O and executing needs no further decision, except that every planned call passes its gates once
//! more, against fresh rows, in the transaction that arms it.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::budget::Funds;
use crate::campaign::{CampaignRules, CampaignStatus};
use crate::frequency::FrequencyCap;
use crate::gate::{self, GateFacts, HoldReason, Verdict};
use crate::ids::{CampaignId, ProspectId};
use crate::money::Usd;
use crate::phone_number::PhoneNumber;
use crate::prospect::ProspectStatus;

/// A prospect whose turn may have come.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub prospect: ProspectId,
    /// Their number.
    pub number: PhoneNumber,
    /// Where they stand.
    pub status: ProspectStatus,
    /// When they may be rung.
    pub due_at: Option<Timestamp>,
    /// Their number is on the do-not-call list.
    pub do_not_call: bool,
    /// Their number is in another call.
    pub number_in_call: bool,
    /// What a call to them can cost at worst; `None` when no rate is known.
    pub worst_case: Option<Usd>,
}

/// A campaign with those of its prospects whose turn comes first.
#[derive(Debug, Clone)]
pub struct CampaignSnapshot {
    /// Which.
    pub campaign: CampaignId,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Its rules.
    pub rules: CampaignRules,
    /// Slots of its current local day that are taken: armed calls and reserved ones.
    pub used_today: u32,
    /// Dialing is switched off for its workspace.
    pub kill_switch: bool,
    /// What is left of its budgets.
    pub funds: Funds,
    /// The database may have lost part of its history.
    pub quarantine: bool,
    /// What its voice says to anybody; whether a person's own words are there is asked when the call is armed.
    pub voice: Verdict,
    /// Due prospects in the order in which they are to be rung.
    pub candidates: Vec<Candidate>,
    /// When the first prospect who is not due yet becomes so.
    pub next_due_at: Option<Timestamp>,
}

/// Everything a plan is made from.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The instant it was taken.
    pub now: Timestamp,
    /// The campaigns that may ring, in a stable order.
    pub campaigns: Vec<CampaignSnapshot>,
    /// How many calls may start now, by pacing.
    pub capacity: usize,
}

/// One call to place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedCall {
    /// For which campaign.
    pub campaign: CampaignId,
    /// To whom.
    pub prospect: ProspectId,
}

/// Why a campaign rings nobody, or nobody more, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampaignHold {
    /// Which campaign.
    pub campaign: CampaignId,
    /// Why.
    pub reason: HoldReason,
    /// Until when, where time alone can end it.
    pub until: Option<Timestamp>,
}

/// What to do now, and when to think again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DialPlan {
    /// The calls to place, campaigns taking turns.
    pub calls: Vec<PlannedCall>,
    /// One entry for each campaign that holds prospects back.
    pub holds: Vec<CampaignHold>,
    /// More could be placed than the capacity allows.
    pub is_full: bool,
    /// The earliest instant at which a new plan can differ without any news.
    pub look_again_at: Option<Timestamp>,
}

/// Makes the plan of one instant.
pub fn plan(snapshot: &Snapshot) -> DialPlan {
    let mut plan = DialPlan::default();
    let mut queues: Vec<Queue<'_>> = snapshot.campaigns.iter().map(Queue::new).collect();
    let mut numbers_taken = HashSet::new();
    // Campaigns take turns, so that a long list cannot starve a short one; a round that adds nobody is the last.
    loop {
        let calls_before = plan.calls.len();
        for queue in &mut queues {
            if plan.calls.len() == snapshot.capacity {
                break;
            }
            plan.calls.extend(queue.next_call(snapshot.now, &mut numbers_taken));
        }
        if plan.calls.len() == calls_before {
            break;
        }
    }
    plan.is_full = plan.calls.len() == snapshot.capacity
        && queues.iter_mut().any(|queue| queue.next_call(snapshot.now, &mut numbers_taken).is_some());
    plan.holds = queues.iter().filter_map(|queue| queue.hold).collect();
    plan.look_again_at = queues.iter().filter_map(|queue| queue.look_again_at).min();
    plan
}

struct Queue<'a> {
    campaign: &'a CampaignSnapshot,
    next: usize,
    used_today: u32,
    funds: Funds,
    hold: Option<CampaignHold>,
    look_again_at: Option<Timestamp>,
}

impl<'a> Queue<'a> {
    fn new(campaign: &'a CampaignSnapshot) -> Self {
        Self {
            campaign,
            next: 0,
            used_today: campaign.used_today,
            funds: campaign.funds,
            hold: None,
            look_again_at: campaign.next_due_at,
        }
    }

    /// The next prospect whose gates are all open.
    fn next_call(&mut self, now: Timestamp, numbers_taken: &mut HashSet<&'a str>) -> Option<PlannedCall> {
        while let Some(candidate) = self.campaign.candidates.get(self.next) {
            let number_taken = numbers_taken.contains(candidate.number.as_str());
            let verdict = gate::decide(&GateFacts {
                now,
                campaign: self.campaign.status,
                rules: &self.campaign.rules,
                used_today: self.used_today,
                kill_switch: self.campaign.kill_switch,
                quarantine: self.campaign.quarantine,
                prospect: candidate.status,
                due_at: candidate.due_at,
                do_not_call: candidate.do_not_call,
                number_in_call: candidate.number_in_call || number_taken,
                // All of these are asked when the call is armed: until then other campaigns may ring the number, and time passes.
                lost_call_unlooked: false,
                frequency_cap: FrequencyCap::default(),
                recent_rings: &[],
                funds: self.funds,
                worst_case: candidate.worst_case,
                voice: self.campaign.voice,
                pace: Verdict::Dial,
            });
            self.next += 1;
            match verdict {
                Verdict::Dial => {
                    self.used_today = self.used_today.saturating_add(1);
                    self.funds = self.funds.after(candidate.worst_case.unwrap_or_default());
                    numbers_taken.insert(candidate.number.as_str());
                    return Some(PlannedCall {
                        campaign: self.campaign.campaign,
                        prospect: candidate.prospect,
                    });
                }
                Verdict::Hold { reason, until } => self.note_hold(reason, until),
                Verdict::Never(_) => {}
            }
        }
        None
    }

    fn note_hold(&mut self, reason: HoldReason, until: Option<Timestamp>) {
        self.look_again_at = self.look_again_at.into_iter().chain(until).min();
        self.hold.get_or_insert(CampaignHold { campaign: self.campaign.campaign, reason, until });
    }
}

#[cfg(test)]
mod tests;
