//! Clearing up after a stop, and what nobody needs any more.

use super::Actions;
use super::idempotency::KEPT_FOR;
use crate::store::StoreError;

impl Actions {
    /// Closes what a process that stopped in the middle left open. Calls are the engine's business.
    pub async fn close_what_was_left_open(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let why =
            "The server stopped during the import. What was added until then stays; import the file again.";
        self.store
            .transaction(move |tx| async move { tx.fail_running_imports(why, now).await.map(|_| ()) })
            .await
    }

    /// Forgets expired sessions and old idempotency keys.
    pub async fn forget_what_is_over(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                tx.forget_expired_sessions(now).await?;
                tx.forget_idempotency_keys(now.checked_sub(KEPT_FOR).unwrap_or(now)).await?;
                Ok(())
            })
            .await
    }
}
