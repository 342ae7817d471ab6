//! Fetches recordings, deletes those whose time is over, and makes up for news of them that was lost.
//!
//! Each step is written down before the next one begins, and each can be done again: a server that ends anywhere leaves
//! nothing that the next turn, here or on another server, does not pick up.

mod catch_up;
mod fetch;

use std::sync::Arc;
use std::time::Duration;

use domain::recording::RecordingState;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Parts, task};
use crate::carrier::RecordingSid;
use crate::crash_point::{self, CrashPoint};
use crate::media::{MediaStore, ObjectName, PublicUrls};
use crate::store::StoreError;
use crate::store::recordings::RecordingRecord;

/// Files on their way at the same time.
const AT_ONCE: usize = 4;
/// Deletions in one turn.
const MOST_PER_TURN: u64 = 100;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where sounds are kept, where the carrier fetches them, and for how long recordings are kept.
#[derive(Debug, Clone)]
pub struct Keeping {
    /// The files.
    pub media: MediaStore,
    /// Public addresses of sounds that are played to people.
    pub public: Arc<PublicUrls>,
    /// Recordings are deleted after so many days.
    pub days: u32,
    /// The carrier's copy is deleted as soon as ours is verified and written down.
    pub delete_at_carrier: bool,
}

/// Does what is missing until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    loop {
        let turn = tokio::select! {
            turn = task::turn(turn(&parts)) => turn,
            // A file on its way is not waited for: it is fetched again.
            () = stop.cancelled() => return,
        };
        let clock = &parts.actions.clock;
        let until = task::next_look("recordings", turn, clock.now());
        if !task::wait(clock, until, parts.actions.wake.recordings_rung(), &stop).await {
            return;
        }
    }
}

async fn turn(parts: &Parts) -> Result<Option<Timestamp>, StoreError> {
    let at_hand = parts.actions.store.recordings_at_hand(parts.actions.clock.now()).await?;
    if at_hand.claimed {
        // Nothing of ours is under way between two turns.
        parts.actions.free_recordings().await?;
    }
    if at_hand.due {
        catch_up::ask(parts).await?;
    }
    let caught_up = catch_up::read_list(parts).await?;
    if at_hand.claimed || at_hand.due || caught_up > 0 {
        fetch_all(parts).await;
    }
    expire(parts).await?;
    erase(parts).await?;
    delete_at_carrier(parts).await?;
    parts.actions.store.next_recording_at().await
}

async fn fetch_all(parts: &Parts) {
    // As long as there is one to claim, and no further when the database does not answer.
    let claims = stream::unfold(true, |goes_on| async move {
        if !goes_on {
            return None;
        }
        let claim = parts.actions.claim_recording().await.transpose()?;
        let goes_on = claim.is_ok();
        Some((claim, goes_on))
    });
    let fetching = claims.for_each_concurrent(AT_ONCE, |claim| async move {
        let fetched = match claim {
            Ok(claim) => fetch::fetch(parts, claim).await,
            Err(error) => Err(error),
        };
        // One that cannot be written down must not take the others with it: its claim ends with the turn.
        if let Err(error) = fetched {
            warn!(%error, "a recording could not be looked after; it is tried again");
        }
    });
    fetching.await;
}

async fn expire(parts: &Parts) -> Result<(), StoreError> {
    // A clock that is wrong must not delete what it should keep.
    if parts.actions.node.clock_hold().is_some() {
        return Ok(());
    }
    let now = parts.actions.clock.now();
    let Ok(before) = now.checked_sub(DAY * parts.keeping.days) else { return Ok(()) };
    let expired = parts.actions.expire_recordings(before).await?;
    if expired > 0 {
        info!(expired, days = parts.keeping.days, "recordings were deleted because their time was over");
    }
    Ok(())
}

/// Deletes the files of recordings that are deleted.
async fn erase(parts: &Parts) -> Result<(), StoreError> {
    for recording in parts.actions.store.recordings_to_erase(MOST_PER_TURN).await? {
        let Some(copy) = recording.copy else { continue };
        match parts.keeping.media.delete(&ObjectName::stored(copy.object)).await {
            Ok(()) => parts.actions.recording_is_erased(recording.id).await?,
            Err(error) => {
                warn!(recording_id = %recording.id, %error, "the file of a deleted recording is still there; tried again");
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Deletes at the carrier what is deleted here, and what is stored here where that is wished.
async fn delete_at_carrier(parts: &Parts) -> Result<(), StoreError> {
    let store = &parts.actions.store;
    let mut found = store.recordings_still_at_carrier(RecordingState::Deleted, MOST_PER_TURN).await?;
    if parts.keeping.delete_at_carrier {
        found.extend(store.recordings_still_at_carrier(RecordingState::Stored, MOST_PER_TURN).await?);
    }
    for recording in found {
        // Our own column: it was a SID when it was written.
        let Ok(sid) = recording.carrier_sid.parse::<RecordingSid>() else { continue };
        if !may_go(parts, &recording).await {
            continue;
        }
        if let Err(error) = parts.carrier.delete_recording(&sid).await {
            warn!(recording_id = %recording.id, %error, "the carrier did not delete a recording; tried again");
            return Ok(());
        }
        crash_point::reached(CrashPoint::RecordingDeletedAtCarrier);
        parts.actions.recording_is_gone_at_carrier(recording.id).await?;
    }
    Ok(())
}

/// The last copy is never deleted by accident: what is said to be stored is looked for once more.
async fn may_go(parts: &Parts, recording: &RecordingRecord) -> bool {
    let Some(copy) = recording.copy.as_ref().filter(|_| recording.deleted_at.is_none()) else {
        return recording.deleted_at.is_some();
    };
    match parts.keeping.media.size(&ObjectName::stored(copy.object.clone())).await {
        Ok(size) if size == copy.bytes => true,
        Ok(size) => {
            warn!(recording_id = %recording.id, size, "our copy of a recording has another size; the carrier's stays");
            false
        }
        Err(error) => {
            warn!(recording_id = %recording.id, %error, "our copy of a recording was not found; the carrier's stays");
            false
        }
    }
}
