//! Recordings, from the first that is heard of one to the last trace of it.
//!
//! A recording that the carrier has is fetched until it lies in our store, was read back and is written down, or until it is
//! said why not. Rows say what is true first, and files follow: a row that says "stored" has its file, and a file that is
//! to go is named until it is gone.

mod fetching;
mod heard;
mod reading;

use domain::ids::{RecordingId, WorkspaceId};
use domain::recording::RecordingState;
use jiff::Timestamp;
use serde_json::json;

use super::{Actions, Actor, audit};
use crate::live::Subject;
use crate::store::recordings::RecordingRecord;
use crate::store::{StoreError, Tx};

pub use fetching::{Claim, Fetched, Trouble};
pub use heard::RecordingTold;
pub(super) use heard::{ChangedRecording, note_told, tell};

/// Why a recording cannot be changed as wished.
#[derive(Debug, thiserror::Error)]
pub enum RecordingRefused {
    /// There is none, or it is another workspace's.
    #[error("there is no such recording")]
    NotThere,
    /// There is nothing to delete, or nothing to try again.
    #[error("the recording is {}", .0.as_str())]
    NotNow(RecordingState),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Rows changed in one go.
const AT_ONCE: u64 = 100;

impl Actions {
    /// Deletes a recording: at once for everybody, then the file, then the carrier's copy.
    pub async fn delete_recording(
        &self,
        actor: Actor,
        id: RecordingId,
    ) -> Result<RecordingRecord, RecordingRefused> {
        let now = self.clock.now();
        let deleted = self.change_recording_of(actor, id, "recording.delete", move |recording| {
            use RecordingState::{Awaited, Failed, Stored};
            if matches!(recording.state, Awaited | Failed | Stored) {
                delete(recording, now);
                return true;
            }
            false
        });
        let deleted = deleted.await?;
        self.wake.recordings();
        Ok(deleted)
    }

    /// Has a recording that was given up fetched again.
    pub async fn fetch_recording_again(
        &self,
        actor: Actor,
        id: RecordingId,
    ) -> Result<RecordingRecord, RecordingRefused> {
        let now = self.clock.now();
        let again = self.change_recording_of(actor, id, "recording.fetch_again", move |recording| {
            let failed = recording.state == RecordingState::Failed;
            if failed {
                recording.state = RecordingState::Awaited;
                recording.attempts = 0;
                recording.next_look_at = Some(now);
            }
            failed
        });
        let again = again.await?;
        self.wake.recordings();
        Ok(again)
    }

    /// Writes down that somebody is given a recording to hear. To be waited for before the first byte leaves.
    pub async fn note_listening(&self, actor: Actor, recording: &RecordingRecord) -> Result<(), StoreError> {
        let (now, id) = (self.clock.now(), recording.id);
        let detail = json!({ "call": recording.call.to_string() });
        let note =
            move |tx| async move { audit::note(&tx, &actor, "recording.listen", id, detail, now).await };
        self.store.transaction(note).await
    }

    /// Deletes recordings that were stored before then; how many.
    pub async fn expire_recordings(&self, stored_before: Timestamp) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let mut expired = 0;
        for id in self.store.recordings_stored_before(stored_before, AT_ONCE).await? {
            let work = move |tx: Tx| async move {
                let found = tx.lock_recording(id).await?.filter(|it| it.state == RecordingState::Stored);
                let Some(mut recording) = found else { return Ok(None) };
                delete(&mut recording, now);
                tx.save_recording(&recording).await?;
                let server = Actor::server(recording.workspace);
                let detail = json!({
                    "call": recording.call.to_string(),
                    "storedAt": recording.stored_at.map(|at| at.to_string()),
                });
                audit::note(&tx, &server, "recording.expire", id, detail, now).await?;
                Ok::<_, StoreError>(Some(recording))
            };
            if let Some(recording) = self.store.transaction(work).await? {
                expired += 1;
                self.told_of_recording(&recording).await?;
            }
        }
        Ok(expired)
    }

    /// Notes that the file of a deleted recording is gone.
    pub async fn recording_is_erased(&self, id: RecordingId) -> Result<(), StoreError> {
        self.change_recording(id, |recording| {
            let deleted = recording.state == RecordingState::Deleted;
            if deleted {
                recording.copy = None;
            }
            deleted
        })
        .await
        .map(|_| ())
    }

    /// Notes that the carrier's copy is gone.
    pub async fn recording_is_gone_at_carrier(&self, id: RecordingId) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.change_recording(id, move |recording| {
            recording.deleted_at_carrier_at = recording.deleted_at_carrier_at.or(Some(now));
            true
        })
        .await
        .map(|_| ())
    }

    /// Changes a recording of the actor's workspace and notes who did it.
    async fn change_recording_of(
        &self,
        actor: Actor,
        id: RecordingId,
        deed: &'static str,
        change: impl FnOnce(&mut RecordingRecord) -> bool + Send + 'static,
    ) -> Result<RecordingRecord, RecordingRefused> {
        let now = self.clock.now();
        let work = move |tx: Tx| async move {
            let of: WorkspaceId = actor.workspace;
            let found = tx.lock_recording(id).await?.filter(|recording| recording.workspace == of);
            let mut recording = found.ok_or(RecordingRefused::NotThere)?;
            let before = recording.state;
            if !change(&mut recording) {
                return Err(RecordingRefused::NotNow(before));
            }
            tx.save_recording(&recording).await?;
            let detail = json!({ "call": recording.call.to_string(), "was": before.as_str() });
            audit::note(&tx, &actor, deed, id, detail, now).await?;
            Ok::<_, RecordingRefused>(recording)
        };
        let changed = self.store.transaction(work).await?;
        self.told_of_recording(&changed).await?;
        Ok(changed)
    }

    /// Changes a recording that is still as expected; the recording then.
    async fn change_recording(
        &self,
        id: RecordingId,
        change: impl FnOnce(&mut RecordingRecord) -> bool + Send + 'static,
    ) -> Result<Option<RecordingRecord>, StoreError> {
        let work = move |tx: Tx| async move {
            let Some(mut recording) = tx.lock_recording(id).await? else { return Ok(None) };
            if !change(&mut recording) {
                return Ok(None);
            }
            tx.save_recording(&recording).await?;
            Ok::<_, StoreError>(Some(recording))
        };
        let changed = self.store.transaction(work).await?;
        if let Some(recording) = &changed {
            self.told_of_recording(recording).await?;
        }
        Ok(changed)
    }

    /// Open pages show the call's recording as it is now.
    async fn told_of_recording(&self, recording: &RecordingRecord) -> Result<(), StoreError> {
        if let Some(call) = self.store.any_call(recording.call).await? {
            let status = call.call.status().as_str();
            let subject = Subject::Call { call: call.id, campaign: call.campaign, status };
            self.live.publish(call.workspace, subject);
        }
        Ok(())
    }
}

fn delete(recording: &mut RecordingRecord, now: Timestamp) {
    recording.state = RecordingState::Deleted;
    recording.deleted_at = Some(now);
    recording.next_look_at = None;
    recording.claimed_by = None;
    recording.trouble = None;
}
