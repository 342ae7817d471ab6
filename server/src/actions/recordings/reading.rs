//! Readings of the carrier's list of recordings, as far as the database is concerned.

use std::time::Duration;

use jiff::Timestamp;

use super::Actions;
use crate::store::{StoreError, Tx};

/// From one reading to the next.
const BETWEEN: Duration = Duration::from_secs(15 * 60);
/// After this long, one that was not finished is begun anew.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Recordings of calls that were made longer ago than this are over, and their news has come or been asked for.
const LOOK_BACK: Duration = Duration::from_secs(48 * 60 * 60);
/// Readings overlap by this: the carrier's list lags behind, and its clock may differ from ours.
const OVERLAP: Duration = Duration::from_secs(60 * 60);

/// A reading that this server does.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    slot: i64,
    /// From when on recordings are read.
    pub since: Timestamp,
}

impl Actions {
    /// Takes the reading that is due; `None` when none is, or another server has it.
    pub async fn begin_recording_sweep(&self) -> Result<Option<Reading>, StoreError> {
        let now = self.clock.now();
        let earliest = now.checked_sub(LOOK_BACK).unwrap_or(now);
        let last = self.store.last_recording_sweep().await?;
        let due = last.and_then(|last| last.checked_add(BETWEEN).ok());
        if due.is_some_and(|due| due > now) || !self.store.recordings_are_expected(earliest).await? {
            return Ok(None);
        }
        let slot = now.as_second().div_euclid(BETWEEN.as_secs() as i64);
        let begin = move |tx: Tx| async move { tx.begin_recording_sweep(slot, now, PATIENCE).await };
        let ours: bool = self.store.transaction(begin).await?;
        let since = last.and_then(|last| last.checked_sub(OVERLAP).ok()).unwrap_or(earliest).max(earliest);
        Ok(ours.then_some(Reading { slot, since }))
    }

    /// Writes down what a reading brought.
    pub async fn finish_recording_sweep(
        &self,
        reading: Reading,
        listed: u64,
        caught_up: u64,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let finish = move |tx: Tx| async move {
            tx.finish_recording_sweep(reading.slot, listed, caught_up, now).await
        };
        self.store.transaction(finish).await
    }
}
