//! The order in which a running server rings, and what a stop does to calls that the carrier still queues.

use domain::call::{CallStatus, Placement};
use domain::prospect::ProspectStatus;
use domain::queue::{DialOrder, Priority};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::store::calls::CallRecord;
use simulator::{AnswerModel, Outcome};

use crate::support::campaigns::{self, number};
use crate::support::test_app::{AtRest, TestApp};
use crate::support::world::on_both;

/// The numbers in the order in which their phones were asked to ring.
fn rung(rest: &AtRest) -> Vec<String> {
    let mut ledger = rest.ledger.clone();
    ledger.sort_by_key(|ring| ring.created_at);
    ledger.into_iter().map(|ring| ring.to).collect()
}

#[test]
fn a_server_rings_the_urgent_first_and_leaves_out_the_skipped_and_the_removed() {
    on_both(async |database| {
        let app = TestApp::on(database).calls_per_second(0.1).start().await;
        let campaign = app.campaign_of(6).await;
        let people: Vec<_> = app.prospects(campaign).await.into_iter().map(|person| person.id).collect();
        let actor = || app.actor.clone();
        for (nth, priority) in [(0, Priority::Low), (4, Priority::Next), (5, Priority::High)] {
            app.actions.prioritise(actor(), campaign, vec![people[nth]], priority).await.expect("a priority");
        }
        app.actions.remove_prospect(actor(), people[1]).await.expect("removed");
        let until = app.now().checked_add(std::time::Duration::from_secs(3_600)).expect("a time");
        app.actions.skip(actor(), campaign, vec![people[2]], Some(until)).await.expect("skipped");
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let skipped = app.calls(campaign).await.into_iter().find(|call| call.prospect == people[2]);
        assert!(skipped.expect("rung in the end").created_at >= until, "not before its time");
        assert_eq!(rung(&app.stop().await), [4, 5, 3, 0, 2].map(number));
    });
}

#[test]
fn retries_come_before_first_attempts_where_the_campaign_says_so() {
    on_both(async |database| {
        // An engaged line is rung again after five minutes, when the last of these people still wait for their first call.
        let answers = AnswerModel::always(Outcome::Busy);
        let app = TestApp::on(database).answers(answers).calls_per_second(0.05).start().await;
        let draft = CampaignDraft { dial_order: DialOrder::RetriesFirst, ..campaigns::draft() };
        let campaign = app.campaign(30, draft).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        let order = rung(&app.stop().await);
        let at = |nth: usize| {
            let to = number(nth);
            order.iter().enumerate().filter(move |(_, rung)| **rung == to).map(|(at, _)| at)
        };
        let (again, last) = (at(0).nth(1).expect("rung again"), at(29).next().expect("rung"));
        assert!(again < last, "{order:?}");
    });
}

/// Waits for the second call of a campaign to stand in the carrier's queue, which starts one call in 45 seconds: fifteen real ones to act in.
async fn queued_at_the_carrier(app: &TestApp, campaign: domain::ids::CampaignId) -> CallRecord {
    app.until_call(campaign, "the second call is in the queue", |call| {
        call.call.placement == Placement::Placed && call.to.as_str() == number(1)
    })
    .await
}

async fn is_cancelled_without_a_ring(app: &TestApp, call: &CallRecord) {
    app.until("it is cancelled", async || app.call(call.id).await.call.status() == CallStatus::Canceled)
        .await;
    let person = app.prospects(call.campaign).await.into_iter().find(|person| person.id == call.prospect);
    assert_eq!(person.expect("there").status, ProspectStatus::Exhausted, "no rule rings them again");
    assert_eq!(app.rings()[&call.id.to_string()][0].started_at, None, "its phone never rang");
}

#[test]
fn a_pause_ends_the_calls_that_the_carrier_has_not_begun_to_dial() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(3.0).carrier_calls_per_second(1.0 / 45.0).start().await;
        let campaign = app.campaign_of(2).await;
        app.launch(campaign).await;
        let queued = queued_at_the_carrier(&app, campaign).await;
        app.actions.pause(app.actor.clone(), campaign).await.expect("pause");
        assert!(app.call(queued.id).await.end_requested_at.is_some(), "wanted with the answer");
        is_cancelled_without_a_ring(&app, &queued).await;
        let first = app.calls(campaign).await.into_iter().find(|call| call.to.as_str() == number(0));
        assert_eq!(first.expect("there").end_requested_at, None, "whose phone rings is left alone");
        app.actions.resume(app.actor.clone(), campaign).await.expect("resume");
        app.until_completed(campaign).await;
        app.stop().await;
    });
}

#[test]
fn the_kill_switch_ends_the_calls_that_the_carrier_has_not_begun_to_dial() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(3.0).carrier_calls_per_second(1.0 / 45.0).start().await;
        let campaign = app.campaign_of(2).await;
        app.launch(campaign).await;
        let queued = queued_at_the_carrier(&app, campaign).await;
        app.actions.switch_dialing(app.actor.clone(), true).await.expect("the switch is turned");
        assert!(app.call(queued.id).await.end_requested_at.is_some(), "wanted with the answer");
        is_cancelled_without_a_ring(&app, &queued).await;
        app.actions.switch_dialing(app.actor.clone(), false).await.expect("the switch is turned");
        app.until_completed(campaign).await;
        app.stop().await;
    });
}
