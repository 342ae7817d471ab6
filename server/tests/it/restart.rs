//! The program as a process: it survives being killed, refuses what it cannot do, and says so in its exit code.

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::ids::CampaignId;
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use prospectai::actions::{Actions, Actor, Installation};
use prospectai::clock::Clock;
use prospectai::live::Live;
use prospectai::store::{Location, Store};
use prospectai::wake::Wake;
use simulator::{AnswerModel, Outcome, Simulator, Timeline};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::bare::random_node;
use crate::support::campaigns::{draft, prepare};
use crate::support::process::{Process, prospectai, run};
use crate::support::test_app::{AtRest, open_again};
use crate::support::world::{ACCOUNT, CALLER_ID, TOKEN};

const PEOPLE: usize = 12;
/// The ring at which the server is killed.
const KILLED_AT: usize = 5;
/// Normally seconds. A callback that fell into the gap is made up for by asking, a minute and a half later.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_campaign_ends_it_after_the_restart_and_rings_nobody_twice() {
    let folder = TempDir::new().expect("a temporary folder");
    let campaign = launched_campaign_in(folder.path()).await;
    let phones = phones().await;
    let port = free_port();
    let mut server = Process::start(serve(folder.path(), port, &phones));
    server.line_with("ready at").await;
    until("some phones ring", async || phones.ledger().len() >= KILLED_AT).await;
    server.kill().await;
    assert!(phones.ledger().len() < PEOPLE, "it was killed in the middle");

    let mut server = Process::start(serve(folder.path(), port, &phones));
    server.line_with("ready at").await;
    until("the campaign is completed", async || status_of(folder.path(), campaign).await == "completed")
        .await;
    phones.quiet().await;
    assert_eq!(server.stop().await, 0);

    let (code, said) = run(prospectai(folder.path(), &["check", "--data-dir", "."])).await;
    assert_eq!(code, 0, "{said}");
    let store = Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
    for (status, count) in store.prospects_by_status(campaign).await.expect("read") {
        assert_eq!((status, count), (ProspectStatus::Done, PEOPLE as u64));
    }
    let rest = AtRest::of(store, phones.ledger(), folder);
    rest.expect_agreement().await;
    assert_eq!(rest.ledger.len(), PEOPLE);
    phones.stop().await;
}

#[tokio::test]
async fn a_server_that_is_killed_twenty_times_never_takes_its_own_database_for_an_older_copy() {
    let folder = TempDir::new().expect("a temporary folder");
    let campaign = launched_campaign(folder.path(), 150).await;
    let phones = phones().await;
    let port = free_port();
    for kill in 0..20 {
        let mut command = serve(folder.path(), port, &phones);
        // Fast, so that kills meet calls that are just being armed.
        command.env("DIALER_CALLS_PER_SECOND", "20");
        let mut server = Process::start(command);
        server.line_with("ready at").await;
        let rung = phones.ledger().len();
        until("more phones ring", async || phones.ledger().len() > rung + kill % 4).await;
        server.kill().await;
    }
    let mut server = Process::start(serve(folder.path(), port, &phones));
    server.line_with("ready at").await;
    assert_eq!(server.stop().await, 0);
    let store = Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
    assert_eq!(store.open_quarantine().await.expect("read"), None);
    let calls = store.calls_of(campaign).await.expect("read");
    assert!(calls.len() > 20, "there was something to be killed in");
    phones.stop().await;
}

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_with_exit_code_4() {
    let folder = TempDir::new().expect("a temporary folder");
    let first = Store::open(&Location::Folder(folder.path().to_owned())).await.expect("open");
    for command in ["serve", "check", "migrate"] {
        let (code, said) = run(prospectai(folder.path(), &[command, "--data-dir", "."])).await;
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("another process is using the data folder"), "{said}");
    }
    drop(first);
    let (code, said) = run(prospectai(folder.path(), &["check", "--data-dir", "."])).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn a_server_whose_log_cannot_be_written_works_on() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut command = prospectai(folder.path(), &["serve", "--data-dir", ".", "--listen", "127.0.0.1:0"]);
    // A disk that is always full.
    command.stderr(std::fs::File::create("/dev/full").expect("a full disk"));
    let mut server = Process::start(command);
    let ready = server.line_with("ready at").await;
    let address = ready.split(' ').find(|word| word.starts_with("http")).expect("an address").to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    // The refusal is logged.
    let forged = client.post(format!("{address}/api/webhooks/twilio"));
    let forged = forged.header("content-type", "application/x-www-form-urlencoded").body("CallSid=CA0");
    assert_eq!(forged.send().await.expect("an answer").status(), 403);
    assert_eq!(server.stop().await, 0);
}

#[tokio::test]
async fn half_a_twilio_account_is_refused_with_exit_code_3_and_never_passes_for_simulation() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut half = prospectai(folder.path(), &["serve", "--data-dir", "."]);
    half.env("TWILIO_ACCOUNT_SID", ACCOUNT).env("TWILIO_PHONE_NUMBER", CALLER_ID);
    let (code, said) = run(half).await;
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("TWILIO_AUTH_TOKEN is missing"), "{said}");
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_refused_with_exit_code_2() {
    let folder = TempDir::new().expect("a temporary folder");
    let (code, said) = run(prospectai(folder.path(), &["dail"])).await;
    assert_eq!(code, 2, "{said}");
}

#[tokio::test]
async fn the_demo_rings_everybody_and_ends_with_everything_in_agreement() {
    let folder = TempDir::new().expect("a temporary folder");
    let arguments = ["demo", "--prospects", "40", "--speed", "480", "--exit", "--listen", "127.0.0.1:0"];
    let (code, said) = run(prospectai(folder.path(), &arguments)).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("yes no attempt rang twice"), "{said}");
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "nothing is left behind");
}

/// A launched campaign in the data folder of a server that has yet to start.
async fn launched_campaign_in(folder: &Path) -> CampaignId {
    launched_campaign(folder, PEOPLE).await
}

async fn launched_campaign(folder: &Path, people: usize) -> CampaignId {
    let location = Location::Folder(folder.to_owned());
    let store = Store::open(&location).await.expect("open");
    let installation = Installation {
        caller_id: Some(PhoneNumber::from_e164_unchecked(CALLER_ID.to_owned())),
        ..Installation::of(random_node())
    };
    let actions = Actions::new(store, Clock::System, Wake::default(), Live::new("preparation"), installation);
    let (workspace, _) = actions.first_workspace().await.expect("a workspace");
    let actor = Actor { workspace, name: "console".to_owned() };
    let campaign = prepare(&actions, &actor, people, draft()).await;
    actions.launch(actor, campaign).await.expect("launch");
    drop(actions);
    // The next process can have the data only when this one has let go of it.
    open_again(&location).await.close().await.expect("close");
    campaign
}

/// People who pick up at once and talk for two seconds, in real time: the server's clock is the machine's.
async fn phones() -> Simulator {
    let answers = AnswerModel {
        connect_seconds: (0.1, 0.3),
        ring_seconds: (0.2, 0.5),
        verdict_seconds: (0.1, 0.3),
        ..AnswerModel::always(Outcome::Human { talk_seconds: 2 })
    };
    let mut settings = simulator::Settings::new(ACCOUNT, TOKEN);
    settings.numbers = vec![CALLER_ID.to_owned()];
    settings.answers = answers;
    settings.calls_per_second = 20.0;
    settings.timeline = Timeline::new(Clock::System.now(), Instant::now(), 1.0);
    Simulator::start(settings).await.expect("start the phone network")
}

fn serve(folder: &Path, port: u16, phones: &Simulator) -> Command {
    let mut command = prospectai(folder, &["serve", "--data-dir", "."]);
    command.envs([
        ("LISTEN", format!("127.0.0.1:{port}")),
        ("PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
        ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
        ("TWILIO_PHONE_NUMBER", CALLER_ID.to_owned()),
        ("TWILIO_API_BASE", phones.base_url()),
        // Slow enough that a kill right after a ring does not meet the next request half-way.
        ("DIALER_CALLS_PER_SECOND", "3".to_owned()),
        ("LOG_LEVEL", "error".to_owned()),
    ]);
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn status_of(folder: &Path, campaign: CampaignId) -> String {
    use sqlx::ConnectOptions as _;
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("prospectai.db")).read_only(true);
    let mut database = options.connect().await.expect("a look into the database");
    let status = sqlx::query_scalar("SELECT status FROM campaigns WHERE id = $1").bind(campaign.uuid());
    status.fetch_one(&mut database).await.expect("read the campaign")
}

/// Another process gives no signal: this looks fifty times per second.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let looking = async {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        while !holds().await {
            looks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}
