//! The carrier as it really is: what it made of each request, its queue, its rings, its prices and its news.

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Evidence, Source};
use domain::gate;
use domain::money::Usd;

use super::rare::Rare;
use super::tables::{ContentKey, HOUR, MINUTE, SECOND, at};
use super::world::{Event, World};

/// One call as the carrier knows it: the truth.
pub struct CarrierCall {
    pub attempt: usize,
    pub number: usize,
    pub queue_millis: i64,
    pub status: CarrierStatus,
    pub ring_began_at: Option<i64>,
    pub answered_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub answered_by: Option<AnsweredBy>,
    pub duration: Option<u32>,
    pub price: Option<Usd>,
    pub price_known_at: i64,
    /// From when on the list shows it.
    pub listed_at: i64,
    /// How many status callbacks were made.
    pub callbacks: u32,
}

/// A piece of news on its way to us.
#[derive(Debug, Clone)]
pub struct News {
    pub sid: usize,
    pub attempt: usize,
    pub evidence: Evidence,
    /// The carrier's number of the callback; `None` for an answer that we asked for.
    pub sequence: Option<u32>,
}

impl News {
    pub fn key(&self) -> ContentKey {
        let Evidence { source, status, duration_seconds, price, answered_by, .. } = self.evidence;
        let answered = answered_by.map(|by| by as u8);
        let status = status.map_or(u8::MAX, |status| status as u8);
        let numbered = self.sequence.or(duration_seconds);
        (self.sid, source as u8, status, numbered, price.map(Usd::micros), answered)
    }
}

/// What comes next in a call's life.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Initiate,
    Ring,
    Answer,
    End(CarrierStatus),
}

impl CarrierCall {
    pub const fn is_over(&self) -> bool {
        self.ended_at.is_some()
    }

    fn talked_seconds(&self, now: i64) -> u32 {
        let talked = self.answered_at.map_or(0, |answered| (now - answered).max(0) / SECOND);
        u32::try_from(talked).expect("a call of minutes")
    }
}

impl World {
    /// A create request that the carrier takes: the call exists from now on.
    pub fn carrier_creates(&mut self, attempt: usize) -> usize {
        let sid = self.carrier.len();
        let queues = self.random.chance(self.faults.queue);
        let queue_millis = match self.random.below(3) {
            _ if self.now < self.busy_until => self.random.between(45 * SECOND, 90 * SECOND),
            _ if !queues => self.random.between(0, 2 * SECOND),
            0 => self.random.between(30 * SECOND, 60 * SECOND),
            1 => self.random.between(60 * SECOND, 100 * SECOND),
            _ => self.random.between(2 * MINUTE, 12 * HOUR),
        };
        let stale = self.random.chance(self.faults.stale_list);
        let staleness =
            if stale { self.random.between(MINUTE, 40 * MINUTE) } else { self.random.between(0, SECOND) };
        self.carrier.push(CarrierCall {
            attempt,
            number: self.tables.calls[attempt].number,
            queue_millis,
            status: CarrierStatus::Queued,
            ring_began_at: None,
            answered_at: None,
            ended_at: None,
            answered_by: None,
            duration: None,
            price: None,
            price_known_at: i64::MAX,
            listed_at: self.now + staleness,
            callbacks: 0,
        });
        self.schedule(self.now + queue_millis, Event::Carrier(sid, Step::Initiate));
        self.note(|| format!("carrier: call {sid} for attempt {attempt}, queue {queue_millis} ms"));
        sid
    }

    pub fn carrier_steps(&mut self, sid: usize, step: Step) {
        if self.carrier[sid].is_over() {
            return;
        }
        match step {
            Step::Initiate => {
                self.carrier[sid].status = CarrierStatus::Initiated;
                self.carrier[sid].ring_began_at = Some(self.now);
                self.ring_begins(sid);
                self.call_back(sid, CarrierStatus::Initiated);
                let next = self.random.between(SECOND, 4 * SECOND);
                let step = if self.random.chance(60) { Step::End(CarrierStatus::Failed) } else { Step::Ring };
                self.schedule(self.now + next, Event::Carrier(sid, step));
            }
            Step::Ring => {
                self.carrier[sid].status = CarrierStatus::Ringing;
                self.call_back(sid, CarrierStatus::Ringing);
                let (wait, step) = match self.random.below(10) {
                    0..=4 => (self.random.between(SECOND, 20 * SECOND), Step::Answer),
                    5 | 6 => (SECOND, Step::End(CarrierStatus::Busy)),
                    _ => (25 * SECOND, Step::End(CarrierStatus::NoAnswer)),
                };
                self.schedule(self.now + wait, Event::Carrier(sid, step));
            }
            Step::Answer => {
                let by =
                    self.random.pick(&[AnsweredBy::Human, AnsweredBy::MachineEndBeep, AnsweredBy::Unknown]);
                let call = &mut self.carrier[sid];
                call.status = CarrierStatus::InProgress;
                call.answered_at = Some(self.now);
                call.answered_by = Some(by);
                self.call_back(sid, CarrierStatus::InProgress);
                let talk = self.random.between(SECOND, 120 * SECOND);
                self.schedule(self.now + talk, Event::Carrier(sid, Step::End(CarrierStatus::Completed)));
            }
            Step::End(status) => self.carrier_ends(sid, status),
        }
    }

    /// The call is over; what was queued and cancelled makes no callback.
    fn carrier_ends(&mut self, sid: usize, status: CarrierStatus) {
        let price_delay =
            if self.random.chance(300) { self.random.between(2 * MINUTE, 3 * HOUR) } else { SECOND };
        let now = self.now;
        let call = &mut self.carrier[sid];
        let was_queued = call.status == CarrierStatus::Queued;
        call.status = status;
        call.ended_at = Some(now);
        if status == CarrierStatus::Completed {
            let seconds = call.talked_seconds(now);
            call.duration = Some(seconds);
            call.price = Some(Usd::from_micros(14_000).times(seconds.div_ceil(60).max(1)));
            call.price_known_at = now + price_delay;
        }
        self.note(|| format!("carrier: call {sid} ended {}", status.as_str()));
        if was_queued {
            self.visit(Rare::CancelledWhileQueued);
        } else {
            self.call_back(sid, status);
        }
    }

    /// Somebody asks for the end of a call; what the carrier then says of it.
    pub fn carrier_is_asked_to_end(&mut self, sid: usize, believed_answered: bool) -> News {
        let call = &self.carrier[sid];
        match (call.is_over(), call.answered_at.is_some()) {
            (true, _) => {}
            (false, true) => {
                if !believed_answered {
                    self.visit(Rare::CancelRacedWithAnswer);
                }
                self.carrier_ends(sid, CarrierStatus::Completed);
            }
            (false, false) => self.carrier_ends(sid, CarrierStatus::Canceled),
        }
        self.answer_about(sid)
    }

    /// What REST says of a call now.
    pub fn answer_about(&self, sid: usize) -> News {
        let call = &self.carrier[sid];
        let status = match call.status {
            // REST has no word for a call that was begun and does not ring yet.
            CarrierStatus::Initiated => CarrierStatus::Queued,
            status => status,
        };
        let evidence = Evidence {
            status: Some(status),
            at: call.ended_at.map(at),
            duration_seconds: call.duration,
            price: call.price.filter(|_| call.price_known_at <= self.now),
            answered_by: call.answered_by,
            ..Evidence::from(Source::Rest)
        };
        News { sid, attempt: call.attempt, evidence, sequence: None }
    }

    /// Makes a status callback, which arrives, or not, or twice, or late.
    fn call_back(&mut self, sid: usize, status: CarrierStatus) {
        let call = &mut self.carrier[sid];
        let sequence = Some(call.callbacks);
        call.callbacks += 1;
        let final_only = status.is_final();
        let evidence = Evidence {
            status: Some(status),
            at: Some(at(self.now)),
            duration_seconds: call.duration.filter(|_| final_only),
            answered_by: call.answered_by.filter(|_| final_only),
            ..Evidence::from(Source::Callback)
        };
        let news = News { sid, attempt: call.attempt, evidence, sequence };
        if self.random.chance(self.faults.callback_lost) {
            self.note(|| format!("network: callback {sequence:?} of call {sid} is lost"));
            return;
        }
        let doubled = self.random.chance(self.faults.callback_doubled);
        for _ in 0..=u32::from(doubled) {
            let delay = match self.random.below(1_000) {
                late if late < self.faults.callback_late => self.random.between(5 * MINUTE, 30 * HOUR),
                slow if slow < 200 => self.random.between(SECOND, 15 * SECOND),
                _ => self.random.between(20, 400),
            };
            if delay > 2 * HOUR {
                self.visit(Rare::CallbackHoursLate);
            }
            self.schedule(self.now + delay, Event::Callback(news.clone(), 0));
        }
    }

    /// How long the carrier may queue a call before it is cancelled.
    pub fn longest_queue(&self) -> i64 {
        let whole = self.mutant == Some(super::mutant::Mutant::WholeGuardInQueue);
        let longest = if whole { gate::CLOSING_GUARD } else { gate::LONGEST_QUEUE };
        i64::try_from(longest.as_millis()).expect("a minute")
    }
}
