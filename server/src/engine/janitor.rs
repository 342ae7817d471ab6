//! Forgets what nobody needs any more.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Parts, sounds, task};

const PAUSE: Duration = Duration::from_secs(60 * 60);
/// Every so many turns the store of sound files is looked through: once a day, and after every start.
const LOOKS_THROUGH_EVERY: u64 = 24;

/// Clears up now and then until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    let clock = &parts.actions.clock;
    for turn in 0_u64.. {
        if let Err(error) = task::turn(parts.actions.forget_what_is_over()).await {
            tracing::warn!(%error, "old sessions and keys could not be forgotten yet");
        }
        if let Err(error) = task::turn(parts.actions.forget_unused_texts()).await {
            tracing::warn!(%error, "spoken texts that nobody uses could not be deleted yet");
        }
        if let Err(error) = task::turn(sounds::erase(&parts)).await {
            tracing::warn!(%error, "files of deleted sounds could not be looked for");
        }
        if turn.is_multiple_of(LOOKS_THROUGH_EVERY)
            && let Err(error) = task::turn(sounds::clear_strays(&parts)).await
        {
            tracing::warn!(%error, "sound files that nothing names could not be looked for");
        }
        let until = clock.now().checked_add(PAUSE).unwrap_or_else(|_| clock.now());
        if !task::wait(clock, until, std::future::pending(), &stop).await {
            return;
        }
    }
}
