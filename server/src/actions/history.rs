//! How far the history has come, in the database and outside of it, and noticing when the two do not fit.
//!
//! The database commits first, the marker outside follows, and only then may a request leave. So a marker is never beyond
//! a whole database, however the process ends, and always as far as the last call that anybody can have heard ring.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use tracing::error;

use super::calls::Armed;
use super::{Actions, new_uuid};
use crate::store::history::{HistoryRecord, IdentityQuery, QuarantineReason};
use crate::store::outside::{Marker, OptOut, Outside};
use crate::store::{StoreError, Tx};

/// The history as this process knows it.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Nothing is kept outside where no folder was given, as in tools that never dial.
    outside: OnceLock<Outside>,
    identity_query: OnceLock<IdentityQuery>,
    /// The furthest number that this process has seen.
    last: AtomicI64,
    /// The last marker that was to be written, where that failed.
    unwritten: Mutex<Option<Marker>>,
}

impl Actions {
    /// From now on the history and opt-outs are also kept in this folder.
    pub async fn keep_history_in(&self, folder: &Path) -> Result<(), StoreError> {
        self.history.outside.get_or_init(|| Outside::in_folder(folder));
        if let Some(query) = self.store.identity_query().await {
            self.history.identity_query.get_or_init(|| query);
        }
        Ok(())
    }

    /// Holds the database against what is kept outside of it; before anybody is rung. Why a quarantine began, where one did.
    pub async fn verify_history(&self) -> Result<Option<QuarantineReason>, StoreError> {
        let now = self.clock.now();
        let kept = self.history.newest_marker().await?;
        let ask = self.history.identity_query.get().copied();
        let is_server = self.store.identity_query().await.is_some();
        let (record, identity) = self
            .store
            .transaction(move |tx| async move {
                let record = tx.begin_history(new_uuid(now)).await?;
                let identity = match ask {
                    Some(ask) => tx.database_identity(ask).await?,
                    None => None,
                };
                if record.database_identity.is_none() {
                    tx.keep_database_identity(identity.clone()).await?;
                }
                Ok::<_, StoreError>((record, identity))
            })
            .await?;
        if record.quarantined {
            return Ok(None);
        }
        match mismatch(&record, kept.as_ref(), identity.as_deref(), is_server) {
            Some(reason) => {
                self.enter_quarantine(reason).await?;
                Ok(Some(reason))
            }
            None => {
                self.history.remember(record.marker).await?;
                Ok(None)
            }
        }
    }

    /// Writes the marker of calls that were just armed; they may be sent when this returns. A history that turned out to
    /// be lost leaves nothing armed, and a quarantine.
    pub(super) async fn remember_armed(&self, armed: Result<Armed, StoreError>) -> Result<Armed, StoreError> {
        match armed {
            Ok(armed) => {
                if let Some(marker) = armed.history {
                    self.history.remember(marker).await?;
                }
                Ok(armed)
            }
            Err(StoreError::HistoryLost(reason)) => {
                self.enter_quarantine(reason).await?;
                Ok(Armed::default())
            }
            Err(error) => Err(error),
        }
    }
}

/// Why a database does not fit what is kept outside of it.
fn mismatch(
    record: &HistoryRecord,
    kept: Option<&Marker>,
    identity: Option<&str>,
    is_server: bool,
) -> Option<QuarantineReason> {
    let moved = record.database_identity.as_deref().zip(identity).is_some_and(|(then, now)| then != now);
    match kept {
        Some(kept) if kept.installation != record.marker.installation => {
            Some(QuarantineReason::OtherInstallation)
        }
        Some(kept) if kept.is_beyond(&record.marker) => Some(QuarantineReason::Behind),
        _ if moved => Some(QuarantineReason::OtherDatabase),
        // A new node of a database server starts with an empty folder; a file that has rung people does not.
        None if record.marker.number > 0 && !is_server => Some(QuarantineReason::MarkerMissing),
        _ => None,
    }
}

impl History {
    /// Grows the history by calls that are about to be armed, as the last thing in their transaction.
    pub async fn advance_for_calls(
        &self,
        tx: &Tx,
        calls: usize,
        now: Timestamp,
    ) -> Result<Option<Marker>, StoreError> {
        if calls == 0 {
            return Ok(None);
        }
        let record = self.advance(tx, calls, Some(now)).await?;
        // The gate was open when it was asked; the quarantine began since.
        let Some(record) = record else { return Err(StoreError::HistoryLost(QuarantineReason::Behind)) };
        if self.unwritten().is_some() {
            // A folder that cannot be written: found out before the commit, so that nobody loses an attempt by it.
            self.write(Marker { number: record.marker.number - calls as i64, ..record.marker }).await?;
        }
        Ok(Some(record.marker))
    }

    /// Grows the history by some opt-outs; the marker to remember, outside of a quarantine.
    pub async fn advance_for_opt_outs(&self, tx: &Tx, count: usize) -> Result<Option<Marker>, StoreError> {
        match self.advance(tx, count, None).await {
            Ok(record) => Ok(record.filter(|record| !record.quarantined).map(|record| record.marker)),
            Err(StoreError::HistoryLost(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn advance(
        &self,
        tx: &Tx,
        steps: usize,
        armed_at: Option<Timestamp>,
    ) -> Result<Option<HistoryRecord>, StoreError> {
        // An opt-out holds in whatever database there is.
        let even_quarantined = armed_at.is_none();
        let mut grown = tx.grow_history(steps, even_quarantined, armed_at).await?;
        if grown.is_none() && !tx.begin_history(new_uuid(armed_at.unwrap_or_default())).await?.quarantined {
            grown = tx.grow_history(steps, even_quarantined, armed_at).await?;
        }
        let Some(record) = grown else { return Ok(None) };
        if record.marker.number - (steps as i64) < self.last.load(Ordering::Relaxed) {
            return Err(StoreError::HistoryLost(QuarantineReason::Behind));
        }
        if let (Some(ask), Some(then)) = (self.identity_query.get(), &record.database_identity)
            && tx.database_identity(*ask).await?.is_some_and(|now| now != *then)
        {
            return Err(StoreError::HistoryLost(QuarantineReason::OtherDatabase));
        }
        Ok(Some(record))
    }

    /// Writes a marker of what was committed; it is on disk when this returns.
    pub async fn remember(&self, marker: Marker) -> Result<(), StoreError> {
        self.last.fetch_max(marker.number, Ordering::Relaxed);
        self.write(marker).await
    }

    async fn write(&self, marker: Marker) -> Result<(), StoreError> {
        let written = self.with_outside(move |outside| outside.write_marker(&marker)).await;
        *self.unwritten() = written.is_err().then_some(marker);
        if let Err(failure) = &written {
            error!(error = %failure, "history.log in the data folder cannot be written: nobody is rung until it can");
        }
        written.map(|_| ())
    }

    /// Writes the marker again that could not be written, where there is one.
    pub async fn write_what_failed(&self) -> Result<(), StoreError> {
        let unwritten = *self.unwritten();
        match unwritten {
            Some(marker) => self.write(marker).await,
            None => Ok(()),
        }
    }

    fn unwritten(&self) -> MutexGuard<'_, Option<Marker>> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept outside of the database.
    pub async fn newest_marker(&self) -> Result<Option<Marker>, StoreError> {
        Ok(self.with_outside(|outside| outside.newest_marker()).await?.flatten())
    }

    /// Writes down changes of the do-not-call list; they are on disk when this returns.
    pub async fn note_opt_outs(&self, changes: Vec<OptOut>) -> Result<(), StoreError> {
        self.with_outside(move |outside| outside.note_opt_outs(&changes)).await.map(|_| ())
    }

    /// Every change of the do-not-call list that was written down, and how many lines cannot be read.
    pub async fn opt_outs(&self) -> Result<(Vec<OptOut>, usize), StoreError> {
        Ok(self.with_outside(|outside| outside.opt_outs()).await?.unwrap_or_default())
    }

    /// Files are slow: a thread that may wait does it.
    async fn with_outside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Outside) -> std::io::Result<T> + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        let Some(outside) = self.outside.get().cloned() else { return Ok(None) };
        let done = tokio::task::spawn_blocking(move || work(&outside)).await;
        done.map_err(|_| StoreError::Stopped)?.map(Some).map_err(StoreError::from)
    }

    /// The identity of the database server, as of this transaction.
    pub async fn identity(&self, tx: &Tx) -> Result<Option<String>, StoreError> {
        match self.identity_query.get() {
            Some(ask) => tx.database_identity(*ask).await,
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn marker(timeline: i64, number: i64) -> Marker {
        Marker { installation: Uuid::from_u128(7), timeline, number }
    }

    fn database(number: i64) -> HistoryRecord {
        HistoryRecord {
            marker: marker(1, number),
            last_at: None,
            database_identity: Some("here".into()),
            quarantined: false,
        }
    }

    #[test]
    fn a_database_at_or_ahead_of_its_marker_is_whole() {
        for (number, kept) in [(0, None), (5, Some(5)), (6, Some(5))] {
            let kept = kept.map(|number| marker(1, number));
            assert_eq!(mismatch(&database(number), kept.as_ref(), Some("here"), false), None);
        }
        assert_eq!(mismatch(&database(5), None, Some("here"), true), None, "a new node");
        assert_eq!(
            mismatch(&database(5), Some(&marker(1, 5)), None, true),
            None,
            "a server that does not tell"
        );
    }

    #[test]
    fn everything_else_is_a_reason() {
        let reason =
            |kept: Option<Marker>, identity| mismatch(&database(5), kept.as_ref(), Some(identity), false);
        assert_eq!(reason(Some(marker(1, 6)), "here"), Some(QuarantineReason::Behind));
        assert_eq!(reason(Some(marker(2, 0)), "here"), Some(QuarantineReason::Behind));
        assert_eq!(reason(None, "here"), Some(QuarantineReason::MarkerMissing));
        assert_eq!(reason(Some(marker(1, 5)), "elsewhere"), Some(QuarantineReason::OtherDatabase));
        let other = Marker { installation: Uuid::from_u128(8), ..marker(1, 1) };
        assert_eq!(reason(Some(other), "here"), Some(QuarantineReason::OtherInstallation));
    }
}
