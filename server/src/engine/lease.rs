//! Keeps this server's lease, looks at its clock, and ends other servers whose lease ran out. It runs in every server,
//! whatever else that does, and in real time: leases are about processes, not about campaigns.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::task;
use crate::actions::Actions;
use crate::store::StoreError;
use crate::supervised::PanicPoint;

/// A lease is renewed this often in its length. Of the usual 15 s that is 4 s: the clock is looked at as often, and a
/// wrong one must be found within 5 s.
const RENEWALS: f64 = 3.75;
/// How long after its end a lease is looked at, so that one look is enough.
const AFTER_THE_END: Duration = Duration::from_millis(20);
/// Nobody looks more often than this, whatever the leases say.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// The running task.
pub struct LeaseKeeper {
    actions: Actions,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl LeaseKeeper {
    /// Starts to keep the lease of a server that has joined. `lease` is its length.
    pub fn start(actions: Actions, lease: Duration) -> Self {
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(keep(actions.clone(), lease, stopping.clone()));
        tasks.close();
        Self { actions, stopping, tasks }
    }

    /// Gives the lease up. Nothing is armed by this server any more; what it armed and did not write down is in doubt.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.wait().await;
        if let Err(error) = self.actions.leave().await {
            warn!(%error, "the lease could not be given up; it runs out by itself");
        }
    }
}

async fn keep(actions: Actions, lease: Duration, stop: CancellationToken) {
    let pause = lease.div_f64(RENEWALS);
    loop {
        let wait = match task::turn(turn(&actions)).await {
            Ok(next_end) => next_end.map_or(pause, |end| end.saturating_add(AFTER_THE_END).min(pause)),
            Err(error) => {
                error!(task = "lease", %error, "a task could not do its work and tries again");
                pause
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = actions.wake.lease_rung() => {}
            () = tokio::time::sleep(wait.max(SHORTEST_PAUSE)) => {}
        }
    }
}

/// One turn; how long the next lease of another server runs.
async fn turn(actions: &Actions) -> Result<Option<Duration>, StoreError> {
    actions.panics.reached(PanicPoint::Lease);
    let renewed = actions.renew_lease().await?;
    if renewed.was_fenced {
        warn!("the lease had been taken away, and was taken up again; what was armed under it is in doubt");
    }
    match renewed.hold.filter(|_| renewed.hold_changed) {
        Some(hold) => {
            error!(
                reason = hold.as_str(),
                why = hold.explain(),
                "the clock cannot be trusted: nobody is dialed"
            );
        }
        None if renewed.hold_changed => info!("the clock can be trusted again: dialing goes on"),
        None => {}
    }
    if renewed.was_fenced || renewed.hold_changed {
        actions.wake.dialer();
    }
    let (ended, next) = actions.end_lapsed_nodes().await?;
    for ended in ended {
        warn!(node = %ended.node, doubted = ended.doubted, "a server is gone: its lease ran out");
    }
    Ok(next)
}
