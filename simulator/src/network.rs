//! The calls in flight and everything that ever happened to them. One lock guards the facts; the tasks that live the
//! calls and carry the callbacks hold it only to read or write one step.

pub(crate) mod alerts;
pub(crate) mod call;
mod dispatcher;
mod life;
pub(crate) mod order;
mod outbox;
pub(crate) mod recording;
pub(crate) mod status;
mod transitions;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer_model::{Answer, AnswerModel};
use crate::callbacks::Post;
use crate::dice::{Dice, sid};
use crate::faults::Faults;
use crate::ring_ledger::{Recorded, Ring};
use crate::settings::Settings;
use crate::timeline::Timeline;
use alerts::{Alert, RaisedAlert};
use call::Call;
use order::{Order, Script};
use recording::Recording;

/// The phone network of one account.
pub(crate) struct Network {
    pub account_sid: String,
    pub base_url: String,
    pub seed: u64,
    pub timeline: Timeline,
    pub answers: AnswerModel,
    pub postman: Post,
    /// Between two starts from the queue.
    pace: Duration,
    concurrency_limit: Option<usize>,
    faults: Mutex<Arc<Faults>>,
    state: Mutex<State>,
    activity: watch::Sender<Activity>,
    queue_grew: Notify,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

/// The facts.
#[derive(Default)]
pub(crate) struct State {
    pub calls: Vec<Call>,
    pub by_sid: HashMap<String, usize>,
    pub recordings: Vec<Recording>,
    pub recordings_by_sid: HashMap<String, usize>,
    pub alerts: Vec<RaisedAlert>,
    /// Positions of the calls to each number, oldest first.
    pub by_number: HashMap<String, Vec<usize>>,
    queue: VecDeque<usize>,
    /// Calls of the queue that are still wanted.
    waiting: u32,
    next_start: Timestamp,
    create_requests: u64,
}

/// What keeps the network busy.
#[derive(Clone, Copy, Debug, Default)]
struct Activity {
    open_calls: usize,
    pending_callbacks: usize,
}

/// A call that began to be dialled: everything its task needs.
pub(crate) struct Begun {
    pub index: usize,
    pub at: Timestamp,
    pub order: Arc<Order>,
    pub nth: u32,
    pub answer: Answer,
    pub over: CancellationToken,
    pub redirects: mpsc::UnboundedReceiver<Script>,
}

/// The account has as many calls open as it may.
#[derive(Debug)]
pub(crate) struct ConcurrencyLimitReached;

impl Network {
    /// Must be called inside a tokio runtime; begins to serve the queue at once.
    pub(crate) fn new(settings: Settings, base_url: String) -> Result<Arc<Self>, reqwest::Error> {
        let postman = Post::new(settings.auth_token, settings.allow_callbacks_to)?;
        let network = Arc::new(Self {
            account_sid: settings.account_sid,
            base_url,
            seed: settings.seed,
            timeline: settings.timeline,
            answers: settings.answers,
            postman,
            pace: Duration::try_from_secs_f64(1.0 / settings.calls_per_second)
                .unwrap_or(Duration::from_secs(1)),
            concurrency_limit: settings.concurrency_limit,
            faults: Mutex::new(Arc::new(settings.faults)),
            state: Mutex::new(State::default()),
            activity: watch::Sender::new(Activity::default()),
            queue_grew: Notify::new(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
        });
        network.spawn(dispatcher::run(Arc::clone(&network)));
        Ok(network)
    }

    /// Accepts a call; it waits in the queue for its turn.
    pub(crate) fn create(self: &Arc<Self>, order: Order) -> Result<usize, ConcurrencyLimitReached> {
        let mut state = self.state();
        let open = self.activity.borrow().open_calls;
        if self.concurrency_limit.is_some_and(|limit| open >= limit) {
            return Err(ConcurrencyLimitReached);
        }
        let now = self.timeline.now();
        let index = state.calls.len();
        let to_this_number = state.by_number.entry(order.to.clone()).or_default();
        let earlier = u32::try_from(to_this_number.len()).unwrap_or(u32::MAX);
        to_this_number.push(index);
        let wait = self.expected_wait(&state, now);
        let sid = sid("CA", self.seed, index as u64);
        state.by_sid.insert(sid.clone(), index);
        state.calls.push(Call::new(sid, order, earlier, now, wait));
        state.queue.push_back(index);
        state.waiting += 1;
        self.opened(1);
        drop(state);
        self.queue_grew.notify_one();
        Ok(index)
    }

    /// The facts, locked. Never held over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// How many create requests came before this one.
    pub(crate) fn count_create_request(&self) -> u64 {
        let mut state = self.state();
        state.create_requests += 1;
        state.create_requests - 1
    }

    pub(crate) fn raise(&self, index: usize, alert: Alert) {
        let mut state = self.state();
        let call_sid = state.calls[index].sid.clone();
        tracing::debug!(call_sid, code = alert.code, reason = alert.message, "phone network alert");
        let at = self.timeline.now();
        state.alerts.push(RaisedAlert { at, call_sid, alert });
    }

    /// Every created call in the order of creation.
    pub(crate) fn ledger(&self) -> Vec<Ring> {
        self.state().calls.iter().map(Ring::of).collect()
    }

    /// Every recording that can be fetched, in the order in which they began.
    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        self.state().recordings.iter().filter_map(Recorded::of).collect()
    }

    /// `http://host:port/2010-04-01/Accounts/AC…`
    pub(crate) fn account_url(&self) -> String {
        format!("{}/2010-04-01/Accounts/{}", self.base_url, self.account_sid)
    }

    /// Resolves when no call is open and no callback is on its way.
    pub(crate) fn quiet(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut activity = self.activity.subscribe();
        async move {
            // An error means the network is gone, which is as quiet as it gets.
            let _ = activity.wait_for(|a| a.open_calls == 0 && a.pending_callbacks == 0).await;
        }
    }

    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.tasks.spawn(async move {
            stopping.run_until_cancelled(work).await;
        });
    }

    fn idempotency_token(&self, call_sid: &str, number: &str) -> String {
        let mut dice = Dice::new(self.seed, &["idempotency token", call_sid, number]);
        format!("{:016x}{:016x}", dice.bits(), dice.bits())
    }

    fn opened(&self, change: isize) {
        self.activity.send_modify(|a| a.open_calls = a.open_calls.saturating_add_signed(change));
    }

    fn pending(&self, change: isize) {
        self.activity
            .send_modify(|a| a.pending_callbacks = a.pending_callbacks.saturating_add_signed(change));
    }
}
