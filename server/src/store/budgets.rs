//! Money: what is held for calls under way and what the others cost, per campaign, campaign day and workspace day.

use std::collections::BTreeMap;

use domain::budget::{Commitment, Funds, commitment};
use domain::ids::{CampaignId, WorkspaceId};
use domain::money::Usd;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::calls::CallRecord;
use super::campaigns::CampaignRecord;
use super::given::{self, Given};
use super::workspaces::WorkspaceRules;
use super::{Store, StoreError, Tx, dialect, sql};

/// What an amount counts against. The order is the one in which rows are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetScope {
    /// A campaign, from its first call to its last.
    Campaign(CampaignId),
    /// A campaign on one of its local days.
    CampaignDay(CampaignId, Date),
    /// A workspace on a day in UTC.
    WorkspaceDay(WorkspaceId, Date),
}

impl BudgetScope {
    /// A workspace on the day of an instant.
    pub fn workspace_on(workspace: WorkspaceId, at: Timestamp) -> Self {
        Self::WorkspaceDay(workspace, at.to_zoned(TimeZone::UTC).date())
    }

    /// How it is stored: whose it is, and the day or nothing.
    pub(super) fn key(self) -> (Uuid, String) {
        match self {
            Self::Campaign(id) => (id.uuid(), String::new()),
            Self::CampaignDay(id, day) => (id.uuid(), day.to_string()),
            Self::WorkspaceDay(id, day) => (id.uuid(), day.to_string()),
        }
    }
}

impl CallRecord {
    /// What it costs its budgets, as far as is known.
    pub fn commitment(&self) -> Commitment {
        commitment(&self.call, self.quote)
    }

    /// The budgets it counts against: none before it was armed for the first time.
    pub fn budgets(&self) -> impl Iterator<Item = BudgetScope> {
        let whole = self.day.map(|_| BudgetScope::Campaign(self.campaign));
        let day = self.day.map(|day| BudgetScope::CampaignDay(self.campaign, day));
        let of_workspace = self.armed_at.map(|at| BudgetScope::workspace_on(self.workspace, at));
        [whole, day, of_workspace].into_iter().flatten()
    }
}

/// Changes of budgets that one transaction collects before it writes them.
#[derive(Debug, Default)]
pub struct BudgetChanges(BTreeMap<BudgetScope, (i64, i64)>);

impl BudgetChanges {
    /// A call commits this much of a scope.
    pub fn take(&mut self, scope: BudgetScope, commitment: Commitment) {
        let change = self.0.entry(scope).or_default();
        *change = (change.0 + commitment.held.micros(), change.1 + commitment.spent.micros());
    }

    /// A call does not commit this much of a scope any more.
    pub fn give_back(&mut self, scope: BudgetScope, commitment: Commitment) {
        let change = self.0.entry(scope).or_default();
        *change = (change.0 - commitment.held.micros(), change.1 - commitment.spent.micros());
    }
}

impl Store {
    /// What a scope has committed.
    pub async fn committed(&self, scope: BudgetScope) -> Result<Commitment, StoreError> {
        Ok(find(self.reader(), scope, "").await?.unwrap_or_default())
    }

    /// What is left of every budget that applies to a campaign at `now`.
    pub async fn funds(
        &self,
        campaign: &CampaignRecord,
        workspace: &WorkspaceRules,
        now: Timestamp,
    ) -> Result<Funds, StoreError> {
        funds(self.reader(), campaign, workspace, now).await
    }
}

impl Tx {
    /// What is left of every budget that applies to a campaign at `now`, without a lock.
    pub async fn funds(
        &self,
        campaign: &CampaignRecord,
        workspace: &WorkspaceRules,
        now: Timestamp,
    ) -> Result<Funds, StoreError> {
        funds(self.connection(), campaign, workspace, now).await
    }

    /// What these scopes have committed, locked until the transaction ends, so that no two servers spend the same cent.
    pub async fn lock_budgets(
        &self,
        mut scopes: Vec<BudgetScope>,
    ) -> Result<BTreeMap<BudgetScope, Commitment>, StoreError> {
        let db = self.connection();
        let for_update = dialect::for_update(db.get_database_backend());
        scopes.sort_unstable();
        scopes.dedup();
        let mut committed = BTreeMap::new();
        for scope in scopes {
            let found = match find(db, scope, for_update).await? {
                Some(found) => found,
                None => {
                    let (owner, day) = scope.key();
                    let first = "INSERT INTO budgets (scope, day, held_micros, spent_micros) VALUES ($1, $2, 0, 0) \
                                 ON CONFLICT (scope, day) DO NOTHING";
                    sql::run(db, first, [owner.into(), day.into()]).await?;
                    find(db, scope, for_update).await?.unwrap_or_default()
                }
            };
            committed.insert(scope, found);
        }
        Ok(committed)
    }

    /// Writes collected changes, locked in the order of scopes so that two transactions cannot wait for each other.
    pub async fn change_budgets(&self, changes: BudgetChanges) -> Result<(), StoreError> {
        let db = self.connection();
        let changes: Vec<Vec<Value>> = changes
            .0
            .into_iter()
            .filter(|(_, change)| *change != (0, 0))
            .map(|(scope, (held, spent))| {
                let (owner, day) = scope.key();
                vec![owner.into(), day.into(), held.into(), spent.into()]
            })
            .collect();
        // Arming made the rows.
        let change = format!(
            "UPDATE budgets SET held_micros = budgets.held_micros + locked.held, \
             spent_micros = budgets.spent_micros + locked.spent \
             FROM (SELECT given.* FROM given JOIN budgets USING (scope, day) ORDER BY scope, day{}) AS locked \
             WHERE budgets.scope = locked.scope AND budgets.day = locked.day",
            dialect::for_update(db.get_database_backend())
        );
        for some in changes.chunks(given::MOST) {
            let given =
                Given::rows(db.get_database_backend(), &["scope", "day", "held", "spent"], some.to_vec());
            let (change, values) = given.statement(&change);
            sql::run(db, &change, values).await?;
        }
        Ok(())
    }
}

async fn funds(
    db: &impl ConnectionTrait,
    campaign: &CampaignRecord,
    workspace: &WorkspaceRules,
    now: Timestamp,
) -> Result<Funds, StoreError> {
    let budgets = campaign.rules.budgets;
    let day = BudgetScope::CampaignDay(campaign.id, campaign.rules.zone.local_date(now));
    let workspace_day = BudgetScope::workspace_on(campaign.workspace, now);
    Ok(Funds {
        total: left(db, budgets.total, BudgetScope::Campaign(campaign.id)).await?,
        day: left(db, budgets.per_day, day).await?,
        workspace_day: left(db, workspace.daily_budget, workspace_day).await?,
    })
}

async fn left(
    db: &impl ConnectionTrait,
    budget: Option<Usd>,
    scope: BudgetScope,
) -> Result<Option<Usd>, StoreError> {
    let Some(budget) = budget else { return Ok(None) };
    let committed = find(db, scope, "").await?.unwrap_or_default();
    Ok(Some(budget - committed.held - committed.spent))
}

async fn find(
    db: &impl ConnectionTrait,
    scope: BudgetScope,
    lock: &str,
) -> Result<Option<Commitment>, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        held_micros: i64,
        spent_micros: i64,
    }
    let wanted = format!("SELECT held_micros, spent_micros FROM budgets WHERE scope = $1 AND day = $2{lock}");
    let (owner, day) = scope.key();
    let row: Option<Row> = sql::one(db, &wanted, [owner.into(), day.into()]).await?;
    Ok(row.map(|row| Commitment {
        held: Usd::from_micros(row.held_micros),
        spent: Usd::from_micros(row.spent_micros),
    }))
}
