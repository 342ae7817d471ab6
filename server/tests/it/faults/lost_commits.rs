//! F9: PostgreSQL commits, and its answer is lost. What became of it is read again, and everything happens once.

use domain::call::Placement;
use domain::carrier_event::CarrierStatus;
use domain::facts::{Evidence, Source};
use domain::ids::{CallId, CampaignId};
use domain::refusal::RefusalMeaning;
use jiff::SignedDuration;
use prospectai::actions::Actions;
use prospectai::actions::calls::Outcome;
use prospectai::actions::carrier_events::{News, Taken};
use prospectai::store::StoreError;
use prospectai::store::calls::CallRecord;
use serde_json::json;

use crate::support::api_client::TestApi;
use crate::support::bare::{Bare, active_campaign, person};
use crate::support::commit_line::CommitLine;
use crate::support::test_app::TestApp;
use crate::support::world::Database;

async fn reserve(actions: &Actions, campaign: CampaignId) -> Result<Vec<CallId>, StoreError> {
    let now = actions.clock.now();
    let record = actions.store.any_campaign(campaign).await?.expect("the campaign");
    let campaigns =
        actions.store.campaign_snapshots(&[record], &actions.installation.rates, None, now, 5).await?;
    let plan = domain::dial_plan::plan(&domain::dial_plan::Snapshot { now, campaigns, capacity: 5 });
    actions.reserve_planned(plan.calls).await
}

async fn only_call(actions: &Actions, campaign: CampaignId) -> CallRecord {
    let mut calls = actions.store.calls_of(campaign).await.expect("read");
    assert_eq!(calls.len(), 1);
    calls.remove(0)
}

async fn used_today(actions: &Actions, campaign: CampaignId) -> u32 {
    let record = actions.store.any_campaign(campaign).await.expect("read").expect("there");
    let today = record.rules.zone.local_date(actions.clock.now());
    actions.store.used_on(campaign, today).await.expect("read")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arming_whose_answer_is_lost_is_taken_back_and_sent_once() {
    let line = CommitLine::clear().await;
    let database = Bare::at(line.location.clone()).await;
    let actions = database.server().await;
    let campaign = active_campaign(&actions, 1, 100, 0).await;

    line.lose_answer(1);
    reserve(&actions, campaign).await.expect_err("its answer was lost");
    let call = only_call(&actions, campaign).await;
    assert_eq!(call.call.placement, Placement::Reserved, "and yet it was done");
    assert!(reserve(&actions, campaign).await.expect("asked").is_empty(), "nobody is reserved twice");

    line.lose_answer(1);
    actions.arm(vec![call.id]).await.expect_err("nothing may be sent on this");
    assert_eq!(only_call(&actions, campaign).await.call.placement, Placement::Armed);
    assert_eq!(used_today(&actions, campaign).await, 1);
    assert_eq!(actions.take_back_unsent().await.expect("read again"), 1);
    let back = only_call(&actions, campaign).await;
    assert_eq!((back.call.placement, back.sends), (Placement::Reserved, 1), "nothing was sent");
    assert_eq!(used_today(&actions, campaign).await, 0, "its place in the day went back");
    assert_eq!(actions.take_back_unsent().await.expect("asked"), 0);

    database.set_time(actions.clock.now() + SignedDuration::from_mins(1));
    line.lose_commit();
    actions.arm(vec![call.id]).await.expect_err("it never arrived");
    assert_eq!(only_call(&actions, campaign).await.call.placement, Placement::Reserved);
    assert_eq!(actions.take_back_unsent().await.expect("read again"), 0, "there is nothing to take back");

    let armed = actions.arm(vec![call.id]).await.expect("asked").to_send;
    assert_eq!(armed.len(), 1, "one request, at last");
    assert_eq!(actions.take_back_unsent().await.expect("asked"), 0, "this one may be on its way");
    assert_eq!(only_call(&actions, campaign).await.call.placement, Placement::Armed);
    assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_arming_whose_answer_is_lost_is_not_taken_back_from_whoever_armed_it_since() {
    let line = CommitLine::clear().await;
    let database = Bare::at(line.location.clone()).await;
    let (first, second) = (database.server().await, database.server().await);
    let campaign = active_campaign(&first, 1, 100, 0).await;
    let call = reserve(&first, campaign).await.expect("reserved");
    line.lose_commit();
    first.arm(call.clone()).await.expect_err("it never arrived");
    assert_eq!(second.arm(call).await.expect("asked").to_send.len(), 1);
    assert_eq!(first.take_back_unsent().await.expect("read again"), 0);
    assert_eq!(only_call(&first, campaign).await.call.placement, Placement::Armed, "it is the other one's");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_and_news_whose_answers_are_lost_are_kept_once() {
    let line = CommitLine::clear().await;
    let database = Bare::at(line.location.clone()).await;
    let actions = database.server().await;
    let campaign = active_campaign(&actions, 1, 100, 0).await;
    let call = reserve(&actions, campaign).await.expect("reserved")[0];
    assert_eq!(actions.arm(vec![call]).await.expect("asked").to_send.len(), 1);

    line.lose_answer(1);
    actions.take_in(ringing(call)).await.expect_err("a webhook is answered with 503");
    assert_eq!(actions.take_in(ringing(call)).await.expect("again"), Taken::Known);
    assert_eq!(only_call(&actions, campaign).await.call.facts.progress, Some(CarrierStatus::Ringing));

    let refused =
        || Outcome::Refused { meaning: RefusalMeaning::Other, code: None, message: "No.".to_owned() };
    let other = active_campaign(&actions, 1, 100, 1).await;
    let call = reserve(&actions, other).await.expect("reserved")[0];
    assert_eq!(actions.arm(vec![call]).await.expect("asked").to_send.len(), 1);
    line.lose_answer(1);
    actions.record_outcome(call, 0, refused()).await.expect_err("its answer was lost");
    let told = only_call(&actions, other).await;
    assert!(!told.call.is_live(), "and yet it was written down");
    actions.record_outcome(call, 0, refused()).await.expect("again");
    assert_eq!(only_call(&actions, other).await, told, "which changes nothing");
    assert_eq!(used_today(&actions, other).await, 0);
    assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_placed_with_a_key_is_placed_once_whichever_answer_of_the_database_is_lost() {
    let line = CommitLine::clear().await;
    let api = TestApi::at(line.location.clone(), None).await;
    let (campaign, prospects) = api.running_campaign(4).await;
    // A request with a key commits three times: the key, the call, the answer.
    let mut seen = Vec::new();
    for (nth, prospect) in (1..=4).zip(&prospects) {
        let owner = api.as_owner().with("idempotency-key", &format!("order-{nth}"));
        let place = json!({ "campaignId": campaign, "prospectId": prospect });
        let lost = line.lost();
        line.lose_answer(nth);
        let first = owner.post("/api/calls/place", place.clone()).await.status;
        let was_lost = line.lost() - lost;
        line.lose_answer(0);
        let again = owner.post("/api/calls/place", place.clone()).await;
        let calls = owner.get(&format!("/api/calls?prospectId={prospect}")).await;
        seen.push((was_lost, first, again.status, calls.expect(200).json["total"].clone()));
    }
    assert_eq!(seen, expected_placings());
    assert!(api.state.actions.store.recount().await.expect("recount").is_equal());
}

/// Whether an answer was lost, the first answer, the one to its repetition, and the calls that there are.
fn expected_placings() -> Vec<(usize, u16, u16, serde_json::Value)> {
    vec![
        // The key is claimed and nobody knows for whom: it is not used again.
        (1, 503, 409, json!(0)),
        // The call is read again.
        (1, 201, 201, json!(1)),
        (1, 503, 201, json!(1)),
        (0, 201, 201, json!(1)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_rings_everybody_once_while_every_ninth_commit_has_no_answer() {
    let line = CommitLine::clear().await;
    let app = TestApp::on(Database::Postgres).at(line.location.clone()).start().await;
    let campaign = app.campaign_of(30).await;
    app.launch(campaign).await;
    line.lose_every(9);
    app.until_completed(campaign).await;
    line.lose_every(0);
    assert!(line.lost() >= 5, "{}", line.lost());
    let rest = app.stop().await;
    let mut rung: Vec<&str> = rest.ledger.iter().map(|ring| ring.to.as_str()).collect();
    rung.sort_unstable();
    rung.dedup();
    assert_eq!((rest.ledger.len(), rung.len()), (30, 30));
}

fn ringing(call: CallId) -> News {
    News {
        call: Some(call),
        carrier_sid: Some(format!("CA{:032x}", 1)),
        to: Some(person(0).phone),
        kind: "status",
        evidence: Some(Evidence { status: Some(CarrierStatus::Ringing), ..Evidence::from(Source::Callback) }),
        recording: None,
        content_key: [1; 32],
        payload: String::new(),
    }
}
