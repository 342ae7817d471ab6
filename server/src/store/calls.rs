//! Calls: one row per attempt, loaded into the domain's words and written back from them.

use domain::budget::Quote;
use domain::call::{Call, Placement};
use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Answer, CallFacts, Ending, Source};
use domain::ids::{CallId, CampaignId, NodeId, ProspectId, WorkspaceId};
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use domain::refusal::RefusalMeaning;
use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, Iterable,
    QueryFilter, QueryOrder,
};

use super::entities::calls::{ActiveModel, Column, Entity, Model};
use super::{Store, StoreError, Tx, dialect, millis, month, sql, time};

/// One attempt with everything we know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// Which call.
    pub id: CallId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// To whom.
    pub prospect: ProspectId,
    /// The how-many-eth attempt of its prospect, from 1.
    pub attempt: u32,
    /// The number shown.
    pub from: PhoneNumber,
    /// The number rung.
    pub to: PhoneNumber,
    /// What the rules know of it.
    pub call: Call,
    /// The carrier's words for its refusal, or ours for giving it up.
    pub refusal_message: Option<String>,
    /// Not to be armed before this.
    pub not_before: Option<Timestamp>,
    /// When a person wanted it made.
    pub scheduled_for: Option<Timestamp>,
    /// The campaign-local day whose limit it counts against, once armed.
    pub day: Option<Date>,
    /// How often a request for it was begun that provably never left.
    pub sends: u32,
    /// The run of the server that armed it.
    pub armed_by: Option<String>,
    /// When it was armed.
    pub armed_at: Option<Timestamp>,
    /// When the carrier took it.
    pub placed_at: Option<Timestamp>,
    /// The carrier's name for it.
    pub carrier_sid: Option<String>,
    /// The carrier's name for its recording.
    pub recording_sid: Option<String>,
    /// When a person asked for its end.
    pub end_requested_at: Option<Timestamp>,
    /// When to ask the carrier about it next.
    pub next_poll_at: Option<Timestamp>,
    /// How often the carrier was asked since its last change of phase.
    pub polls: u32,
    /// What it can cost at worst, as held when it was armed.
    pub quote: Quote,
    /// When the carrier's list was last read for it after it was presumed not to have been placed.
    pub looked_at: Option<Timestamp>,
    /// Proven to exist after it was closed: another call of its prospect may be on.
    pub late: bool,
    /// The caller's own JSON.
    pub metadata: String,
    /// When it was chosen.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl CallRecord {
    /// Nobody can have been rung: the call was chosen and not armed since, or given up before.
    pub fn was_never_armed(&self) -> bool {
        matches!(self.call.placement, Placement::Reserved | Placement::Released) && self.sends == 0
    }
}

impl Store {
    /// One call of a workspace.
    pub async fn call(&self, workspace: WorkspaceId, id: CallId) -> Result<Option<CallRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(workspace.uuid()));
        found.one(self.reader()).await?.map(CallRecord::try_from).transpose()
    }

    /// Any call, whoever owns it: for the engine, which works for all workspaces.
    pub async fn any_call(&self, id: CallId) -> Result<Option<CallRecord>, StoreError> {
        Entity::find_by_id(id.uuid()).one(self.reader()).await?.map(CallRecord::try_from).transpose()
    }

    /// Every call of a campaign, oldest first: for summaries and checks of small campaigns.
    pub async fn calls_of(&self, campaign: CampaignId) -> Result<Vec<CallRecord>, StoreError> {
        let wanted = Entity::find().filter(Column::CampaignId.eq(campaign.uuid())).order_by_asc(Column::Id);
        wanted.all(self.reader()).await?.into_iter().map(CallRecord::try_from).collect()
    }

    /// Calls about which the carrier should be asked at `now`.
    pub async fn calls_to_ask_about(
        &self,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let wanted = "SELECT * FROM calls WHERE next_poll_at <= $1 ORDER BY next_poll_at LIMIT $2";
        let rows: Vec<Model> =
            sql::all(self.reader(), wanted, [millis(now).into(), (most as i64).into()]).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// When the next call should be asked about.
    pub async fn next_call_to_ask_about_at(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let wanted = "SELECT MIN(next_poll_at) AS at FROM calls WHERE next_poll_at > $1";
        moment(sql::one(self.reader(), wanted, [millis(after).into()]).await?)
    }

    /// Calls armed before `before` by this very server, or by one that nobody knows to live. Those of a server that lives
    /// are its own business; when its lease ends, they are doubted with it. On a database that only one server can have
    /// open, everybody else's are in doubt at once.
    pub async fn calls_in_doubt(
        &self,
        this_node: NodeId,
        before: Timestamp,
    ) -> Result<Vec<CallId>, StoreError> {
        let living = self.nodes().await?.into_iter().filter(|node| node.is_living() && node.id != this_node);
        let living: Vec<String> = living.map(|node| node.id.to_string()).collect();
        let of_the_living = if living.is_empty() {
            String::new()
        } else {
            format!(" AND armed_by NOT IN ({})", sql::placeholders(4, living.len()))
        };
        let wanted = format!(
            "SELECT id FROM calls WHERE placement = 'armed' AND (armed_at < $1 OR (armed_by <> $2 AND $3)){of_the_living} \
             ORDER BY armed_at LIMIT 500"
        );
        let values = [millis(before).into(), this_node.to_string().into(), (!self.is_shared()).into()];
        let values = values.into_iter().chain(living.into_iter().map(Into::into));
        ids(sql::all(self.reader(), &wanted, values).await?)
    }

    /// How many calls are between being armed and their end.
    pub async fn live_calls(&self) -> Result<u64, StoreError> {
        let wanted = "SELECT COUNT(*) AS count FROM calls WHERE live AND placement IN ('armed', 'placed')";
        Ok(count(sql::one(self.reader(), wanted, []).await?))
    }

    /// Calls of this list that another of our calls already claims, by the carrier's name.
    pub async fn claimed_carrier_sids(&self, sids: &[String]) -> Result<Vec<String>, StoreError> {
        let claimed = Entity::find().filter(Column::CarrierSid.is_in(sids)).all(self.reader()).await?;
        Ok(claimed.into_iter().filter_map(|row| row.carrier_sid).collect())
    }
}

impl Tx {
    /// Any call as it is now, without a lock.
    pub async fn call(&self, id: CallId) -> Result<Option<CallRecord>, StoreError> {
        Entity::find_by_id(id.uuid()).one(self.connection()).await?.map(CallRecord::try_from).transpose()
    }

    /// Calls by id, in id order, locked against other changes until the transaction ends.
    pub async fn lock_calls(&self, ids: &[CallId]) -> Result<Vec<CallRecord>, StoreError> {
        self.calls_locked(ids, dialect::for_update).await
    }

    /// The same without those that another transaction is changing at this moment: servers that want to arm the same
    /// calls divide them instead of waiting for each other.
    pub async fn claim_calls(&self, ids: &[CallId]) -> Result<Vec<CallRecord>, StoreError> {
        self.calls_locked(ids, dialect::for_update_skip_locked).await
    }

    async fn calls_locked(
        &self,
        ids: &[CallId],
        lock: fn(DbBackend) -> &'static str,
    ) -> Result<Vec<CallRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.connection();
        let wanted = format!(
            "SELECT * FROM calls WHERE id IN ({}) ORDER BY id{}",
            sql::placeholders(1, ids.len()),
            lock(db.get_database_backend())
        );
        let rows: Vec<Model> = sql::all(db, &wanted, ids.iter().map(|id| id.uuid().into())).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// A call by the carrier's name for it, locked.
    pub async fn lock_call_by_carrier_sid(&self, sid: &str) -> Result<Option<CallRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT * FROM calls WHERE carrier_sid = $1{}",
            dialect::for_update(db.get_database_backend())
        );
        let row: Option<Model> = sql::one(db, &wanted, [sid.into()]).await?;
        row.map(CallRecord::try_from).transpose()
    }

    /// Live calls to a number, locked: an opt-out ends them.
    pub async fn lock_live_calls_to(
        &self,
        workspace: WorkspaceId,
        number: &PhoneNumber,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT * FROM calls WHERE workspace_id = $1 AND to_number = $2 AND live ORDER BY id{}",
            dialect::for_update(db.get_database_backend())
        );
        let rows: Vec<Model> =
            sql::all(db, &wanted, [workspace.uuid().into(), number.as_str().into()]).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// Live calls to a number in every workspace, locked.
    pub async fn lock_live_calls_to_anywhere(
        &self,
        number: &PhoneNumber,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT * FROM calls WHERE workspace_id IN (SELECT id FROM workspaces) AND to_number = $1 AND live \
             ORDER BY id{}",
            dialect::for_update(db.get_database_backend())
        );
        let rows: Vec<Model> = sql::all(db, &wanted, [number.as_str().into()]).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// Whether a campaign has any call.
    pub async fn has_calls(&self, campaign: CampaignId) -> Result<bool, StoreError> {
        let wanted = "SELECT id FROM calls WHERE campaign_id = $1 LIMIT 1";
        let row: Option<IdRow> = sql::one(self.connection(), wanted, [campaign.uuid().into()]).await?;
        Ok(row.is_some())
    }

    /// Adds a call; `false` when its number or its prospect is in a live call already.
    pub async fn add_call(&self, call: &CallRecord) -> Result<bool, StoreError> {
        let row = Model::from(call).into_active_model();
        // Without a target: any of the unique indexes may say no, and none of them may end the transaction.
        let insert = Entity::insert(row.reset_all()).on_conflict(OnConflict::new().do_nothing().to_owned());
        Ok(insert.exec_without_returning(self.connection()).await? > 0)
    }

    /// Writes changed calls back, all in one statement.
    pub async fn save_calls(&self, calls: &[CallRecord]) -> Result<(), StoreError> {
        // Both databases bound the number of values in a statement (32,766 and 65,535); a row has about forty.
        for batch in calls.chunks(500) {
            let rows: Vec<ActiveModel> =
                batch.iter().map(|call| Model::from(call).into_active_model().reset_all()).collect();
            let changed = Column::iter().filter(|column| !matches!(column, Column::Id));
            // Every id exists: the insert always meets its row and becomes the update. Written so, the database knows
            // the type of every column, which a bare VALUES list would leave to guesswork.
            let overwrite = OnConflict::column(Column::Id).update_columns(changed).to_owned();
            Entity::insert_many(rows)
                .on_conflict(overwrite)
                .exec_without_returning(self.connection())
                .await?;
        }
        Ok(())
    }
}

#[derive(sea_orm::FromQueryResult)]
pub(super) struct IdRow {
    id: uuid::Uuid,
}

#[derive(sea_orm::FromQueryResult)]
pub(super) struct MomentRow {
    at: Option<i64>,
}

#[derive(sea_orm::FromQueryResult)]
pub(super) struct CountRow {
    count: i64,
}

pub(super) fn ids(rows: Vec<IdRow>) -> Result<Vec<CallId>, StoreError> {
    Ok(rows.into_iter().map(|row| CallId::from_uuid(row.id)).collect())
}

pub(super) fn moment(row: Option<MomentRow>) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.and_then(|row| row.at).map(time))
}

pub(super) fn count(row: Option<CountRow>) -> u64 {
    row.map_or(0, |row| row.count.unsigned_abs())
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "calls", column }
}

/// A word of a closed list, or a row that is not understood.
fn word<T>(column: &'static str, text: &str, parse: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| corrupt(column))
}

fn number<N: TryFrom<i64>>(column: &'static str, stored: i64) -> Result<N, StoreError> {
    N::try_from(stored).map_err(|_| corrupt(column))
}

impl TryFrom<Model> for CallRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let ending = match (&row.ending_status, &row.ending_source) {
            (Some(status), Some(source)) => Some(Ending {
                status: word("ending_status", status, CarrierStatus::parse)?,
                source: word("ending_source", source, Source::parse)?,
                at: row.ended_at.map(time),
            }),
            _ => None,
        };
        let answer = match (&row.answered_by, &row.answered_by_source) {
            (Some(by), Some(source)) => Some(Answer {
                by: word("answered_by", by, AnsweredBy::parse)?,
                source: word("answered_by_source", source, Source::parse)?,
            }),
            _ => None,
        };
        let facts = CallFacts {
            progress: row
                .progress
                .as_deref()
                .map(|p| word("progress", p, CarrierStatus::parse))
                .transpose()?,
            initiated_at: row.initiated_at.map(time),
            ringing_at: row.ringing_at.map(time),
            answered_at: row.answered_at.map(time),
            ending,
            duration_seconds: row.duration_seconds.map(|n| number("duration_seconds", n)).transpose()?,
            price: row.price_micros.map(Usd::from_micros),
            answer,
            sip_code: row.sip_code.map(|n| number("sip_code", n)).transpose()?,
            error_code: row.error_code.map(|n| number("error_code", n)).transpose()?,
        };
        let call = Call {
            placement: word("placement", &row.placement, Placement::parse)?,
            refusal: row.refusal.as_deref().map(|r| word("refusal", r, RefusalMeaning::parse)).transpose()?,
            closed_at: row.closed_at.map(time),
            facts,
        };
        Ok(Self {
            id: CallId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            campaign: CampaignId::from_uuid(row.campaign_id),
            prospect: ProspectId::from_uuid(row.prospect_id),
            attempt: number("attempt", row.attempt)?,
            from: PhoneNumber::from_e164_unchecked(row.from_number),
            to: PhoneNumber::from_e164_unchecked(row.to_number),
            call,
            refusal_message: row.refusal_message,
            not_before: row.not_before.map(time),
            scheduled_for: row.scheduled_for.map(time),
            day: row.day.map(|day| day.parse().map_err(|_| corrupt("day"))).transpose()?,
            sends: number("sends", row.sends)?,
            armed_by: row.armed_by,
            armed_at: row.armed_at.map(time),
            placed_at: row.placed_at.map(time),
            carrier_sid: row.carrier_sid,
            recording_sid: row.recording_sid,
            end_requested_at: row.end_requested_at.map(time),
            next_poll_at: row.next_poll_at.map(time),
            polls: number("polls", row.polls)?,
            quote: Quote {
                worst_case: Usd::from_micros(row.worst_case_micros),
                beside_the_price: Usd::from_micros(row.beside_price_micros),
            },
            looked_at: row.looked_at.map(time),
            late: row.late,
            metadata: row.metadata,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}

impl From<&CallRecord> for Model {
    fn from(record: &CallRecord) -> Self {
        let CallRecord { call, .. } = record;
        let facts = &call.facts;
        Self {
            id: record.id.uuid(),
            workspace_id: record.workspace.uuid(),
            campaign_id: record.campaign.uuid(),
            prospect_id: record.prospect.uuid(),
            attempt: record.attempt.into(),
            from_number: record.from.as_str().to_owned(),
            to_number: record.to.as_str().to_owned(),
            placement: call.placement.as_str().to_owned(),
            status: call.status().as_str().to_owned(),
            live: call.is_live(),
            disposition: call.disposition().map(|disposition| disposition.as_str().to_owned()),
            refusal: call.refusal.map(|meaning| meaning.as_str().to_owned()),
            refusal_message: record.refusal_message.clone(),
            closed_at: call.closed_at.map(millis),
            not_before: record.not_before.map(millis),
            scheduled_for: record.scheduled_for.map(millis),
            day: record.day.map(|day| day.to_string()),
            sends: record.sends.into(),
            armed_by: record.armed_by.clone(),
            armed_at: record.armed_at.map(millis),
            placed_at: record.placed_at.map(millis),
            carrier_sid: record.carrier_sid.clone(),
            progress: facts.progress.map(|status| status.as_str().to_owned()),
            initiated_at: facts.initiated_at.map(millis),
            ringing_at: facts.ringing_at.map(millis),
            answered_at: facts.answered_at.map(millis),
            ending_status: facts.ending.map(|ending| ending.status.as_str().to_owned()),
            ending_source: facts.ending.map(|ending| ending.source.as_str().to_owned()),
            ended_at: facts.ending.and_then(|ending| ending.at).map(millis),
            duration_seconds: facts.duration_seconds.map(Into::into),
            price_micros: facts.price.map(Usd::micros),
            answered_by: facts.answer.map(|answer| answer.by.as_str().to_owned()),
            answered_by_source: facts.answer.map(|answer| answer.source.as_str().to_owned()),
            sip_code: facts.sip_code.map(Into::into),
            error_code: facts.error_code.map(Into::into),
            recording_sid: record.recording_sid.clone(),
            end_requested_at: record.end_requested_at.map(millis),
            next_poll_at: record.next_poll_at.map(millis),
            polls: record.polls.into(),
            metadata: record.metadata.clone(),
            created_at: millis(record.created_at),
            updated_at: millis(record.updated_at),
            month: month(record.created_at),
            worst_case_micros: record.quote.worst_case.micros(),
            beside_price_micros: record.quote.beside_the_price.micros(),
            looked_at: record.looked_at.map(millis),
            late: record.late,
        }
    }
}
