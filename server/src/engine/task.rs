//! How a task waits: until a time, a bell or the stop, whichever comes first.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::clock::Clock;
use crate::store::StoreError;
use crate::supervised::{Panicked, caught};

/// A task looks again after this long in any case: a bell that was never rung must not stop anything for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Time until the next try after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// One turn of a task: a panic in it is a failure like any other, and the task goes on.
pub(super) async fn turn<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    caught(work).await.unwrap_or_else(|panicked: Panicked| Err(panicked.into()))
}

/// When to look again after a turn.
pub(super) fn next_look(
    name: &str,
    turn: Result<Option<Timestamp>, StoreError>,
    now: Timestamp,
) -> Timestamp {
    let at_the_latest = now.checked_add(LONGEST_WAIT).unwrap_or(now);
    match turn {
        Ok(Some(wanted)) => wanted.min(at_the_latest),
        Ok(None) => at_the_latest,
        Err(error) => {
            error!(task = name, %error, "a task could not do its work and tries again");
            now.checked_add(AFTER_FAILURE).unwrap_or(now)
        }
    }
}

/// Waits; `false` when it is time to stop.
pub(super) async fn wait(
    clock: &Clock,
    until: Timestamp,
    bell: impl Future<Output = ()>,
    stop: &CancellationToken,
) -> bool {
    tokio::select! {
        biased;
        () = stop.cancelled() => false,
        () = bell => true,
        () = clock.sleep_until(until) => true,
    }
}

/// Returns when `long` has passed since `began`, or after as long on the machine's clock: one that is set by hand may stand.
pub(super) async fn rest(clock: &Clock, began: Timestamp, long: Duration) {
    let rested = began.checked_add(long).unwrap_or(began);
    // Either end of the wait is the end of the rest.
    let _ = tokio::time::timeout(long, clock.sleep_until(rested)).await;
}
