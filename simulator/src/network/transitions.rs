//! The steps of a call's life. Each checks under the lock that the call is not over, writes down the instant and
//! posts the callbacks that belong to it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::alerts::Alert;
use super::call::{Ending, Verdict};
use super::order::{Detection, Event, RecordingEvent, RecordingOrder, Script};
use super::recording::Recording;
use super::status::Status;
use super::{Begun, Network, State};
use crate::answer_model::local_hour;
use crate::callbacks::fields;
use crate::dice::{Dice, sid};
use crate::timeline::{between, later};

impl Network {
    /// Begins to dial: this is the ring the ledger counts.
    pub(super) fn dial(self: &Arc<Self>, index: usize, at: Timestamp) -> Option<Begun> {
        let mut state = self.state();
        if state.calls[index].ending.is_some() {
            return None;
        }
        state.waiting -= 1;
        let call = &mut state.calls[index];
        call.started_at = Some(at);
        let (sender, redirects) = mpsc::unbounded_channel();
        call.redirects = Some(sender);
        let order = Arc::clone(&call.order);
        let hour = local_hour(&order.to, at);
        let begun = Begun {
            index,
            at,
            answer: self.answers.decide(self.seed, &order.to, call.nth, hour),
            nth: call.nth,
            order,
            over: call.over.clone(),
            redirects,
        };
        self.fire(&mut state, index, Event::Initiated, at);
        Some(begun)
    }

    pub(super) fn ring(self: &Arc<Self>, index: usize, at: Timestamp) {
        let mut state = self.state();
        if state.calls[index].ending.is_none() {
            state.calls[index].rang_at = Some(at);
            self.fire(&mut state, index, Event::Ringing, at);
        }
    }

    /// False when the call was over before the answer.
    pub(super) fn answer(self: &Arc<Self>, index: usize, at: Timestamp) -> bool {
        let mut state = self.state();
        let call = &mut state.calls[index];
        if call.ending.is_some() {
            return false;
        }
        call.answered_at = Some(at);
        let order = Arc::clone(&call.order);
        self.fire(&mut state, index, Event::Answered, at);
        if let Some(recording) = &order.recording {
            let position = self.start_recording(&mut state, index, "OutboundAPI", recording.clone(), at);
            state.calls[index].recording = Some(position);
        }
        true
    }

    /// Writes down what machine detection said and, when it ran beside the call, tells the caller; the first word
    /// counts.
    pub(crate) fn judge(self: &Arc<Self>, index: usize, detection: &Detection, verdict: Verdict) {
        let mut state = self.state();
        let call = &state.calls[index];
        if call.ending.is_some() || call.verdict.is_some() {
            return;
        }
        state.calls[index].verdict = Some(verdict);
        match &detection.callback {
            _ if !detection.asynchronous => {}
            Some(target) => {
                let fields = fields::verdict(&self.account_sid, &state.calls[index], verdict);
                self.post(&mut state, index, target, fields);
            }
            None => {
                drop(state);
                self.raise(
                    index,
                    Alert::new(21262, "nobody is told the verdict: no AsyncAmdStatusCallback", ""),
                );
            }
        }
    }

    /// Ends a call; a call that is over already stays as it ended.
    pub(crate) fn end(self: &Arc<Self>, index: usize, status: Status, sip: u16, at: Timestamp) {
        let mut state = self.state();
        if state.calls[index].ending.is_none() {
            self.close(&mut state, index, status, sip, at);
        }
    }

    /// The one place where calls end: stops the call's task, its recording, and fires `completed` if it was dialled.
    pub(super) fn close(
        self: &Arc<Self>,
        state: &mut State,
        index: usize,
        status: Status,
        sip: u16,
        at: Timestamp,
    ) {
        let call = &mut state.calls[index];
        let rating = Dice::new(self.seed, &["rating", &call.sid]).between((30.0, 90.0));
        let priced_at = later(at, Duration::from_secs_f64(rating));
        call.ending = Some(Ending { status, at, sip, priced_at });
        call.over.cancel();
        call.redirects = None;
        let (dialled, recording) = (call.started_at.is_some(), call.recording);
        if let Some(position) = recording {
            let duration = between(state.recordings[position].started_at, at);
            self.finish_recording(state, position, duration);
        }
        // Twilio is silent about calls that are cancelled while they wait in the queue.
        if dialled {
            self.fire(state, index, Event::Completed, at);
        } else {
            state.waiting -= 1;
        }
        self.opened(-1);
    }

    /// The caller hangs up: cancels a call nobody answered yet, completes one that is live unless only a cancellation
    /// was asked for. False when the call is past that.
    pub(crate) fn hang_up(self: &Arc<Self>, index: usize, only_unanswered: bool, at: Timestamp) -> bool {
        let mut state = self.state();
        let call = &state.calls[index];
        let (status, sip) = match call.status() {
            Status::Queued if call.started_at.is_none() => (Status::Canceled, 0),
            Status::Queued | Status::Ringing => (Status::Canceled, 487),
            Status::InProgress if !only_unanswered => (Status::Completed, 200),
            _ => return false,
        };
        self.close(&mut state, index, status, sip, at);
        true
    }

    /// Moves an answered call to other instructions; false when it is not live.
    pub(crate) fn redirect(&self, index: usize, script: Script) -> bool {
        let state = self.state();
        let call = &state.calls[index];
        let live = call.answered_at.is_some() && call.ending.is_none();
        live && call.redirects.as_ref().is_some_and(|line| line.send(script).is_ok())
    }

    /// A recording of the Record verb, complete from the start.
    pub(crate) fn record_verb(
        self: &Arc<Self>,
        index: usize,
        order: RecordingOrder,
        at: Timestamp,
        duration: Duration,
    ) -> String {
        let mut state = self.state();
        let position = self.start_recording(&mut state, index, "RecordVerb", order, at);
        self.finish_recording(&mut state, position, duration);
        state.recordings[position].sid.clone()
    }

    fn start_recording(
        self: &Arc<Self>,
        state: &mut State,
        index: usize,
        source: &'static str,
        order: RecordingOrder,
        at: Timestamp,
    ) -> usize {
        let position = state.recordings.len();
        let sid = sid("RE", self.seed, position as u64);
        state.recordings_by_sid.insert(sid.clone(), position);
        let call_sid = state.calls[index].sid.clone();
        let recording = Recording {
            sid,
            call: index,
            call_sid,
            source,
            order,
            started_at: at,
            duration: None,
            deleted: false,
            asked_for: 0,
        };
        state.recordings.push(recording);
        self.tell_recording(state, position, RecordingEvent::InProgress);
        position
    }

    fn finish_recording(self: &Arc<Self>, state: &mut State, position: usize, duration: Duration) {
        let recording = &mut state.recordings[position];
        recording.duration = Some(duration);
        let event = if duration.is_zero() { RecordingEvent::Absent } else { RecordingEvent::Completed };
        // The file needs a moment to be made; the callback comes after the call's own.
        self.pending(1);
        let network = Arc::clone(self);
        self.spawn(async move {
            network.timeline.sleep(Duration::from_secs(2)).await;
            network.tell_recording(&mut network.state(), position, event);
            network.pending(-1);
        });
    }

    fn tell_recording(self: &Arc<Self>, state: &mut State, position: usize, event: RecordingEvent) {
        let recording = &state.recordings[position];
        let index = recording.call;
        if let Some(target) =
            recording.order.callback.clone().filter(|_| recording.order.events.contains(&event))
        {
            let fields = fields::recording(&self.account_sid, &self.account_url(), recording);
            let times = self.faults().callbacks_of_recording(self.seed, &recording.sid, recording.status());
            for _ in 0..times {
                self.post(state, index, &target, fields.clone());
            }
        }
    }

    fn fire(self: &Arc<Self>, state: &mut State, index: usize, event: Event, at: Timestamp) {
        let call = &state.calls[index];
        let order = Arc::clone(&call.order);
        let Some(target) = order.status_callback.as_ref().filter(|_| order.events.contains(&event)) else {
            return;
        };
        let recording = call.recording.map(|position| &state.recordings[position]);
        let fields = fields::progress(&self.account_sid, &self.account_url(), call, recording, event, at);
        state.calls[index].fired += 1;
        self.post(state, index, target, fields);
    }
}
