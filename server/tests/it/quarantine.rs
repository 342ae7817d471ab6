//! An older copy of the database is noticed, nobody is rung until what it forgot is found again, and then nobody twice.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use domain::campaign::{CampaignRules, CampaignStatus};
use domain::gate::HoldReason;
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use prospectai::actions::calls::PlaceRefused;
use prospectai::actions::campaigns::{CampaignDraft, CampaignRefused};
use prospectai::actions::quarantine::ResumeRefused;
use prospectai::store::Location;
use prospectai::store::campaigns::CampaignRecord;
use prospectai::store::history::QuarantineReason;
use simulator::{AnswerModel, Outcome, Ring};
use tokio::process::Command;

use crate::support::campaigns;
use crate::support::process::{prospectai, run};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

/// How many people the campaign has, after how many rings the backup is made, and when dialing stops. The daily limit
/// holds it there, so that nothing depends on how fast this machine is.
const PEOPLE: usize = 60;
const BACKED_UP_AT: usize = 15;
const STOPPED_AT: usize = 35;
const OPTED_OUT: usize = 5;

#[test]
fn after_a_restore_nobody_is_rung_twice_and_nobody_who_opted_out_meanwhile() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(120.0).start().await;
        let campaign = app.campaign_of(PEOPLE).await;
        dial_until(&app, campaign, BACKED_UP_AT).await;
        let backup = back_up(&app).await;
        dial_until(&app, campaign, STOPPED_AT).await;
        let left_alone = opt_out_people_who_were_not_rung(&app, OPTED_OUT).await;

        // The copy says that the later ones were never rung, and that nobody opted out.
        let app = app.restart(async |folder, location| restore(folder, location, &backup).await).await;
        assert_quarantined(&app, QuarantineReason::Restored).await;
        let prospect = app.prospects(campaign).await.pop().expect("somebody").id;
        let refused = app.actions.place_one(app.actor.clone(), campaign, prospect, None, None).await;
        let Err(PlaceRefused::NotNow { reason: HoldReason::Quarantine, .. }) = refused else {
            panic!("{refused:?}")
        };
        let report = until_reconciled(&app).await;
        assert_eq!(app.phones.ledger().len(), STOPPED_AT, "a phone rang in quarantine");
        assert_eq!((report.calls_found as usize, report.calls_unassigned), (STOPPED_AT, 0));
        assert_eq!(report.calls_recreated as usize, STOPPED_AT - BACKED_UP_AT);
        assert_eq!(report.opt_outs_restored as usize, OPTED_OUT);

        assert!(app.actions.resume_from_quarantine(app.actor.clone()).await.expect("resumed"));
        set_daily_limit(&app, campaign, 10_000).await;
        app.until_completed(campaign).await;
        let rest = app.stop().await;
        assert_eq!(rest.ledger.len(), PEOPLE - OPTED_OUT);
        let rings = rings_by_number(&rest.ledger);
        assert_eq!(rings.values().max(), Some(&1), "somebody was rung twice");
        assert!(left_alone.iter().all(|number| !rings.contains_key(number)), "somebody had opted out");
    });
}

#[tokio::test]
async fn an_old_file_put_back_by_hand_is_noticed_and_its_people_keep_the_attempts_they_had() {
    let answers = AnswerModel::always(Outcome::Busy);
    let app = TestApp::on(Database::Sqlite).speed(120.0).answers(answers).start().await;
    let campaign = app.campaign_of(10).await;
    dial_until(&app, campaign, 10).await;
    let backup = back_up(&app).await;
    dial_until(&app, campaign, 20).await;

    let by_hand = async |folder: &Path, _: &Location| {
        for ending in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("prospectai.db{ending}")));
        }
        std::fs::copy(&backup, folder.join("prospectai.db")).expect("put back");
    };
    let app = app.restart(by_hand).await;
    assert_quarantined(&app, QuarantineReason::Behind).await;
    until_reconciled(&app).await;
    assert!(app.actions.resume_from_quarantine(app.actor.clone()).await.expect("resumed"));
    set_daily_limit(&app, campaign, 10_000).await;
    app.until_completed(campaign).await;
    let rest = app.stop().await;
    let rings = rings_by_number(&rest.ledger);
    assert!(rings.values().all(|rings| *rings == campaigns::ATTEMPTS as usize), "{rings:?}");
}

#[test]
fn a_fresh_server_and_a_restart_are_no_reason_for_a_quarantine() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        assert!(!app.actions.store.is_quarantined().await.expect("read"));
        let campaign = app.campaign_of(5).await;
        app.launch(campaign).await;
        app.until("somebody was rung", async || !app.phones.ledger().is_empty()).await;
        let mut app = app.restart(async |_, _| ()).await;
        app.until_completed(campaign).await;
        for _ in 0..3 {
            app = app.restart(async |_, _| ()).await;
            assert!(!app.actions.store.is_quarantined().await.expect("read"));
        }
        let nothing = app.actions.resume_from_quarantine(app.actor.clone()).await.expect("no refusal");
        assert!(!nothing, "there was nothing to resume from");
        assert_eq!(app.stop().await.ledger.len(), 5);
    });
}

#[tokio::test]
async fn data_that_rang_people_and_a_folder_that_does_not_fit_it_are_noticed() {
    let app = TestApp::on(Database::Sqlite).start().await;
    let campaign = app.campaign_of(2).await;
    app.launch(campaign).await;
    app.until_completed(campaign).await;
    let app = app
        .restart(async |folder, _| std::fs::remove_file(folder.join("history.log")).expect("taken away"))
        .await;
    assert_quarantined(&app, QuarantineReason::MarkerMissing).await;
    until_reconciled(&app).await;
    assert!(app.actions.resume_from_quarantine(app.actor.clone()).await.expect("resumed"));

    let other = "{\"installation\":\"00000000-0000-4000-8000-000000000001\",\"timeline\":1,\"number\":1}";
    let app = app
        .restart(async |folder, _| std::fs::write(folder.join("history.log"), other).expect("written"))
        .await;
    assert_quarantined(&app, QuarantineReason::OtherInstallation).await;
    app.abandon().await;
}

#[tokio::test]
async fn a_database_server_that_is_not_the_one_of_before_is_noticed_when_somebody_is_to_be_rung() {
    use sqlx::Connection as _;
    let app = TestApp::on(Database::Postgres).start().await;
    let campaign = app.campaign_of(2).await;
    let Location::Postgres(url) = app.location() else { panic!("it is PostgreSQL") };
    let mut database = sqlx::PgConnection::connect(url).await.expect("a second connection");
    let known: String = sqlx::query_scalar("SELECT database_identity FROM history")
        .fetch_one(&mut database)
        .await
        .expect("the server tells who it is");
    assert_eq!(known.split(' ').count(), 4, "{known}");
    // What a promotion looks like: the data says one timeline of the server, the server another.
    let promoted = "UPDATE history SET database_identity = 'another'";
    sqlx::query(promoted).execute(&mut database).await.expect("changed");
    app.launch(campaign).await;
    app.until("it is noticed", async || app.actions.store.is_quarantined().await.expect("read")).await;
    assert_quarantined(&app, QuarantineReason::OtherDatabase).await;
    assert!(app.phones.ledger().is_empty(), "a phone rang");
    until_reconciled(&app).await;
    assert!(app.actions.resume_from_quarantine(app.actor.clone()).await.expect("resumed"));
    app.until_completed(campaign).await;
    assert_eq!(app.stop().await.ledger.len(), 2);
}

#[test]
fn a_quarantine_cannot_be_resumed_before_it_is_reconciled() {
    on_both(async |database| {
        // Nobody answers there: the carrier's list cannot be read.
        let app = TestApp::on(database).carrier_at("http://127.0.0.1:9").start().await;
        app.actions.enter_quarantine(QuarantineReason::Behind).await.expect("entered");
        app.until("the reason is written down", async || {
            let open = app.actions.store.open_quarantine().await.expect("read").expect("it is open");
            open.problem.is_some_and(|problem| problem.contains("could not be read"))
        })
        .await;
        let refused = app.actions.resume_from_quarantine(app.actor.clone()).await;
        assert!(matches!(refused, Err(ResumeRefused::NotReconciled { problem: Some(_) })), "{refused:?}");
        assert!(app.actions.store.is_quarantined().await.expect("read"));
        app.abandon().await;
    });
}

#[tokio::test]
async fn a_backup_is_refused_where_it_would_do_harm() {
    let app = TestApp::on(Database::Sqlite).start().await;
    let backup = back_up(&app).await;
    let (code, said) = run(backup_command(&app, &backup)).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is there already"), "{said}");
    // A server runs.
    let (code, said) = run(restore_command(app.folder(), app.location(), &backup, &["--replace"])).await;
    assert_eq!(code, 4, "{said}");
    let rest = app.abandon().await;
    rest.store.close().await.expect("close");
    drop(rest.store);
    let folder = tempfile::tempdir().expect("a folder");
    let there = Location::Folder(folder.path().to_owned());
    let (code, said) = run(restore_command(folder.path(), &there, &backup, &[])).await;
    assert_eq!(code, 0, "{said}");
    // Data is there.
    let (code, said) = run(restore_command(folder.path(), &there, &backup, &[])).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--replace"), "{said}");
    // The file is not the one that was written.
    let mut bytes = std::fs::read(&backup).expect("read");
    *bytes.last_mut().expect("bytes") ^= 1;
    std::fs::write(&backup, bytes).expect("written");
    let (code, said) = run(restore_command(folder.path(), &there, &backup, &["--replace"])).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("is not the file that its manifest describes"), "{said}");
}

/// Launches the campaign, or lets it go on, until so many calls were made today.
async fn dial_until(app: &TestApp, campaign: CampaignId, rings: usize) {
    set_daily_limit(app, campaign, rings as i64).await;
    if app.campaign_now(campaign).await.status == CampaignStatus::Draft {
        app.launch(campaign).await;
    }
    app.until("the limit is reached", async || app.phones.ledger().len() >= rings).await;
    app.until_quiet().await;
    assert_eq!(app.phones.ledger().len(), rings);
}

async fn set_daily_limit(app: &TestApp, campaign: CampaignId, limit: i64) {
    let limit = DailyLimit::new(limit).expect("a limit");
    let change = move |record: &CampaignRecord| {
        let rules = CampaignRules { daily_limit: limit, ..record.rules.clone() };
        Ok::<_, CampaignRefused>(CampaignDraft { script: record.script, rules, ..campaigns::draft() })
    };
    app.actions.change_campaign(app.actor.clone(), campaign, change).await.expect("changed");
}

async fn assert_quarantined(app: &TestApp, reason: QuarantineReason) {
    let open = app.actions.store.open_quarantine().await.expect("read").expect("nobody may be rung");
    assert_eq!(open.reason, reason);
    assert!(app.actions.store.is_quarantined().await.expect("read"));
}

async fn until_reconciled(app: &TestApp) -> prospectai::store::history::QuarantineRecord {
    let mut report = None;
    app.until("it is reconciled", async || {
        report = app.actions.store.open_quarantine().await.expect("read");
        report.as_ref().is_some_and(|open| open.reconciled_at.is_some())
    })
    .await;
    let recount = app.recount().await;
    assert!(recount.is_equal(), "the recount differs:\n{}", recount.shown.join("\n"));
    report.expect("just read")
}

async fn opt_out_people_who_were_not_rung(app: &TestApp, how_many: usize) -> Vec<String> {
    let rung = rings_by_number(&app.phones.ledger());
    let numbers = (0..PEOPLE).map(campaigns::number).filter(|number| !rung.contains_key(number));
    let numbers: Vec<String> = numbers.take(how_many).collect();
    for number in &numbers {
        let phone = domain::phone_number::PhoneNumber::parse(number, None).expect("a number");
        let added = app.actions.add_do_not_call(app.actor.clone(), phone, "api", "asked".to_owned()).await;
        assert!(added.expect("added"));
    }
    numbers
}

fn rings_by_number(ledger: &[Ring]) -> HashMap<String, usize> {
    let mut rings = HashMap::new();
    for ring in ledger {
        *rings.entry(ring.to.clone()).or_default() += 1;
    }
    rings
}

/// `prospectai backup` while the server runs.
async fn back_up(app: &TestApp) -> PathBuf {
    let backup = app.folder().join("backup");
    let (code, said) = run(backup_command(app, &backup)).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("SHA-256"), "{said}");
    backup
}

fn backup_command(app: &TestApp, to: &Path) -> Command {
    let to = to.display().to_string();
    let mut command = prospectai(app.folder(), &["backup", "--to", &to, "--data-dir", "."]);
    on_database(&mut command, app.location());
    command
}

async fn restore(folder: &Path, location: &Location, from: &Path) {
    let (code, said) = run(restore_command(folder, location, from, &["--replace"])).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("What was there before is kept"), "{said}");
}

fn restore_command(folder: &Path, location: &Location, from: &Path, more: &[&str]) -> Command {
    let from = from.display().to_string();
    let mut command = prospectai(folder, &[&["restore", "--from", &from, "--data-dir", "."], more].concat());
    on_database(&mut command, location);
    command
}

/// PostgreSQL's own programs are looked for in the path.
fn on_database(command: &mut Command, location: &Location) {
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    if let Location::Postgres(url) = location {
        command.env("DATABASE_URL", url);
    }
}
