//! Servers that start together, migrations that were killed half-way, and versions side by side.

use domain::carrier_event::CarrierStatus;
use domain::facts::{Evidence, Source};
use prospectai::actions::Actions;
use prospectai::actions::carrier_events::{News, Taken};
use prospectai::store::{Location, OpenError, Store};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::support::bare::{Bare, active_campaign, console, dial_once, person};
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

#[tokio::test]
async fn a_server_goes_on_while_a_newer_one_adds_a_column_to_every_table() {
    let database = Bare::on_postgres().await;
    let server = database.server().await;
    // Twice: by then every statement is prepared on its connection.
    for round in 0..2 {
        a_call_from_campaign_to_news(&server, round).await;
    }
    let every_table = "DO $$ DECLARE name TEXT; BEGIN \
        FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP \
        EXECUTE format('ALTER TABLE %I ADD COLUMN of_a_newer_version TEXT', name); END LOOP; END $$";
    database.by_hand().await.execute(every_table).await.expect("change");
    a_call_from_campaign_to_news(&server, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_gives_way_to_whoever_waits_for_it_while_it_waits_for_them() {
    let url = fresh_database().await;
    let location = Location::Postgres(url.clone());
    Store::open(&location).await.expect("open").close().await.expect("close");
    let mut at_work = PgConnection::connect(&url).await.expect("connect");
    let back = "DROP TABLE nodes; ALTER TABLE imports DROP COLUMN node_id; \
                ALTER TABLE idempotency_keys DROP COLUMN node_id; \
                DELETE FROM settings WHERE name = 'schema.oldest_reader'; \
                DELETE FROM seaql_migrations WHERE version = '0003_nodes'";
    at_work.execute(back).await.expect("back to the step before");

    // The step wants the imports first and then the keys; whoever works has the keys and wants the imports.
    at_work.execute("BEGIN; SELECT count(*) FROM idempotency_keys").await.expect("read");
    let opening = tokio::spawn(async move { Store::open(&location).await });
    let mut watcher = PgConnection::connect(&url).await.expect("connect");
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'idempotency_keys'::regclass";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut watcher).await.expect("count") == 0 {}
    at_work.execute("SELECT count(*) FROM imports; COMMIT").await.expect("the step gives way");
    opening.await.expect("a task").expect("and is taken anew");
}

async fn a_call_from_campaign_to_news(server: &Actions, round: usize) {
    let actor = console(server).await;
    let campaign = active_campaign(server, 2, 10, round * 10).await;
    let calls = dial_once(server, campaign, 1).await;
    assert_eq!(calls.len(), 1);
    for status in [CarrierStatus::Ringing, CarrierStatus::InProgress, CarrierStatus::Completed] {
        let news = News {
            call: Some(calls[0]),
            carrier_sid: Some(format!("CA{}", calls[0].uuid().simple())),
            to: None,
            kind: "status",
            evidence: Some(Evidence { status: Some(status), ..Evidence::from(Source::Callback) }),
            recording: None,
            content_key: News::content_key(status.as_str(), Some(calls[0]), &[]),
            payload: String::new(),
        };
        assert_eq!(server.take_in(news).await.expect("kept"), Taken::New(calls[0]));
    }
    server.pause(actor.clone(), campaign).await.expect("paused");
    server.resume(actor.clone(), campaign).await.expect("resumed");
    let number = person(round * 10 + 1).phone;
    server.add_do_not_call(actor, number, "api", "asked".into()).await.expect("listed");
    assert_eq!(dial_once(server, campaign, 1).await, [], "everybody is called or must not be");
    assert_eq!(server.store.tally(campaign).await.expect("counted").completed, 1);
}

async fn by_hand(folder: &TempDir, sql: &'static str) {
    use sqlx::ConnectOptions as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("prospectai.db"));
    let mut connection = options.connect().await.expect("connect");
    connection.execute(sql).await.expect("change");
    connection.close().await.expect("close");
}
