//! What PostgreSQL is told of a large file, so that it finds the first of many who wait.

use prospectai::store::Location;
use sqlx::{Connection as _, PgConnection};

use super::large::rows;
use super::world::{World, draft};
use crate::support::postgres;

const ROWS: u64 = 2_000;

#[tokio::test]
async fn after_a_large_import_postgresql_knows_how_many_people_wait() {
    let url = postgres::fresh_database().await;
    let world = World::at(&Location::Postgres(url.clone())).await;
    let import = world.import(&rows(ROWS)).await;
    assert_eq!(import.added, ROWS);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let known =
        sqlx::query_scalar("SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE relname = 'prospects'");
    let known: i64 = known.fetch_one(&mut connection).await.unwrap();
    assert_eq!(known, 2_000);
}

#[tokio::test]
async fn numbers_of_a_campaign_that_the_statistics_have_not_met_are_looked_up_one_by_one() {
    let url = postgres::fresh_database().await;
    let mut world = World::at(&Location::Postgres(url.clone())).await;
    assert_eq!(world.import(&rows(ROWS)).await.added, ROWS);
    world.campaign = world.actions.create_campaign(world.actor.clone(), draft()).await.unwrap().id;
    assert_eq!(world.import(&rows(ROWS)).await.added, ROWS);
    assert_eq!(world.import(&rows(ROWS)).await.merged, ROWS);
    world.actions.store.close().await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    // A connection tells what it has read when it ends.
    let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {}
    let read =
        "SELECT CAST(SUM(idx_tup_read) AS BIGINT) FROM pg_stat_user_indexes WHERE relname = 'prospects'";
    let read: i64 = sqlx::query_scalar(read).fetch_one(&mut connection).await.unwrap();
    // Twice looked for and once locked, and found in two campaigns.
    assert!(read < 20 * ROWS as i64, "{read} entries of indexes were read");
}
