//! Scripts: make and change the texts that people hear.

use domain::call_flow::Words;
use domain::ids::ScriptId;

use super::{Actions, Actor, audit, new_uuid};
use crate::store::StoreError;
use crate::store::scripts::ScriptRecord;

/// Why a script is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ScriptRefused {
    /// The script is not there.
    #[error("there is no such script")]
    NotFound,
    /// A test that runs compares its words.
    #[error(
        "an A/B test that runs compares the words of this script: they cannot be changed before it has ended"
    )]
    Compared,
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
    ) -> Result<ScriptRecord, StoreError> {
        let now = self.clock.now();
        let id = ScriptId::from_uuid(new_uuid(now));
        let workspace = actor.workspace;
        let script =
            ScriptRecord { id, workspace, name, words, version: 1, created_at: now, updated_at: now };
        self.store
            .transaction(move |tx| async move {
                tx.add_script(&script).await?;
                audit::note(&tx, &actor, "script.create", id, serde_json::json!({}), now).await?;
                Ok(script)
            })
            .await
    }

    /// Changes a script. Calls that are armed from now on say the new words; those under way go on with the ones that they
    /// began with.
    pub async fn change_script(
        &self,
        actor: Actor,
        id: ScriptId,
        name: Option<String>,
        words: Option<Words>,
    ) -> Result<ScriptRecord, ScriptRefused> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let found = tx.lock_script(actor.workspace, id).await?;
                let mut script = found.ok_or(ScriptRefused::NotFound)?;
                script.name = name.unwrap_or(script.name);
                script.updated_at = now;
                let new = words.filter(|words| *words != script.words);
                if let Some(words) = new {
                    if tx.is_in_running_experiment(id).await? {
                        return Err(ScriptRefused::Compared);
                    }
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
                Ok(script)
            })
            .await
    }
}
