//! Carries changes and rings of bells between servers that share a database. A message that is lost delays a page, and
//! stops nothing: every task looks again by itself, and readers are told when there was a gap.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, warn};

use crate::actions::Actions;
use crate::live::relayed;
use crate::store::notify::{Heard, LONGEST_MESSAGE, Listener};
use crate::supervised::caught;

/// Changes within this time share their messages.
const GATHERED_FOR: Duration = Duration::from_millis(10);
/// Time until the next try after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The running tasks.
pub struct Relay {
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Relay {
    /// Starts to carry. From then on a change of another server is heard here.
    pub async fn start(actions: &Actions) -> Self {
        let stopping = CancellationToken::new();
        let tasks = TaskTracker::new();
        if actions.store.is_shared() {
            actions.live.relay();
            actions.wake.relay();
            let ear = open_ear(actions).await;
            tasks.spawn(always_hear(actions.clone(), ear, stopping.clone()));
            tasks.spawn(always_tell(actions.clone(), stopping.clone()));
        }
        tasks.close();
        Self { stopping, tasks }
    }

    /// Stops, after the last message was sent.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.wait().await;
    }
}

async fn always_tell(actions: Actions, stop: CancellationToken) {
    while let Err(panicked) = caught(tell(actions.clone(), stop.clone())).await {
        error!(task = "relay", error = %panicked, "other servers were not told of a change; they look by themselves");
    }
}

async fn always_hear(actions: Actions, mut ear: Option<Listener>, stop: CancellationToken) {
    // The next ear opens after a pause, and what was said meanwhile counts as a gap.
    while let Err(panicked) = caught(hear(actions.clone(), ear.take(), stop.clone())).await {
        error!(task = "relay", error = %panicked, "other servers were not heard for a moment");
    }
}

async fn tell(actions: Actions, stop: CancellationToken) {
    let run = actions.installation.run.to_string();
    loop {
        let stopped = tokio::select! {
            () = stop.cancelled() => true,
            () = actions.live.relay_rung() => false,
            () = actions.wake.relay_rung() => false,
        };
        if !stopped {
            tokio::time::sleep(GATHERED_FOR).await;
        }
        let (changes, bells) = (actions.live.take_unrelayed(), actions.wake.take_unrelayed());
        let messages = relayed::write(&run, changes, bells, LONGEST_MESSAGE);
        if let Err(error) = actions.store.tell_nodes(messages).await {
            debug!(%error, "other servers were not told of a change; they look by themselves");
        }
        if stopped {
            return;
        }
    }
}

async fn hear(actions: Actions, mut ear: Option<Listener>, stop: CancellationToken) {
    let run = actions.installation.run.to_string();
    while !stop.is_cancelled() {
        let Some(listener) = &mut ear else {
            // What was said meanwhile is lost.
            gap(&actions);
            if stop.run_until_cancelled(tokio::time::sleep(AFTER_FAILURE)).await.is_some() {
                ear = open_ear(&actions).await;
            }
            continue;
        };
        match stop.run_until_cancelled(listener.next()).await {
            None => return,
            Some(Ok(Heard::Message(text))) => take_in(&actions, &run, &text),
            Some(Ok(Heard::Gap)) => gap(&actions),
            Some(Err(error)) => {
                warn!(%error, "other servers cannot be heard at the moment");
                ear = None;
            }
        }
    }
}

async fn open_ear(actions: &Actions) -> Option<Listener> {
    actions.store.listen().await.unwrap_or_else(|error| {
        warn!(%error, "other servers cannot be heard at the moment");
        None
    })
}

fn take_in(actions: &Actions, run: &str, text: &str) {
    let Some(message) = relayed::read(text) else {
        // Of a newer version, perhaps; readers look for themselves.
        gap(actions);
        return;
    };
    if message.run == run {
        return;
    }
    for (workspace, subject) in message.changes {
        actions.live.repeat(workspace, subject);
    }
    actions.wake.repeat(message.bells);
}

fn gap(actions: &Actions) {
    actions.live.gap();
    actions.wake.repeat(crate::wake::Bells { dialer: true, reconciler: true });
}
