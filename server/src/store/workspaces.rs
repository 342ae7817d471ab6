//! What holds for a whole workspace: the switch for everything, the cap per number, the budget of a day.

use domain::frequency::FrequencyCap;
use domain::ids::WorkspaceId;
use domain::money::Usd;
use sea_orm::ConnectionTrait;

use super::entities::workspaces::{Entity, Model};
use super::{Store, StoreError, Tx, dialect, sql};

/// The rules of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkspaceRules {
    /// Dialing is switched off.
    pub dialing_stopped: bool,
    /// How often one number may ring in 24 hours, over all campaigns.
    pub frequency_cap: FrequencyCap,
    /// What all campaigns together may cost on a day in UTC.
    pub daily_budget: Option<Usd>,
}

impl Store {
    /// The rules of a workspace. One that cannot be found must not dial.
    pub async fn workspace_rules(&self, of: WorkspaceId) -> Result<WorkspaceRules, StoreError> {
        read(self.reader(), of, "").await
    }
}

impl Tx {
    /// The rules of a workspace, which nobody changes until the transaction ends.
    pub async fn hold_workspace_rules(&self, of: WorkspaceId) -> Result<WorkspaceRules, StoreError> {
        let db = self.connection();
        read(db, of, dialect::for_share(db.get_database_backend())).await
    }

    /// The rules of a workspace as of this transaction.
    pub async fn workspace_rules(&self, of: WorkspaceId) -> Result<WorkspaceRules, StoreError> {
        read(self.connection(), of, "").await
    }

    /// Sets the cap per number and the budget of a day.
    pub async fn save_workspace_limits(
        &self,
        of: WorkspaceId,
        frequency_cap: FrequencyCap,
        daily_budget: Option<Usd>,
    ) -> Result<(), StoreError> {
        let change = "UPDATE workspaces SET frequency_cap = $1, daily_budget_micros = $2 WHERE id = $3";
        let cap = i64::from(frequency_cap.rings());
        let values = [cap.into(), daily_budget.map(Usd::micros).into(), of.uuid().into()];
        sql::run(self.connection(), change, values).await?;
        Ok(())
    }
}

async fn read(db: &impl ConnectionTrait, of: WorkspaceId, lock: &str) -> Result<WorkspaceRules, StoreError> {
    let wanted = format!("SELECT {} FROM workspaces WHERE id = $1{lock}", sql::columns::<Entity>());
    let row: Option<Model> = sql::one(db, &wanted, [of.uuid().into()]).await?;
    let Some(row) = row else {
        return Ok(WorkspaceRules {
            dialing_stopped: true,
            frequency_cap: FrequencyCap::default(),
            daily_budget: None,
        });
    };
    let corrupt = StoreError::CorruptRow { table: "workspaces", column: "frequency_cap" };
    Ok(WorkspaceRules {
        dialing_stopped: row.dialing_stopped,
        frequency_cap: FrequencyCap::new(row.frequency_cap).map_err(|_| corrupt)?,
        daily_budget: row.daily_budget_micros.map(Usd::from_micros),
    })
}
