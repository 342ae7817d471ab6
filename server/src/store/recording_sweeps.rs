//! Readings of the carrier's list of recordings: who does it, and how far back it has to go.

use std::time::Duration;

use jiff::Timestamp;

use super::{Store, StoreError, Tx, millis, sql, time};

#[derive(sea_orm::FromQueryResult)]
struct Moment {
    at: Option<i64>,
}

impl Store {
    /// When the last reading that came to its end began.
    pub async fn last_recording_sweep(&self) -> Result<Option<Timestamp>, StoreError> {
        let wanted = "SELECT MAX(began_at) AS at FROM recording_sweeps WHERE finished_at IS NOT NULL";
        let row: Option<Moment> = sql::one(self.reader(), wanted, []).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }

    /// Whether a call was made since then that may have been recorded: some campaign records, or something was recorded.
    pub async fn recordings_are_expected(&self, since: Timestamp) -> Result<bool, StoreError> {
        let wanted = "SELECT (SELECT created_at FROM calls ORDER BY id DESC LIMIT 1) AS at \
                      WHERE EXISTS (SELECT 1 FROM campaigns WHERE recording <> 'off') \
                      OR EXISTS (SELECT 1 FROM recordings)";
        let row: Option<Moment> = sql::one(self.reader(), wanted, []).await?;
        Ok(row.and_then(|row| row.at).is_some_and(|at| time(at) >= since))
    }
}

impl Tx {
    /// Takes a reading for this server; `false` when another one has it. One that was begun and not finished within
    /// `patience` is taken anew.
    pub async fn begin_recording_sweep(
        &self,
        slot: i64,
        now: Timestamp,
        patience: Duration,
    ) -> Result<bool, StoreError> {
        let begin = "INSERT INTO recording_sweeps (slot, began_at) VALUES ($1, $2) \
                     ON CONFLICT (slot) DO UPDATE SET began_at = excluded.began_at \
                     WHERE recording_sweeps.finished_at IS NULL AND recording_sweeps.began_at <= $3";
        let before = millis(now) - patience.as_millis() as i64;
        Ok(sql::run(self.connection(), begin, [slot.into(), millis(now).into(), before.into()]).await? > 0)
    }

    /// Writes down what a reading brought, and forgets old ones.
    pub async fn finish_recording_sweep(
        &self,
        slot: i64,
        listed: u64,
        caught_up: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let finish =
            "UPDATE recording_sweeps SET finished_at = $1, listed = $2, caught_up = $3 WHERE slot = $4";
        let values = [millis(now).into(), (listed as i64).into(), (caught_up as i64).into(), slot.into()];
        sql::run(self.connection(), finish, values).await?;
        sql::run(self.connection(), "DELETE FROM recording_sweeps WHERE slot < $1", [(slot - 100).into()])
            .await?;
        Ok(())
    }
}
