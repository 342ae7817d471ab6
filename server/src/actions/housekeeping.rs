//! Forgetting what nobody needs any more.

use jiff::SignedDuration;

use super::Actions;
use super::idempotency::KEPT_FOR;
use super::nodes::REMEMBERED_FOR;
use crate::store::StoreError;

impl Actions {
    /// Forgets expired sessions, old idempotency keys, what machines heard and servers that ended long ago.
    pub async fn forget_what_is_over(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                tx.forget_expired_sessions(now).await?;
                tx.forget_idempotency_keys(now.checked_sub(KEPT_FOR).unwrap_or(now)).await?;
                tx.forget_ended_nodes(REMEMBERED_FOR, now).await?;
                // No call lasts that long.
                let longest = now.checked_sub(SignedDuration::from_hours(48)).unwrap_or(now);
                tx.forget_voicemail_orders(longest).await?;
                Ok(())
            })
            .await
    }
}
