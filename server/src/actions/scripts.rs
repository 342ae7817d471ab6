//! Scripts: make and change the texts that people hear.

use domain::ids::ScriptId;

use super::{Actions, Actor, audit, new_uuid};
use crate::store::StoreError;
use crate::store::scripts::ScriptRecord;

impl Actions {
    /// Makes a script.
    pub async fn create_script(
        &self,
        actor: Actor,
        name: String,
        body: String,
    ) -> Result<ScriptRecord, StoreError> {
        let now = self.clock.now();
        let id = ScriptId::from_uuid(new_uuid(now));
        let script =
            ScriptRecord { id, workspace: actor.workspace, name, body, created_at: now, updated_at: now };
        self.store
            .transaction(move |tx| async move {
                tx.add_script(&script).await?;
                audit::note(&tx, &actor, "script.create", id, serde_json::json!({}), now).await?;
                Ok(script)
            })
            .await
    }

    /// Changes a script; `None` when it is not there. Calls that are armed from now on say the new text.
    pub async fn change_script(
        &self,
        actor: Actor,
        id: ScriptId,
        name: Option<String>,
        body: Option<String>,
    ) -> Result<Option<ScriptRecord>, StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let Some(mut script) = tx.script(actor.workspace, id).await? else { return Ok(None) };
                script.name = name.unwrap_or(script.name);
                script.body = body.unwrap_or(script.body);
                script.updated_at = now;
                tx.save_script(&script).await?;
                audit::note(&tx, &actor, "script.change", id, serde_json::json!({}), now).await?;
                Ok(Some(script))
            })
            .await
    }
}
