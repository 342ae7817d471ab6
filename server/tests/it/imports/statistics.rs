//! What PostgreSQL is told of a large file, so that it finds the first of many who wait.

use prospectai::store::Location;
use sqlx::{Connection as _, PgConnection};

use super::large::rows;
use super::world::World;
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
