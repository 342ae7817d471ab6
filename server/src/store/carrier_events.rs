//! News from the carrier: raw as it arrived, and as evidence for the fold. Never changed, never applied twice.

use std::collections::HashSet;

use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::{Evidence, Source};
use domain::ids::{CallId, CarrierEventId, WorkspaceId};
use domain::money::Usd;
use domain::reaction::Reaction;
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, Iterable, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};

use super::entities::carrier_events::{Column, Entity, Model};
use super::given::{self, Given};
use super::{Store, StoreError, Tx, millis, month, sql, time};

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarrierEventRecord {
    /// Which.
    pub id: CarrierEventId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which call; `None` for news that belongs to none of ours.
    pub call: Option<CallId>,
    /// The carrier's name for the call.
    pub carrier_sid: Option<String>,
    /// `status`, `amd`, `recording`, `voice`, `turn`, `rest`, `correction` for the word of somebody of the team, or `orphan` and
    /// `quarantine` for news without effect.
    pub kind: String,
    /// What names the content: the same news twice has the same key.
    pub content_key: [u8; 32],
    /// What the fold reads of it.
    pub evidence: Option<Evidence>,
    /// What arrived, to the letter.
    pub payload: String,
    /// When it arrived.
    pub received_at: Timestamp,
}

impl Store {
    /// All news of one call in the order of arrival.
    pub async fn events_of_call(&self, call: CallId) -> Result<Vec<CarrierEventRecord>, StoreError> {
        let of_call = Entity::find().filter(Column::CallId.eq(call.uuid())).order_by_asc(Column::Id);
        of_call.all(self.reader()).await?.into_iter().map(CarrierEventRecord::try_from).collect()
    }
}

impl Tx {
    /// Adds news; which of it was not known yet.
    pub async fn add_events(
        &self,
        events: &[CarrierEventRecord],
    ) -> Result<HashSet<CarrierEventId>, StoreError> {
        let db = self.connection();
        let columns: Vec<Column> = Column::iter().collect();
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let names = names.join(", ");
        let mut added = HashSet::with_capacity(events.len());
        for some in events.chunks(given::MOST) {
            let rows: Vec<Model> = some.iter().map(Model::from).collect();
            let news = Given::models(db.get_database_backend(), &columns, &rows);
            let (insert, values) = news.statement(&format!(
                "INSERT INTO carrier_events ({names}) SELECT {names} FROM given WHERE TRUE \
                 ON CONFLICT (content_key) DO NOTHING"
            ));
            // Nearly always all of it is new, and a count is cheaper to be told than a row for each.
            if sql::run(db, &insert, values).await? == some.len() as u64 {
                added.extend(some.iter().map(|event| event.id));
            } else {
                added.extend(self.events_among(some).await?);
            }
        }
        Ok(added)
    }

    /// Which of these are kept under their own name, and not as an earlier arrival of the same content.
    async fn events_among(&self, events: &[CarrierEventRecord]) -> Result<Vec<CarrierEventId>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
        }
        let db = self.connection();
        let ids =
            Given::rows(db.get_database_backend(), &["id"], sql::one_each(events, |event| event.id.uuid()));
        let (wanted, values) =
            ids.statement("SELECT id FROM carrier_events WHERE id IN (SELECT id FROM given)");
        let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
        Ok(rows.into_iter().map(|row| CarrierEventId::from_uuid(row.id)).collect())
    }
}

/// Evidence as stored. Missing fields say nothing.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct StoredEvidence {
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price_micros: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sip_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction: Option<String>,
}

fn store_evidence(evidence: &Evidence) -> String {
    let stored = StoredEvidence {
        source: evidence.source.as_str().to_owned(),
        status: evidence.status.map(|status| status.as_str().to_owned()),
        at: evidence.at.map(millis),
        duration_seconds: evidence.duration_seconds,
        price_micros: evidence.price.map(Usd::micros),
        answered_by: evidence.answered_by.map(|by| by.as_str().to_owned()),
        sip_code: evidence.sip_code,
        error_code: evidence.error_code,
        reaction: evidence.reaction.map(|reaction| reaction.as_str().to_owned()),
    };
    serde_json::to_string(&stored).unwrap_or_default()
}

pub(super) fn load_evidence(text: &str) -> Result<Evidence, StoreError> {
    let corrupt = || StoreError::CorruptRow { table: "carrier_events", column: "evidence" };
    let stored: StoredEvidence = serde_json::from_str(text).map_err(|_| corrupt())?;
    let status = stored.status.as_deref().map(|word| CarrierStatus::parse(word).ok_or_else(corrupt));
    let answered_by = stored.answered_by.as_deref().map(|word| AnsweredBy::parse(word).ok_or_else(corrupt));
    let reaction = stored.reaction.as_deref().map(|word| Reaction::parse(word).ok_or_else(corrupt));
    Ok(Evidence {
        source: Source::parse(&stored.source).ok_or_else(corrupt)?,
        status: status.transpose()?,
        at: stored.at.map(time),
        duration_seconds: stored.duration_seconds,
        price: stored.price_micros.map(Usd::from_micros),
        answered_by: answered_by.transpose()?,
        sip_code: stored.sip_code,
        error_code: stored.error_code,
        reaction: reaction.transpose()?,
    })
}

fn content_key(stored: &[u8]) -> Result<[u8; 32], StoreError> {
    let corrupt = StoreError::CorruptRow { table: "carrier_events", column: "content_key" };
    stored.try_into().map_err(|_| corrupt)
}

impl TryFrom<Model> for CarrierEventRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        Ok(Self {
            content_key: content_key(&row.content_key)?,
            id: CarrierEventId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            call: row.call_id.map(CallId::from_uuid),
            carrier_sid: row.carrier_sid,
            kind: row.kind,
            evidence: row.evidence.as_deref().map(load_evidence).transpose()?,
            payload: row.payload,
            received_at: time(row.received_at),
        })
    }
}

impl From<&CarrierEventRecord> for Model {
    fn from(event: &CarrierEventRecord) -> Self {
        Self {
            id: event.id.uuid(),
            workspace_id: event.workspace.uuid(),
            call_id: event.call.map(CallId::uuid),
            carrier_sid: event.carrier_sid.clone(),
            kind: event.kind.clone(),
            content_key: event.content_key.to_vec(),
            evidence: event.evidence.as_ref().map(store_evidence),
            payload: event.payload.clone(),
            received_at: millis(event.received_at),
            month: month(event.received_at),
        }
    }
}
