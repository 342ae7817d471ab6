//! Money: what is held for calls under way and what the others cost, per campaign, campaign day and workspace day.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use domain::budget::{Commitment, Funds, commitment};
use domain::ids::{CampaignId, WorkspaceId};
use domain::money::Usd;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sea_orm::{ConnectionTrait, DbBackend, Value};
use uuid::Uuid;

use super::calls::CallRecord;
use super::campaigns::CampaignRecord;
use super::given::{self, Given};
use super::workspaces::WorkspaceRules;
use super::{Store, StoreError, Tx, dialect, sql};

/// What an amount counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        let (owner, day) = self.owner_and_day();
        (owner, day.map(|day| day.to_string()).unwrap_or_default())
    }

    fn owner_and_day(self) -> (Uuid, Option<Date>) {
        match self {
            Self::Campaign(id) => (id.uuid(), None),
            Self::CampaignDay(id, day) => (id.uuid(), Some(day)),
            Self::WorkspaceDay(id, day) => (id.uuid(), Some(day)),
        }
    }
}

/// The order in which the database sorts the rows, which is the one in which they are locked.
impl Ord for BudgetScope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.owner_and_day().cmp(&other.owner_and_day())
    }
}

impl PartialOrd for BudgetScope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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
        Ok(find(self.reader(), scope).await?.unwrap_or_default())
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
        scopes: &BTreeSet<BudgetScope>,
    ) -> Result<BTreeMap<BudgetScope, Commitment>, StoreError> {
        let mut committed = self.lock_known_budgets(scopes).await?;
        let first: BTreeSet<BudgetScope> =
            scopes.iter().copied().filter(|scope| !committed.contains_key(scope)).collect();
        if !first.is_empty() {
            // Whoever adds one holds the account's pace, or nobody is armed meanwhile: this waits for nobody.
            let add = "INSERT INTO budgets (scope, day, held_micros, spent_micros) \
                       SELECT DISTINCT scope, day, 0, 0 FROM given WHERE TRUE ON CONFLICT (scope, day) DO NOTHING";
            for given in given_scopes(self.connection().get_database_backend(), &first) {
                let (add, values) = given.statement(add);
                sql::run(self.connection(), &add, values).await?;
            }
            committed.extend(self.lock_known_budgets(&first).await?);
        }
        if committed.len() < scopes.len() {
            return Err(StoreError::CorruptRow { table: "budgets", column: "scope" });
        }
        Ok(committed)
    }

    async fn lock_known_budgets(
        &self,
        scopes: &BTreeSet<BudgetScope>,
    ) -> Result<BTreeMap<BudgetScope, Commitment>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            scope: Uuid,
            day: String,
            held_micros: i64,
            spent_micros: i64,
        }
        let backend = self.connection().get_database_backend();
        let wanted =
            format!("SELECT scope, day, held_micros, spent_micros FROM {}", given_and_locked(backend));
        let mut rows: Vec<Row> = Vec::new();
        for given in given_scopes(backend, scopes) {
            let (wanted, values) = given.statement(&wanted);
            rows.extend(sql::all::<Row>(self.connection(), &wanted, values).await?);
        }
        let mut found: BTreeMap<(Uuid, String), Commitment> = BTreeMap::new();
        for row in rows {
            let held = Usd::from_micros(row.held_micros);
            let spent = Usd::from_micros(row.spent_micros);
            found.insert((row.scope, row.day), Commitment { held, spent });
        }
        let known = scopes.iter().filter_map(|scope| Some((*scope, *found.get(&scope.key())?)));
        Ok(known.collect())
    }

    /// Writes collected changes.
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
             FROM (SELECT given.* FROM {}) AS locked \
             WHERE budgets.scope = locked.scope AND budgets.day = locked.day",
            given_and_locked(db.get_database_backend())
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

/// Rows of `given` with their budgets, locked in one order by whoever locks them, so that no two transactions wait for each other.
fn given_and_locked(backend: DbBackend) -> String {
    format!("given JOIN budgets USING (scope, day) ORDER BY scope, day{}", dialect::for_update(backend))
}

fn given_scopes(backend: DbBackend, scopes: &BTreeSet<BudgetScope>) -> Vec<Given> {
    let rows = scopes.iter().map(|scope| {
        let (owner, day) = scope.key();
        vec![owner.into(), day.into()]
    });
    let rows: Vec<Vec<Value>> = rows.collect();
    rows.chunks(given::MOST).map(|some| Given::rows(backend, &["scope", "day"], some.to_vec())).collect()
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
    let committed = find(db, scope).await?.unwrap_or_default();
    Ok(Some(budget - committed.held - committed.spent))
}

async fn find(db: &impl ConnectionTrait, scope: BudgetScope) -> Result<Option<Commitment>, StoreError> {
    #[derive(sea_orm::FromQueryResult)]
    struct Row {
        held_micros: i64,
        spent_micros: i64,
    }
    let wanted = "SELECT held_micros, spent_micros FROM budgets WHERE scope = $1 AND day = $2";
    let (owner, day) = scope.key();
    let row: Option<Row> = sql::one(db, wanted, [owner.into(), day.into()]).await?;
    Ok(row.map(|row| Commitment {
        held: Usd::from_micros(row.held_micros),
        spent: Usd::from_micros(row.spent_micros),
    }))
}
