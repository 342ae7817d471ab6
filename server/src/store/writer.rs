//! SQLite's one writing connection: it can write, and is given up when a transaction could not be ended on it.
//!
//! SQLite ends a transaction by itself when the disk is full or fails. The library then counts one that is not there,
//! takes the next for a part of it, and may leave an outer one open for ever: everything after that is answered as
//! committed and is gone with the process.

use sqlx::sqlite::{SqliteConnection, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

/// A connection that begins only where it can write, and is closed when it comes back inside of a transaction, counted or
/// real. The next one is fresh.
pub(super) fn that_can_write(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    let pool = pool.after_connect(|connection, _| Box::pin(write_nothing_new(connection)));
    pool.after_release(|connection, _| {
        Box::pin(async move {
            if !connection.is_in_transaction() {
                return Ok(true);
            }
            // A rollback that was left to the connection's own thread is done when this is answered.
            connection.ping().await?;
            let left_behind = connection.is_in_transaction();
            if left_behind {
                tracing::warn!("a transaction could not be ended; the database is opened anew");
            }
            Ok(!left_behind)
        })
    })
}

/// SQLite opens a file that it may not write for reading, and says so only when something is written. One opened while the
/// disk takes no writes would stay so after it does.
async fn write_nothing_new(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    connection.execute(AssertSqlSafe(format!("PRAGMA user_version = {version}"))).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sea_orm::ConnectionTrait as _;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::that_can_write;

    use crate::store::{Location, Store, StoreError};

    async fn write(store: &Store, statement: &'static str) -> Result<(), StoreError> {
        let write = move |tx: crate::store::Tx| async move {
            tx.connection().execute_unprepared(statement).await?;
            Ok(())
        };
        store.transaction(write).await
    }

    #[tokio::test]
    async fn after_a_full_disk_what_is_committed_is_committed() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let store = Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
        write(&store, "CREATE TABLE heap (bytes BLOB)").await.expect("room");
        // The limit holds for the connection, like a full disk that has room for the next one.
        write(&store, "PRAGMA max_page_count = 1").await.expect("a limit");
        let megabyte = "INSERT INTO heap VALUES (zeroblob(1000000))";
        let full = write(&store, megabyte).await.expect_err("the disk is full");
        assert!(!full.to_string().is_empty());
        write(&store, megabyte).await.expect("a fresh connection");
        let rows = store.reader().query_one_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Sqlite,
            "SELECT COUNT(*) AS count FROM heap",
        ));
        let rows = rows.await.expect("read").expect("a row");
        assert_eq!(rows.try_get::<i64>("", "count").expect("a count"), 1);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_not_opened_for_writing() {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
        let file = SqliteConnectOptions::new().filename(folder.path().join("prospectai.db"));
        let pool = || that_can_write(SqlitePoolOptions::new().acquire_timeout(Duration::from_millis(500)));
        pool().connect_with(file.clone()).await.expect("a file that can be written");
        pool().connect_with(file.read_only(true)).await.expect_err("one that cannot");
    }
}
