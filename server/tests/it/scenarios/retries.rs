//! From the launch to the last attempt, when nothing goes wrong.

use std::time::Duration;

use domain::call_flow::Words;
use domain::calling_window::{DailyWindow, WeeklyWindows};
use domain::prospect::ProspectStatus;
use jiff::SignedDuration;
use prospectai::actions::campaigns::CampaignDraft;
use simulator::{AnswerModel, Outcome, Ring};

use crate::support::campaigns::{AFTER_BUSY, AFTER_NO_ANSWER, ATTEMPTS, draft, number};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

const HUMAN: Outcome = Outcome::Human { talk_seconds: 20 };

#[test]
fn a_small_campaign_ends_with_ledger_database_and_recount_telling_the_same() {
    on_both(async |database| {
        let app = TestApp::on(database).answers(AnswerModel::default()).start().await;
        let campaign = app.campaign_of(15).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        assert!(app.prospects(campaign).await.iter().all(|prospect| prospect.status.is_final()));
        let rest = app.stop().await;
        assert!(rest.ledger.len() >= 15, "everybody was rung");
    });
}

#[test]
fn busy_lines_silence_and_machines_are_tried_again_as_the_policy_says_and_no_oftener() {
    on_both(async |database| {
        let answers = AnswerModel::always(HUMAN)
            .scripted(&number(0), Outcome::Busy)
            .scripted(&number(1), Outcome::NoAnswer)
            .scripted(&number(2), Outcome::Voicemail)
            .scripted(&number(3), Outcome::Busy)
            .scripted(&number(3), HUMAN);
        let app = TestApp::on(database).speed(1_000.0).answers(answers).start().await;
        let campaign = app.campaign_of(5).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;

        let stands: Vec<_> = app.prospects(campaign).await.iter().map(|person| person.status).collect();
        use ProspectStatus::{Done, Exhausted};
        assert_eq!(stands, [Exhausted, Exhausted, Done, Done, Done]);
        let rest = app.stop().await;
        let rings = |nth: usize| -> Vec<&Ring> {
            let of_number = rest.ledger.iter().filter(|ring| ring.to == number(nth));
            of_number.collect()
        };
        let counts: Vec<usize> = (0..5).map(|nth| rings(nth).len()).collect();
        let all = ATTEMPTS as usize;
        assert_eq!(counts, [all, all, all, 2, 1]);
        for (nth, minutes) in [(0, AFTER_BUSY), (1, AFTER_NO_ANSWER), (2, AFTER_NO_ANSWER), (3, AFTER_BUSY)] {
            for pair in rings(nth).windows(2) {
                let waited = pair[1].created_at.duration_since(pair[0].ended_at.expect("over"));
                // The end travels in whole seconds.
                assert!(
                    waited.as_secs() >= i64::from(minutes) * 60 - 1,
                    "{waited:?} after {:?}",
                    pair[0].status
                );
            }
        }
    });
}

#[test]
fn a_price_that_comes_minutes_later_is_still_written_down() {
    on_both(async |database| {
        let app = TestApp::on(database).start().await;
        let campaign = app.campaign_of(2).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        app.until("both calls have their price", async || {
            app.calls(campaign).await.iter().all(|call| call.call.facts.price.is_some())
        })
        .await;
        let tally = app.actions.store.tally(campaign).await.expect("read");
        assert_eq!(tally.total_cost_micros, 28_000, "twice one begun minute");
        app.stop().await;
    });
}

#[tokio::test]
async fn a_document_too_long_to_be_sent_along_is_fetched_when_somebody_picks_up() {
    let app = TestApp::on(Database::Sqlite).start().await;
    // Below the limit of a script, and above that of a request once every & is written as XML wants it.
    let text = "A & B, ".repeat(420);
    let script = app
        .actions
        .create_script(app.actor.clone(), "Long".to_owned(), Words::of_text(text))
        .await
        .expect("a script");
    let campaign = app.campaign(1, CampaignDraft { script: Some(script.id), ..draft() }).await;
    app.launch(campaign).await;
    app.until_completed(campaign).await;
    let call = &app.calls(campaign).await[0];
    let news = app.actions.store.events_of_call(call.id).await.expect("read");
    assert!(news.iter().any(|event| event.kind == "voice"), "the phone network asked what to say");
    let seconds = call.call.facts.duration_seconds.expect("it was answered");
    assert!(
        Duration::from_secs(seconds.into()) >= Duration::from_secs(10),
        "it was spoken, not hung up: {seconds} s"
    );
    app.stop().await;
}

#[test]
fn nobody_is_rung_before_the_window_of_the_campaign_opens() {
    on_both(async |database| {
        let app = TestApp::on(database).standing_clock().start().await;
        let window = DailyWindow::parse("17:00", "18:00").expect("a window");
        let mut draft = draft();
        draft.rules.windows = WeeklyWindows::every_day(window);
        // One person: while time stands, the pace allows no second call.
        let campaign = app.campaign(1, draft).await;
        app.launch(campaign).await;
        // It is ten in the morning there.
        let opens_at = app.now() + SignedDuration::from_hours(7);
        app.actions.clock.set(opens_at - SignedDuration::from_mins(1));
        app.actions.clock.set(opens_at);
        app.until_completed(campaign).await;
        assert!(app.calls(campaign).await.iter().all(|call| call.created_at >= opens_at));
        app.stop().await;
    });
}
