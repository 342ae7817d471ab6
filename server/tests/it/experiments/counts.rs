//! What is counted of the people of each arm, however often they were rung and whatever happens to the server.

use std::collections::BTreeMap;

use domain::disposition::Disposition;
use domain::experiment::Arm;
use domain::experiment::comparison::Verdict;
use domain::experiment::tally::ArmTally;
use domain::pacing::Pacing;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::store::Location;
use prospectai::store::experiments::ExperimentRecord;
use simulator::{AnswerModel, Outcome};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::ground::{against, asking, now};
use crate::support::bare::{Bare, active_campaign, console, dial_once};
use crate::support::campaigns::{draft, number};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

/// Long enough to hear the script, its keys and the answer.
const PATIENT: Outcome = Outcome::Human { talk_seconds: 110 };
const PEOPLE: usize = 60;
/// On at the same time, at most: more would outrun a busy machine, and people hang up before their key is answered.
const ON_AT_ONCE: u32 = 10;

/// Nine of ten press 1, the others 2. Every fifth is not there at first, every seventh has a machine at first.
fn people() -> AnswerModel {
    let mut answers = AnswerModel::always(PATIENT);
    for nth in 0..PEOPLE {
        let number = number(nth);
        answers = answers.pressing(&number, if nth % 10 == 0 { "2" } else { "1" });
        for (every, first) in [(5, Outcome::NoAnswer), (7, Outcome::Voicemail)] {
            if nth % every == 0 {
                answers = answers.scripted(&number, first);
            }
        }
        answers = answers.scripted(&number, PATIENT);
    }
    answers
}

#[test]
fn the_counts_of_a_campaign_on_the_phone_network_are_those_of_its_people_and_name_the_better_arm() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(30.0).calls_per_second(100.0).answers(people()).start().await;
        let asks_for_2 = asking("This is the long way to say it.", '2');
        let script = app.actions.create_script(app.actor.clone(), "Long".to_owned(), asks_for_2).await;
        let mut campaign = CampaignDraft { script: script.ok().map(|script| script.id), ..draft() };
        campaign.rules.pacing = Pacing::new(100.0, ON_AT_ONCE).ok();
        let campaign = app.campaign(PEOPLE, campaign).await;
        let asks_for_1 = asking("In short.", '1');
        let test = against(&app.actions, &app.actor, campaign, asks_for_1, [1, 1]).await;
        app.launch(campaign).await;
        // Ten at a time: all of them may take a busy machine longer than one wait.
        for tenth in (10..=PEOPLE).step_by(10) {
            app.until("ten more have their answer", async || {
                let people = app.prospects(campaign).await;
                people.iter().filter(|it| it.status.is_final()).count() >= tenth
            })
            .await;
        }
        app.until_completed(campaign).await;

        let mut expected: BTreeMap<Arm, ArmTally> = BTreeMap::new();
        for person in app.prospects(campaign).await {
            let arm = test.split.arm_of(test.id, person.id);
            let says_yes = person.disposition == Some(Disposition::Confirmed);
            assert!(says_yes || person.disposition == Some(Disposition::HumanAnswered), "{person:?}");
            *expected.entry(arm).or_default() +=
                ArmTally { people: 1, reached: 1, successes: i64::from(says_yes) };
        }
        let shown = now(&app.actions, campaign).await;
        let counted: BTreeMap<Arm, ArmTally> = shown.arms.iter().map(|it| (it.arm, it.tally)).collect();
        assert_eq!(counted, expected);
        let calls = app.calls(campaign).await;
        assert!(calls.len() > PEOPLE + PEOPLE / 5, "some were rung again: {}", calls.len());
        for call in &calls {
            let arm = test.arm_for(call.prospect).expect("an arm");
            assert_eq!(call.drawn.map(|drawn| drawn.arm), Some(arm.arm), "attempt {}", call.attempt);
            assert_eq!(call.script, Some(arm.said));
        }
        let verdict = shown.results().expect("results").verdict();
        assert!(matches!(verdict, Verdict::Winner { arm, .. } if arm.letter() == 'B'), "{verdict:?}");
        app.stop().await;
    });
}

#[test]
fn whoever_is_rung_again_after_a_restart_hears_the_same() {
    on_both(async |database| {
        let answers = (0..20).fold(AnswerModel::always(PATIENT), |answers, nth| {
            answers.scripted(&number(nth), Outcome::Busy).scripted(&number(nth), PATIENT)
        });
        let app = TestApp::on(database).speed(100.0).calls_per_second(100.0).answers(answers).start().await;
        let campaign = app.campaign_of(20).await;
        let test = against(&app.actions, &app.actor, campaign, asking("Other.", '1'), [2, 3]).await;
        app.launch(campaign).await;
        app.until("everybody was rung", async || {
            app.prospects(campaign).await.iter().all(|it| it.attempts > 0)
        })
        .await;
        let app = app.restart(async |_, _| {}).await;
        app.until_completed(campaign).await;
        let calls = app.calls(campaign).await;
        assert_eq!(calls.len(), 40);
        for call in calls {
            let arm = test.split.arm_of(test.id, call.prospect);
            assert_eq!(call.drawn.map(|drawn| (drawn.experiment, drawn.arm)), Some((test.id, arm)));
        }
        let tallies = now(&app.actions, campaign).await.arms;
        assert_eq!(tallies.iter().map(|arm| arm.tally.people).sum::<i64>(), 20, "each counts once");
        app.stop().await;
    });
}

/// Of 150 people at a share of three quarters 112.5 are expected, with a standard deviation of √(150 · ¾ · ¼) = 5.3; six of
/// them are exceeded by chance once in half a billion times. The domain shows the same for any shares, with fixed ids.
async fn shares_are_met_and_everybody_hears_what_the_split_says(database: Bare) {
    let actions = database.server().await;
    let actor = console(&actions).await;
    let campaign = active_campaign(&actions, 400, 1_000, 0).await;
    let before = dial_once(&actions, campaign, 100).await;
    let first = against(&actions, &actor, campaign, asking("Other.", '1'), [3, 1]).await;
    dial_once(&actions, campaign, 150).await;
    actions.end_experiment(actor.clone(), campaign, None).await.expect("ended");
    let second = against(&actions, &actor, campaign, asking("Another.", '1'), [1, 1]).await;
    dial_once(&actions, campaign, 150).await;

    let calls = actions.store.calls_of(campaign).await.expect("read");
    let drawn_in = |test: &ExperimentRecord| {
        let of_test = calls.iter().filter(|call| call.drawn.is_some_and(|it| it.experiment == test.id));
        of_test.map(|call| (call.prospect, call.drawn.expect("drawn").arm)).collect::<Vec<_>>()
    };
    for test in [&first, &second] {
        let drawn = drawn_in(test);
        assert_eq!(drawn.len(), 150);
        assert!(drawn.iter().all(|(prospect, arm)| test.split.arm_of(test.id, *prospect) == *arm));
    }
    let to_a = drawn_in(&first).iter().filter(|(_, arm)| *arm == Arm::FIRST).count();
    assert!((112 - 32..=113 + 32).contains(&to_a), "{to_a} of 150");
    let outside = calls.iter().filter(|call| call.drawn.is_none()).count();
    assert_eq!(outside, before.len(), "whoever was called before is in no test");
    let tests = actions.store.experiments_of(campaign, 9).await.expect("read");
    assert_eq!(tests.iter().map(|test| test.id).collect::<Vec<_>>(), [second.id, first.id]);
    let counted: i64 = tests[1].arms.iter().map(|arm| arm.tally.people).sum();
    assert_eq!(counted, 150);
    assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test]
async fn shares_are_met_on_sqlite() {
    shares_are_met_and_everybody_hears_what_the_split_says(Bare::on_sqlite().await).await;
}

#[tokio::test]
async fn shares_are_met_on_postgres() {
    shares_are_met_and_everybody_hears_what_the_split_says(Bare::on_postgres().await).await;
}

#[test]
fn a_recount_finds_an_arm_that_counts_wrongly() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(200.0).answers(AnswerModel::always(PATIENT)).start().await;
        let campaign = app.campaign_of(4).await;
        against(&app.actions, &app.actor, campaign, asking("Other.", '1'), [1, 1]).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let app = app
            .restart(async |_, location| {
                change(location, "UPDATE experiment_arms SET reached = reached + 1").await
            })
            .await;
        let recount = app.recount().await;
        assert_eq!(recount.differences, 2, "{:?}", recount.shown);
        assert!(recount.shown[0].contains("arm A"), "{:?}", recount.shown);
        app.abandon().await;
    });
}

async fn change(location: &Location, statement: &'static str) {
    match location {
        Location::Folder(folder) => {
            let file = SqliteConnectOptions::new().filename(folder.join("prospectai.db"));
            let mut database = file.connect().await.expect("open");
            sqlx::query(statement).execute(&mut database).await.expect("changed");
            database.close().await.expect("closed");
        }
        Location::Postgres(url) => {
            let mut database = PgConnection::connect(url).await.expect("connect");
            sqlx::query(statement).execute(&mut database).await.expect("changed");
        }
    }
}
