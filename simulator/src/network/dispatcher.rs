//! Starts queued calls at the account's pace, oldest first, and gives up those that waited a day.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Network, State, life};
use crate::network::status::Status;
use crate::timeline::{between, later};

/// What the head of the queue waits for.
enum Turn {
    Nobody,
    Wait(Timestamp),
    Start(usize, Timestamp),
}

/// Runs until the network stops.
pub(super) async fn run(network: Arc<Network>) {
    loop {
        let joined = network.queue_grew.notified();
        match network.next_turn() {
            Turn::Nobody => joined.await,
            Turn::Wait(until) => network.timeline.sleep_until(until).await,
            Turn::Start(index, at) => {
                if let Some(begun) = network.dial(index, at) {
                    network.spawn(life::live(Arc::clone(&network), begun));
                }
            }
        }
    }
}

impl Network {
    /// How long a call that joins the queue now will wait; the queue is paced by `calls_per_second`.
    pub(super) fn expected_wait(&self, state: &State, now: Timestamp) -> Duration {
        between(now, state.next_start) + self.pace.saturating_mul(state.waiting)
    }

    fn next_turn(self: &Arc<Self>) -> Turn {
        let now = self.timeline.now();
        let mut state = self.state();
        while let Some(index) = state.queue.front().copied() {
            let call = &state.calls[index];
            if call.ending.is_some() {
                state.queue.pop_front();
                continue;
            }
            let gives_up = call.queue_limit();
            if gives_up <= now {
                self.close(&mut state, index, Status::Canceled, 0, gives_up);
                continue;
            }
            if state.next_start > now {
                return Turn::Wait(state.next_start.min(gives_up));
            }
            state.queue.pop_front();
            // An idle account starts at once; a busy one keeps its average even when timers fire late.
            let at = state.next_start.max(state.calls[index].created_at);
            state.next_start = later(at, self.pace);
            return Turn::Start(index, at);
        }
        Turn::Nobody
    }
}
