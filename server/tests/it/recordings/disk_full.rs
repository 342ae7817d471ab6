//! F11 for sound files: there is no room for a recording where the sound files are, and later there is. The database has room
//! all the while; where both share a disk that fills up, the dialing stops first, which chaos F11 shows.

use std::time::Instant;

use domain::call_flow::Words;
use domain::ids::CampaignId;
use domain::recording::RecordingState;
use prospectai::actions::Actor;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::users::Role;
use prospectai::clock::Clock;
use prospectai::store::Location;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use simulator::{AnswerModel, Outcome, Simulator, Timeline};
use tempfile::TempDir;

use super::ground::{all, expect_agreement, files, recorded, store_of};
use crate::support::campaigns::prepare;
use crate::support::postgres::fresh_database;
use crate::support::process::Process;
use crate::support::real_server::{free_port, leave, serve, until, visitor};
use crate::support::test_app::open_again;
use crate::support::world::{ACCOUNT, CALLER_ID, Database, TOKEN, on_both};

/// No file grows beyond this: far more than SQLite's files need for one call, and less than its recording.
const ROOM: u64 = 5_000_000;
/// Said in 200 seconds at 15 letters a second; both sides of that have 6.4 MB.
const LETTERS: usize = 3_000;
/// Seconds of the phone network in one second: it need not be waited for.
const SPEED: f64 = 40.0;

#[test]
fn a_recording_for_which_there_is_no_room_waits_and_is_fetched_when_there_is() {
    on_both(async |database| {
        let folder = TempDir::new().expect("a temporary folder");
        let location = match database {
            Database::Sqlite => Location::Folder(folder.path().to_owned()),
            Database::Postgres => Location::Postgres(fresh_database().await),
        };
        let phones = patient_people().await;
        let (campaign, key) = launched(&location).await;
        let port = free_port();
        let command = serve(folder.path(), &location, port, &phones);
        let mut bounded = tokio::process::Command::new("sh");
        // A write beyond the limit is then refused, as on a full disk, instead of ending the process.
        bounded.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(command.as_std().get_program());
        bounded.args(command.as_std().get_args()).current_dir(folder.path()).env_clear().kill_on_drop(true);
        bounded.envs(command.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut server = Process::start(bounded);
        limit(&server, Some(ROOM));
        server.line_with("ready at").await;

        let witness = Witness { base: format!("http://127.0.0.1:{port}"), key };
        until("there was no room", async || {
            let Some(recording) = witness.recording(campaign).await else { return false };
            recording["detail"].as_str().is_some_and(|why| why.contains("disk of the sound files is full"))
        })
        .await;
        let waiting = witness.recording(campaign).await.expect("it is waited for");
        assert_eq!(waiting["state"], "awaited");
        assert_eq!(files(&folder.path().join("media")).len(), 0, "nothing half is left");

        limit(&server, None);
        until("it is stored", async || {
            witness.recording(campaign).await.is_some_and(|recording| recording["state"] == "stored")
        })
        .await;
        assert_eq!(server.stop().await, 0);
        let store = open_again(&location).await;
        let stored = all(&store).await.remove(0);
        assert_eq!((stored.state, stored.attempts), (RecordingState::Stored, 1), "it was not its fault");
        assert!(stored.copy.is_some_and(|copy| copy.bytes > ROOM), "it had no room before");
        expect_agreement(&store_of(folder.path()), &store, folder.path()).await;
        store.close().await.expect("close");
        phones.stop().await;
    });
}

fn limit(server: &Process, most: Option<u64>) {
    let process = Pid::from_raw(server.id().try_into().expect("a number")).expect("a process");
    let limit = Rlimit { current: most, maximum: None };
    prlimit(Some(process), Resource::Fsize, limit).expect("the limit is set");
}

/// People who pick up soon and hear everything out.
async fn patient_people() -> Simulator {
    let mut settings = simulator::Settings::new(ACCOUNT, TOKEN);
    settings.numbers = vec![CALLER_ID.to_owned()];
    settings.answers = AnswerModel::always(Outcome::Human { talk_seconds: 300 });
    settings.calls_per_second = 200.0;
    settings.timeline = Timeline::new(Clock::System.now(), Instant::now(), SPEED);
    Simulator::start(settings).await.expect("start the phone network")
}

/// A launched campaign of one person with much to say, and a key of its server.
async fn launched(location: &Location) -> (CampaignId, String) {
    let actions = visitor(location).await;
    let (workspace, _) = actions.first_workspace().await.expect("a workspace");
    let actor = Actor { workspace, name: "console".to_owned() };
    let words = Words::of_text("la ".repeat(LETTERS / 3).trim().to_owned());
    let script = actions.create_script(actor.clone(), "Long".to_owned(), words).await.expect("a script");
    let draft = CampaignDraft { script: Some(script.id), time_limit_seconds: 600, ..recorded() };
    let campaign = prepare(&actions, &actor, 1, draft).await;
    let key = actions.create_key(actor.clone(), Role::Owner, "test".to_owned(), Role::Owner).await;
    actions.launch(actor, campaign).await.expect("launch");
    leave(actions, location).await;
    (campaign, key.expect("a key").0.expose_secret().to_owned())
}

/// Somebody who asks the server how it is going.
struct Witness {
    base: String,
    key: String,
}

impl Witness {
    async fn recording(&self, campaign: CampaignId) -> Option<Value> {
        let calls = self.read(&format!("/api/calls?campaignId={campaign}")).await;
        let call = calls["calls"][0]["id"].as_str()?.to_owned();
        let found = self.read(&format!("/api/recordings?callId={call}")).await;
        found["recordings"].get(0).cloned()
    }

    async fn read(&self, path: &str) -> Value {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let asked = client.get(format!("{}{path}", self.base)).bearer_auth(&self.key).send();
        asked.await.expect("an answer").json().await.expect("JSON")
    }
}
