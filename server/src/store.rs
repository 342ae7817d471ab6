//! The database: one code on SQLite (embedded, the default) and PostgreSQL.
//!
//! Reads go to a pool of readers. Changes happen in transactions, which only `actions` begins. Look-ups return options;
//! `StoreError` tells a conflict with a unique index from trouble with the database itself.

pub mod backup;
pub mod budgets;
pub mod call_list;
pub mod calls;
pub mod campaigns;
pub mod carrier_events;
mod connect;
pub mod counters;
pub mod days;
mod dialect;
pub mod do_not_call;
pub mod entities;
pub mod experiments;
mod given;
pub mod history;
pub mod hold_facts;
pub mod idempotency;
pub mod imports;
pub mod incidents;
pub mod integrity;
mod lock;
mod migrations;
pub mod nodes;
pub mod notify;
pub mod numbers;
mod outage;
pub mod outside;
pub mod pace;
pub mod people;
pub mod prospects;
pub mod queue;
pub mod recording_sweeps;
pub mod recordings;
pub mod reserved_calls;
pub mod scripts;
pub mod snapshot;
pub mod sql;
pub mod standings;
mod statistics;
pub mod sweeps;
pub mod transcripts;
pub mod workspaces;
mod writer;

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, SqlErr, TransactionOptions, TransactionTrait};

pub use connect::{Location, OpenError};

use crate::supervised::Panicked;

/// What a database operation can fail with.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A unique index already has such a row.
    #[error("a row like this exists already")]
    Conflict,
    /// A stored value is not one that this version knows.
    #[error("table {table}, column {column}: a stored value is not understood")]
    CorruptRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The database is older than what was done with it, or nobody may be rung for another reason of that kind.
    #[error("nobody is rung: {}", .0.explain())]
    HistoryLost(history::QuarantineReason),
    /// A file beside the database could not be written or read.
    #[error("a file in the data folder failed: {0}")]
    Outside(Arc<std::io::Error>),
    /// The data folder is not where it was opened; nothing is written until it is back.
    #[error("the data folder was moved or deleted, or its disk is gone: nothing is written until it is back")]
    Displaced,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopped,
    /// A bug stopped the work; a transaction of its was rolled back.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The database failed or could not be reached.
    #[error("the database failed: {0}")]
    Database(Arc<DbErr>),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Conflict,
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Outside(Arc::new(error))
    }
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    pub(in crate::store) write: DatabaseConnection,
    pub(in crate::store) read: DatabaseConnection,
    /// For news from the carrier.
    intake: DatabaseConnection,
    /// For reading the front of the line, again and again.
    pub(in crate::store) plan: DatabaseConnection,
    // Of SQLite.
    file: Option<Arc<lock::DataFile>>,
    // Held for as long as the store is: a second process on the same SQLite file is refused.
    _lock: Option<Arc<lock::DataLock>>,
}

/// An open transaction. Everything done through it is kept or dropped together.
#[derive(Clone)]
pub struct Tx(Arc<DatabaseTransaction>);

impl Tx {
    pub(in crate::store) fn connection(&self) -> &DatabaseTransaction {
        &self.0
    }

    /// Whether several servers can have this database open.
    pub fn is_shared(&self) -> bool {
        dialect::is_shared(sea_orm::ConnectionTrait::get_database_backend(&*self.0))
    }
}

impl Store {
    /// The connection for reads outside a transaction.
    pub(in crate::store) fn reader(&self) -> &DatabaseConnection {
        &self.read
    }

    /// Runs `work` in one transaction: kept when it returns `Ok`, dropped when it returns `Err`.
    ///
    /// The transaction runs in a task of its own. A caller that goes away (a client that hangs up, a time-out) must not
    /// leave a connection in the pool that is still inside a transaction.
    pub async fn transaction<T, E, Work, Running>(&self, work: Work) -> Result<T, E>
    where
        Work: FnOnce(Tx) -> Running + Send + 'static,
        Running: Future<Output = Result<T, E>> + Send,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        transaction_on(self.write.clone(), self.file.clone(), work).await
    }

    /// The same on the connection that is kept for news from the carrier: it never waits behind other work of this server.
    pub async fn transaction_of_news<T, E, Work, Running>(&self, work: Work) -> Result<T, E>
    where
        Work: FnOnce(Tx) -> Running + Send + 'static,
        Running: Future<Output = Result<T, E>> + Send,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        transaction_on(self.intake.clone(), self.file.clone(), work).await
    }

    /// Closes every connection after the work in hand.
    ///
    /// Those that may write come last: the last one moves SQLite's log into the file, which is then whole by itself.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.plan.close_by_ref().await?;
        self.read.close_by_ref().await?;
        self.intake.close_by_ref().await?;
        Ok(self.write.close_by_ref().await?)
    }
}

async fn transaction_on<T, E, Work, Running>(
    connections: DatabaseConnection,
    file: Option<Arc<lock::DataFile>>,
    work: Work,
) -> Result<T, E>
where
    Work: FnOnce(Tx) -> Running + Send + 'static,
    Running: Future<Output = Result<T, E>> + Send,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let running = tokio::spawn(async move {
        if file.is_some_and(|file| !file.is_in_place()) {
            return Err(StoreError::Displaced.into());
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        let begun = connections.begin_with_options(options).await.map_err(StoreError::from)?;
        let tx = Tx(Arc::new(begun));
        let outcome = work(tx.clone()).await;
        // The work is over and held the only other handle.
        let Some(begun) = Arc::into_inner(tx.0) else {
            let kept = DbErr::Custom("a transaction outlived the work it was made for".to_owned());
            return Err(StoreError::from(kept).into());
        };
        match outcome {
            Ok(value) => {
                begun.commit().await.map_err(StoreError::from)?;
                Ok(value)
            }
            Err(error) => {
                begun.rollback().await.map_err(StoreError::from)?;
                Err(error)
            }
        }
    });
    match running.await {
        Ok(outcome) => outcome,
        Err(stopped) if stopped.is_panic() => Err(StoreError::Panicked(Panicked).into()),
        Err(stopped) => {
            Err(StoreError::from(DbErr::Custom(format!("a transaction stopped: {stopped}"))).into())
        }
    }
}

/// A time as it is stored: UTC milliseconds.
pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

/// A stored time.
pub(crate) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// The month a row belongs to, as 202611, so that old months can be archived.
pub(crate) fn month(time: Timestamp) -> i64 {
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    i64::from(date.year()) * 100 + i64::from(date.month())
}
