//! Taking in news: once, whatever the order, joined to the facts of its call.

use domain::call::Placement;
use domain::carrier_event::CarrierStatus;
use domain::facts::{Evidence, Source};

use super::carrier::News;
use super::mutant::Mutant;
use super::node::Sending;
use super::rare::Rare;
use super::tables::{SECOND, at};
use super::world::{Event, World};

/// A callback is sent so often, within a quarter of a minute.
const TRIES: u32 = 4;

impl World {
    /// A callback reaches one of the nodes, or none.
    pub fn callback(&mut self, news: News, tries: u32) {
        let up =
            self.nodes.iter().enumerate().filter(|(_, node)| node.alive && node.stopped_until <= self.now);
        let up: Vec<usize> = up.map(|(index, _)| index).collect();
        let refused = up.is_empty() || !self.news_can_be_kept(&news);
        let commit_lost = !refused && self.random.chance(self.faults.commit_lost);
        let committed = !commit_lost || self.random.chance(500);
        if !refused && committed {
            self.note(|| format!("callback {:?} of call {}", news.evidence.status, news.sid));
            self.note_order(&news);
            self.take_in(&news);
            if self.tables.calls[news.attempt].call.is_live() {
                self.ring_reconcilers();
            } else {
                self.ring();
            }
        }
        if commit_lost && committed {
            self.visit(Rare::CallbackCommitLost);
        }
        if refused || commit_lost {
            if tries < TRIES {
                self.schedule(self.now + 4 * SECOND, Event::Callback(news, tries + 1));
            } else if up.is_empty() {
                self.visit(Rare::CallbackWithAllNodesDown);
            } else if refused {
                self.break_promise(format!("I5: proof of call {} cannot be stored", news.attempt));
            }
        }
    }

    fn note_order(&mut self, news: &News) {
        let row = &self.tables.calls[news.attempt];
        let ended = row.call.facts.ending.is_some();
        if ended && news.evidence.status.is_some_and(|status| !status.is_final()) {
            self.visit(Rare::CallbackReordered);
        }
        if self.tables.calls[news.attempt].call.placement == Placement::Armed {
            self.visit(Rare::CallbackOvertakesReply);
        }
    }

    /// A database with a unique index on live calls that does not know of late proof cannot store it.
    fn news_can_be_kept(&self, news: &News) -> bool {
        let row = &self.tables.calls[news.attempt];
        let becomes_live = !row.call.is_live()
            && row.call.placement == Placement::PresumedNotPlaced
            && news.evidence.status.is_none_or(|status| !status.is_final());
        self.mutant != Some(Mutant::IndexRefusesProof)
            || !becomes_live
            || !self.tables.is_in_call(row.number, Some(news.attempt))
    }

    /// Whether it was new.
    pub fn take_in(&mut self, news: &News) -> bool {
        if !self.tables.events.insert(news.key()) {
            if news.sequence.is_some() {
                self.visit(Rare::CallbackDoubled);
            }
            return false;
        }
        if !self.news_can_be_kept(news) {
            self.tables.events.remove(&news.key());
            return false;
        }
        self.note_proof(news);
        let was_priced = self.tables.calls[news.attempt].call.facts.price.is_some();
        let was_over = self.tables.calls[news.attempt].call.facts.ending.is_some();
        let now = self.now;
        self.tables.change(news.attempt, now, |row| {
            row.call.prove_placed();
            row.sid = Some(news.sid);
            row.call.facts.apply(&news.evidence);
        });
        if was_over && !was_priced && news.evidence.price.is_some() {
            self.visit(Rare::LatePrice);
        }
        true
    }

    /// The first callback of a call that is presumed not placed may come just now, when its prospect is in the next one.
    pub fn proof_may_come(&mut self, prospect: usize) {
        if !self.random.chance(self.faults.callback_late) {
            return;
        }
        let presumed = |carried: &super::carrier::CarrierCall| {
            let row = &self.tables.calls[carried.attempt];
            row.prospect == prospect && row.call.placement == Placement::PresumedNotPlaced
        };
        let Some(sid) = self.carrier.iter().position(presumed) else { return };
        if let Some(began_at) = self.carrier[sid].ring_began_at {
            let mut news = self.answer_about(sid);
            news.sequence = Some(0);
            news.evidence = Evidence {
                status: Some(CarrierStatus::Initiated),
                at: Some(at(began_at)),
                ..Evidence::from(Source::Callback)
            };
            let moment = self.random.between(1, 60);
            self.schedule(self.now + moment, Event::Callback(news, 0));
        }
    }

    fn note_proof(&mut self, news: &News) {
        let row = &self.tables.calls[news.attempt];
        let by_callback = news.sequence.is_some();
        match row.call.placement {
            Placement::Unknown if by_callback => self.visit(Rare::ReplyLostToldByCallback),
            Placement::PresumedNotPlaced => {
                let next = self.tables.prospects[row.prospect].last_call.filter(|last| *last != news.attempt);
                let next = next.map(|next| &self.tables.calls[next].call).filter(|next| next.is_live());
                let placement = next.map(|next| next.placement);
                self.visit(Rare::LateProofAfterPresumed);
                match placement {
                    Some(Placement::Reserved) => self.visit(Rare::LateProofWhileNextReserved),
                    Some(_) => self.visit(Rare::LateProofWhileNextLive),
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The reply to our own request: proof like any other. A call that would ring too late is ended.
    pub fn take_in_reply(&mut self, sending: Sending, sid: usize, queue_millis: i64, now: i64) {
        let mut news = self.answer_about(sid);
        // What the carrier said when it took the request.
        news.evidence = Evidence { status: Some(CarrierStatus::Queued), ..Evidence::from(Source::Rest) };
        if self.tables.calls[sending.call].call.placement == Placement::Unknown {
            self.visit(Rare::ResumedAndPlaced);
        }
        self.take_in(&news);
        if queue_millis > SECOND {
            self.tables.account_pace.note_queued(at(now));
        }
        if queue_millis > self.longest_queue() {
            self.visit(Rare::QueuedTooLong);
            self.ask_for_end(sending.call, now);
        }
    }

    /// Somebody wants a call ended: one that was not sent is given up, the others are ended at the carrier.
    pub fn ask_for_end(&mut self, call: usize, now: i64) {
        if !self.tables.calls[call].call.is_live() {
            return;
        }
        self.tables.change(call, now, |row| {
            row.end_requested_at = row.end_requested_at.or(Some(now));
            if !row.call.release(at(now)) {
                row.next_poll_at = Some(now);
            }
        });
        self.ring();
    }
}
