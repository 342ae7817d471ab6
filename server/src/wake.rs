//! The engine's doorbells: whoever changed something rings, the tasks wait on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// One bell per task. A ring that nobody waits for is kept, so none is missed; many rings are one.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    dialer: Arc<Notify>,
    reconciler: Arc<Notify>,
    lease: Arc<Notify>,
    recovery: Arc<Notify>,
    incidents: Arc<Notify>,
    recordings: Arc<Notify>,
    speaker: Arc<Notify>,
    relayed: Arc<Relayed>,
}

/// Which bells ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bells {
    /// The dialer's.
    pub dialer: bool,
    /// The reconciler's.
    pub reconciler: bool,
}

/// Rings that other servers have yet to be told of.
#[derive(Debug, Default)]
struct Relayed {
    wanted: AtomicBool,
    dialer: AtomicBool,
    reconciler: AtomicBool,
    bell: Notify,
}

impl Wake {
    /// Somebody may be rung who could not be before.
    pub fn dialer(&self) {
        self.dialer.notify_one();
        self.relayed.note(&self.relayed.dialer);
    }

    /// The carrier should be asked about a call, or told to end it.
    pub fn reconciler(&self) {
        self.reconciler.notify_one();
        self.relayed.note(&self.relayed.reconciler);
    }

    /// This server's lease was found to be gone, or its clock to be wrong.
    pub fn lease(&self) {
        self.lease.notify_one();
    }

    /// A quarantine began.
    pub fn recovery(&self) {
        self.recovery.notify_one();
    }

    /// An incident was noted.
    pub fn incidents(&self) {
        self.incidents.notify_one();
    }

    /// A recording is to be fetched or deleted.
    pub fn recordings(&self) {
        self.recordings.notify_one();
    }

    /// A text is to be spoken.
    pub fn speaker(&self) {
        self.speaker.notify_one();
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

    /// Waits for the bell of an incident.
    pub async fn incident_rung(&self) {
        self.incidents.notified().await;
    }

    /// Waits for the bell of the recordings.
    pub async fn recordings_rung(&self) {
        self.recordings.notified().await;
    }

    /// Waits for the speaker's bell.
    pub async fn speaker_rung(&self) {
        self.speaker.notified().await;
    }

    /// Waits for the bell of the task that keeps the lease.
    pub async fn lease_rung(&self) {
        self.lease.notified().await;
    }

    /// From now on other servers are told of rings.
    pub fn relay(&self) {
        self.relayed.wanted.store(true, Ordering::Relaxed);
    }

    /// Waits for a ring that other servers have yet to be told of.
    pub async fn relay_rung(&self) {
        self.relayed.bell.notified().await;
    }

    /// The rings that other servers have yet to be told of; they count as told.
    pub fn take_unrelayed(&self) -> Bells {
        Bells {
            dialer: self.relayed.dialer.swap(false, Ordering::AcqRel),
            reconciler: self.relayed.reconciler.swap(false, Ordering::AcqRel),
        }
    }

    /// Another server rang: so do we, and tell nobody.
    pub fn repeat(&self, bells: Bells) {
        if bells.dialer {
            self.dialer.notify_one();
        }
        if bells.reconciler {
            self.reconciler.notify_one();
        }
    }
}

impl Relayed {
    fn note(&self, bell: &AtomicBool) {
        if self.wanted.load(Ordering::Relaxed) {
            bell.store(true, Ordering::Release);
            self.bell.notify_one();
        }
    }
}
