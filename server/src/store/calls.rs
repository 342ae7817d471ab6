//! Calls: one row per attempt, loaded into the domain's words and written back from them.

use std::collections::HashSet;

use domain::call::{Call, Placement};
use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Answer, CallFacts, Ending, Source};
use domain::ids::{CallId, CampaignId, ProspectId, WorkspaceId};
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use domain::refusal::RefusalMeaning;
use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, QueryFilter, QueryOrder};

use super::entities::calls::{Column, Entity, Model};
use super::given::{self, Given};
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
    /// The caller's own JSON.
    pub metadata: String,
    /// When it was chosen.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
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

    /// Reserved calls that may be armed at `now`, oldest first.
    pub async fn calls_to_send(&self, now: Timestamp, most: usize) -> Result<Vec<CallId>, StoreError> {
        let wanted = "SELECT id FROM calls WHERE placement = 'reserved' AND not_before <= $1 ORDER BY not_before, id LIMIT $2";
        ids(sql::all(self.reader(), wanted, [millis(now).into(), (most as i64).into()]).await?)
    }

    /// When the next reserved call may be armed.
    pub async fn next_call_to_send_at(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let wanted =
            "SELECT MIN(not_before) AS at FROM calls WHERE placement = 'reserved' AND not_before > $1";
        moment(sql::one(self.reader(), wanted, [millis(after).into()]).await?)
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

    /// Calls armed by another run than `this_run`, or before `before`: whoever sent them is gone.
    pub async fn calls_in_doubt(&self, this_run: &str, before: Timestamp) -> Result<Vec<CallId>, StoreError> {
        let same_file_means_gone = self.reader().get_database_backend() == sea_orm::DbBackend::Sqlite;
        let wanted = "SELECT id FROM calls WHERE placement = 'armed' \
                      AND (armed_at < $1 OR (armed_by <> $2 AND $3)) ORDER BY armed_at LIMIT 500";
        let values = [millis(before).into(), this_run.into(), same_file_means_gone.into()];
        ids(sql::all(self.reader(), wanted, values).await?)
    }

    /// How many calls are between being armed and their end.
    pub async fn live_calls(&self) -> Result<u64, StoreError> {
        let wanted = "SELECT COUNT(*) AS count FROM calls WHERE live AND placement IN ('armed', 'placed')";
        Ok(count(sql::one(self.reader(), wanted, []).await?))
    }

    /// How many calls wait to be sent.
    pub async fn reserved_calls(&self) -> Result<u64, StoreError> {
        let wanted = "SELECT COUNT(*) AS count FROM calls WHERE placement = 'reserved'";
        Ok(count(sql::one(self.reader(), wanted, []).await?))
    }

    /// Calls of this list that another of our calls already claims, by the carrier's name.
    pub async fn claimed_carrier_sids(&self, sids: &[String]) -> Result<Vec<String>, StoreError> {
        let claimed = Entity::find().filter(Column::CarrierSid.is_in(sids)).all(self.reader()).await?;
        Ok(claimed.into_iter().filter_map(|row| row.carrier_sid).collect())
    }
}

impl Tx {
    /// Calls by id, in id order, locked against other changes until the transaction ends.
    pub async fn lock_calls(&self, ids: &[CallId]) -> Result<Vec<CallRecord>, StoreError> {
        let db = self.connection();
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(given::MOST) {
            let wanted = Given::rows(db.get_database_backend(), &["id"], sql::one_each(some, |id| id.uuid()));
            let (wanted, values) = wanted.statement(&format!(
                "SELECT * FROM calls WHERE id IN (SELECT id FROM given) ORDER BY id{}",
                dialect::for_update(db.get_database_backend())
            ));
            let rows: Vec<Model> = sql::all(db, &wanted, values).await?;
            for row in rows {
                found.push(CallRecord::try_from(row)?);
            }
        }
        Ok(found)
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

    /// Whether a campaign has any call.
    pub async fn has_calls(&self, campaign: CampaignId) -> Result<bool, StoreError> {
        let wanted = "SELECT id FROM calls WHERE campaign_id = $1 LIMIT 1";
        let row: Option<IdRow> = sql::one(self.connection(), wanted, [campaign.uuid().into()]).await?;
        Ok(row.is_some())
    }

    /// Adds calls, leaving out those whose number or prospect is in a live call already; which were added.
    pub async fn add_calls(&self, calls: &[CallRecord]) -> Result<HashSet<CallId>, StoreError> {
        let db = self.connection();
        let columns: Vec<Column> = Column::iter().collect();
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let names = names.join(", ");
        let mut added = HashSet::with_capacity(calls.len());
        for some in calls.chunks(given::MOST) {
            let rows: Vec<Model> = some.iter().map(Model::from).collect();
            let new = Given::models(db.get_database_backend(), &columns, &rows);
            // Without a target: any of the unique indexes may say no, and none of them may end the transaction.
            let (insert, values) = new.statement(&format!(
                "INSERT INTO calls ({names}) SELECT {names} FROM given WHERE TRUE ON CONFLICT DO NOTHING RETURNING id"
            ));
            added.extend(ids(sql::all(db, &insert, values).await?)?);
        }
        Ok(added)
    }

    /// Writes changed calls back: what can change of a call once it exists.
    pub async fn save_calls(&self, calls: &[CallRecord]) -> Result<(), StoreError> {
        let db = self.connection();
        let columns: Vec<Column> = Column::iter().filter(|column| !is_fixed(*column)).collect();
        let changes: Vec<String> = columns
            .iter()
            .map(|column| format!("{column} = given.{column}", column = column.as_str()))
            .collect();
        let columns: Vec<Column> = std::iter::once(Column::Id).chain(columns).collect();
        let change = format!("UPDATE calls SET {} FROM given WHERE calls.id = given.id", changes.join(", "));
        for some in calls.chunks(given::MOST) {
            let rows: Vec<Model> = some.iter().map(Model::from).collect();
            let changed = Given::models(db.get_database_backend(), &columns, &rows);
            let (change, values) = changed.statement(&change);
            sql::run(db, &change, values).await?;
        }
        Ok(())
    }
}

/// What a call keeps from its making to its end. An index on it need not be touched with every piece of news.
const fn is_fixed(column: Column) -> bool {
    matches!(
        column,
        Column::Id
            | Column::WorkspaceId
            | Column::CampaignId
            | Column::ProspectId
            | Column::Attempt
            | Column::FromNumber
            | Column::ToNumber
            | Column::ScheduledFor
            | Column::Metadata
            | Column::CreatedAt
            | Column::Month
    )
}

#[derive(sea_orm::FromQueryResult)]
struct IdRow {
    id: uuid::Uuid,
}

#[derive(sea_orm::FromQueryResult)]
struct MomentRow {
    at: Option<i64>,
}

#[derive(sea_orm::FromQueryResult)]
struct CountRow {
    count: i64,
}

fn ids(rows: Vec<IdRow>) -> Result<Vec<CallId>, StoreError> {
    Ok(rows.into_iter().map(|row| CallId::from_uuid(row.id)).collect())
}

fn moment(row: Option<MomentRow>) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.and_then(|row| row.at).map(time))
}

fn count(row: Option<CountRow>) -> u64 {
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
        }
    }
}
