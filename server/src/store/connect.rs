//! Opening the database: where it is, how its connections are set up, and bringing its schema up to date.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, SqlxPostgresConnector, SqlxSqliteConnector, Statement,
};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::lock::{DataFile, DataLock, LockError};
use super::migrations;
use super::{Store, StoreError, writer};

/// SQLite before this version can corrupt a database in WAL mode that has two connections.
const OLDEST_SAFE_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Readers beside the one writer; more would only wait for the same two disks and cores.
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 20;
/// News takes one batch at a time.
const INTAKE_CONNECTIONS: u32 = 1;
/// One for the dialer and one beside it.
const PLAN_CONNECTIONS: u32 = 2;
/// A connection to PostgreSQL that rested for longer is asked whether it is still there before it is used.
const ASKED_AFTER: Duration = Duration::from_millis(500);

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Location {
    /// A file `prospectai.db` in this folder.
    Folder(PathBuf),
    /// A `postgres://` URL.
    Postgres(String),
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the folder open.
    #[error(
        "another process is using the data folder {0}. Stop it first, choose another folder with --data-dir, or use \
         PostgreSQL (DATABASE_URL) to run several"
    )]
    Held(PathBuf),
    /// A server is connected to the database that is to be replaced.
    #[error("a server uses this database. Stop every server on it first")]
    InUse,
    /// The folder cannot be made, read or written.
    #[error(
        "the data folder {0} cannot be used: {1}. Give the process the right to write there, or choose another one"
    )]
    Folder(PathBuf, std::io::Error),
    /// The URL is not one of PostgreSQL.
    #[error("DATABASE_URL is not understood. It has the form postgres://user:password@host:5432/database")]
    Url,
    /// The SQLite library in this binary is too old to be safe.
    #[error(
        "the SQLite library is version {0}; versions before 3.51.3 can corrupt data. Build again with the locked dependencies"
    )]
    OldSqlite(String),
    /// A newer version changed the schema in a way that this one cannot work with.
    #[error(
        "the database belongs to a newer version of ProspectAI: its schema needs a program that knows step {needed}, and \
         this one knows the steps up to {ours}. Start the newer version, or restore the backup from before its first start"
    )]
    NewerSchema {
        /// The newest step that this version knows.
        ours: String,
        /// The step that a version must know.
        needed: String,
    },
    /// Others held a table of PostgreSQL for so long that its schema could not be changed.
    #[error(
        "the database's schema is older than this version, and could not be changed for a minute: others use its tables \
         without a pause. Look for long transactions (in pg_stat_activity), or stop the servers of the older version, and \
         start again; nothing was changed"
    )]
    SchemaInUse,
    /// The database answered with an error.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] StoreError),
}

impl Store {
    /// Opens the database, makes it when it is missing, and brings its schema up to date.
    pub async fn open(location: &Location) -> Result<Self, OpenError> {
        let store = match location {
            Location::Folder(folder) => open_sqlite(folder.clone()).await?,
            Location::Postgres(url) => open_postgres(url).await?,
        };
        migrations::up(&store.write).await?;
        Ok(store)
    }
}

async fn open_sqlite(folder: PathBuf) -> Result<Store, OpenError> {
    std::fs::create_dir_all(&folder).map_err(|error| OpenError::Folder(folder.clone(), error))?;
    let lock = DataLock::take(&folder).map_err(|error| match error {
        LockError::Held => OpenError::Held(folder.clone()),
        LockError::Io(error) => OpenError::Folder(folder.clone(), error),
    })?;
    let path = folder.join("prospectai.db");
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit that was answered survives loss of power, not only of the process.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("mmap_size", "0")
        .pragma("cache_size", "-16384")
        .pragma("temp_store", "memory")
        // 32 MB of news before it is moved into the file proper, instead of 4: a batch alone can be a quarter of that,
        // and moving waits for the disk twice more.
        .pragma("wal_autocheckpoint", "8192")
        .statement_cache_capacity(256)
        // A batch of news reads its calls without waiting for room on the way.
        .row_buffer_size(512);
    // A file cannot hang up: asking each time whether it is still there would double the ways between two threads.
    let one_writer = SqlitePoolOptions::new()
        .max_connections(1)
        .test_before_acquire(false)
        // A webhook is answered within 15 s, also while the file cannot be opened for writing.
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(None)
        .max_lifetime(None);
    let write =
        writer::that_can_write(one_writer).connect_with(options.clone()).await.map_err(open_failed)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .test_before_acquire(false)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None);
    // What readers read again is in the system's cache anyway; this is memory of each of them.
    let reading = options.read_only(true).create_if_missing(false).pragma("cache_size", "-2048");
    let read = readers.connect_lazy_with(reading);
    let write = SqlxSqliteConnector::from_sqlx_sqlite_pool(write);
    refuse_old_sqlite(&write).await?;
    let read = SqlxSqliteConnector::from_sqlx_sqlite_pool(read);
    let file = DataFile::at(path).map_err(|error| OpenError::Folder(folder, error))?;
    let file = Some(Arc::new(file));
    Ok(Store { intake: write.clone(), write, plan: read.clone(), read, file, _lock: Some(Arc::new(lock)) })
}

async fn refuse_old_sqlite(db: &DatabaseConnection) -> Result<(), OpenError> {
    let ask = Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version() AS version");
    let row = db.query_one_raw(ask).await.map_err(StoreError::from)?;
    let version = row.and_then(|row| row.try_get::<String>("", "version").ok()).unwrap_or_default();
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < OLDEST_SAFE_SQLITE {
        return Err(OpenError::OldSqlite(version));
    }
    Ok(())
}

async fn open_postgres(url: &str) -> Result<Store, OpenError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url)?
        .application_name("prospectai")
        // A statement or a forgotten transaction must not hold locks for ever.
        .options([
            ("statement_timeout", "30s"),
            ("lock_timeout", "10s"),
            // No longer than a lease: what a server that froze had locked is taken over with it.
            ("idle_in_transaction_session_timeout", "15s"),
        ]);
    let pool =
        postgres_pool(POSTGRES_CONNECTIONS).connect_with(options.clone()).await.map_err(open_failed)?;
    let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    // What is asked again and again, always in the same words, has connections of its own: there it is planned once,
    // whatever its values, and not again for each of twenty.
    let planned_once = options.options([("plan_cache_mode", "force_generic_plan")]);
    let of_its_own = |connections| {
        SqlxPostgresConnector::from_sqlx_postgres_pool(
            postgres_pool(connections).connect_lazy_with(planned_once.clone()),
        )
    };
    let (intake, plan) = (of_its_own(INTAKE_CONNECTIONS), of_its_own(PLAN_CONNECTIONS));
    Ok(Store { intake, write: db.clone(), read: db, plan, file: None, _lock: None })
}

fn postgres_pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                // One that was in use a moment ago is there; asking it would cost a way there and back each time.
                if used.idle_for > ASKED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

pub(super) fn open_failed(error: sqlx::Error) -> OpenError {
    OpenError::Database(StoreError::from(sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(error.into()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.cargo/config.toml` says so, which a build from elsewhere does not read.
    #[tokio::test]
    async fn sqlite_plans_a_statement_once_whatever_values_it_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Location::Folder(folder.path().to_owned())).await.unwrap();
        let ask = Statement::from_string(DbBackend::Sqlite, "PRAGMA compile_options");
        let options = store.read.query_all_raw(ask).await.unwrap();
        let options: Vec<String> = options.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert!(options.iter().any(|option| option == "ENABLE_QPSG"), "{options:?}");
    }

    #[tokio::test]
    async fn a_database_that_was_closed_is_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Folder(folder.path().to_owned());
        let store = Store::open(&location).await.unwrap();
        // So that a connection for reading is open, too.
        store.is_quarantined().await.unwrap();
        let log = folder.path().join("prospectai.db-wal");
        assert!(log.exists());
        store.close().await.unwrap();
        assert!(!log.exists());
    }
}
