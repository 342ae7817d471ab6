//! Copies of a database: made while a server works on it, and looked into before anybody relies on them.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use uuid::Uuid;

use super::OpenError;
use super::connect::open_failed;
use super::lock::{DataLock, LockError};
use super::outside::Marker;

/// The file of an SQLite database in its folder.
pub const SQLITE_FILE: &str = "prospectai.db";

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The last step of its schema; `None` for an empty database.
    pub schema: Option<String>,
    /// How far its history has come, where it has begun.
    pub history: Option<Marker>,
}

/// A folder that no server can open while this is held.
#[derive(Debug)]
pub struct HeldFolder {
    _lock: DataLock,
}

impl HeldFolder {
    /// Takes the folder, which is made when it is missing.
    ///
    /// # Errors
    /// [`OpenError::Held`] while a server works on it.
    pub fn take(folder: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))?;
        let lock = DataLock::take(folder).map_err(|error| match error {
            LockError::Held => OpenError::Held(folder.to_owned()),
            LockError::Io(error) => OpenError::Folder(folder.to_owned(), error),
        })?;
        Ok(Self { _lock: lock })
    }
}

/// Copies the database of a folder into a new file, as it is at one instant, whether or not a server works on it: a reader
/// holds nobody up.
///
/// # Errors
/// When the database cannot be read or the file cannot be written, or is there already.
pub async fn copy_sqlite(folder: &Path, to: &Path) -> Result<(), OpenError> {
    let mut source = open_sqlite(&folder.join(SQLITE_FILE)).await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&mut source).await;
    source.close().await.map_err(open_failed)?;
    copied.map_err(open_failed)?;
    Ok(())
}

/// Reads an SQLite file from end to end; `Err` with what is broken in it.
///
/// # Errors
/// When it is no SQLite database at all.
pub async fn check_sqlite(file: &Path) -> Result<Result<Contents, String>, OpenError> {
    let mut database = open_sqlite(file).await?;
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut database).await.map_err(open_failed)?;
    if found != ["ok"] {
        return Ok(Err(found.join("; ")));
    }
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut database)
        .await
        .map_err(open_failed)?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    let schema = match has("seaql_migrations") {
        true => sqlx::query_scalar(SCHEMA).fetch_one(&mut database).await.map_err(open_failed)?,
        false => None,
    };
    let history = match has("history") {
        true => sqlx::query(HISTORY).fetch_optional(&mut database).await.map_err(open_failed)?,
        false => None,
    };
    let history = history.map(|row| Marker {
        installation: Uuid::from_slice(row.get::<&[u8], _>(0)).unwrap_or_default(),
        timeline: row.get(1),
        number: row.get(2),
    });
    database.close().await.map_err(open_failed)?;
    Ok(Ok(Contents { schema, history }))
}

const SCHEMA: &str = "SELECT MAX(version) FROM seaql_migrations";
const HISTORY: &str = "SELECT installation, timeline, number FROM history";

async fn open_sqlite(file: &Path) -> Result<SqliteConnection, OpenError> {
    // Never made when missing; a reader, which SQLite lets in beside the one writer.
    SqliteConnectOptions::new().filename(file).read_only(true).connect().await.map_err(open_failed)
}

/// What a PostgreSQL database says of itself.
///
/// # Errors
/// When it cannot be reached.
pub async fn look_into_postgres(url: &str) -> Result<Contents, OpenError> {
    let mut database = connect(url).await?;
    let has = async |database: &mut PgConnection, table: &str| {
        let there = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL").bind(table);
        there.fetch_one(database).await.map_err(open_failed)
    };
    let schema = match has(&mut database, "seaql_migrations").await? {
        true => sqlx::query_scalar(SCHEMA).fetch_one(&mut database).await.map_err(open_failed)?,
        false => None,
    };
    let history = match has(&mut database, "history").await? {
        true => sqlx::query(HISTORY).fetch_optional(&mut database).await.map_err(open_failed)?,
        false => None,
    };
    let history =
        history.map(|row| Marker { installation: row.get(0), timeline: row.get(1), number: row.get(2) });
    database.close().await.map_err(open_failed)?;
    Ok(Contents { schema, history })
}

/// Makes room in a PostgreSQL database for what is restored: tables that are there move into a schema of this name.
///
/// # Errors
/// [`OpenError::InUse`] while a server is connected, or when the user may not do it.
pub async fn make_room_in_postgres(url: &str, aside: &str) -> Result<(), OpenError> {
    let mut database = connect(url).await?;
    if postgres_is_in_use(&mut database).await? {
        return Err(OpenError::InUse);
    }
    let names = aside.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    debug_assert!(names, "a name of ours");
    let move_away = format!("BEGIN; ALTER SCHEMA public RENAME TO {aside}; CREATE SCHEMA public; COMMIT");
    sqlx::raw_sql(AssertSqlSafe(move_away)).execute(&mut database).await.map_err(open_failed)?;
    database.close().await.map_err(open_failed)
}

/// Whether a server is connected to a PostgreSQL database.
///
/// # Errors
/// When it cannot be reached.
pub async fn a_server_uses_postgres(url: &str) -> Result<bool, OpenError> {
    let mut database = connect(url).await?;
    let used = postgres_is_in_use(&mut database).await?;
    database.close().await.map_err(open_failed)?;
    Ok(used)
}

async fn postgres_is_in_use(database: &mut PgConnection) -> Result<bool, OpenError> {
    let others = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                  AND application_name = 'prospectai' AND pid <> pg_backend_pid())";
    sqlx::query_scalar(others).fetch_one(database).await.map_err(open_failed)
}

async fn connect(url: &str) -> Result<PgConnection, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    options.application_name("prospectai-restore").connect().await.map_err(open_failed)
}

/// Where a file of an SQLite database goes when another takes its place: its companions keep their endings.
pub fn aside(folder: &Path, stamp: &str) -> [(PathBuf, PathBuf); 3] {
    ["", "-wal", "-shm"].map(|ending| {
        let now = folder.join(format!("{SQLITE_FILE}{ending}"));
        (now, folder.join(format!("{SQLITE_FILE}.before-restore-{stamp}{ending}")))
    })
}
