//! Servers that start together, migrations that were killed half-way, and versions side by side.

use prospectai::store::{Location, OpenError, Store};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::support::bare::Bare;
use crate::support::postgres::fresh_database;
use crate::support::process::{prospectai, run};

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_together_on_an_empty_database_make_one_schema_and_one_workspace() {
    let location = Location::Postgres(fresh_database().await);
    let opened = futures_util::future::join_all((0..5).map(|_| Store::open(&location))).await;
    assert_eq!(opened.into_iter().filter(Result::is_ok).count(), 5);

    let database = Bare::on_postgres().await;
    let mut servers = Vec::new();
    for _ in 0..5 {
        servers.push(database.server().await);
    }
    let made = futures_util::future::join_all(servers.iter().map(|server| server.first_workspace())).await;
    let made: Vec<_> = made.into_iter().map(|made| made.expect("a workspace")).collect();
    assert!(made.iter().all(|(workspace, _)| *workspace == made[0].0), "{made:?}");
    assert_eq!(made.iter().filter(|(_, new)| *new).count(), 1);
}

#[tokio::test]
async fn a_step_that_ended_half_way_left_nothing_behind_and_is_taken_anew_on_postgres() {
    let url = fresh_database().await;
    let location = Location::Postgres(url.clone());
    Store::open(&location).await.expect("open").close().await.expect("close");
    let mut connection = PgConnection::connect(&url).await.expect("connect");
    // Back to the step before; one of its columns stays and stands in the way, after a table was made.
    let back = "DROP TABLE nodes; ALTER TABLE imports DROP COLUMN node_id; \
                DELETE FROM settings WHERE name = 'schema.oldest_reader'; \
                DELETE FROM seaql_migrations WHERE version = '0003_nodes'";
    connection.execute(back).await.expect("change");
    Store::open(&location).await.expect_err("the column is there already");
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'nodes'";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await.expect("count");
    assert_eq!(tables, 0);
    connection.execute("ALTER TABLE idempotency_keys DROP COLUMN node_id").await.expect("change");
    Store::open(&location).await.expect("taken anew");
}

#[tokio::test]
async fn a_step_that_ended_half_way_left_nothing_behind_and_is_taken_anew_on_sqlite() {
    let folder = TempDir::new().expect("a folder");
    let location = Location::Folder(folder.path().to_owned());
    Store::open(&location).await.expect("open").close().await.expect("close");
    let back = "DROP TABLE nodes; ALTER TABLE imports DROP COLUMN node_id; \
                DELETE FROM settings WHERE name = 'schema.oldest_reader'; \
                DELETE FROM seaql_migrations WHERE version = '0003_nodes'";
    by_hand(&folder, back).await;
    Store::open(&location).await.expect_err("the column is there already");
    by_hand(
        &folder,
        "ALTER TABLE idempotency_keys DROP COLUMN node_id; CREATE TABLE nodes (id); DROP TABLE nodes",
    )
    .await;
    Store::open(&location).await.expect("taken anew");
}

#[tokio::test]
async fn an_older_version_works_on_a_newer_schema_unless_the_schema_says_that_it_cannot() {
    let folder = TempDir::new().expect("a folder");
    let location = Location::Folder(folder.path().to_owned());
    Store::open(&location).await.expect("open").close().await.expect("close");
    by_hand(&folder, "INSERT INTO seaql_migrations (version, applied_at) VALUES ('9998_later', 0)").await;
    Store::open(&location).await.expect("a later step is no hindrance").close().await.expect("close");

    by_hand(&folder, "UPDATE settings SET value = '9998_later' WHERE name = 'schema.oldest_reader'").await;
    let refused = Store::open(&location).await.expect_err("too old");
    assert!(matches!(refused, OpenError::NewerSchema { .. }), "{refused}");
    drop(refused);
    let (code, said) = run(prospectai(folder.path(), &["check", "--data-dir", "."])).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("a newer version of ProspectAI") && said.contains("9998_later"), "{said}");
}

async fn by_hand(folder: &TempDir, sql: &'static str) {
    use sqlx::ConnectOptions as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("prospectai.db"));
    let mut connection = options.connect().await.expect("connect");
    connection.execute(sql).await.expect("change");
    connection.close().await.expect("close");
}
