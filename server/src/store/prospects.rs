//! Prospects: one row per person and campaign.

use std::collections::{HashMap, HashSet};

use domain::disposition::Disposition;
use domain::ids::{CallId, CampaignId, ClearingId, ImportId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use domain::queue::Priority;
use jiff::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entities::prospects::{Column, Entity, Model};
use super::given::{self, Given};
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// A prospect with everything we know of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProspectRecord {
    /// Who.
    pub id: ProspectId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// First name; empty when unknown, as are the following.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// The number to ring.
    pub phone: PhoneNumber,
    /// Company.
    pub company: String,
    /// Title.
    pub title: String,
    /// Custom fields as a JSON object of texts.
    pub metadata: String,
    /// Where they stand.
    pub status: ProspectStatus,
    /// How their last attempt ended.
    pub disposition: Option<Disposition>,
    /// Calls made for them so far; numbers the next one.
    pub attempts: u32,
    /// Calls that the retry policy counts.
    pub attempts_spent: u32,
    /// When they may be rung next.
    pub due_at: Option<Timestamp>,
    /// Their latest call.
    pub last_call: Option<CallId>,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they last changed.
    pub updated_at: Timestamp,
    /// How urgent they are.
    pub priority: Priority,
    /// When they would be due had nobody skipped them.
    pub due_before_skip: Option<Timestamp>,
    /// Which clearing of the queue took them out of it.
    pub cleared_by: Option<ClearingId>,
    /// The only import they came with.
    pub import: Option<ImportId>,
}

impl ProspectRecord {
    /// Somebody passed them over, and the time has not come.
    pub fn is_skipped(&self, now: Timestamp) -> bool {
        let waits = matches!(self.status, ProspectStatus::Ready | ProspectStatus::Waiting);
        waits && self.due_before_skip.is_some() && self.due_at.is_some_and(|due_at| due_at > now)
    }

    /// What a script may say of this person: their fields by the names of the API, and their custom fields. A field of
    /// their own wins over a custom one of the same name.
    pub fn spoken_values(&self) -> Vec<(String, String)> {
        let custom: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&self.metadata).unwrap_or_default();
        let custom = custom.into_iter().filter_map(|(name, value)| match value {
            serde_json::Value::String(text) => Some((name, text)),
            serde_json::Value::Number(number) => Some((name, number.to_string())),
            _ => None,
        });
        let own = [
            ("firstName", &self.first_name),
            ("lastName", &self.last_name),
            ("email", &self.email),
            ("company", &self.company),
            ("title", &self.title),
        ];
        custom.chain(own.map(|(name, value)| (name.to_owned(), value.clone()))).collect()
    }
}

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProspectFilter {
    /// Only in these states; all when empty.
    pub statuses: Vec<ProspectStatus>,
    /// Only those whose names, company, e-mail or number contain this.
    pub text: Option<String>,
}

impl Store {
    /// One prospect of a workspace.
    pub async fn prospect(
        &self,
        of: WorkspaceId,
        id: ProspectId,
    ) -> Result<Option<ProspectRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(of.uuid()));
        found.one(self.reader()).await?.map(ProspectRecord::try_from).transpose()
    }

    /// Prospects of a campaign in the order of their addition, behind `after`.
    pub async fn prospects(
        &self,
        campaign: CampaignId,
        filter: &ProspectFilter,
        after: Option<ProspectId>,
        offset: u64,
        most: u64,
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        let mut wanted = Entity::find().filter(matching(campaign, filter));
        if let Some(after) = after {
            wanted = wanted.filter(Column::Id.gt(after.uuid()));
        }
        let rows = wanted.order_by_asc(Column::Id).offset(offset).limit(most).all(self.reader()).await?;
        rows.into_iter().map(ProspectRecord::try_from).collect()
    }

    /// What to call people: their name, else their company, else nothing.
    pub async fn names_of(
        &self,
        ids: impl Iterator<Item = ProspectId>,
    ) -> Result<HashMap<ProspectId, String>, StoreError> {
        let ids: Vec<uuid::Uuid> = ids.map(|id| id.uuid()).collect();
        let columns = [Column::Id, Column::FirstName, Column::LastName, Column::Company];
        let wanted = Entity::find().select_only().columns(columns).filter(Column::Id.is_in(ids));
        let rows: Vec<(uuid::Uuid, String, String, String)> = wanted.into_tuple().all(self.reader()).await?;
        let named = rows.into_iter().map(|(id, first, last, company)| {
            let name = format!("{first} {last}");
            let name = if name.trim().is_empty() { company } else { name.trim().to_owned() };
            (ProspectId::from_uuid(id), name)
        });
        Ok(named.collect())
    }

    /// Those of a few numbers that a campaign has.
    pub async fn numbers_known(
        &self,
        campaign: CampaignId,
        phones: &[PhoneNumber],
    ) -> Result<HashSet<PhoneNumber>, StoreError> {
        let phones = phones.iter().map(PhoneNumber::as_str);
        let wanted = Entity::find().select_only().column(Column::Phone);
        let wanted =
            wanted.filter(Column::CampaignId.eq(campaign.uuid())).filter(Column::Phone.is_in(phones));
        let rows: Vec<String> = wanted.into_tuple().all(self.reader()).await?;
        Ok(rows.into_iter().map(PhoneNumber::from_e164_unchecked).collect())
    }

    /// How many prospects a filter finds.
    pub async fn count_prospects(
        &self,
        campaign: CampaignId,
        filter: &ProspectFilter,
    ) -> Result<u64, StoreError> {
        Ok(Entity::find().filter(matching(campaign, filter)).count(self.reader()).await?)
    }

    /// How many prospects of a campaign stand where.
    pub async fn prospects_by_status(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<(ProspectStatus, u64)>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            status: String,
            count: i64,
        }
        let wanted = "SELECT status, COUNT(*) AS count FROM prospects WHERE campaign_id = $1 GROUP BY status";
        let rows: Vec<Row> = sql::all(self.reader(), wanted, [campaign.uuid().into()]).await?;
        let known = |row: Row| {
            let status = ProspectStatus::parse(&row.status).ok_or_else(|| corrupt("status"))?;
            Ok((status, row.count.unsigned_abs()))
        };
        rows.into_iter().map(known).collect()
    }
}

impl Tx {
    /// Prospects by id, in id order, locked until the transaction ends.
    pub async fn lock_prospects(&self, ids: &[ProspectId]) -> Result<Vec<ProspectRecord>, StoreError> {
        self.prospects_locked(ids, dialect::for_update).await
    }

    /// The same without those that another transaction is changing at this moment.
    pub async fn claim_prospects(&self, ids: &[ProspectId]) -> Result<Vec<ProspectRecord>, StoreError> {
        self.prospects_locked(ids, dialect::for_update_skip_locked).await
    }

    async fn prospects_locked(
        &self,
        ids: &[ProspectId],
        lock: fn(DbBackend) -> &'static str,
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> = given::lock_by_id::<Entity>(self.connection(), ids, lock).await?;
        rows.into_iter().map(ProspectRecord::try_from).collect()
    }

    /// Everybody in a workspace with this number, in id order, locked.
    pub async fn lock_prospects_with_number(
        &self,
        of: WorkspaceId,
        number: &PhoneNumber,
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT {} FROM prospects WHERE workspace_id = $1 AND phone = $2 ORDER BY id{}",
            sql::columns::<Entity>(),
            dialect::for_update(db.get_database_backend())
        );
        let rows: Vec<Model> = sql::all(db, &wanted, [of.uuid().into(), number.as_str().into()]).await?;
        rows.into_iter().map(ProspectRecord::try_from).collect()
    }

    /// Everybody in every workspace with this number, in id order, locked.
    pub async fn lock_prospects_with_number_anywhere(
        &self,
        number: &PhoneNumber,
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT {} FROM prospects WHERE workspace_id IN (SELECT id FROM workspaces) AND phone = $1 ORDER BY id{}",
            sql::columns::<Entity>(),
            dialect::for_update(db.get_database_backend())
        );
        let rows: Vec<Model> = sql::all(db, &wanted, [number.as_str().into()]).await?;
        rows.into_iter().map(ProspectRecord::try_from).collect()
    }

    /// Adds prospects whose number the campaign does not have yet; the numbers of those that were added.
    pub async fn add_prospects(&self, prospects: &[ProspectRecord]) -> Result<Vec<PhoneNumber>, StoreError> {
        let mut added = Vec::with_capacity(prospects.len());
        for batch in prospects.chunks(1_000) {
            let rows = batch.iter().map(|prospect| Model::from(prospect).into_active_model().reset_all());
            let once = OnConflict::columns([Column::CampaignId, Column::Phone]).do_nothing().to_owned();
            let insert = Entity::insert_many(rows).on_conflict(once);
            let inserted = insert.exec_with_returning(self.connection()).await?;
            added.extend(inserted.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.phone)));
        }
        Ok(added)
    }

    /// Writes changed prospects back.
    pub async fn save_prospects(&self, prospects: &[ProspectRecord]) -> Result<(), StoreError> {
        let fixed = |column| {
            matches!(column, Column::Id | Column::WorkspaceId | Column::CampaignId | Column::CreatedAt)
        };
        let columns: Vec<Column> = Column::iter().filter(|column| !fixed(*column)).collect();
        self.save_columns(prospects, &columns).await
    }

    /// Writes back where prospects stand: what calls change of them. Their number and their names stay as they are.
    pub async fn save_standings(&self, prospects: &[ProspectRecord]) -> Result<(), StoreError> {
        let columns = [
            Column::Status,
            Column::Disposition,
            Column::Attempts,
            Column::AttemptsSpent,
            Column::DueAt,
            Column::LastCallId,
            Column::UpdatedAt,
            Column::DueBeforeSkip,
        ];
        self.save_columns(prospects, &columns).await
    }

    async fn save_columns(&self, prospects: &[ProspectRecord], columns: &[Column]) -> Result<(), StoreError> {
        let db = self.connection();
        let changes: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} = given.{column}", column = column.as_str()))
            .collect();
        let columns: Vec<Column> = std::iter::once(Column::Id).chain(columns.iter().copied()).collect();
        let change =
            format!("UPDATE prospects SET {} FROM given WHERE prospects.id = given.id", changes.join(", "));
        for some in prospects.chunks(given::MOST) {
            let rows: Vec<Model> = some.iter().map(Model::from).collect();
            let changed = Given::models(db.get_database_backend(), &columns, &rows);
            let (change, values) = changed.statement(&change);
            sql::run(db, &change, values).await?;
        }
        Ok(())
    }

    /// Whether anybody of a campaign may still be rung or is being rung.
    pub async fn has_unfinished_prospects(&self, campaign: CampaignId) -> Result<bool, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            #[expect(dead_code, reason = "only its presence counts")]
            id: uuid::Uuid,
        }
        let wanted = "SELECT id FROM prospects WHERE campaign_id = $1 \
                      AND status IN ('ready', 'waiting', 'in_call', 'held') LIMIT 1";
        let row: Option<Row> = sql::one(self.connection(), wanted, [campaign.uuid().into()]).await?;
        Ok(row.is_some())
    }
}

fn matching(campaign: CampaignId, filter: &ProspectFilter) -> Condition {
    let mut condition = Condition::all().add(Column::CampaignId.eq(campaign.uuid()));
    if !filter.statuses.is_empty() {
        condition = condition.add(Column::Status.is_in(filter.statuses.iter().map(|status| status.as_str())));
    }
    if let Some(text) = &filter.text {
        let pattern = contains(text);
        let searched = [Column::FirstName, Column::LastName, Column::Company, Column::Email, Column::Phone];
        let any = searched.into_iter().fold(Condition::any(), |any, column| {
            any.add(Expr::expr(sea_orm::sea_query::Func::lower(Expr::col(column))).like(pattern.clone()))
        });
        condition = condition.add(any);
    }
    condition
}

/// A pattern that finds the text itself: its own `%` and `_` mean nothing special.
pub(super) fn contains(text: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('\\')
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "prospects", column }
}

impl TryFrom<Model> for ProspectRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let disposition = row
            .disposition
            .as_deref()
            .map(|word| Disposition::parse(word).ok_or_else(|| corrupt("disposition")));
        Ok(Self {
            id: ProspectId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            campaign: CampaignId::from_uuid(row.campaign_id),
            first_name: row.first_name,
            last_name: row.last_name,
            email: row.email,
            phone: PhoneNumber::from_e164_unchecked(row.phone),
            company: row.company,
            title: row.title,
            metadata: row.metadata,
            status: ProspectStatus::parse(&row.status).ok_or_else(|| corrupt("status"))?,
            disposition: disposition.transpose()?,
            attempts: u32::try_from(row.attempts).map_err(|_| corrupt("attempts"))?,
            attempts_spent: u32::try_from(row.attempts_spent).map_err(|_| corrupt("attempts_spent"))?,
            due_at: row.due_at.map(time),
            last_call: row.last_call_id.map(CallId::from_uuid),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            priority: Priority::from_rank(row.priority).ok_or_else(|| corrupt("priority"))?,
            due_before_skip: row.due_before_skip.map(time),
            cleared_by: row.cleared_by.map(ClearingId::from_uuid),
            import: row.import_id.map(ImportId::from_uuid),
        })
    }
}

impl From<&ProspectRecord> for Model {
    fn from(prospect: &ProspectRecord) -> Self {
        Self {
            id: prospect.id.uuid(),
            workspace_id: prospect.workspace.uuid(),
            campaign_id: prospect.campaign.uuid(),
            first_name: prospect.first_name.clone(),
            last_name: prospect.last_name.clone(),
            email: prospect.email.clone(),
            phone: prospect.phone.as_str().to_owned(),
            company: prospect.company.clone(),
            title: prospect.title.clone(),
            metadata: prospect.metadata.clone(),
            status: prospect.status.as_str().to_owned(),
            disposition: prospect.disposition.map(|disposition| disposition.as_str().to_owned()),
            attempts: prospect.attempts.into(),
            attempts_spent: prospect.attempts_spent.into(),
            due_at: prospect.due_at.map(millis),
            last_call_id: prospect.last_call.map(CallId::uuid),
            created_at: millis(prospect.created_at),
            updated_at: millis(prospect.updated_at),
            priority: prospect.priority.rank().into(),
            due_before_skip: prospect.due_before_skip.map(millis),
            cleared_by: prospect.cleared_by.map(ClearingId::uuid),
            import_id: prospect.import.map(ImportId::uuid),
        }
    }
}
