//! Sounds that are played to people: kept once their file is, deleted when nothing plays them.

use domain::ids::SoundId;
use serde_json::json;

use super::{Actions, Actor, audit, new_uuid};
use crate::store::sounds::{Origin, SoundRecord};
use crate::store::{StoreError, Tx};

/// A file that lies in the store of sound files, whole, durable and read back.
#[derive(Debug, Clone)]
pub struct SoundFile {
    /// Its name in the store.
    pub object: String,
    /// What it is sent as, such as `audio/wav`.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: [u8; 32],
    /// Its length in milliseconds.
    pub duration_ms: u64,
    /// Loudness, 0 to 255.
    pub peaks: Vec<u8>,
}

/// Why a sound is not deleted.
#[derive(Debug, thiserror::Error)]
pub enum SoundRefused {
    /// There is none, or it is another workspace's.
    #[error("there is no such sound")]
    NotThere,
    /// Campaigns or scripts with these names play it.
    #[error("it is played by {}", .0.join(", "))]
    InUse(Vec<String>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// The id of a sound that is about to be kept, and the name of its file: no two sounds share one.
    pub fn new_sound(&self, actor: &Actor) -> (SoundId, String) {
        let id = SoundId::from_uuid(new_uuid(self.clock.now()));
        (id, format!("sounds/{}/{id}.wav", actor.workspace))
    }

    /// Writes down a sound whose file is kept. [`StoreError::Conflict`] when a spoken one with the same fingerprint is there:
    /// the new file is then nobody's and is to be deleted.
    pub async fn keep_sound(
        &self,
        actor: Actor,
        id: SoundId,
        name: String,
        origin: Origin,
        file: SoundFile,
    ) -> Result<SoundRecord, StoreError> {
        let now = self.clock.now();
        let sound = SoundRecord {
            id,
            workspace: actor.workspace,
            name,
            origin,
            content_type: file.content_type,
            bytes: file.bytes,
            sha256: file.sha256,
            duration_ms: file.duration_ms,
            peaks: file.peaks,
            object: Some(file.object),
            created_at: now,
            made_by: actor.name.clone(),
            deleted_at: None,
        };
        let keep = move |tx: Tx| async move {
            tx.add_sound(&sound).await?;
            let detail = json!({ "name": sound.name, "kind": sound.origin.kind().as_str() });
            audit::note(&tx, &actor, "sound.keep", id, detail, now).await?;
            Ok::<_, StoreError>(sound)
        };
        self.store.transaction(keep).await
    }

    /// Deletes a sound that nothing plays: at once for everybody, and its file later.
    pub async fn delete_sound(&self, actor: Actor, id: SoundId) -> Result<(), SoundRefused> {
        let now = self.clock.now();
        let delete = move |tx: Tx| async move {
            let sound = tx.lock_sound(actor.workspace, id).await?.ok_or(SoundRefused::NotThere)?;
            let mut users = tx.campaigns_that_play(actor.workspace, id).await?;
            users.extend(tx.scripts_that_play(actor.workspace, id).await?);
            if !users.is_empty() {
                return Err(SoundRefused::InUse(users));
            }
            tx.delete_sound(id, now).await?;
            audit::note(&tx, &actor, "sound.delete", id, json!({ "name": sound.name }), now).await?;
            Ok(())
        };
        self.store.transaction(delete).await
    }

    /// Notes that the file of a deleted sound is gone.
    pub async fn sound_is_erased(&self, id: SoundId) -> Result<(), StoreError> {
        self.store.transaction(move |tx: Tx| async move { tx.sound_is_erased(id).await }).await
    }
}
