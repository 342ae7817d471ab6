//! A process that is killed in the middle of an import.

use std::thread;

use prospectai::store::Location;
use prospectai::store::imports::{ImportRecord, ImportStatus};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::large::rows;
use super::world::World;
use crate::support::postgres;

const ROWS: u64 = 20_000;

#[test]
fn an_import_killed_half_way_and_repeated_leaves_the_same_people_on_sqlite() {
    let folder = TempDir::new().unwrap();
    killed_and_repeated(&Location::Folder(folder.path().to_owned()));
}

#[test]
fn an_import_killed_half_way_and_repeated_leaves_the_same_people_on_postgres() {
    let url = runtime().block_on(postgres::fresh_database());
    killed_and_repeated(&Location::Postgres(url));
}

fn killed_and_repeated(location: &Location) {
    let place = location.clone();
    // A runtime that is dropped drops its tasks where they stand, as a killed process does.
    let killed = thread::spawn(move || runtime().block_on(half_an_import(&place))).join().unwrap();
    assert!((ROWS / 2..ROWS).contains(&killed.rows), "{killed:?}");
    runtime().block_on(async {
        let world = World::at(location).await;
        let left = world.actions.store.import(world.actor.workspace, killed.id).await.unwrap().unwrap();
        assert_eq!(left.status, ImportStatus::Running);
        assert_eq!(left.rows, left.added + left.merged + left.rejected);
        let people_then = world.people().await.len() as u64;
        assert_eq!(people_then, left.added, "prospects and totals are committed together");
        world.a_server_starts().await;
        let closed = world.actions.store.import(world.actor.workspace, killed.id).await.unwrap().unwrap();
        assert_eq!(closed.status, ImportStatus::Failed);

        let repeated = world.import(&rows(ROWS)).await;
        assert_eq!((repeated.rows, repeated.rejected), (ROWS, 0));
        assert_eq!((repeated.added, repeated.merged), (ROWS - people_then, people_then));
        assert_eq!(world.people().await.len() as u64, ROWS);
    });
}

async fn half_an_import(location: &Location) -> ImportRecord {
    let world = World::at(location).await;
    let import = world.start(&rows(ROWS)).await.unwrap();
    let mut progress = world.actions.import_progress(import.id).unwrap();
    let half = progress.wait_for(|import| import.rows >= ROWS / 2).await.unwrap();
    half.clone()
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
