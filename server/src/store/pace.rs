//! The pace of starting calls, in rows that all servers share: of the account, of a number to call from, of a campaign.

use std::collections::BTreeMap;

use domain::ids::CampaignId;
use domain::pacing::{Pace, PaceHold, PaceTrouble};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, QueryOrder,
};

use super::entities::pace::{Column, Entity, Model};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// What a pace belongs to. Sorted with the account first: whoever takes its row first has the others to themselves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaceScope {
    /// The account at the carrier.
    Account,
    /// A number to call from.
    CallerId(PhoneNumber),
    /// A campaign with a pace of its own.
    Campaign(CampaignId),
}

impl PaceScope {
    fn key(&self) -> String {
        match self {
            Self::Account => "account".to_owned(),
            Self::CallerId(number) => format!("from {}", number.as_str()),
            Self::Campaign(id) => format!("campaign {id}"),
        }
    }
}

impl Store {
    /// Where the pace of a scope stands.
    pub async fn pace(&self, scope: &PaceScope) -> Result<Pace, StoreError> {
        let row = Entity::find_by_id(scope.key()).one(self.reader()).await?;
        row.map_or_else(|| Ok(Pace::default()), Pace::try_from)
    }
}

/// Calls of a scope.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// On, from being armed to their end.
    pub on: usize,
    /// Chosen and not armed yet.
    pub reserved: usize,
}

impl Store {
    /// How many calls a scope has.
    pub async fn taken_in(&self, scope: &PaceScope) -> Result<Taken, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            reserved: bool,
            calls: i64,
        }
        let (only, value) = match scope {
            PaceScope::Account => ("", None),
            PaceScope::CallerId(number) => (" AND from_number = $1", Some(number.as_str().into())),
            PaceScope::Campaign(id) => (" AND campaign_id = $1", Some(id.uuid().into())),
        };
        let wanted = format!(
            "SELECT placement = 'reserved' AS reserved, COUNT(*) AS calls FROM calls WHERE live{only} \
             GROUP BY placement = 'reserved'"
        );
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, value).await?;
        let mut taken = Taken::default();
        for row in rows {
            let calls = usize::try_from(row.calls).unwrap_or(usize::MAX);
            if row.reserved { taken.reserved = calls } else { taken.on = calls }
        }
        Ok(taken)
    }
}

impl Tx {
    /// Where these paces stand, locked until the transaction ends, so that no two servers start a call on the same word.
    pub async fn lock_paces(&self, scopes: &[PaceScope]) -> Result<BTreeMap<PaceScope, Pace>, StoreError> {
        let db = self.connection();
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let mut paces = BTreeMap::new();
        for scope in scopes {
            let wanted = format!(
                "SELECT {} FROM pace WHERE scope = $1{}",
                sql::columns::<Entity>(),
                dialect::for_update(db.get_database_backend())
            );
            let find = || sql::one::<Model>(db, &wanted, [scope.key().into()]);
            let row = match find().await? {
                Some(row) => row,
                None => {
                    let first = Model::of(&scope, &Pace::default()).into_active_model().reset_all();
                    let once = OnConflict::column(Column::Scope).do_nothing().to_owned();
                    Entity::insert(first).on_conflict(once).exec_without_returning(db).await?;
                    find().await?.ok_or(StoreError::CorruptRow { table: "pace", column: "scope" })?
                }
            };
            paces.insert(scope, Pace::try_from(row)?);
        }
        Ok(paces)
    }

    /// Writes locked paces back.
    pub async fn save_paces(&self, paces: &BTreeMap<PaceScope, Pace>) -> Result<(), StoreError> {
        if paces.is_empty() {
            return Ok(());
        }
        let rows = paces.iter().map(|(scope, pace)| Model::of(scope, pace).into_active_model().reset_all());
        let changed = Column::iter().filter(|column| !matches!(column, Column::Scope));
        let overwrite = OnConflict::column(Column::Scope).update_columns(changed).to_owned();
        Entity::insert_many(rows).on_conflict(overwrite).exec_without_returning(self.connection()).await?;
        Ok(())
    }

    /// Calls that are on now, from being armed to their end: in all, from these numbers, and of these campaigns.
    pub async fn calls_on(&self, campaigns: &[CampaignId]) -> Result<CallsOn, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            campaign_id: uuid::Uuid,
            from_number: String,
            calls: i64,
        }
        let wanted = "SELECT campaign_id, from_number, COUNT(*) AS calls FROM calls \
                      WHERE live AND placement IN ('armed', 'unknown', 'placed') GROUP BY campaign_id, from_number";
        let rows: Vec<Row> = sql::all(self.connection(), wanted, []).await?;
        let mut on = CallsOn::default();
        for row in rows {
            let calls = u32::try_from(row.calls).unwrap_or(u32::MAX);
            let campaign = CampaignId::from_uuid(row.campaign_id);
            let mut add = |scope| *on.0.entry(scope).or_insert(0) += calls;
            add(PaceScope::Account);
            add(PaceScope::CallerId(PhoneNumber::from_e164_unchecked(row.from_number)));
            if campaigns.contains(&campaign) {
                add(PaceScope::Campaign(campaign));
            }
        }
        Ok(on)
    }
}

/// How many calls are on.
#[derive(Debug, Clone, Default)]
pub struct CallsOn(BTreeMap<PaceScope, u32>);

impl CallsOn {
    /// Calls on in this scope.
    pub fn in_scope(&self, scope: &PaceScope) -> u32 {
        self.0.get(scope).copied().unwrap_or(0)
    }

    /// One more.
    pub fn add(&mut self, scope: &PaceScope) {
        *self.0.entry(scope.clone()).or_insert(0) += 1;
    }
}

impl Model {
    fn of(scope: &PaceScope, pace: &Pace) -> Self {
        Self {
            scope: scope.key(),
            next_start_micros: pace.next_start.map(Timestamp::as_microsecond),
            share: pace.share.into(),
            share_at: pace.share_at.map(millis),
            streak: pace.streak.into(),
            failures: pace.failures.into(),
            failing_since: pace.failing_since.map(millis),
            trouble: pace.hold.map(|hold| hold.trouble.as_str().to_owned()),
            held_until: pace.hold.map(|hold| millis(hold.until)),
        }
    }
}

impl TryFrom<Model> for Pace {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::CorruptRow { table: "pace", column };
        let number = |column, value: i64| u32::try_from(value).map_err(|_| corrupt(column));
        let hold = match (row.trouble, row.held_until) {
            (Some(trouble), Some(until)) => Some(PaceHold {
                trouble: PaceTrouble::parse(&trouble).ok_or_else(|| corrupt("trouble"))?,
                until: time(until),
            }),
            _ => None,
        };
        let micros = |at| Timestamp::from_microsecond(at).map_err(|_| corrupt("next_start_micros"));
        Ok(Self {
            next_start: row.next_start_micros.map(micros).transpose()?,
            share: number("share", row.share)?,
            share_at: row.share_at.map(time),
            streak: number("streak", row.streak)?,
            failures: number("failures", row.failures)?,
            failing_since: row.failing_since.map(time),
            hold,
        })
    }
}

impl Store {
    /// Every pace that is not as usual: where the carrier complained, or cannot be reached.
    pub async fn troubled_paces(&self) -> Result<Vec<(String, Pace)>, StoreError> {
        let troubled = Condition::any().add(Column::Trouble.is_not_null()).add(Column::Share.lt(1_000));
        let rows = Entity::find().filter(troubled).order_by_asc(Column::Scope).all(self.reader()).await?;
        rows.into_iter().map(|row| Ok((row.scope.clone(), Pace::try_from(row)?))).collect()
    }
}
