//! API keys that were seen where they do not belong.

use domain::ids::ApiKeyId;

use super::{Actions, audit};
use crate::credentials::ApiKeyHash;
use crate::store::StoreError;

impl Actions {
    /// Notes that a key was sent in an address, where logs and histories keep it. Whether to revoke it is its owner's
    /// decision: a stranger who found it must not be able to switch it off. Unknown keys are nobody's.
    pub async fn flag_leaked_key(&self, hash: ApiKeyHash) -> Result<(), StoreError> {
        let Some(visitor) = self.visitor_of_key(hash).await? else { return Ok(()) };
        let now = self.clock.now();
        let Ok(key) = visitor.actor.name.parse::<ApiKeyId>() else { return Ok(()) };
        self.store
            .transaction(move |tx| async move {
                audit::note(
                    &tx,
                    &visitor.actor,
                    "key.leaked",
                    key,
                    serde_json::json!({ "in": "address" }),
                    now,
                )
                .await
            })
            .await
    }
}
