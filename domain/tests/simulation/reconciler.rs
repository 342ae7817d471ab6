//! The reconciler's parts: doubt what a gone process armed, ask about calls gone quiet, look for lost ones.

use domain::call::Placement;

use super::carrier::News;
use super::mutant::Mutant;
use super::node::{Commit, Mark};
use super::rare::Rare;
use super::tables::{MINUTE, SECOND, at, look_due_at};
use super::world::{Event, World};

/// An armed call this old has no answer coming.
const IN_DOUBT_AFTER: i64 = MINUTE;
/// So many looks without a trace end the search.
const LOOKS_FOR_UNKNOWN: u32 = 3;

impl World {
    pub fn look(&mut self, mark: Mark) {
        let now = self.wall(mark);
        for call in 0..self.tables.calls.len() {
            self.doubt_if_gone(call, now);
        }
        let due = |row: &super::tables::Row| row.next_poll_at.is_some_and(|at| at <= now);
        let calls: Vec<usize> =
            (0..self.tables.calls.len()).filter(|call| due(&self.tables.calls[*call])).collect();
        let asks = !calls.is_empty();
        for call in calls {
            let delay = self.short_delay();
            let asked = self.tables.calls[call].polls;
            self.hand(mark, delay, Event::Ask(mark, call, asked));
        }
        if asks {
            // What was asked is written down by then, and whoever died over it is replaced.
            self.look_by(mark.node, self.now + 20 * SECOND);
        }
        self.ring_reconciler(mark.node);
    }

    fn ring_reconciler(&mut self, node: usize) {
        let armed = self.tables.calls.iter().any(|row| row.call.placement == Placement::Armed);
        let later = self.tables.calls.iter().filter_map(|row| row.next_poll_at).min();
        let doubt = armed.then_some(self.now + 10 * SECOND);
        let skew = self.nodes[node].skew;
        let next =
            [doubt, later.map(|at| (at - skew + 10).max(self.now + 10 * SECOND))].into_iter().flatten().min();
        self.look_by(node, next.unwrap_or(i64::MAX));
    }

    fn doubt_if_gone(&mut self, call: usize, now: i64) {
        let row = &self.tables.calls[call];
        let (Placement::Armed, Some(arming), Some(armed_at)) =
            (row.call.placement, row.armed_by, row.armed_at)
        else {
            return;
        };
        if self.has_lease(arming.run) && armed_at > now - IN_DOUBT_AFTER {
            return;
        }
        self.note(|| format!("call {call} is in doubt"));
        self.meddle();
        let rescue = self.mutant == Some(Mutant::RescueArmed);
        self.tables.change(call, now, |row| {
            if rescue {
                row.call.placement = Placement::Reserved;
                row.not_before = Some(now);
            } else {
                row.call.doubt();
            }
        });
        self.ring_reconcilers();
    }

    /// Asks the carrier; the answer is written down a moment later.
    pub fn ask(&mut self, mark: Mark, call: usize, asked: u32) {
        let unreadable = self.now < self.away_until || self.random.chance(self.faults.unreadable);
        let row = &self.tables.calls[call];
        let delay = 100;
        match (row.call.placement, row.sid) {
            (Placement::Unknown, _) if unreadable => {
                self.visit(Rare::ListUnreadable);
                self.hand(mark, delay, Event::NotTold(mark, call, asked));
            }
            (Placement::Unknown, _) => {
                let next = self
                    .search(call)
                    .map_or(Event::NoTrace(mark, call, asked), |news| Event::Told(mark, call, news));
                let delay = self.short_delay();
                self.hand(mark, delay, next);
            }
            (Placement::Placed, Some(sid)) if !unreadable => {
                let wants_end = row.end_requested_at.is_some() && row.call.is_live();
                let answered = row.call.facts.answered_at.is_some();
                let news = if wants_end {
                    self.carrier_is_asked_to_end(sid, answered)
                } else {
                    self.answer_about(sid)
                };
                let delay = self.short_delay();
                self.hand(mark, delay, Event::Told(mark, call, news));
            }
            _ => self.hand(mark, delay, Event::NotTold(mark, call, asked)),
        }
    }

    /// What the list shows of a call; it may be behind.
    fn search(&mut self, call: usize) -> Option<News> {
        let number = self.tables.calls[call].number;
        let ours =
            |carried: &super::carrier::CarrierCall| carried.number == number && carried.attempt == call;
        let sid = self.carrier.iter().position(ours)?;
        if self.carrier[sid].listed_at > self.now {
            self.visit(Rare::ListStale);
            return None;
        }
        Some(self.answer_about(sid))
    }

    pub fn told(&mut self, mark: Mark, call: usize, news: &News) {
        if self.commit() == Commit::NotMade {
            return self.not_told_again(mark, call);
        }
        let now = self.wall(mark);
        if self.tables.calls[call].call.placement == Placement::Unknown {
            self.visit(Rare::ReplyLostFoundInList);
        }
        self.note(|| format!("node {} is told {:?} of call {call}", mark.node, news.evidence.status));
        self.take_in(news);
        self.tables.change(call, now, |row| row.polls += 1);
        self.ring();
    }

    fn not_told_again(&mut self, mark: Mark, call: usize) {
        let asked = self.tables.calls[call].polls;
        self.hand(mark, SECOND, Event::NotTold(mark, call, asked));
    }

    pub fn not_told(&mut self, mark: Mark, call: usize, asked: u32) {
        let now = self.wall(mark);
        self.tables.change(call, now, |row| {
            if row.polls == asked {
                row.polls += 1;
            }
        });
        self.ring_reconcilers();
    }

    /// A complete look without a trace. One look is one look, however many nodes looked at the same time.
    pub fn no_trace(&mut self, mark: Mark, call: usize, asked: u32) {
        let now = self.wall(mark);
        let each_counts = self.mutant == Some(Mutant::EachNodesLookCounts);
        let failed_count = self.mutant == Some(Mutant::FailedLooksCount);
        let early_counts = failed_count || each_counts || self.mutant == Some(Mutant::EarlyLooksCount);
        let redial = self.mutant == Some(Mutant::RedialOnEmptyList);
        let presumed = self.tables.change(call, now, |row| {
            if row.polls != asked && !each_counts || row.call.placement != Placement::Unknown {
                return false;
            }
            row.polls += 1;
            row.looks += u32::from(now >= look_due_at(row) || early_counts);
            if redial {
                row.call.placement = Placement::Reserved;
                row.not_before = Some(now);
                return false;
            }
            let over = if failed_count { row.polls } else { row.looks } >= LOOKS_FOR_UNKNOWN;
            if over {
                row.was_presumed = true;
            }
            over && row.call.presume_not_placed(at(now))
        });
        if presumed {
            self.note(|| format!("call {call} is presumed not placed"));
            let exists = self.carrier.iter().any(|carried| carried.attempt == call);
            self.visit(if exists { Rare::PresumedWrongly } else { Rare::PresumedRightly });
            self.check_presumption(call);
            self.ring();
        }
        self.ring_reconcilers();
    }
}
