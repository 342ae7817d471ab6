//! One call: what was asked for, what happened when. Its state follows from the instants, so the two cannot disagree.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::order::{Order, Script};
use super::outbox::Parcel;
use super::status::Status;
use crate::ring_ledger::PlayedSound;
use crate::timeline::{between, later};

/// A call, from its creation on; calls are never forgotten, only hidden when deleted.
pub(crate) struct Call {
    pub sid: String,
    pub order: Arc<Order>,
    /// How often this number was called before.
    pub nth: u32,
    pub created_at: Timestamp,
    /// How long the queue was when the call joined it.
    pub queue_time: Duration,
    /// When dialling began.
    pub started_at: Option<Timestamp>,
    pub rang_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub ending: Option<Ending>,
    pub verdict: Option<Verdict>,
    /// The keys that were pressed on it, one after the other.
    pub pressed: String,
    /// Messages that were left on it.
    pub messages: u32,
    /// Files that were played on it, one after the other.
    pub played: Vec<PlayedSound>,
    /// The recording that `Record=true` asked for.
    pub recording: Option<usize>,
    /// Status callbacks fired so far: the next SequenceNumber.
    pub fired: u32,
    /// Callbacks of every kind posted so far.
    pub posted: u32,
    pub outbox: VecDeque<Parcel>,
    /// A task is emptying the outbox.
    pub delivering: bool,
    /// Ends the call's task when somebody else ended the call.
    pub over: CancellationToken,
    /// Moves a live call to other instructions.
    pub redirects: Option<UnboundedSender<Script>>,
    pub deleted: bool,
    /// Later requests that changed the call, for its `Events`.
    pub updates: Vec<Update>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub status: Status,
    pub at: Timestamp,
    pub sip: u16,
    /// When its price becomes known.
    pub priced_at: Timestamp,
}

/// What machine detection said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub answered_by: &'static str,
    pub took: Duration,
}

/// A request that changed a call.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub at: Timestamp,
    pub parameters: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn new(
        sid: String,
        order: Order,
        nth: u32,
        created_at: Timestamp,
        queue_time: Duration,
    ) -> Self {
        Self {
            sid,
            order: Arc::new(order),
            nth,
            created_at,
            queue_time,
            started_at: None,
            rang_at: None,
            answered_at: None,
            ending: None,
            verdict: None,
            pressed: String::new(),
            messages: 0,
            played: Vec::new(),
            recording: None,
            fired: 0,
            posted: 0,
            outbox: VecDeque::new(),
            delivering: false,
            over: CancellationToken::new(),
            redirects: None,
            deleted: false,
            updates: Vec::new(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        match (self.ending, self.answered_at, self.rang_at) {
            (Some(ending), ..) => ending.status,
            (None, Some(_), _) => Status::InProgress,
            (None, None, Some(_)) => Status::Ringing,
            (None, None, None) => Status::Queued,
        }
    }

    /// The call as it was at `t`, for lists that lag behind: later instants are cut off.
    pub(crate) fn seen_at(&self, t: Timestamp) -> Snapshot {
        let known = |at: Option<Timestamp>| at.filter(|at| *at <= t);
        let ending = self.ending.filter(|ending| ending.at <= t);
        let answered_at = known(self.answered_at);
        let status = match (ending, answered_at, known(self.rang_at)) {
            (Some(ending), ..) => ending.status,
            (None, Some(_), _) => Status::InProgress,
            (None, None, Some(_)) => Status::Ringing,
            (None, None, None) => Status::Queued,
        };
        let updated_at =
            ending.map(|e| e.at).or(answered_at).or(known(self.rang_at)).or(known(self.started_at));
        Snapshot {
            status,
            started_at: known(self.started_at),
            ended_at: ending.map(|ending| ending.at),
            duration: ending.and(answered_at).map(|_| self.duration()),
            answered_by: self.verdict.map(|verdict| verdict.answered_by),
            priced: ending.is_some_and(|ending| ending.priced_at <= t),
            updated_at: updated_at.unwrap_or(self.created_at),
        }
    }

    /// Whole seconds from answer to end; 0 when it was never answered or is not over.
    pub(crate) fn duration(&self) -> u64 {
        match (self.answered_at, self.ending) {
            (Some(answered), Some(ending)) => between(answered, ending.at).as_secs_f64().round() as u64,
            _ => 0,
        }
    }

    /// Begun minutes, which is what is billed; 0 for a call nobody answered.
    pub(crate) fn minutes(&self) -> u64 {
        if self.answered_at.is_some() && self.ending.is_some() {
            self.duration().div_ceil(60).max(1)
        } else {
            0
        }
    }

    /// When a queued call gives up waiting: Twilio cancels it after a day.
    pub(crate) fn queue_limit(&self) -> Timestamp {
        later(self.created_at, Duration::from_secs(24 * 3600))
    }
}

/// A call's visible state at an instant.
pub(crate) struct Snapshot {
    pub status: Status,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub duration: Option<u64>,
    pub answered_by: Option<&'static str>,
    pub priced: bool,
    pub updated_at: Timestamp,
}
