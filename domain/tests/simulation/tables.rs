//! The database in memory: rows, their constraints, and what follows from a change of a call in the same transaction.

use std::collections::{BTreeMap, BTreeSet};

use domain::budget::{Commitment, Funds, Quote, commitment};
use domain::call::{Call, CallStatus, Placement};
use domain::calling_window::CampaignZone;
use domain::campaign::{CampaignRules, CampaignStatus};
use domain::frequency::FrequencyCap;
use domain::money::Usd;
use domain::pacing::{Pace, Pacing};
use domain::prospect::{ProspectStatus, Standing};
use domain::statistics::Tally;
use jiff::Timestamp;
use jiff::civil::Date;

use super::mutant::Mutant;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

/// When the looks for a call whose answer was lost are due, after it was armed.
const LOOKS: [i64; 3] = [MINUTE, 5 * MINUTE, 15 * MINUTE];
/// Questions about a call gone quiet.
const QUIET: [i64; 5] = [MINUTE, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];
/// Questions about the price of a call that is over.
const PRICE: [i64; 5] = [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR];
pub const RING_TIMEOUT: i64 = 25 * SECOND;

pub struct Campaign {
    pub status: CampaignStatus,
    pub rules: CampaignRules,
    pub pace: Pace,
}

pub struct Prospect {
    pub campaign: usize,
    pub number: usize,
    pub standing: Standing,
    pub attempts: u32,
    pub last_call: Option<usize>,
}

/// Who armed a call: one process, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arming {
    pub run: u64,
    pub once: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub campaign: usize,
    pub prospect: usize,
    pub number: usize,
    pub attempt: u32,
    pub call: Call,
    pub reserved_at: i64,
    pub not_before: Option<i64>,
    pub day: Option<Date>,
    pub utc_day: Option<Date>,
    pub armed_by: Option<Arming>,
    pub armed_at: Option<i64>,
    pub sid: Option<usize>,
    pub end_requested_at: Option<i64>,
    pub next_poll_at: Option<i64>,
    pub polls: u32,
    pub looks: u32,
    pub was_presumed: bool,
}

/// What makes a piece of news the same as another.
pub type ContentKey = (usize, u8, u8, Option<u32>, Option<i64>, Option<u8>);

pub struct Tables {
    pub campaigns: Vec<Campaign>,
    pub prospects: Vec<Prospect>,
    pub calls: Vec<Row>,
    pub do_not_call: BTreeSet<usize>,
    pub kill_switch: bool,
    pub events: BTreeSet<ContentKey>,
    pub used: BTreeMap<(usize, Date), i64>,
    pub money: BTreeMap<(usize, Option<Date>), Commitment>,
    pub workspace_money: BTreeMap<Date, Commitment>,
    pub tallies: Vec<Tally>,
    pub account_pacing: Pacing,
    pub account_pace: Pace,
    pub workspace_budget: Option<Usd>,
    pub cap: FrequencyCap,
    pub quote: Quote,
    pub mutant: Option<Mutant>,
    /// Counts transactions that changed a call, so that a recount is made once for each.
    pub changes: u64,
    pub last_changed: usize,
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).expect("a time of this century")
}

impl Tables {
    /// Adds a reserved call; `None` when its number or its prospect is in a live call already.
    pub fn reserve(&mut self, prospect: usize, now: i64) -> Option<usize> {
        let Prospect { campaign, number, .. } = self.prospects[prospect];
        if self.is_in_call(number, None)
            || self.calls.iter().any(|row| row.prospect == prospect && row.call.is_live())
        {
            return None;
        }
        let id = self.calls.len();
        let person = &mut self.prospects[prospect];
        person.attempts += 1;
        person.standing.status = ProspectStatus::InCall;
        person.last_call = Some(id);
        let row = Row {
            campaign,
            prospect,
            number,
            attempt: person.attempts,
            call: Call::reserved(),
            reserved_at: now,
            not_before: Some(now),
            day: None,
            utc_day: None,
            armed_by: None,
            armed_at: None,
            sid: None,
            end_requested_at: None,
            next_poll_at: None,
            polls: 0,
            looks: 0,
            was_presumed: false,
        };
        self.tallies[campaign] += Tally::of(&row.call);
        self.calls.push(row);
        self.changes += 1;
        self.last_changed = id;
        Some(id)
    }

    pub fn is_in_call(&self, number: usize, except: Option<usize>) -> bool {
        let mut calls = self.calls.iter().enumerate();
        calls.any(|(id, row)| row.number == number && Some(id) != except && row.call.is_live())
    }

    /// Changes a call, and everything that follows from the difference.
    pub fn change<R>(&mut self, id: usize, now: i64, with: impl FnOnce(&mut Row) -> R) -> R {
        let before = self.calls[id].clone();
        let answer = with(&mut self.calls[id]);
        if self.calls[id] != before {
            self.settle(id, &before, now);
        }
        answer
    }

    fn settle(&mut self, id: usize, before: &Row, now: i64) {
        self.changes += 1;
        self.last_changed = id;
        schedule(before, &mut self.calls[id], now, self.mutant);
        let after = &self.calls[id];
        let person = &mut self.prospects[after.prospect];
        person.standing.follow(
            &before.call,
            &after.call,
            person.last_call == Some(id),
            after.not_before.map(at),
            &self.campaigns[after.campaign].rules,
            at(now),
        );
        let (held, holds) = (before.call.holds_day_slot(), after.call.holds_day_slot());
        // An attempt that was not sent may be armed again on a later day.
        let day = if holds { after.day } else { before.day };
        if let (true, Some(day)) = (held != holds, day) {
            *self.used.entry((after.campaign, day)).or_default() += if holds { 1 } else { -1 };
        }
        let difference = Tally::of(&after.call) - Tally::of(&before.call);
        self.tallies[after.campaign] += difference;
        self.settle_money(id, before);
    }

    fn settle_money(&mut self, id: usize, before: &Row) {
        let after = &self.calls[id];
        let (old, new) = (commitment(&before.call, self.quote), commitment(&after.call, self.quote));
        if old == new {
            return;
        }
        let campaign = after.campaign;
        let mut change = Commitment { held: new.held - old.held, spent: new.spent - old.spent };
        let priced = before.call.facts.price.is_none() && after.call.facts.price.is_some();
        if self.mutant == Some(Mutant::BudgetBackTwice) && priced {
            change.held = change.held - self.quote.worst_case;
        }
        let armed = before.call.placement == Placement::Reserved;
        let (day, utc_day) = if armed { (after.day, after.utc_day) } else { (before.day, before.utc_day) };
        for key in [None, day] {
            add(self.money.entry((campaign, key)).or_default(), change);
        }
        if let Some(day) = utc_day {
            add(self.workspace_money.entry(day).or_default(), change);
        }
    }

    pub fn used_on(&self, campaign: usize, day: Date) -> u32 {
        let used = self.used.get(&(campaign, day)).copied().unwrap_or(0);
        u32::try_from(used).unwrap_or(0)
    }

    /// What is left of the budgets of a campaign at `now`.
    pub fn funds(&self, campaign: usize, now: Timestamp) -> Funds {
        let CampaignRules { zone, budgets, .. } = &self.campaigns[campaign].rules;
        let left = |budget: Option<Usd>, taken: Option<&Commitment>| {
            let Commitment { held, spent } = taken.copied().unwrap_or_default();
            budget.map(|budget| budget - held - spent)
        };
        Funds {
            total: left(budgets.total, self.money.get(&(campaign, None))),
            day: left(budgets.per_day, self.money.get(&(campaign, Some(zone.local_date(now))))),
            workspace_day: left(
                self.workspace_budget,
                self.workspace_money.get(&CampaignZone::utc().local_date(now)),
            ),
        }
    }

    /// When calls to the number were armed that rang or may have rung.
    pub fn recent_rings(&self, number: usize, now: Timestamp) -> Vec<Timestamp> {
        let since = FrequencyCap::counts_since(now);
        let counted = self.calls.iter().filter(|row| row.number == number && row.call.holds_day_slot());
        counted.filter_map(|row| row.armed_at.map(at)).filter(|armed| *armed > since).collect()
    }

    /// Calls that are on, in all and of one campaign.
    pub fn calls_on(&self, campaign: usize) -> (u32, u32) {
        let on = |row: &&Row| row.call.is_live() && row.call.placement != Placement::Reserved;
        let of_campaign = |row: &&Row| row.campaign == campaign;
        let count = |calls: usize| u32::try_from(calls).expect("few calls");
        let all = self.calls.iter().filter(on);
        (count(all.clone().count()), count(all.filter(of_campaign).count()))
    }
}

/// Adds to a sum of money.
pub fn add(to: &mut Commitment, change: Commitment) {
    to.held = to.held + change.held;
    to.spent = to.spent + change.spent;
}

/// When the next look for a lost call is due; one that somebody wanted sooner is none.
pub fn look_due_at(row: &Row) -> i64 {
    row.armed_at.unwrap_or(0) + LOOKS[(row.looks as usize).min(LOOKS.len() - 1)]
}

#[derive(PartialEq, Eq)]
enum Waiting {
    Trace,
    End,
    Price,
    Nothing,
}

/// Sets when to ask the carrier next, after a change.
fn schedule(before: &Row, after: &mut Row, now: i64, mutant: Option<Mutant>) {
    let waiting = waiting_for(after);
    if waiting != waiting_for(before) {
        (after.polls, after.looks) = (0, 0);
    } else if after.polls == before.polls {
        return;
    }
    let asked = after.polls as usize;
    let wait = match waiting {
        // What the carrier did not answer is asked again and is no look.
        Waiting::Trace if mutant == Some(Mutant::FailedLooksCount) => LOOKS.get(asked).copied(),
        Waiting::Trace => Some((look_due_at(after) - now).max(if asked == 0 { 0 } else { MINUTE })),
        Waiting::End if asked == 0 => Some(RING_TIMEOUT + QUIET[0]),
        Waiting::End => Some(QUIET[asked.min(QUIET.len() - 1)]),
        Waiting::Price => PRICE.get(asked).copied(),
        Waiting::Nothing => None,
    };
    let next = wait.map(|wait| now + wait);
    let ending = after.end_requested_at.filter(|_| after.call.is_live() && asked == 0);
    after.next_poll_at = [next, ending].into_iter().flatten().min();
}

fn waiting_for(row: &Row) -> Waiting {
    match row.call.placement {
        Placement::Unknown => Waiting::Trace,
        Placement::Placed if row.call.is_live() => Waiting::End,
        Placement::Placed if row.call.status() == CallStatus::Completed && row.call.facts.price.is_none() => {
            Waiting::Price
        }
        _ => Waiting::Nothing,
    }
}
