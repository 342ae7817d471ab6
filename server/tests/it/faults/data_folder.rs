//! F13: the data folder is not where it was opened, or there are hardly any file descriptors.

use std::path::Path;

use prospectai::store::{Location, StoreError};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::api_client::{Database, TestApi};
use crate::support::bare::Bare;
use crate::support::process::run;

/// A data folder inside of another one, so that it can be moved away.
fn folders() -> (TempDir, std::path::PathBuf, std::path::PathBuf) {
    let parent = TempDir::new().expect("a folder");
    let (data, away) = (parent.path().join("data"), parent.path().join("away"));
    (parent, data, away)
}

#[tokio::test]
async fn a_folder_that_was_moved_away_is_neither_written_nor_made_anew_and_works_when_it_is_back() {
    let (_parent, data, away) = folders();
    let database = Bare::at(Location::Folder(data.clone())).await;
    let actions = database.server().await;
    actions.renew_lease().await.expect("written");

    std::fs::rename(&data, &away).expect("moved");
    let refused = actions.renew_lease().await.expect_err("nothing may be written there");
    assert!(matches!(refused, StoreError::Displaced), "{refused}");
    assert!(refused.is_outage(), "it passes, so the same may be tried again");
    assert!(!actions.node.can_write() && !data.exists());

    std::fs::rename(&away, &data).expect("moved back");
    actions.renew_lease().await.expect("written again");
    assert!(actions.node.can_write());
}

#[tokio::test]
async fn another_file_in_its_place_is_not_taken_for_the_database() {
    let (_parent, data, _) = folders();
    let database = Bare::at(Location::Folder(data.clone())).await;
    let actions = database.server().await;
    let file = data.join("prospectai.db");
    // The old one stays open, so that the new one cannot have its place on the disk.
    std::fs::remove_file(&file).expect("removed");
    std::fs::write(&file, "").expect("another");
    let refused = actions.renew_lease().await.expect_err("not the database");
    assert!(matches!(refused, StoreError::Displaced), "{refused}");
}

#[tokio::test]
async fn health_is_red_while_nothing_can_be_written() {
    let (parent, data, away) = folders();
    let api = TestApi::at(Location::Folder(data.clone()), Some(parent)).await;
    let renew = || api.state.actions.renew_lease();
    renew().await.expect("written");
    api.anonymous().get("/health").await.expect(200);
    std::fs::rename(&data, &away).expect("moved");
    renew().await.expect_err("the folder is away");
    let said = api.anonymous().get("/health").await.expect(503).json;
    assert!(said["detail"].as_str().is_some_and(|detail| detail.contains("cannot be written")), "{said}");
    std::fs::rename(&away, &data).expect("moved back");
    renew().await.expect("written again");
    api.anonymous().get("/health").await.expect(200);
}

#[tokio::test]
async fn health_is_red_while_the_history_beside_the_database_cannot_be_written_and_it_is_tried_again() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let folder = TempDir::new().expect("a folder");
        let (actions, history) = (&api.state.actions, folder.path().join("history.log"));
        actions.keep_history_in(folder.path()).await.expect("kept");
        actions.verify_history().await.expect("whole");
        api.anonymous().get("/health").await.expect(200);
        std::fs::remove_file(&history).expect("the marker of the start");
        // Nobody can write where a folder is.
        std::fs::create_dir(&history).expect("in its way");
        api.as_owner().post("/api/do-not-call", json!({ "phone": "+16175550142" })).await;
        actions.renew_lease().await.expect("the database can be written");
        api.anonymous().get("/health").await.expect(503);
        std::fs::remove_dir(&history).expect("out of its way");
        actions.renew_lease().await.expect("renewed");
        api.anonymous().get("/health").await.expect(200);
        assert!(history.is_file(), "what could not be written is written now");
    }
}

#[tokio::test]
async fn with_too_few_file_descriptors_a_server_refuses_to_start_and_says_how_many_it_needs() {
    let folder = TempDir::new().expect("a folder");
    let (code, said) = run(with_descriptors(64, folder.path())).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("64 file descriptors") && said.contains("272"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0, "nothing was begun");
}

fn with_descriptors(most: u64, folder: &Path) -> Command {
    let program = env!("CARGO_BIN_EXE_prospectai");
    let mut command = Command::new("sh");
    let start = format!("ulimit -n {most} && exec \"$0\" serve --data-dir . --listen 127.0.0.1:0");
    command.args(["-c", &start, program]).current_dir(folder).env_clear().kill_on_drop(true);
    command
}
