//! What people do, and what breaks by itself: pauses, switches, limits, opt-outs; outages, storms, clocks.

use domain::call::{Finding, Placement};
use domain::gate;
use domain::prospect::ProspectStatus;

use super::rare::Rare;
use super::setting;
use super::tables::{HOUR, MINUTE, SECOND, at};
use super::world::{Event, World};

impl World {
    /// Somebody does something, more often than not about what happened last.
    pub fn person(&mut self) {
        if self.is_calm() {
            return;
        }
        self.act();
        let soon = self.random.chance(300);
        let next =
            if soon { self.random.between(100, MINUTE) } else { self.random.between(10 * MINUTE, 4 * HOUR) };
        self.schedule(self.now + next, Event::Person);
    }

    /// At the worst moment: right between two parts of a server's work.
    pub fn meddle(&mut self) {
        if self.random.chance(self.faults.meddling) {
            let moment = self.random.between(1, 100);
            self.schedule(self.now + moment, Event::Meddle);
        }
    }

    pub fn act(&mut self) {
        if self.is_calm() || self.tables.calls.is_empty() {
            return;
        }
        let call = if self.random.chance(700) {
            self.tables.last_changed
        } else {
            usize::try_from(self.random.below(self.tables.calls.len() as u64)).expect("an index")
        };
        let campaign = self.tables.calls[call].campaign;
        match self.random.below(21) {
            0 | 1 => self.pause_by_hand(campaign),
            2..=4 => self.resume(campaign),
            5 => self.switch(true),
            6..=8 => self.switch(false),
            9 => self.set_limit(campaign),
            10 => self.set_budget(campaign),
            11 | 12 => self.opt_out(self.tables.calls[call].number),
            13 | 14 => self.remove_opt_out(),
            15 | 16 => self.requeue(self.tables.calls[call].prospect),
            17 => self.end_by_hand(call),
            18 => self.looked_at(self.lost_call().unwrap_or(call), 6),
            _ => self.settle_by_hand(call),
        }
        self.ring();
    }

    fn pause_by_hand(&mut self, campaign: usize) {
        let armed =
            |row: &super::tables::Row| row.campaign == campaign && row.call.placement == Placement::Armed;
        if self.tables.calls.iter().any(armed) {
            self.visit(Rare::PauseWhileArmed);
        }
        self.pause(campaign);
    }

    fn resume(&mut self, campaign: usize) {
        if let Ok(status) = self.tables.campaigns[campaign].status.resume() {
            self.tables.campaigns[campaign].status = status;
            self.oracle.paused[campaign] = false;
            self.note(|| format!("campaign {campaign} runs"));
        }
    }

    fn switch(&mut self, stopped: bool) {
        self.tables.kill_switch = stopped;
        self.oracle.kill_switch = stopped;
        self.note(|| format!("kill switch: {stopped}"));
    }

    fn set_limit(&mut self, campaign: usize) {
        let limit = setting::limit(&mut self.random);
        let rules = &mut self.tables.campaigns[campaign].rules;
        rules.daily_limit = limit;
        let today = rules.zone.local_date(at(self.now));
        self.note(|| format!("campaign {campaign}: limit {}", limit.calls()));
        if self.tables.used_on(campaign, today) > limit.calls() {
            self.visit(Rare::LimitLoweredBelowUsed);
        }
    }

    fn set_budget(&mut self, campaign: usize) {
        let budget = self.random.chance(700).then(|| setting::budget(&mut self.random));
        match self.random.below(3) {
            0 => self.tables.campaigns[campaign].rules.budgets.total = budget,
            1 => self.tables.campaigns[campaign].rules.budgets.per_day = budget,
            _ => self.tables.workspace_budget = budget,
        }
        let funds = self.tables.funds(campaign, at(self.now));
        let short =
            |left: Option<domain::money::Usd>| left.is_some_and(|left| left < domain::money::Usd::ZERO);
        if short(funds.total) || short(funds.day) || short(funds.workspace_day) {
            self.visit(Rare::BudgetLoweredBelowSpent);
        }
    }

    /// The number is never rung again; what is under way and was not picked up is ended.
    fn opt_out(&mut self, number: usize) {
        self.note(|| format!("number {number} opts out"));
        let now = self.now;
        for call in 0..self.tables.calls.len() {
            let row = &self.tables.calls[call];
            if row.number != number || !row.call.is_live() {
                continue;
            }
            match row.call.placement {
                Placement::Reserved => self.visit(Rare::OptOutWhileReserved),
                Placement::Armed => self.visit(Rare::OptOutWhileArmed),
                Placement::Unknown => self.visit(Rare::OptOutWhileUnknown),
                _ if row.call.facts.answered_at.is_none() => self.visit(Rare::OptOutWhileRinging),
                _ => {}
            }
            // The row stays: this mutant asks nobody when it arms.
            let kept = self.mutant == Some(super::mutant::Mutant::OptOutOnlyPlanned);
            self.tables.change(call, now, |row| {
                if !(kept || row.call.release(at(now))) && row.call.facts.answered_at.is_none() {
                    row.end_requested_at = row.end_requested_at.or(Some(now));
                    row.next_poll_at = Some(now);
                }
            });
        }
        for person in self.tables.prospects.iter_mut().filter(|person| person.number == number) {
            if !person.standing.status.is_sticky() {
                (person.standing.status, person.standing.due_at) = (ProspectStatus::DoNotCall, None);
            }
        }
        self.tables.do_not_call.insert(number);
        self.oracle.listed.insert(number);
    }

    /// An admin takes a number off the list, and puts its people back in line where nobody rings them.
    fn remove_opt_out(&mut self) {
        let Some(number) = self.tables.do_not_call.iter().next().copied() else { return };
        self.note(|| format!("number {number} is taken off the list"));
        self.tables.do_not_call.remove(&number);
        self.oracle.listed.remove(&number);
        self.oracle.taken_off.insert(number);
        let now = at(self.now);
        let calls = &self.tables.calls;
        for person in self.tables.prospects.iter_mut().filter(|person| person.number == number) {
            let in_call = person.last_call.is_some_and(|call| calls[call].call.is_live());
            if person.standing.status == ProspectStatus::DoNotCall && !in_call {
                (person.standing.status, person.standing.due_at) = (ProspectStatus::Ready, Some(now));
            }
        }
    }

    fn requeue(&mut self, prospect: usize) {
        let person = &mut self.tables.prospects[prospect];
        let rests = matches!(
            person.standing.status,
            ProspectStatus::Exhausted | ProspectStatus::Waiting | ProspectStatus::Done
        );
        if rests {
            (person.standing.status, person.standing.due_at) = (ProspectStatus::Waiting, Some(at(self.now)));
            self.oracle.requeued.insert(prospect);
            self.resume(self.tables.prospects[prospect].campaign);
            self.note(|| format!("prospect {prospect} is put back in line"));
        }
    }

    fn end_by_hand(&mut self, call: usize) {
        if self.tables.calls[call].call.placement == Placement::Reserved {
            self.visit(Rare::EndedByHand);
        }
        self.ask_for_end(call, self.now);
    }

    /// A person looks a lost call up at the carrier and says what is true.
    pub fn settle_by_hand(&mut self, call: usize) {
        let call = self.lost_call().unwrap_or(call);
        let sid = self.carrier.iter().position(|carried| carried.attempt == call);
        if sid.is_none() && self.oracle.may_still_be_made(call) {
            return;
        }
        let finding = if sid.is_some() { Finding::Placed } else { Finding::NotPlaced };
        let now = self.now;
        let settled = self.tables.change(call, now, |row| {
            let settled = row.call.settle_by_hand(finding, at(now));
            if settled {
                row.sid = row.sid.or(sid);
            }
            settled
        });
        if settled {
            self.note(|| format!("call {call} is settled by hand: {finding:?}"));
            self.visit(Rare::SettledByHand);
        }
    }

    fn lost_call(&self) -> Option<usize> {
        let lost = |row: &super::tables::Row| {
            matches!(row.call.placement, Placement::Unknown | Placement::PresumedNotPlaced)
        };
        self.tables.calls.iter().rposition(lost)
    }

    /// Something breaks.
    pub fn trouble(&mut self) {
        if self.is_calm() {
            return;
        }
        let node = usize::try_from(self.random.below(self.nodes.len() as u64)).expect("an index");
        match self.random.below(9) {
            0 | 1 => self.away_until = self.now + self.random.between(10 * SECOND, 20 * MINUTE),
            2 => self.storm_until = self.now + self.random.between(5 * SECOND, MINUTE),
            3 | 4 => {
                let pause = self.random.between(SECOND, 120 * SECOND);
                self.stop(node, pause);
                self.ring();
            }
            5 => self.crash(node),
            6 => self.outage(),
            7 => self.nodes[node].skew = self.random.between(-2 * SECOND, 2 * SECOND),
            _ => self.wait_for_edge(),
        }
        let next = self.random.between(5 * MINUTE, 5 * HOUR);
        self.schedule(self.now + next, Event::Trouble);
    }

    /// Everything of ours is away for hours.
    fn outage(&mut self) {
        self.visit(Rare::Outage);
        let back = self.random.between(HOUR, 8 * HOUR);
        for node in 0..self.nodes.len() {
            if self.nodes[node].alive {
                self.crash(node);
            }
            // Its restart of a few minutes finds a machine that is not there.
            self.nodes[node].stopped_until = self.now + back;
            self.schedule(self.now + back, Event::Restart(node));
        }
    }

    /// Shortly before a midnight, or the last instant at which a window lets a call be armed.
    fn wait_for_edge(&mut self) {
        let campaign =
            usize::try_from(self.random.below(self.tables.campaigns.len() as u64)).expect("an index");
        let rules = &self.tables.campaigns[campaign].rules;
        let midnight = rules.zone.next_midnight(at(self.now));
        let closing = rules.windows.openings(at(self.now), &rules.zone).next().map(|opening| opening.until);
        let last = closing.and_then(|closing| closing.checked_sub(gate::CLOSING_GUARD).ok());
        let edge = last.filter(|_| self.random.chance(600)).unwrap_or(midnight);
        let before = self.random.between(0, 3 * SECOND);
        self.schedule(edge.as_millisecond() - before, Event::Edge);
    }

    /// Somebody puts everybody back in line just then, and nodes may stand still over it.
    pub fn edge(&mut self) {
        if self.is_calm() {
            return;
        }
        for prospect in 0..self.tables.prospects.len() {
            self.requeue(prospect);
        }
        match self.random.below(3) {
            0 => self.storm_until = self.now + 10 * SECOND,
            _ => self.busy_until = self.now + 20 * SECOND,
        }
        self.ring();
        for node in 0..self.nodes.len() {
            if self.random.chance(200) {
                let pause = self.random.between(SECOND, 20 * SECOND);
                self.stop(node, pause);
            }
        }
    }

    /// A page shows a call, so the carrier is asked about it at once; somebody reloads the page.
    pub fn looked_at(&mut self, call: usize, more: u32) {
        let row = &mut self.tables.calls[call];
        if row.call.is_live() && row.call.placement != Placement::Reserved {
            row.next_poll_at = Some(self.now);
            self.ring_reconcilers();
        }
        if more > 0 {
            let again = self.random.between(SECOND, MINUTE);
            self.schedule(self.now + again, Event::LookedAt(call, more - 1));
        }
    }

    /// The daily comparison with everything that the carrier has; people look after what it leaves open.
    pub fn sweep(&mut self) {
        self.sweep_all();
        for campaign in 0..self.tables.campaigns.len() {
            setting::open_up(&mut self.tables.campaigns[campaign]);
            self.oracle.paused[campaign] = false;
        }
        while let Some(call) = self.lost_call() {
            let was = self.tables.calls[call].call.placement;
            self.settle_by_hand(call);
            if self.tables.calls[call].call.placement == was {
                break;
            }
        }
        self.ring();
        self.schedule(self.now + 24 * HOUR, Event::Sweep);
    }

    pub fn sweep_all(&mut self) {
        for sid in 0..self.carrier.len() {
            let news = self.answer_about(sid);
            self.take_in(&news);
        }
    }
}
