//! Numbers that must never be rung.

use domain::ids::WorkspaceId;
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::do_not_call::{Column, Entity, Model};
use super::given::{self, Given};
use super::prospects::contains;
use super::{Store, StoreError, Tx, millis, sql, time};

/// One number on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoNotCallRecord {
    /// Whose list.
    pub workspace: WorkspaceId,
    /// The number.
    pub phone: PhoneNumber,
    /// Where it comes from: `api`, `keypress`, `import`, …
    pub source: String,
    /// Why, in the words of whoever added it.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl Store {
    /// The list in the order of numbers, behind `after`; with a text, only what has it in its number or its reason.
    pub async fn do_not_call_list(
        &self,
        of: WorkspaceId,
        text: Option<&str>,
        after: Option<&PhoneNumber>,
        most: u64,
    ) -> Result<Vec<DoNotCallRecord>, StoreError> {
        let mut wanted = Entity::find().filter(Column::WorkspaceId.eq(of.uuid()));
        if let Some(after) = after {
            wanted = wanted.filter(Column::Phone.gt(after.as_str()));
        }
        if let Some(text) = text {
            // People type spaces, brackets and dashes, which the stored numbers do not have.
            let digits: String = text.chars().filter(|c| c.is_ascii_digit()).collect();
            let wanted_text = if digits.is_empty() { text.to_owned() } else { digits };
            let by_number = Expr::col(Column::Phone).like(contains(&wanted_text));
            let by_reason = Expr::expr(Func::lower(Expr::col(Column::Reason))).like(contains(text));
            wanted = wanted.filter(Condition::any().add(by_number).add(by_reason));
        }
        let rows = wanted.order_by_asc(Column::Phone).limit(most).all(self.reader()).await?;
        Ok(rows.into_iter().map(DoNotCallRecord::from).collect())
    }

    /// How many numbers are on the list.
    pub async fn count_do_not_call(&self, of: WorkspaceId) -> Result<u64, StoreError> {
        Ok(Entity::find().filter(Column::WorkspaceId.eq(of.uuid())).count(self.reader()).await?)
    }

    /// Whether a number is on the list, for showing it. The dialer asks in its own transaction.
    pub async fn is_do_not_call(&self, of: WorkspaceId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        Ok(Entity::find_by_id((of.uuid(), phone.as_str().to_owned())).one(self.reader()).await?.is_some())
    }
}

impl Tx {
    /// Puts at most a few hundred numbers on the list; those that were not there.
    pub async fn add_do_not_call(&self, entries: &[DoNotCallRecord]) -> Result<Vec<PhoneNumber>, StoreError> {
        let rows = entries.iter().map(|entry| Model::from(entry).into_active_model().reset_all());
        let once = OnConflict::columns([Column::WorkspaceId, Column::Phone]).do_nothing().to_owned();
        let insert = Entity::insert_many(rows).on_conflict(once);
        let new = insert.exec_with_returning(self.connection()).await?;
        Ok(new.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.phone)).collect())
    }

    /// Takes a number off the list; `false` when it was not there.
    pub async fn remove_do_not_call(&self, of: WorkspaceId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let found = Entity::delete_by_id((of.uuid(), phone.as_str().to_owned()));
        Ok(found.exec(self.connection()).await?.rows_affected > 0)
    }

    /// Whether a number is on the list, as of this transaction.
    pub async fn is_do_not_call(&self, of: WorkspaceId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        Ok(Entity::find_by_id((of.uuid(), phone.as_str().to_owned())).one(self.connection()).await?.is_some())
    }

    /// Those of the numbers that are on the list.
    pub async fn do_not_call_among(
        &self,
        of: WorkspaceId,
        phones: &[PhoneNumber],
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            phone: String,
        }
        let db = self.connection();
        let mut listed = Vec::new();
        for some in phones.chunks(given::MOST) {
            let numbers = sql::one_each(some, |phone| phone.as_str().to_owned());
            let mut wanted = Given::rows(db.get_database_backend(), &["phone"], numbers);
            let workspace = wanted.value(of.uuid());
            let (wanted, values) = wanted.statement(&format!(
                "SELECT phone FROM do_not_call WHERE workspace_id = {workspace} AND phone IN (SELECT phone FROM given)"
            ));
            let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
            listed.extend(rows.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.phone)));
        }
        Ok(listed)
    }
}

impl From<Model> for DoNotCallRecord {
    fn from(row: Model) -> Self {
        Self {
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            phone: PhoneNumber::from_e164_unchecked(row.phone),
            source: row.source,
            reason: row.reason,
            created_at: time(row.created_at),
        }
    }
}

impl From<&DoNotCallRecord> for Model {
    fn from(entry: &DoNotCallRecord) -> Self {
        Self {
            workspace_id: entry.workspace.uuid(),
            phone: entry.phone.as_str().to_owned(),
            source: entry.source.clone(),
            reason: entry.reason.clone(),
            created_at: millis(entry.created_at),
        }
    }
}
