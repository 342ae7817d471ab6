//! A real server is ended at every named point of a recording's life; the next one finishes what it began.

use domain::recording::RecordingState;
use futures_util::{StreamExt as _, stream};
use prospectai::crash_point::CrashPoint;
use prospectai::store::Location;
use tempfile::TempDir;

use super::ground::{all, expect_agreement, recorded, store_of, until_all};
use crate::support::postgres::fresh_database;
use crate::support::process::Process;
use crate::support::real_server::{free_port, launched_campaign, quick_people, serve};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

/// Two processes and their phones have to share this machine with other tests.
const AT_ONCE: usize = 3;
/// The signal of a process that aborted.
const ABORTED: i32 = 6;

#[test]
fn a_server_killed_anywhere_between_the_news_and_the_end_leaves_a_recording_that_is_stored_once_and_whole() {
    on_both(async |database| {
        let crashes =
            stream::iter(CrashPoint::OF_RECORDINGS).map(|point| Box::pin(crash_at(point, database)));
        crashes.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    });
}

async fn crash_at(point: CrashPoint, database: Database) {
    let name = point.as_str();
    let folder = TempDir::new().expect("a temporary folder");
    let location = match database {
        Database::Sqlite => Location::Folder(folder.path().to_owned()),
        Database::Postgres => Location::Postgres(fresh_database().await),
    };
    let phones = quick_people().await;
    let campaign = launched_campaign(&location, 1, recorded()).await;
    let port = free_port();
    let mut command = serve(folder.path(), &location, port, &phones);
    command.env("PROSPECTAI_CRASH_AT", name).env("RECORDINGS_DELETE_AT_CARRIER", "true");
    let killed_by = Process::start(command).killed_by().await;
    assert_eq!(killed_by, Some(ABORTED), "{name}: it came to the point");

    let app =
        TestApp::on(database).speed(1_200.0).with(|settings| settings.recordings.delete_at_carrier = true);
    let app = app.take_over(folder, location, port, phones).await;
    let left = all(&app.actions.store).await;
    assert_eq!(left.len(), 1, "{name}: the recording was heard of");
    app.until_completed(campaign).await;
    until_all(&app, 1, RecordingState::Stored).await;
    app.until("the carrier's copy is gone", async || {
        all(&app.actions.store).await[0].deleted_at_carrier_at.is_some()
    })
    .await;
    expect_agreement(&store_of(app.folder()), &app.actions.store, app.folder()).await;
    app.stop().await;
}
