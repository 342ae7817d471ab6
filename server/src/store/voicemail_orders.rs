//! Machines whose tone was heard while the call was under way, and who says their message to them.

use domain::ids::{CallId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{Store, StoreError, Tx, millis, sql};

#[derive(FromQueryResult)]
struct Ordered {
    call_id: Uuid,
}

impl Store {
    /// Calls with a machine that waits for its message, oldest first.
    pub async fn voicemail_orders(&self, most: u64) -> Result<Vec<CallId>, StoreError> {
        let wanted =
            "SELECT call_id FROM voicemail_orders WHERE taken_at IS NULL ORDER BY ordered_at LIMIT $1";
        let rows: Vec<Ordered> = sql::all(self.reader(), wanted, [(most as i64).into()]).await?;
        Ok(rows.into_iter().map(|row| CallId::from_uuid(row.call_id)).collect())
    }
}

impl Tx {
    /// Orders the message for a call; changes nothing when it was ordered before.
    pub async fn order_voicemail(
        &self,
        of: WorkspaceId,
        call: CallId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let order = "INSERT INTO voicemail_orders (call_id, workspace_id, ordered_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (call_id) DO NOTHING";
        let values = [call.uuid().into(), of.uuid().into(), millis(now).into()];
        sql::run(self.connection(), order, values).await?;
        Ok(())
    }

    /// Forgets orders from before some time.
    pub async fn forget_voicemail_orders(&self, before: Timestamp) -> Result<(), StoreError> {
        let forget = "DELETE FROM voicemail_orders WHERE ordered_at < $1";
        sql::run(self.connection(), forget, [millis(before).into()]).await?;
        Ok(())
    }

    /// Takes an order; `false` when somebody has.
    pub async fn take_voicemail_order(&self, call: CallId, now: Timestamp) -> Result<bool, StoreError> {
        let take = "UPDATE voicemail_orders SET taken_at = $1 WHERE call_id = $2 AND taken_at IS NULL";
        Ok(sql::run(self.connection(), take, [millis(now).into(), call.uuid().into()]).await? > 0)
    }
}
