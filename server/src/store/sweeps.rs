//! The daily comparison with the carrier's list of calls: who does it, when, and what it found.

use std::time::Duration;

use domain::ids::{CallId, WorkspaceId, time_ordered_uuid};
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::{Store, StoreError, Tx, millis, sql, time};

/// What one comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepFindings {
    /// Calls in the carrier's list.
    pub listed: u64,
    /// Calls of ours of which the list told something new.
    pub caught_up: u64,
    /// Calls from our numbers that none of our attempts stands for.
    pub stray: u64,
    /// Calls that the carrier once took and does not list.
    pub missing: u64,
}

/// One comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepRecord {
    /// When it began.
    pub began_at: Timestamp,
    /// When it was done; `None` while it goes on, and when the server that did it is gone.
    pub finished_at: Option<Timestamp>,
    /// What it found.
    pub findings: SweepFindings,
}

/// A call that the carrier took, by both names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedCall {
    /// Our name.
    pub id: CallId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// The carrier's name.
    pub carrier_sid: String,
}

#[derive(sea_orm::FromQueryResult)]
struct SweepRow {
    began_at: i64,
    finished_at: Option<i64>,
    calls_listed: i64,
    calls_caught_up: i64,
    calls_stray: i64,
    calls_missing: i64,
}

#[derive(sea_orm::FromQueryResult)]
struct PlacedRow {
    id: Uuid,
    workspace_id: Uuid,
    carrier_sid: String,
}

#[derive(sea_orm::FromQueryResult)]
struct MomentRow {
    at: i64,
}

#[derive(sea_orm::FromQueryResult)]
struct CallerRow {
    phone: String,
    workspace_id: Uuid,
}

impl Store {
    /// The latest comparison.
    pub async fn latest_sweep(&self) -> Result<Option<SweepRecord>, StoreError> {
        let wanted = "SELECT began_at, finished_at, calls_listed, calls_caught_up, calls_stray, calls_missing \
                      FROM sweeps ORDER BY day DESC LIMIT 1";
        let row: Option<SweepRow> = sql::one(self.reader(), wanted, []).await?;
        Ok(row.map(SweepRecord::from))
    }

    /// When the first call of all was chosen.
    pub async fn first_call_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let wanted = "SELECT created_at AS at FROM calls ORDER BY id LIMIT 1";
        let row: Option<MomentRow> = sql::one(self.reader(), wanted, []).await?;
        Ok(row.map(|row| time(row.at)))
    }

    /// The numbers that calls were made from since `since`, or are to be made from, and whose they are.
    pub async fn numbers_called_from(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(PhoneNumber, WorkspaceId)>, StoreError> {
        let wanted = "SELECT from_number AS phone, workspace_id FROM calls WHERE id >= $1 \
             UNION SELECT caller_id AS phone, workspace_id FROM campaigns WHERE caller_id IS NOT NULL";
        let rows: Vec<CallerRow> = sql::all(self.reader(), wanted, [first_id_at(since).into()]).await?;
        let of = |row: CallerRow| {
            (PhoneNumber::from_e164_unchecked(row.phone), WorkspaceId::from_uuid(row.workspace_id))
        };
        Ok(rows.into_iter().map(of).collect())
    }

    /// Calls that were chosen from `since` up to `until` and that the carrier took, in the order of their making, behind
    /// `after`.
    pub async fn placed_calls(
        &self,
        since: Timestamp,
        until: Timestamp,
        after: Option<CallId>,
        most: usize,
    ) -> Result<Vec<PlacedCall>, StoreError> {
        let wanted = "SELECT id, workspace_id, carrier_sid FROM calls \
             WHERE id > $1 AND id < $2 AND placement = 'placed' AND carrier_sid IS NOT NULL ORDER BY id LIMIT $3";
        let behind = after.map_or(first_id_at(since), CallId::uuid);
        let values = [behind.into(), first_id_at(until).into(), (most as i64).into()];
        let rows: Vec<PlacedRow> = sql::all(self.reader(), wanted, values).await?;
        let of = |row: PlacedRow| PlacedCall {
            id: CallId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            carrier_sid: row.carrier_sid,
        };
        Ok(rows.into_iter().map(of).collect())
    }
}

impl Tx {
    /// Takes the comparison of a day; `false` when another server did it, or began it less than `patience` ago.
    pub async fn begin_sweep(
        &self,
        day: Date,
        now: Timestamp,
        patience: Duration,
    ) -> Result<bool, StoreError> {
        let claim = "INSERT INTO sweeps (day, began_at) VALUES ($1, $2) ON CONFLICT (day) DO UPDATE \
             SET began_at = excluded.began_at WHERE sweeps.finished_at IS NULL AND sweeps.began_at <= $3";
        let given_up_before = now.checked_sub(patience).unwrap_or(now);
        let values = [day.to_string().into(), millis(now).into(), millis(given_up_before).into()];
        Ok(sql::run(self.connection(), claim, values).await? > 0)
    }

    /// Writes down what a comparison found.
    pub async fn finish_sweep(
        &self,
        day: Date,
        found: SweepFindings,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let change = "UPDATE sweeps SET finished_at = $1, calls_listed = $2, calls_caught_up = $3, calls_stray = $4, \
             calls_missing = $5 WHERE day = $6";
        let counted = |count: u64| i64::try_from(count).unwrap_or(i64::MAX).into();
        let values = [
            millis(now).into(),
            counted(found.listed),
            counted(found.caught_up),
            counted(found.stray),
            counted(found.missing),
            day.to_string().into(),
        ];
        sql::run(self.connection(), change, values).await?;
        Ok(())
    }
}

impl From<SweepRow> for SweepRecord {
    fn from(row: SweepRow) -> Self {
        Self {
            began_at: time(row.began_at),
            finished_at: row.finished_at.map(time),
            findings: SweepFindings {
                listed: row.calls_listed.unsigned_abs(),
                caught_up: row.calls_caught_up.unsigned_abs(),
                stray: row.calls_stray.unsigned_abs(),
                missing: row.calls_missing.unsigned_abs(),
            },
        }
    }
}

/// Identifiers begin with the time of their making: this one sorts before all that are made from `at` on.
fn first_id_at(at: Timestamp) -> Uuid {
    time_ordered_uuid(u64::try_from(at.as_millisecond()).unwrap_or(0), [0; 10])
}
