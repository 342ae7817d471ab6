//! The switch for everything: dialing of a whole workspace, off and on.

use super::calls::end_queued;
use super::{Actions, Actor, audit};
use crate::store::StoreError;

impl Actions {
    /// Switches dialing off or on. Arming reads the switch in its own transaction, so nothing is armed after the
    /// commit; calls that the carrier has not begun to dial are ended.
    pub async fn switch_dialing(&self, actor: Actor, stopped: bool) -> Result<(), StoreError> {
        let (now, workspace) = (self.clock.now(), actor.workspace);
        let ending = self
            .store
            .transaction(move |tx| async move {
                if tx.workspace_rules(actor.workspace).await?.dialing_stopped == stopped {
                    return Ok(Vec::new());
                }
                tx.stop_dialing(actor.workspace, stopped).await?;
                let action = if stopped { "workspace.stop_dialing" } else { "workspace.resume_dialing" };
                audit::note(&tx, &actor, action, actor.workspace, serde_json::json!({}), now).await?;
                if !stopped {
                    return Ok::<_, StoreError>(Vec::new());
                }
                end_queued(&tx, actor.workspace, None, now).await
            })
            .await?;
        self.told_of_ending(&ending);
        self.told_everybody(workspace);
        self.wake.dialer();
        Ok(())
    }
}
