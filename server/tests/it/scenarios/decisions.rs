//! What people decide in the middle of a campaign holds from the next call on.

use std::time::Duration;

use domain::call::{CallStatus, Placement};
use domain::call_flow::Words;
use domain::prospect::ProspectStatus;
use prospectai::actions::campaigns::CampaignDraft;
use simulator::{AnswerModel, Outcome};

use super::outsiders;
use crate::support::campaigns::{self, number};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_paused_campaign_rings_nobody_more_until_it_is_resumed() {
    on_both(async |database| {
        let app = TestApp::on(database).calls_per_second(0.2).start().await;
        let campaign = app.campaign_of(8).await;
        app.launch(campaign).await;
        app.until_call(campaign, "the first phone rings", |call| call.call.facts.ringing_at.is_some()).await;
        app.actions.pause(app.actor.clone(), campaign).await.expect("pause");
        app.until_quiet().await;
        let rung = app.phones.ledger().len();
        app.pass(10 * MINUTE).await;
        assert_eq!(app.phones.ledger().len(), rung, "nobody is rung in ten minutes");
        assert!(rung < 8, "the pause came in the middle");

        app.actions.resume(app.actor.clone(), campaign).await.expect("resume");
        app.until_completed(campaign).await;
        assert_eq!(app.stop().await.ledger.len(), 8);
    });
}

#[test]
fn the_kill_switch_holds_every_campaign_until_it_is_taken_back() {
    on_both(async |database| {
        let app = TestApp::on(database).calls_per_second(0.2).start().await;
        let campaign = app.campaign_of(8).await;
        app.launch(campaign).await;
        app.until_call(campaign, "the first phone rings", |call| call.call.facts.ringing_at.is_some()).await;
        app.actions.switch_dialing(app.actor.clone(), true).await.expect("the switch is turned");
        app.until_quiet().await;
        let rung = app.phones.ledger().len();
        app.pass(10 * MINUTE).await;
        assert_eq!(app.phones.ledger().len(), rung, "nobody is rung in ten minutes");
        assert!(rung < 8, "the switch came in the middle");

        app.actions.switch_dialing(app.actor.clone(), false).await.expect("the switch is turned");
        app.until_completed(campaign).await;
        assert_eq!(app.stop().await.ledger.len(), 8);
    });
}

#[test]
fn a_number_put_on_the_do_not_call_list_while_it_waits_for_a_retry_is_not_rung_again() {
    on_both(async |database| {
        let answers = AnswerModel::always(Outcome::Busy);
        let app = TestApp::on(database).answers(answers).start().await;
        let campaign = app.campaign_of(2).await;
        app.launch(campaign).await;
        app.until("the first person waits for a retry", async || {
            app.prospects(campaign).await[0].status == ProspectStatus::Waiting
        })
        .await;
        let phone = app.prospects(campaign).await[0].phone.clone();
        let reason = "asked for it".to_owned();
        app.actions.add_do_not_call(app.actor.clone(), phone, "manual", reason).await.expect("listed");
        app.until_completed(campaign).await;

        let stands: Vec<_> = app.prospects(campaign).await.iter().map(|person| person.status).collect();
        assert_eq!(stands, [ProspectStatus::DoNotCall, ProspectStatus::Exhausted]);
        let rest = app.stop().await;
        let rung = |nth| rest.ledger.iter().filter(|ring| ring.to == number(nth)).count();
        assert_eq!((rung(0), rung(1)), (1, 3));
    });
}

#[test]
fn a_call_cancelled_in_the_carrier_s_queue_ends_without_a_callback_and_without_a_ring() {
    on_both(async |database| {
        // Somebody else's call takes the carrier's only start in 45 seconds: ours waits in its queue.
        let app = TestApp::on(database).speed(1.0).carrier_calls_per_second(1.0 / 45.0).start().await;
        let other = outsiders::rings_somebody(&app).await;
        let campaign = app.campaign_of(1).await;
        app.launch(campaign).await;
        let queued = app
            .until_call(campaign, "the call is in the queue", |call| call.call.placement == Placement::Placed)
            .await;
        app.actions.end_call(app.actor.clone(), queued.id).await.expect("it can be ended");
        app.until("it is cancelled", async || {
            app.call(queued.id).await.call.status() == CallStatus::Canceled
        })
        .await;
        app.until_completed(campaign).await;

        outsiders::hangs_up(&app, &other).await;
        let rest = app.abandon().await;
        let ring = &rest.rings()[&queued.id.to_string()][0];
        assert_eq!(ring.started_at, None, "its phone never rang");
        let news = rest.store.events_of_call(queued.id).await.expect("read");
        assert!(news.iter().all(|event| event.kind == "rest"), "no callback told of it");
    });
}

#[test]
fn a_call_that_is_ended_while_somebody_talks_is_hung_up() {
    on_both(async |database| {
        let answers = AnswerModel::always(Outcome::Human { talk_seconds: 100_000 });
        let app = TestApp::on(database).speed(60.0).answers(answers).start().await;
        // Long enough to be spoken for minutes: the call must not end by itself first.
        let text = "And then there is more to say. ".repeat(90);
        let script = app
            .actions
            .create_script(app.actor.clone(), "Long".to_owned(), Words::of_text(text))
            .await
            .expect("a script");
        let draft = CampaignDraft { script: Some(script.id), ..campaigns::draft() };
        let campaign = app.campaign(1, draft).await;
        app.launch(campaign).await;
        let answered = |call: &prospectai::store::calls::CallRecord| call.call.facts.answered_at.is_some();
        let call = app.until_call(campaign, "somebody picked up", answered).await;
        app.actions.end_call(app.actor.clone(), call.id).await.expect("it can be ended");
        app.until_completed(campaign).await;
        assert_eq!(app.call(call.id).await.call.status(), CallStatus::Completed);
        app.stop().await;
    });
}
