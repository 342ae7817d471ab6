//! The engine's doorbells: whoever changed something rings, the tasks wait on them.

use std::sync::Arc;

use tokio::sync::Notify;

/// One bell per task. A ring that nobody waits for is kept, so none is missed; many rings are one.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    dialer: Arc<Notify>,
    reconciler: Arc<Notify>,
    recovery: Arc<Notify>,
}

impl Wake {
    /// Somebody may be rung who could not be before.
    pub fn dialer(&self) {
        self.dialer.notify_one();
    }

    /// The carrier should be asked about a call, or told to end it.
    pub fn reconciler(&self) {
        self.reconciler.notify_one();
    }

    /// A quarantine began.
    pub fn recovery(&self) {
        self.recovery.notify_one();
    }

    /// Waits for the dialer's bell.
    pub async fn dialer_rung(&self) {
        self.dialer.notified().await;
    }

    /// Waits for the reconciler's bell.
    pub async fn reconciler_rung(&self) {
        self.reconciler.notified().await;
    }

    /// Waits for the bell of a quarantine.
    pub async fn recovery_rung(&self) {
        self.recovery.notified().await;
    }
}
