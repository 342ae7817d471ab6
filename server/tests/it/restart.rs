//! The program as a process: it survives being killed, refuses what it cannot do, and says so in its exit code.

use std::path::Path;

use domain::ids::CampaignId;
use domain::prospect::ProspectStatus;
use prospectai::store::{Location, Store};
use simulator::Simulator;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::campaigns::draft;
use crate::support::process::{Process, prospectai, run};
use crate::support::real_server::{self, free_port, launched_campaign, quick_people, until};
use crate::support::test_app::AtRest;
use crate::support::world::{ACCOUNT, CALLER_ID};

const PEOPLE: usize = 12;
/// The ring at which the server is killed.
const KILLED_AT: usize = 5;

#[tokio::test]
async fn a_server_killed_in_the_middle_of_a_campaign_ends_it_after_the_restart_and_rings_nobody_twice() {
    let folder = TempDir::new().expect("a temporary folder");
    let campaign = launched_campaign_in(folder.path(), PEOPLE).await;
    let phones = quick_people().await;
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
    let campaign = launched_campaign_in(folder.path(), 150).await;
    let phones = quick_people().await;
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
    for holds in ["no attempt rang twice", "recordings that the network made", "calls that reached voicemail"]
    {
        assert!(said.contains(&format!("yes {holds}")), "{said}");
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "nothing is left behind");
}

async fn launched_campaign_in(folder: &Path, people: usize) -> CampaignId {
    launched_campaign(&Location::Folder(folder.to_owned()), people, draft()).await
}

fn serve(folder: &Path, port: u16, phones: &Simulator) -> Command {
    let mut command = real_server::serve(folder, &Location::Folder(folder.to_owned()), port, phones);
    // Slow enough that a kill right after a ring does not meet the next request half-way.
    command.env("DIALER_CALLS_PER_SECOND", "3");
    command
}

async fn status_of(folder: &Path, campaign: CampaignId) -> String {
    use sqlx::ConnectOptions as _;
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("prospectai.db")).read_only(true);
    let mut database = options.connect().await.expect("a look into the database");
    let status = sqlx::query_scalar("SELECT status FROM campaigns WHERE id = $1").bind(campaign.uuid());
    status.fetch_one(&mut database).await.expect("read the campaign")
}
