//! Forgets what nobody needs any more.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Parts, task};

const PAUSE: Duration = Duration::from_secs(60 * 60);

/// Clears up now and then until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    let clock = &parts.actions.clock;
    loop {
        if let Err(error) = task::turn(parts.actions.forget_what_is_over()).await {
            tracing::warn!(%error, "old sessions and keys could not be forgotten yet");
        }
        if let Err(error) = task::turn(parts.actions.forget_unused_texts()).await {
            tracing::warn!(%error, "spoken texts that nobody uses could not be deleted yet");
        }
        let until = clock.now().checked_add(PAUSE).unwrap_or_else(|_| clock.now());
        if !task::wait(clock, until, std::future::pending(), &stop).await {
            return;
        }
    }
}
