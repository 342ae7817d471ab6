//! Calls: one row per attempt, loaded into the domain's words and written back from them.

mod changes;
mod row;

use std::collections::HashSet;

use domain::budget::Quote;
use domain::call::{Call, Placement};
use domain::ids::{CallId, CampaignId, NodeId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::recording_consent::RecordingRuling;
use jiff::Timestamp;
use jiff::civil::Date;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, QueryFilter, QueryOrder,
};

use super::entities::calls::{Column, Entity, Model};
use super::given::{self, Given};
use super::scripts::ScriptVersion;
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

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
    /// When the calling window in which it was armed closes: the carrier must have begun to dial before.
    pub dial_by: Option<Timestamp>,
    /// What is said on it, from its arming on; nothing where a sound file is played.
    pub script: Option<ScriptVersion>,
    /// Whether it is recorded, and why, from its arming on; nothing where its campaign does not record.
    pub recording_ruling: Option<RecordingRuling>,
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

    /// When the calling window closed and when the carrier began to dial, where that came later.
    pub fn dialed_too_late(&self) -> Option<(Timestamp, Timestamp)> {
        let dial_by = self.dial_by?;
        self.call.dialed_too_late(dial_by).map(|dialed_at| (dial_by, dialed_at))
    }

    /// The carrier has not begun to dial, and the calling window in which the call was armed is closed at `now`.
    pub fn is_too_late_to_dial(&self, now: Timestamp) -> bool {
        self.call.waits_at_carrier() && self.dial_by.is_some_and(|dial_by| dial_by <= now)
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
        let wanted = format!(
            "SELECT {} FROM calls WHERE next_poll_at <= $1 ORDER BY next_poll_at LIMIT $2",
            sql::columns::<Entity>()
        );
        let rows: Vec<Model> =
            sql::all(self.reader(), &wanted, [millis(now).into(), (most as i64).into()]).await?;
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
        let claimed = self.calls_by_carrier_sid(sids).await?;
        Ok(claimed.into_iter().filter_map(|call| call.carrier_sid).collect())
    }

    /// Our calls of this list, by the carrier's name.
    pub async fn calls_by_carrier_sid(&self, sids: &[String]) -> Result<Vec<CallRecord>, StoreError> {
        let ours = Entity::find().filter(Column::CarrierSid.is_in(sids)).all(self.reader()).await?;
        ours.into_iter().map(CallRecord::try_from).collect()
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
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> = given::lock_by_id::<Entity>(self.connection(), ids, lock).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// Which call has this name at the carrier.
    pub async fn call_by_carrier_sid(&self, sid: &str) -> Result<Option<CallId>, StoreError> {
        let wanted = "SELECT id FROM calls WHERE carrier_sid = $1";
        let row: Option<IdRow> = sql::one(self.connection(), wanted, [sid.into()]).await?;
        Ok(row.map(|row| CallId::from_uuid(row.id)))
    }

    /// Live calls to a number, locked: an opt-out ends them.
    pub async fn lock_live_calls_to(
        &self,
        workspace: WorkspaceId,
        numbers: &[PhoneNumber],
    ) -> Result<Vec<CallRecord>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.connection();
        let numbers = sql::one_each(numbers, |number| number.as_str().to_owned());
        let mut wanted = Given::rows(db.get_database_backend(), &["number"], numbers);
        let of = wanted.value(workspace.uuid());
        let (wanted, values) = wanted.statement(&format!(
            "SELECT {} FROM calls WHERE workspace_id = {of} AND to_number IN (SELECT number FROM given) AND live \
             ORDER BY id{}",
            sql::columns::<Entity>(),
            dialect::for_update(db.get_database_backend())
        ));
        let rows: Vec<Model> = sql::all(db, &wanted, values).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// Live calls to a number in every workspace, locked.
    pub async fn lock_live_calls_to_anywhere(
        &self,
        number: &PhoneNumber,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT {} FROM calls WHERE workspace_id IN (SELECT id FROM workspaces) AND to_number = $1 AND live \
             ORDER BY id{}",
            sql::columns::<Entity>(),
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

    /// Adds calls, leaving out those whose number or prospect is in a live call already; which were added.
    pub async fn add_calls(&self, calls: &[CallRecord]) -> Result<HashSet<CallId>, StoreError> {
        let db = self.connection();
        let columns: Vec<Column> = Column::iter().collect();
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let names = names.join(", ");
        let mut rows: Vec<Model> = calls.iter().map(Model::from).collect();
        // An insert waits for whoever is adding a call to the same number. In the order of numbers, two transactions with
        // some numbers in common cannot wait for each other.
        rows.sort_unstable_by(|one, other| {
            (one.workspace_id, &one.to_number).cmp(&(other.workspace_id, &other.to_number))
        });
        let mut added = HashSet::with_capacity(calls.len());
        for some in rows.chunks(given::MOST) {
            let new = Given::models(db.get_database_backend(), &columns, some);
            // Without a target: any of the unique indexes may say no, and none of them may end the transaction.
            let (insert, values) = new.statement(&format!(
                "INSERT INTO calls ({names}) SELECT {names} FROM given WHERE TRUE ON CONFLICT DO NOTHING RETURNING id"
            ));
            added.extend(ids(sql::all(db, &insert, values).await?)?);
        }
        Ok(added)
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
