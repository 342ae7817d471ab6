//! Answers given to requests that carry an `Idempotency-Key`, so that a repeated request has one effect.

use domain::ids::{NodeId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};

use super::entities::idempotency_keys::{Column, Entity, Model};
use super::{Store, StoreError, Tx, millis, sql};

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The hash of the request it was first used for.
    pub fingerprint: Vec<u8>,
    /// The answer, once there is one: HTTP status and body.
    pub answer: Option<(u16, String)>,
    /// Which server worked on it first.
    pub node: Option<NodeId>,
}

impl Store {
    /// What is known of a key.
    pub async fn idempotency_key(
        &self,
        of: WorkspaceId,
        key: &str,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let row = Entity::find_by_id((of.uuid(), key.to_owned())).one(self.reader()).await?;
        Ok(row.map(|row| IdempotencyRecord {
            fingerprint: row.fingerprint,
            answer: row.status.and_then(|status| u16::try_from(status).ok()).zip(row.body),
            node: row.node_id.map(NodeId::from_uuid),
        }))
    }
}

impl Tx {
    /// Claims a key for one request that `node` works on; `false` when it was claimed before.
    pub async fn claim_idempotency_key(
        &self,
        of: WorkspaceId,
        key: &str,
        fingerprint: &[u8],
        node: NodeId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = Model {
            workspace_id: of.uuid(),
            key: key.to_owned(),
            fingerprint: fingerprint.to_vec(),
            status: None,
            body: None,
            created_at: millis(now),
            node_id: Some(node.uuid()),
        };
        let once = OnConflict::columns([Column::WorkspaceId, Column::Key]).do_nothing().to_owned();
        let insert = Entity::insert(row.into_active_model().reset_all()).on_conflict(once);
        Ok(insert.exec_without_returning(self.connection()).await? > 0)
    }

    /// Keeps the answer for the next time the key is used.
    pub async fn answer_idempotency_key(
        &self,
        of: WorkspaceId,
        key: &str,
        status: u16,
        body: &str,
    ) -> Result<(), StoreError> {
        let change =
            "UPDATE idempotency_keys SET status = $1, body = $2 WHERE workspace_id = $3 AND key = $4";
        let values = [i64::from(status).into(), body.into(), of.uuid().into(), key.into()];
        sql::run(self.connection(), change, values).await?;
        Ok(())
    }

    /// Lets a key go again: its request changed nothing.
    pub async fn release_idempotency_key(&self, of: WorkspaceId, key: &str) -> Result<(), StoreError> {
        let change = "DELETE FROM idempotency_keys WHERE workspace_id = $1 AND key = $2 AND status IS NULL";
        sql::run(self.connection(), change, [of.uuid().into(), key.into()]).await?;
        Ok(())
    }

    /// Forgets keys first used before `before`.
    pub async fn forget_idempotency_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        let change = "DELETE FROM idempotency_keys WHERE created_at < $1";
        Ok(sql::run(self.connection(), change, [millis(before).into()]).await?)
    }
}
