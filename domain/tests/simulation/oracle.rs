//! The judge: it knows the truth of the carrier and keeps a count of its own, and looks after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::budget::{Commitment, commitment};
use domain::call::Placement;
use domain::campaign::LostCallPolicy;
use domain::carrier_event::CarrierStatus;
use domain::money::Usd;
use domain::prospect::ProspectStatus;
use domain::statistics::Tally;
use jiff::civil::Date;

use super::node::Sending;
use super::rare::Rare;
use super::tables::{Arming, HOUR, MINUTE, SECOND, Tables, add};
use super::world::World;

/// What became of one arm, in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its request may still be made, or is on its way.
    Open,
    /// No call was made, and none will be.
    Never,
    /// The carrier made this call.
    Made(usize),
}

struct Armed {
    call: usize,
    campaign: usize,
    number: usize,
    day: Date,
    utc_day: Date,
    written: bool,
    fate: Fate,
}

pub struct Oracle {
    arms: Vec<Armed>,
    pub listed: BTreeSet<usize>,
    pub taken_off: BTreeSet<usize>,
    pub requeued: BTreeSet<usize>,
    pub paused: Vec<bool>,
    pub kill_switch: bool,
    rings: Vec<(usize, i64)>,
    checked: u64,
}

impl Oracle {
    pub fn new(tables: &Tables) -> Self {
        Self {
            arms: Vec::new(),
            listed: BTreeSet::new(),
            taken_off: BTreeSet::new(),
            requeued: BTreeSet::new(),
            paused: vec![false; tables.campaigns.len()],
            kill_switch: false,
            rings: Vec::new(),
            checked: 0,
        }
    }

    /// It is certain that this arm made no call.
    pub fn never(&mut self, arming: Arming) {
        if let Some(armed) = self.arms.get_mut(usize::try_from(arming.once).expect("an index")) {
            armed.fate = Fate::Never;
        }
    }

    /// A request of this attempt may still reach the carrier.
    pub fn may_still_be_made(&self, call: usize) -> bool {
        self.arms.iter().any(|armed| armed.call == call && armed.fate == Fate::Open)
    }
}

impl World {
    /// A call was just armed: were all promises kept, by what is true?
    pub fn check_arm(&mut self, call: usize, arming: Arming, day: Date, utc_day: Date) {
        let row = &self.tables.calls[call];
        let (campaign, number) = (row.campaign, row.number);
        assert_eq!(self.oracle.arms.len() as u64, arming.once, "arms are counted");
        if self.oracle.listed.contains(&number) {
            self.break_promise(format!("I6: call {call} was armed after the opt-out of number {number}"));
        }
        if self.oracle.paused[campaign] || self.oracle.kill_switch {
            self.break_promise(format!("I12: call {call} was armed after a pause or the kill switch"));
        }
        for armed in self.oracle.arms.iter().filter(|armed| armed.number == number) {
            let on = match armed.fate {
                Fate::Never => false,
                Fate::Open => true,
                Fate::Made(sid) => armed.call == call || !self.carrier[sid].is_over(),
            };
            let presumed = self.tables.calls[armed.call].call.placement == Placement::PresumedNotPlaced;
            if on && !(presumed && armed.call != call) {
                let other = armed.call;
                self.broken.get_or_insert(format!("I1: call {call} was armed while call {other} is on"));
            }
        }
        if self.tables.is_in_call(number, Some(call)) {
            self.break_promise(format!(
                "I1: call {call} was armed while number {number} is known to be in another"
            ));
        }
        let fate = Fate::Open;
        self.oracle.arms.push(Armed { call, campaign, number, day, utc_day, written: false, fate });
        self.check_limit(campaign, day);
        self.check_budgets(campaign, day, utc_day);
    }

    fn check_limit(&mut self, campaign: usize, day: Date) {
        let counts =
            |armed: &&Armed| armed.campaign == campaign && armed.day == day && armed.fate != Fate::Never;
        let armed = self.oracle.arms.iter().filter(counts).count();
        let limit = self.tables.campaigns[campaign].rules.daily_limit.calls();
        if armed > limit as usize {
            self.break_promise(format!("I2: {armed} calls of campaign {campaign} on {day}, limit {limit}"));
        }
    }

    fn check_budgets(&mut self, campaign: usize, day: Date, utc_day: Date) {
        let budgets = self.tables.campaigns[campaign].rules.budgets;
        let cost = |wanted: &dyn Fn(&Armed) -> bool| {
            let arms = self.oracle.arms.iter().filter(|armed| wanted(armed));
            arms.fold(Usd::ZERO, |sum, armed| sum + self.true_cost(armed))
        };
        let of_campaign = |armed: &Armed| armed.campaign == campaign;
        for (what, budget, cost) in [
            ("total", budgets.total, cost(&of_campaign)),
            ("day", budgets.per_day, cost(&|armed| of_campaign(armed) && armed.day == day)),
            ("workspace day", self.tables.workspace_budget, cost(&|armed| armed.utc_day == utc_day)),
        ] {
            if budget.is_some_and(|budget| cost > budget) {
                self.broken.get_or_insert(format!(
                    "I7: campaign {campaign} can cost {cost}, {what} budget {budget:?}"
                ));
            }
        }
    }

    /// What the carrier charges for it in the end, or the worst that it can.
    fn true_cost(&self, armed: &Armed) -> Usd {
        let quote = self.tables.quote;
        match armed.fate {
            Fate::Never => Usd::ZERO,
            Fate::Open => quote.worst_case,
            Fate::Made(sid) => match (self.carrier[sid].is_over(), self.carrier[sid].price) {
                (false, _) => quote.worst_case,
                (true, Some(price)) => price + quote.beside_the_price,
                (true, None) => Usd::ZERO,
            },
        }
    }

    pub fn check_first_byte(&mut self, sending: Sending) {
        if self.now - sending.armed_at > 5 * SECOND {
            self.break_promise(format!("I1: call {} was sent too long after it was armed", sending.call));
        }
        let once = usize::try_from(sending.arming.once).expect("an index");
        let again = |(index, armed): (usize, &Armed)| {
            armed.call == sending.call && armed.written && (index == once || armed.fate != Fate::Never)
        };
        if self.oracle.arms.iter().enumerate().any(again) {
            self.break_promise(format!("I1: a second request for call {}", sending.call));
        }
        self.oracle.arms[once].written = true;
    }

    pub fn check_creation(&mut self, sid: usize, sending: Sending) {
        self.oracle.arms[usize::try_from(sending.arming.once).expect("an index")].fate = Fate::Made(sid);
        let made = self.carrier.iter().filter(|carried| carried.attempt == sending.call).count();
        if made > 1 {
            self.break_promise(format!("I1: {made} calls at the carrier for call {}", sending.call));
        }
    }

    /// A phone begins to ring.
    pub fn ring_begins(&mut self, sid: usize) {
        let carried = &self.carrier[sid];
        let (call, number) = (carried.attempt, carried.number);
        let row = &self.tables.calls[call];
        let (campaign, prospect) = (row.campaign, row.prospect);
        self.note(|| format!("RING: number {number}, call {call}"));
        if self.oracle.taken_off.contains(&number) {
            self.visit(Rare::RungAfterRemoval);
        }
        if self.oracle.requeued.contains(&prospect) {
            self.visit(Rare::RequeuedAndRung);
        }
        if self.carrier[sid].queue_millis > self.longest_queue() {
            // The carrier told so and is asked to end it; where its reply was lost nobody can.
            if self.tables.calls[call].call.placement != Placement::Placed {
                self.visit(Rare::RangLateFromTheQueue);
            }
            return;
        }
        if !self.window_allows(campaign, self.now) {
            self.break_promise(format!("I3: call {call} rings outside the window"));
        }
        let now = self.now;
        let since = now - 24 * HOUR;
        self.oracle.rings.push((number, now));
        let rings = self.oracle.rings.iter().filter(|(rung, at)| *rung == number && *at > since).count();
        let cap = self.tables.cap.rings();
        if rings > cap as usize {
            self.break_promise(format!("I13: number {number} rang {rings} times in 24 hours, cap {cap}"));
        }
    }

    /// Nobody may conclude that a call was not placed before the last look is due.
    pub fn check_presumption(&mut self, call: usize) {
        let armed_at = self.tables.calls[call].armed_at.unwrap_or(self.now);
        if self.now - armed_at < 15 * MINUTE - 5 * SECOND {
            self.break_promise(format!("I1: call {call} was presumed not placed too soon"));
        }
    }

    /// Everything that is stored is counted anew from the calls.
    pub fn check_tables(&mut self) {
        if self.broken.is_some() || self.oracle.checked == self.tables.changes {
            return;
        }
        self.oracle.checked = self.tables.changes;
        if let Err(broken) = recount(&self.tables).and_then(|()| check_people(&self.tables)) {
            self.break_promise(broken);
        }
    }

    /// At the end all is known, and the same as the carrier knows.
    pub fn check_end(&mut self) {
        let mut broken = Vec::new();
        for (sid, carried) in self.carrier.iter().enumerate() {
            let row = &self.tables.calls[carried.attempt];
            let told = row.call.facts.ending.map(|ending| ending.status);
            let told_all = row.call.placement == Placement::Placed && row.sid == Some(sid);
            if !told_all || told != Some(carried.status) {
                broken.push(format!(
                    "I5: call {} is {told:?} to us and {:?} in truth",
                    carried.attempt, carried.status
                ));
            }
            let price_known =
                carried.price_known_at <= self.now && carried.status == CarrierStatus::Completed;
            if price_known && row.call.facts.price != carried.price {
                broken.push(format!("I7: the price of call {} never came", carried.attempt));
            }
        }
        for (call, row) in self.tables.calls.iter().enumerate() {
            let made = self.carrier.iter().any(|carried| carried.attempt == call);
            if row.call.is_live() || (row.call.placement == Placement::Placed) != made {
                broken.push(format!("I11: call {call} ends as {:?}", row.call.placement));
            }
        }
        for person in &self.tables.prospects {
            if !person.standing.status.is_final() && person.standing.due_at.is_none() {
                broken.push(format!("I11: a prospect ends as {:?}", person.standing.status));
            }
        }
        if let Some(first) = broken.into_iter().next() {
            self.break_promise(first);
        }
    }
}

fn recount(tables: &Tables) -> Result<(), String> {
    let mut used: BTreeMap<(usize, Date), i64> = BTreeMap::new();
    let mut money: BTreeMap<(usize, Option<Date>), Commitment> = BTreeMap::new();
    let mut workspace_money: BTreeMap<Date, Commitment> = BTreeMap::new();
    let mut tallies = vec![Tally::default(); tables.campaigns.len()];
    let mut live: BTreeMap<usize, u32> = BTreeMap::new();
    for (call, row) in tables.calls.iter().enumerate() {
        tallies[row.campaign] += Tally::of(&row.call);
        if row.call.holds_day_slot() {
            let day = row.day.ok_or_else(|| format!("I2: call {call} holds a slot of no day"))?;
            *used.entry((row.campaign, day)).or_default() += 1;
        }
        let cost = commitment(&row.call, tables.quote);
        add(money.entry((row.campaign, None)).or_default(), cost);
        if let (Some(day), Some(utc_day)) = (row.day, row.utc_day) {
            add(money.entry((row.campaign, Some(day))).or_default(), cost);
            add(workspace_money.entry(utc_day).or_default(), cost);
        }
        if row.call.is_live() && !row.was_presumed {
            *live.entry(row.number).or_default() += 1;
        }
    }
    same("I2: slots", &tables.used, used)?;
    same("I7: money of campaigns", &tables.money, money)?;
    same("I7: money of the workspace", &tables.workspace_money, workspace_money)?;
    if tallies != tables.tallies {
        return Err("I8: the counters are not what a recount says".to_owned());
    }
    match live.into_iter().find(|(_, calls)| *calls > 1) {
        Some((number, _)) => Err(format!("I1: number {number} is in two live calls")),
        None => Ok(()),
    }
}

/// What is stored is what was counted; a key that is missing says nothing.
fn same<K: Ord + Debug, V: Default + PartialEq + Debug>(
    what: &str,
    stored: &BTreeMap<K, V>,
    counted: BTreeMap<K, V>,
) -> Result<(), String> {
    let (nothing, is_something) = (V::default(), |(_, value): &(&K, &V)| **value != V::default());
    let differs = |(key, value): &(&K, &V)| stored.get(key).unwrap_or(&nothing) != *value;
    if let Some((key, value)) = counted.iter().find(differs) {
        return Err(format!("{what} of {key:?}: {:?} stored, {value:?} counted", stored.get(key)));
    }
    match stored.iter().filter(is_something).find(|(key, _)| !counted.contains_key(key)) {
        Some((key, value)) => Err(format!("{what} of {key:?}: {value:?} stored, nothing counted")),
        None => Ok(()),
    }
}

fn check_people(tables: &Tables) -> Result<(), String> {
    for (id, person) in tables.prospects.iter().enumerate() {
        let calls = tables.calls.iter().filter(|row| row.prospect == id);
        let spent = calls.filter(|row| row.call.spends_attempt()).count();
        if person.standing.attempts_spent as usize != spent {
            return Err(format!(
                "I8: prospect {id} spent {spent} attempts, {} are stored",
                person.standing.attempts_spent
            ));
        }
        let Some(last) = person.last_call.map(|call| &tables.calls[call]) else { continue };
        let status = person.standing.status;
        let lost = last.call.placement == Placement::Unknown;
        let held = tables.campaigns[person.campaign].rules.lost_calls == LostCallPolicy::Hold
            && last.call.placement == Placement::PresumedNotPlaced;
        let stuck = match status {
            ProspectStatus::InCall => !last.call.is_live() || lost,
            ProspectStatus::Held => !(lost || held),
            ProspectStatus::Ready | ProspectStatus::Waiting => {
                last.call.is_live() || person.standing.due_at.is_none()
            }
            _ => false,
        };
        if stuck {
            return Err(format!(
                "I11: prospect {id} is {status:?} after a call that is {:?}",
                last.call.placement
            ));
        }
    }
    Ok(())
}
