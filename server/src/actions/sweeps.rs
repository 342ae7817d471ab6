//! The daily comparison with the carrier's list of calls, as far as the database is concerned.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Actions;
use crate::store::StoreError;
use crate::store::sweeps::SweepFindings;

/// From one comparison to the next.
const BETWEEN: Duration = Duration::from_secs(24 * 60 * 60);
/// After this long, one that was not finished is begun anew.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

impl Actions {
    /// When the next comparison is due; `None` while no call was ever chosen.
    pub async fn next_sweep_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let due = match self.store.latest_sweep().await? {
            Some(last) if last.finished_at.is_some() => Some((last.began_at, BETWEEN)),
            Some(begun) => Some((begun.began_at, PATIENCE)),
            None => self.store.first_call_at().await?.map(|first| (first, BETWEEN)),
        };
        Ok(due.and_then(|(since, wait)| since.checked_add(wait).ok()))
    }

    /// Takes the comparison of today (UTC); `None` when another server has it.
    pub async fn begin_sweep(&self) -> Result<Option<Date>, StoreError> {
        let now = self.clock.now();
        let day = now.to_zoned(TimeZone::UTC).date();
        let ours =
            self.store.transaction(move |tx| async move { tx.begin_sweep(day, now, PATIENCE).await }).await?;
        Ok(ours.then_some(day))
    }

    /// Writes down what the comparison found.
    pub async fn finish_sweep(&self, day: Date, found: SweepFindings) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.transaction(move |tx| async move { tx.finish_sweep(day, found, now).await }).await
    }
}
