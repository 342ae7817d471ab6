//! The switch for everything: dialing of a whole workspace, off and on.

use super::{Actions, Actor, audit};
use crate::store::StoreError;

impl Actions {
    /// Switches dialing off or on. Arming reads the switch in its own transaction, so nothing is armed after the commit.
    pub async fn switch_dialing(&self, actor: Actor, stopped: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                if tx.workspace_rules(actor.workspace).await?.dialing_stopped == stopped {
                    return Ok(());
                }
                tx.stop_dialing(actor.workspace, stopped).await?;
                let action = if stopped { "workspace.stop_dialing" } else { "workspace.resume_dialing" };
                audit::note(&tx, &actor, action, actor.workspace, serde_json::json!({}), now).await
            })
            .await?;
        self.wake.dialer();
        Ok(())
    }
}
