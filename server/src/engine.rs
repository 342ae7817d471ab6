//! The tasks that carry out what actions intend. Each takes no input: a timer or a bell, read the state, do what is missing.

mod dialer;
mod incidents;
mod janitor;
pub mod lease;
mod reconciler;
mod recordings;
mod recovery;
pub mod relay;
mod rest_news;
mod room;
mod send;
mod sounds;
pub mod speaker;
mod sweep;
mod task;
pub mod transcriber;
mod voicemail;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::actions::Actions;
use crate::carrier::twilio::TwilioClient;

pub use recordings::Keeping;
use speaker::Speaking;
use transcriber::Listening;

/// Time that requests under way have to be answered when the server stops.
const DRAIN: Duration = Duration::from_secs(25);

/// What the tasks work with.
#[derive(Clone)]
struct Parts {
    actions: Actions,
    carrier: Arc<TwilioClient>,
    /// Requests to place a call that are under way.
    sends: TaskTracker,
    /// The phone network in the box forgets its calls when it stops.
    simulation: bool,
    /// Where recordings go.
    keeping: Keeping,
}

/// The running tasks.
pub struct Engine {
    parts: Parts,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Engine {
    /// Starts every task; nobody listens to recordings without `listening`, and nothing is spoken beforehand without `speaking`.
    pub fn start(
        actions: Actions,
        carrier: Arc<TwilioClient>,
        simulation: bool,
        keeping: Keeping,
        listening: Option<Listening>,
        speaking: Option<Speaking>,
    ) -> Self {
        let parts = Parts { actions, carrier, sends: TaskTracker::new(), simulation, keeping };
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(dialer::run(parts.clone(), stopping.clone()));
        tasks.spawn(reconciler::run(parts.clone(), stopping.clone()));
        tasks.spawn(janitor::run(parts.clone(), stopping.clone()));
        tasks.spawn(recovery::run(parts.clone(), stopping.clone()));
        tasks.spawn(incidents::run(parts.clone(), stopping.clone()));
        tasks.spawn(sweep::run(parts.clone(), stopping.clone()));
        tasks.spawn(recordings::run(parts.clone(), stopping.clone()));
        if let Some(listening) = listening {
            tasks.spawn(transcriber::run(parts.actions.clone(), listening, stopping.clone()));
        }
        if let Some(speaking) = speaking {
            tasks.spawn(speaker::run(parts.actions.clone(), speaking, stopping.clone()));
        }
        tasks.close();
        Self { parts, stopping, tasks }
    }

    /// Stops arming at once, then waits for requests under way. What is not answered in time is unknown, and will be
    /// looked for after the next start.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.wait().await;
        self.parts.sends.close();
        if tokio::time::timeout(DRAIN, self.parts.sends.wait()).await.is_err() {
            warn!(left = self.parts.sends.len(), "stopped while requests to the carrier were under way");
        }
    }
}
