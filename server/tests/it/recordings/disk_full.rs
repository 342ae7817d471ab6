//! F11 for sound files: there is no room for a recording, and later there is.

use domain::recording::RecordingState;
use prospectai::store::Location;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;

use super::ground::{all, expect_agreement, files, recorded, store_of};
use crate::support::postgres::fresh_database;
use crate::support::process::Process;
use crate::support::real_server::{free_port, launched_campaign, leave, quick_people, serve, until, visitor};
use crate::support::test_app::open_again;

/// A recording of two seconds has 64 kB.
const ROOM: u64 = 20_000;

/// The database is elsewhere: with SQLite beside the sound files a full disk stops the dialing first, which chaos F11 shows.
#[tokio::test]
async fn a_recording_for_which_there_is_no_room_waits_and_is_fetched_when_there_is() {
    let folder = TempDir::new().expect("a temporary folder");
    let location = Location::Postgres(fresh_database().await);
    let phones = quick_people().await;
    launched_campaign(&location, 1, recorded()).await;
    let command = serve(folder.path(), &location, free_port(), &phones);
    let mut bounded = tokio::process::Command::new("sh");
    // No file grows beyond the limit: a write is then refused, as on a full disk, instead of ending the process.
    bounded.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.as_std().get_program());
    bounded.args(command.as_std().get_args()).current_dir(folder.path()).env_clear().kill_on_drop(true);
    bounded.envs(command.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = Process::start(bounded);
    let limit = |most| {
        let process = Pid::from_raw(server.id().try_into().expect("a number")).expect("a process");
        let limit = Rlimit { current: most, maximum: None };
        prlimit(Some(process), Resource::Fsize, limit).expect("the limit is set");
    };
    limit(Some(ROOM));

    let witness = visitor(&location).await;
    until("there was no room", async || {
        all(&witness.store).await.iter().any(|recording| recording.trouble.is_some())
    })
    .await;
    let waiting = all(&witness.store).await.remove(0);
    assert_eq!(
        (waiting.state, waiting.attempts),
        (RecordingState::Awaited, 0),
        "it is not the recording's fault"
    );
    let trouble = waiting.trouble.expect("a reason");
    assert!(trouble.contains("disk of the sound files is full"), "{trouble}");
    assert_eq!(files(&folder.path().join("media")).len(), 0, "nothing half is left");

    limit(None);
    until("it is stored", async || all(&witness.store).await[0].state == RecordingState::Stored).await;
    assert_eq!(server.stop().await, 0);
    leave(witness, &location).await;
    let store = open_again(&location).await;
    expect_agreement(&store_of(folder.path()), &store, folder.path()).await;
    store.close().await.expect("close");
    phones.stop().await;
}
