//! One request: written once or never, on its way, answered or not, and recorded by whoever sent it.

use std::time::Duration;

use domain::call::{Placement, SendOutcome};
use domain::campaign::CampaignStatus;
use domain::refusal::RefusalMeaning;

use super::mutant::Mutant;
use super::node::{Commit, Mark, Reply, Sending};
use super::rare::Rare;
use super::tables::{SECOND, at};
use super::world::{Event, World};

/// The first byte leaves within this time after the arm, or never.
const SEND_DEADLINE: i64 = 5 * SECOND;
/// A request without an answer is given up.
const REQUEST_TIMEOUT: i64 = 30 * SECOND;

impl World {
    /// The COMMIT reply of the arm was lost: what does the row say?
    pub fn read_again(&mut self, mark: Mark, sending: Sending) {
        self.oracle.never(sending.arming);
        let row = &self.tables.calls[sending.call];
        if row.armed_by == Some(sending.arming) {
            // Armed by this very process, which has sent nothing and will not.
            self.record(mark, sending, Reply::NotSent);
        }
    }

    pub fn first_byte(&mut self, mark: Mark, sending: Sending) {
        let too_late = self.now - sending.armed_at > SEND_DEADLINE;
        if too_late && self.mutant != Some(Mutant::NoSendDeadline) {
            self.visit(Rare::SendDeadlinePassed);
        }
        let held_back = too_late && self.mutant != Some(Mutant::NoSendDeadline);
        let unreachable = self.now < self.away_until || self.random.chance(self.faults.connect_fails);
        if held_back || unreachable {
            self.oracle.never(sending.arming);
            let delay = self.short_delay();
            self.hand(mark, delay, Event::Record(mark, sending, Reply::NotSent));
            return;
        }
        self.note(|| format!("node {} sends call {}", mark.node, sending.call));
        self.check_first_byte(sending);
        if self.random.chance(self.faults.request_lost) {
            self.oracle.never(sending.arming);
            self.hand(mark, REQUEST_TIMEOUT, Event::Record(mark, sending, Reply::Unknown));
            return;
        }
        let slow = self.random.chance(self.faults.slow);
        let delay =
            if slow { self.random.between(SECOND, REQUEST_TIMEOUT) } else { self.random.between(5, 300) };
        self.hand(mark, delay, Event::Arrives(mark, sending));
    }

    /// The carrier reads a request. Nothing that happens to its sender changes what it does.
    pub fn arrives(&mut self, mark: Mark, sending: Sending) {
        let storm = self.now < self.storm_until || self.random.chance(self.faults.throttle);
        if self.now < self.away_until || storm {
            self.oracle.never(sending.arming);
            let reply = if storm { Reply::Throttled } else { Reply::Unknown };
            self.answer(mark, sending, reply);
            return;
        }
        if self.random.chance(self.faults.refuse) {
            self.oracle.never(sending.arming);
            let meaning = self.random.pick(&RefusalMeaning::ALL);
            self.answer(mark, sending, Reply::Refused(meaning));
            return;
        }
        let fails = self.random.chance(self.faults.server_error);
        if fails && self.random.chance(500) {
            self.oracle.never(sending.arming);
            self.answer(mark, sending, Reply::Unknown);
            return;
        }
        let sid = self.carrier_creates(sending.call);
        self.check_creation(sid, sending);
        let queue_millis = self.carrier[sid].queue_millis;
        self.answer(mark, sending, if fails { Reply::Unknown } else { Reply::Placed { sid, queue_millis } });
    }

    fn answer(&mut self, mark: Mark, sending: Sending, reply: Reply) {
        if self.random.chance(self.faults.reply_lost) {
            self.hand(mark, REQUEST_TIMEOUT, Event::Record(mark, sending, Reply::Unknown));
        } else {
            // A carrier in a storm takes its time.
            let slow = if self.now < self.storm_until { self.random.between(0, 4 * SECOND) } else { 0 };
            let delay = self.short_delay().min(REQUEST_TIMEOUT) + slow;
            self.hand(mark, delay, Event::Record(mark, sending, reply));
        }
    }

    /// Writes down what came of a request. When the COMMIT's reply is lost, it is written down again.
    pub fn record(&mut self, mark: Mark, sending: Sending, reply: Reply) {
        let commit = self.commit();
        if commit != Commit::NotMade {
            self.note(|| format!("node {} records {reply:?} for call {}", mark.node, sending.call));
            self.record_now(mark, sending, reply);
            match reply {
                Reply::Placed { .. } | Reply::Unknown => self.ring_reconcilers(),
                _ => self.ring(),
            }
        }
        if commit != Commit::Seen {
            if commit == Commit::ReplyLost {
                self.visit(Rare::RecordCommitLost);
            }
            let delay = self.random.between(SECOND, 10 * SECOND);
            self.hand(mark, delay, Event::Record(mark, sending, reply));
        }
    }

    fn record_now(&mut self, mark: Mark, sending: Sending, reply: Reply) {
        let now = self.wall(mark);
        let wait = self.random.between(SECOND, 4 * SECOND);
        let (outcome, again_at) = match reply {
            Reply::Placed { sid, queue_millis } => {
                self.note_answer(sending.call);
                self.take_in_reply(sending, sid, queue_millis, now);
                return;
            }
            Reply::NotSent => {
                if self.tables.account_pace.note_not_sent(at(now)) {
                    self.visit(Rare::CarrierUnreachable);
                }
                (SendOutcome::NotSent, now + wait)
            }
            Reply::Throttled => {
                self.visit(Rare::Throttled);
                let told = self.random.chance(500).then_some(Duration::from_secs(2));
                self.tables.account_pace.note_throttled(at(now), told);
                (SendOutcome::NotSent, now + wait)
            }
            Reply::Refused(meaning) => {
                self.note_answer(sending.call);
                (SendOutcome::Refused(meaning), now)
            }
            Reply::Unknown => (SendOutcome::Unknown, now),
        };
        self.record_outcome(sending, outcome, again_at, now);
    }

    fn record_outcome(&mut self, sending: Sending, outcome: SendOutcome, again_at: i64, now: i64) {
        let row = &self.tables.calls[sending.call];
        let by_its_sender = row.armed_by == Some(sending.arming);
        let doubted = row.call.placement == Placement::Unknown && by_its_sender;
        let day_is_over = row
            .day
            .is_some_and(|day| self.tables.campaigns[row.campaign].rules.zone.local_date(at(now)) != day);
        if row.call.placement == Placement::Armed && !by_its_sender {
            self.visit(Rare::StaleRecord);
        }
        if self.mutant == Some(Mutant::SlotBackTwice) && outcome == SendOutcome::NotSent && !by_its_sender {
            self.give_slot_back_again(sending.call, now);
        }
        let anybody = self.mutant == Some(Mutant::AnybodyMayRecord);
        let recorded = self.tables.change(sending.call, now, |row| {
            if anybody && row.call.placement == Placement::Armed && outcome == SendOutcome::NotSent {
                row.call.placement = Placement::Reserved;
                return true;
            }
            let recorded = row.call.record(outcome, by_its_sender, at(now));
            if recorded && outcome == SendOutcome::NotSent {
                row.not_before = Some(again_at);
                (row.armed_by, row.armed_at) = (None, None);
            }
            recorded
        });
        if !recorded {
            return;
        }
        match outcome {
            SendOutcome::NotSent => {
                if doubted {
                    self.visit(Rare::ResumedAndNotSent);
                }
                if day_is_over {
                    self.visit(Rare::SlotGivenBackNextDay);
                }
            }
            SendOutcome::Refused(meaning) => {
                if doubted {
                    self.visit(Rare::ResumedAndRefused);
                }
                self.pause_for(sending.call, meaning);
            }
            SendOutcome::Unknown => {}
        }
    }

    fn give_slot_back_again(&mut self, call: usize, now: i64) {
        let campaign = self.tables.calls[call].campaign;
        let day = self.tables.campaigns[campaign].rules.zone.local_date(at(now));
        *self.tables.used.entry((campaign, day)).or_default() -= 1;
        self.tables.changes += 1;
        self.tables.last_changed = call;
    }

    /// A refusal of our own set-up would meet every following call too.
    fn pause_for(&mut self, call: usize, meaning: RefusalMeaning) {
        let campaigns = match meaning {
            RefusalMeaning::SetUp => {
                let campaign = self.tables.calls[call].campaign;
                campaign..campaign + 1
            }
            RefusalMeaning::Account => {
                self.visit(Rare::RefusedAccount);
                0..self.tables.campaigns.len()
            }
            RefusalMeaning::InvalidNumber => return self.visit(Rare::RefusedNumber),
            _ => return,
        };
        for campaign in campaigns {
            self.pause(campaign);
        }
    }

    pub fn pause(&mut self, campaign: usize) {
        if let Ok(CampaignStatus::Paused) = self.tables.campaigns[campaign].status.pause() {
            self.tables.campaigns[campaign].status = CampaignStatus::Paused;
            self.oracle.paused[campaign] = true;
            self.note(|| format!("campaign {campaign} is paused"));
        }
    }

    fn note_answer(&mut self, call: usize) {
        self.tables.account_pace.note_answer();
        let campaign = self.tables.calls[call].campaign;
        self.tables.campaigns[campaign].pace.note_answer();
    }
}
