//! How far the history has come, and the quarantine that follows when the database is older than what was done.

use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::outside::Marker;
use super::{Store, StoreError, Tx, millis, sql, time};

/// Why a database may be older than what was done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuarantineReason {
    /// The marker outside the database is further than the database.
    Behind,
    /// The marker outside the database belongs to another installation.
    OtherInstallation,
    /// The database has rung people, and there is no marker to hold it against.
    MarkerMissing,
    /// The database was restored from a backup.
    Restored,
    /// The database server is not the one that this database was on.
    OtherDatabase,
    /// The carrier told of a call that only this installation can have made, and the database does not know it.
    UnknownCall,
}

impl QuarantineReason {
    const ALL: [Self; 6] = [
        Self::Behind,
        Self::OtherInstallation,
        Self::MarkerMissing,
        Self::Restored,
        Self::OtherDatabase,
        Self::UnknownCall,
    ];

    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::OtherInstallation => "other_installation",
            Self::MarkerMissing => "marker_missing",
            Self::Restored => "restored",
            Self::OtherDatabase => "other_database",
            Self::UnknownCall => "unknown_call",
        }
    }

    /// What it means, in plain words.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Behind => {
                "The data folder says that more was done than this database knows: it is an older copy."
            }
            Self::OtherInstallation => "The data folder belongs to another installation than this database.",
            Self::MarkerMissing => {
                "This database has rung people, but history.log is missing from the data folder: nothing proves that it is the newest copy."
            }
            Self::Restored => "The database was restored from a backup.",
            Self::OtherDatabase => {
                "The database is on another server than before, or was promoted or copied: its last changes may be lost."
            }
            Self::UnknownCall => {
                "The carrier told of a call that this installation made and this database does not know."
            }
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// How far the history has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRecord {
    /// Installation, timeline and number.
    pub marker: Marker,
    /// When a call was last armed.
    pub last_at: Option<Timestamp>,
    /// What the database server said of itself when the history was last known to be whole.
    pub database_identity: Option<String>,
    /// Nobody is rung.
    pub quarantined: bool,
}

/// A time in which nobody is rung because the history may not be whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRecord {
    /// Which one.
    pub id: Uuid,
    /// Why.
    pub reason: QuarantineReason,
    /// Since when.
    pub entered_at: Timestamp,
    /// The carrier's calls from here on are looked through.
    pub look_since: Timestamp,
    /// Calls of ours that the carrier knows, as of the last complete look.
    pub calls_found: u64,
    /// Calls that were made again in the database.
    pub calls_recreated: u64,
    /// Calls that belong to nobody in particular, as of the last complete look.
    pub calls_unassigned: u64,
    /// Numbers that came back to the do-not-call list.
    pub opt_outs_restored: u64,
    /// What stands in the way of the reconciliation.
    pub problem: Option<String>,
    /// When everything was found again.
    pub reconciled_at: Option<Timestamp>,
}

/// What one complete look at the carrier's list brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookRecord {
    /// Calls of ours.
    pub found: u64,
    /// Calls of nobody in particular.
    pub unassigned: u64,
}

#[derive(sea_orm::FromQueryResult)]
struct HistoryRow {
    installation: Uuid,
    timeline: i64,
    number: i64,
    last_at: Option<i64>,
    database_identity: Option<String>,
    quarantined: bool,
}

#[derive(sea_orm::FromQueryResult)]
struct QuarantineRow {
    id: Uuid,
    reason: String,
    entered_at: i64,
    look_since: i64,
    calls_found: i64,
    calls_recreated: i64,
    calls_unassigned: i64,
    opt_outs_restored: i64,
    problem: Option<String>,
    reconciled_at: Option<i64>,
}

#[derive(sea_orm::FromQueryResult)]
struct TextRow {
    value: Option<String>,
}

const OPEN_QUARANTINE: &str = "SELECT id, reason, entered_at, look_since, calls_found, calls_recreated, calls_unassigned, \
     opt_outs_restored, problem, reconciled_at FROM quarantines WHERE resumed_at IS NULL ORDER BY entered_at LIMIT 1";
const HISTORY: &str =
    "SELECT installation, timeline, number, last_at, database_identity, quarantined FROM history";

/// The cluster, its line of write-ahead logs (a promotion begins a new one), the database and the table: a copy, a
/// restore and a promotion each change one of them.
const IDENTITY: &str = "SELECT (SELECT system_identifier FROM pg_control_system())::text || ' ' \
     || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || ' ' \
     || (SELECT oid FROM pg_database WHERE datname = current_database())::text || ' ' \
     || 'history'::regclass::oid::text AS value";
/// For servers that do not tell everything to everybody: a copy and a restore still show.
const PLAIN_IDENTITY: &str = "SELECT (SELECT oid FROM pg_database WHERE datname = current_database())::text || ' ' \
     || 'history'::regclass::oid::text AS value";

/// How much a database server tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityQuery(&'static str);

impl Store {
    /// Whether nobody may be rung, for showing it and for planning. Arming asks in its own transaction.
    pub async fn is_quarantined(&self) -> Result<bool, StoreError> {
        Ok(self.history().await?.is_some_and(|history| history.quarantined))
    }

    /// How far the history has come; `None` before the first start.
    pub async fn history(&self) -> Result<Option<HistoryRecord>, StoreError> {
        let row: Option<HistoryRow> = sql::one(self.reader(), HISTORY, []).await?;
        Ok(row.map(HistoryRecord::from))
    }

    /// The quarantine that was not resumed yet.
    pub async fn open_quarantine(&self) -> Result<Option<QuarantineRecord>, StoreError> {
        let row: Option<QuarantineRow> = sql::one(self.reader(), OPEN_QUARANTINE, []).await?;
        row.map(QuarantineRecord::try_from).transpose()
    }

    /// How to ask this server who it is; `None` where there is no server.
    pub async fn identity_query(&self) -> Option<IdentityQuery> {
        let db = self.reader();
        if db.get_database_backend() == DbBackend::Sqlite {
            return None;
        }
        for query in [IDENTITY, PLAIN_IDENTITY] {
            if sql::one::<TextRow>(db, query, []).await.is_ok_and(|row| row.is_some()) {
                return Some(IdentityQuery(query));
            }
        }
        None
    }
}

impl Tx {
    /// Whether nobody may be rung, as of this transaction.
    pub async fn is_quarantined(&self) -> Result<bool, StoreError> {
        let row: Option<HistoryRow> = sql::one(self.connection(), HISTORY, []).await?;
        Ok(row.is_some_and(|row| row.quarantined))
    }

    /// Who the database server says that it is.
    pub async fn database_identity(&self, ask: IdentityQuery) -> Result<Option<String>, StoreError> {
        let row: Option<TextRow> = sql::one(self.connection(), ask.0, []).await?;
        Ok(row.and_then(|row| row.value))
    }

    /// The history, begun as `installation` where it has not begun yet.
    pub async fn begin_history(&self, installation: Uuid) -> Result<HistoryRecord, StoreError> {
        let add = "INSERT INTO history (id, installation, timeline, number, quarantined) VALUES (1, $1, 1, 0, $2) \
                   ON CONFLICT (id) DO NOTHING";
        sql::run(self.connection(), add, [installation.into(), false.into()]).await?;
        let row: Option<HistoryRow> = sql::one(self.connection(), HISTORY, []).await?;
        row.map(HistoryRecord::from).ok_or(StoreError::CorruptRow { table: "history", column: "id" })
    }

    /// The history grows by `steps`; `None` when it has not begun, and in quarantine unless `even_quarantined`. `armed_at`
    /// is when calls were armed, if they are the cause. The row stays locked until the transaction ends: ask for it last.
    pub async fn grow_history(
        &self,
        steps: usize,
        even_quarantined: bool,
        armed_at: Option<Timestamp>,
    ) -> Result<Option<HistoryRecord>, StoreError> {
        let grow = "UPDATE history SET number = number + $1, last_at = COALESCE($2, last_at) WHERE NOT quarantined OR $3 \
                    RETURNING installation, timeline, number, last_at, database_identity, quarantined";
        let values = [(steps as i64).into(), armed_at.map(millis).into(), even_quarantined.into()];
        let row: Option<HistoryRow> = sql::one(self.connection(), grow, values).await?;
        Ok(row.map(HistoryRecord::from))
    }

    /// Keeps what the database server says of itself.
    pub async fn keep_database_identity(&self, identity: Option<String>) -> Result<(), StoreError> {
        let change = "UPDATE history SET database_identity = $1";
        sql::run(self.connection(), change, [identity.into()]).await?;
        Ok(())
    }

    /// Begins a quarantine; `false` when one is open.
    pub async fn enter_quarantine(&self, entry: &QuarantineRecord) -> Result<bool, StoreError> {
        let db = self.connection();
        let set = "UPDATE history SET quarantined = $1 WHERE NOT quarantined";
        if sql::run(db, set, [true.into()]).await? == 0 {
            return Ok(false);
        }
        let add = "INSERT INTO quarantines (id, reason, entered_at, look_since, calls_found, calls_recreated, \
                   calls_unassigned, opt_outs_restored) VALUES ($1, $2, $3, $4, 0, 0, 0, 0)";
        let values = [
            entry.id.into(),
            entry.reason.as_str().into(),
            millis(entry.entered_at).into(),
            millis(entry.look_since).into(),
        ];
        sql::run(db, add, values).await?;
        Ok(true)
    }

    /// The quarantine that was not resumed yet, locked.
    pub async fn lock_open_quarantine(&self) -> Result<Option<QuarantineRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!("{OPEN_QUARANTINE}{}", super::dialect::for_update(db.get_database_backend()));
        let row: Option<QuarantineRow> = sql::one(db, &wanted, []).await?;
        row.map(QuarantineRecord::try_from).transpose()
    }

    /// Writes a quarantine back.
    pub async fn save_quarantine(&self, record: &QuarantineRecord) -> Result<(), StoreError> {
        let change = "UPDATE quarantines SET calls_found = $1, calls_recreated = $2, calls_unassigned = $3, \
                      opt_outs_restored = $4, problem = $5, reconciled_at = $6, reason = $7, look_since = $8 WHERE id = $9";
        let values = [
            (record.calls_found as i64).into(),
            (record.calls_recreated as i64).into(),
            (record.calls_unassigned as i64).into(),
            (record.opt_outs_restored as i64).into(),
            record.problem.clone().into(),
            record.reconciled_at.map(millis).into(),
            record.reason.as_str().into(),
            millis(record.look_since).into(),
            record.id.into(),
        ];
        sql::run(self.connection(), change, values).await?;
        Ok(())
    }

    /// Counts a call that was made again.
    pub async fn count_recreated_call(&self) -> Result<(), StoreError> {
        let change = "UPDATE quarantines SET calls_recreated = calls_recreated + 1 WHERE resumed_at IS NULL";
        sql::run(self.connection(), change, []).await?;
        Ok(())
    }

    /// Ends every open quarantine: a new timeline begins, above everything that any marker says.
    pub async fn end_quarantine(&self, by: &str, above: Marker, now: Timestamp) -> Result<(), StoreError> {
        let db = self.connection();
        let end = "UPDATE quarantines SET resumed_at = $1, resumed_by = $2 WHERE resumed_at IS NULL";
        sql::run(db, end, [millis(now).into(), by.into()]).await?;
        let begin = "UPDATE history SET quarantined = $1, timeline = $2, number = $3, last_at = $4";
        let values =
            [false.into(), (above.timeline + 1).into(), (above.number + 1).into(), millis(now).into()];
        sql::run(db, begin, values).await?;
        Ok(())
    }

    /// When a call was last armed, as far as this database knows.
    pub async fn last_armed_at(&self) -> Result<Option<Timestamp>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            at: Option<i64>,
        }
        let row: Option<Row> =
            sql::one(self.connection(), "SELECT MAX(armed_at) AS at FROM calls", []).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }
}

impl From<HistoryRow> for HistoryRecord {
    fn from(row: HistoryRow) -> Self {
        Self {
            marker: Marker { installation: row.installation, timeline: row.timeline, number: row.number },
            last_at: row.last_at.map(time),
            database_identity: row.database_identity,
            quarantined: row.quarantined,
        }
    }
}

impl TryFrom<QuarantineRow> for QuarantineRecord {
    type Error = StoreError;

    fn try_from(row: QuarantineRow) -> Result<Self, StoreError> {
        let corrupt = StoreError::CorruptRow { table: "quarantines", column: "reason" };
        let count = |stored: i64| u64::try_from(stored).unwrap_or(0);
        Ok(Self {
            id: row.id,
            reason: QuarantineReason::parse(&row.reason).ok_or(corrupt)?,
            entered_at: time(row.entered_at),
            look_since: time(row.look_since),
            calls_found: count(row.calls_found),
            calls_recreated: count(row.calls_recreated),
            calls_unassigned: count(row.calls_unassigned),
            opt_outs_restored: count(row.opt_outs_restored),
            problem: row.problem,
            reconciled_at: row.reconciled_at.map(time),
        })
    }
}
