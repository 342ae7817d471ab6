//! Calls that were chosen and not armed yet: which of them may go, and who has them in hand.

use domain::ids::{CallId, CampaignId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::calls::{CallRecord, count, ids, moment};
use super::entities::calls::{Entity, Model};
use super::{Store, StoreError, Tx, dialect, millis, sql};

impl Store {
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

    /// How many calls wait to be sent.
    pub async fn reserved_calls(&self) -> Result<u64, StoreError> {
        let wanted = "SELECT COUNT(*) AS count FROM calls WHERE placement = 'reserved'";
        Ok(count(sql::one(self.reader(), wanted, []).await?))
    }
}

/// A reserved call, as far as must be known before anything is locked for it.
#[derive(Debug, Clone)]
pub struct ReservedCall {
    /// Which call.
    pub id: CallId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// The number to call from.
    pub from: PhoneNumber,
    /// The number to ring.
    pub to: PhoneNumber,
}

impl Tx {
    /// Those of the calls that are reserved, as they are now, without a lock.
    pub async fn reserved_calls(&self, ids: &[CallId]) -> Result<Vec<ReservedCall>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
            workspace_id: uuid::Uuid,
            campaign_id: uuid::Uuid,
            from_number: String,
            to_number: String,
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = format!(
            "SELECT id, workspace_id, campaign_id, from_number, to_number FROM calls \
             WHERE placement = 'reserved' AND id IN ({})",
            sql::placeholders(1, ids.len())
        );
        let rows: Vec<Row> =
            sql::all(self.connection(), &wanted, ids.iter().map(|id| id.uuid().into())).await?;
        let call = |row: Row| ReservedCall {
            id: CallId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            campaign: CampaignId::from_uuid(row.campaign_id),
            from: PhoneNumber::from_e164_unchecked(row.from_number),
            to: PhoneNumber::from_e164_unchecked(row.to_number),
        };
        Ok(rows.into_iter().map(call).collect())
    }

    /// Those of the calls that are reserved and that no other server has in hand, locked, in the order of their time.
    pub async fn lock_reserved_calls(&self, ids: &[CallId]) -> Result<Vec<CallRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.connection();
        let wanted = format!(
            "SELECT {} FROM calls WHERE placement = 'reserved' AND id IN ({}) ORDER BY not_before, id{}",
            sql::columns::<Entity>(),
            sql::placeholders(1, ids.len()),
            dialect::for_update_skip_locked(db.get_database_backend())
        );
        let rows: Vec<Model> = sql::all(db, &wanted, ids.iter().map(|id| id.uuid().into())).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }
}
