//! A panic costs the turn in which it happens, never the task: the next turn begins from what is in the database.
//!
//! Tests wish for real panics at named points; in release builds there are none.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

/// Work that panicked. What it had to say is printed by the panic hook; it may quote data, and goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a bug stopped the work in its middle")]
pub struct Panicked;

/// Does `work`, and outlives its panic.
///
/// # Errors
/// [`Panicked`]. What the work had not committed is gone with it: a transaction that is dropped is rolled back.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    // What it leaves half done is in the database's hands; locks in memory are taken over from whoever panicked.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|_| Panicked)
}

/// A point at which a test can wish for a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanicPoint {
    /// In the handler of a request that places a call.
    Handler,
    /// Between two transactions of the task that takes in news.
    News,
    /// In a transaction that takes in news.
    NewsTransaction,
    /// Between two transactions of the task that takes in wishes for calls.
    Wishes,
    /// In a transaction that takes in wishes for calls.
    WishesTransaction,
    /// In a turn of the dialer.
    Dialer,
    /// With an armed call in hand, before its request.
    Send,
    /// In a turn of the reconciler.
    Reconciler,
    /// In a turn of the lease's keeper.
    Lease,
}

/// The panics that a test wished of one server; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct WishedPanics {
    #[cfg(debug_assertions)]
    points: std::sync::Arc<std::sync::Mutex<Vec<PanicPoint>>>,
}

impl WishedPanics {
    /// The next time that this server comes to a point, it panics there, once.
    #[cfg(debug_assertions)]
    pub fn wish(&self, point: PanicPoint) {
        self.points().push(point);
    }

    /// The wishes that have not been fulfilled yet.
    #[cfg(debug_assertions)]
    pub fn open(&self) -> Vec<PanicPoint> {
        self.points().clone()
    }

    /// Panics where a test wished for it.
    ///
    /// # Panics
    /// That is its purpose.
    #[inline]
    pub fn reached(&self, point: PanicPoint) {
        #[cfg(debug_assertions)]
        {
            let mut points = self.points();
            let wished = points.iter().position(|wished| *wished == point);
            if let Some(at) = wished {
                points.swap_remove(at);
                drop(points);
                panic!("a test wished for this panic at {point:?}: secret +14155550123");
            }
        }
        let _ = point;
    }

    #[cfg(debug_assertions)]
    fn points(&self) -> std::sync::MutexGuard<'_, Vec<PanicPoint>> {
        self.points.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
