//! The limits of a workspace: how often one number may ring, and what a day may cost.

use domain::frequency::FrequencyCap;
use domain::money::Usd;

use super::{Actions, Actor, audit};
use crate::store::StoreError;

impl Actions {
    /// Changes what is given; every call that is armed after the commit is under the new limits, for arming holds the
    /// workspace's row.
    pub async fn change_workspace_limits(
        &self,
        actor: Actor,
        frequency_cap: Option<FrequencyCap>,
        daily_budget: Option<Option<Usd>>,
    ) -> Result<(), StoreError> {
        let (now, workspace) = (self.clock.now(), actor.workspace);
        self.store
            .transaction(move |tx| async move {
                let before = tx.workspace_rules(actor.workspace).await?;
                let cap = frequency_cap.unwrap_or(before.frequency_cap);
                let budget = daily_budget.unwrap_or(before.daily_budget);
                tx.save_workspace_limits(actor.workspace, cap, budget).await?;
                let detail = serde_json::json!({
                    "frequencyCap": cap.rings(),
                    "dailyBudget": budget.map(|budget| budget.to_string()),
                });
                audit::note(&tx, &actor, "workspace.change_limits", actor.workspace, detail, now).await
            })
            .await?;
        self.told_everybody(workspace);
        self.wake.dialer();
        Ok(())
    }
}
