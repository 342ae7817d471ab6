//! SQLite's one writing connection is given up when a transaction could not be ended on it.
//!
//! SQLite ends a transaction by itself when the disk is full or fails. The library then counts one that is not there,
//! takes the next for a part of it, and may leave an outer one open for ever: everything after that is answered as
//! committed and is gone with the process.

use sqlx::Connection as _;
use sqlx::sqlite::SqlitePoolOptions;

/// Closes a connection that comes back inside of a transaction, counted or real. The next one is fresh.
pub(super) fn ends_what_it_began(pool: SqlitePoolOptions) -> SqlitePoolOptions {
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

#[cfg(test)]
mod tests {
    use sea_orm::ConnectionTrait as _;

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
}
