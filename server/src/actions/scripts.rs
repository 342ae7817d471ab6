//! Scripts: make and change the texts that people hear.

use domain::call_flow::{CallFlow, Words};
use domain::ids::{ScriptId, SoundId, WorkspaceId};

use super::{Actions, Actor, audit, new_uuid};
use crate::store::scripts::ScriptRecord;
use crate::store::{StoreError, Tx};

/// Why a script is not kept.
#[derive(Debug, thiserror::Error)]
pub enum ScriptRefused {
    /// A step plays a sound that is not there.
    #[error("there is no sound {0}")]
    NoSuchSound(SoundId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Makes a script.
    pub async fn create_script(
        &self,
        actor: Actor,
        name: String,
        words: Words,
    ) -> Result<ScriptRecord, ScriptRefused> {
        let now = self.clock.now();
        let id = ScriptId::from_uuid(new_uuid(now));
        let workspace = actor.workspace;
        let script =
            ScriptRecord { id, workspace, name, words, version: 1, created_at: now, updated_at: now };
        self.store
            .transaction(move |tx| async move {
                sounds_exist(&tx, workspace, &script.words).await?;
                tx.add_script(&script).await?;
                audit::note(&tx, &actor, "script.create", id, serde_json::json!({}), now).await?;
                Ok(script)
            })
            .await
    }

    /// Changes a script; `None` when it is not there. Calls that are armed from now on say the new words; those under way
    /// go on with the ones that they began with.
    pub async fn change_script(
        &self,
        actor: Actor,
        id: ScriptId,
        name: Option<String>,
        words: Option<Words>,
    ) -> Result<Option<ScriptRecord>, ScriptRefused> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let Some(mut script) = tx.script(actor.workspace, id).await? else { return Ok(None) };
                script.name = name.unwrap_or(script.name);
                script.updated_at = now;
                let new = words.filter(|words| *words != script.words);
                if let Some(words) = new {
                    sounds_exist(&tx, actor.workspace, &words).await?;
                    script.words = words;
                    script.version = script.version.saturating_add(1);
                    tx.add_version(&script).await?;
                }
                tx.save_script(&script).await?;
                audit::note(
                    &tx,
                    &actor,
                    "script.change",
                    id,
                    serde_json::json!({ "version": script.version }),
                    now,
                )
                .await?;
                Ok(Some(script))
            })
            .await
    }
}

/// Every sound that a script plays is there, and stays as long as it is played.
async fn sounds_exist(tx: &Tx, of: WorkspaceId, words: &Words) -> Result<(), ScriptRefused> {
    let played: Vec<SoundId> = words.steps.iter().flat_map(CallFlow::sounds).collect();
    match tx.missing_sound(of, &played).await? {
        Some(missing) => Err(ScriptRefused::NoSuchSound(missing)),
        None => Ok(()),
    }
}
