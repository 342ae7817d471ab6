//! F40: a panic in a handler or a task costs one answer or one turn: no task, no lock, no lease and no transaction.

use domain::call::Placement;
use prospectai::supervised::PanicPoint;
use serde_json::json;

use crate::support::api_client::{Database as ApiDatabase, TestApi};
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

#[tokio::test]
async fn a_panic_while_a_call_is_placed_answers_500_says_nothing_and_the_next_one_is_placed() {
    for database in ApiDatabase::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, prospects) = api.running_campaign(3).await;
        let owner = api.as_owner();
        let panics = &api.state.actions.panics;
        let points = [PanicPoint::Handler, PanicPoint::Wishes, PanicPoint::WishesTransaction];
        for (point, prospect) in points.into_iter().zip(&prospects) {
            let place = json!({ "campaignId": campaign, "prospectId": prospect });
            panics.wish(point);
            let answer = owner.post("/api/calls/place", place.clone()).await.problem(500, "internal");
            assert!(panics.open().is_empty(), "{point:?} was reached");
            let said = answer.json.to_string();
            assert!(!said.contains("secret") && !said.contains("5550123"), "{said}");
            assert_eq!(answer.header("content-type"), "application/problem+json");
            // The same person: nothing was kept, nobody is locked, and the one connection that writes is free.
            owner.post("/api/calls/place", place).await.expect(201);
        }
        assert_eq!(owner.get("/api/calls").await.expect(200).json["total"], 3);
        assert!(api.state.actions.store.recount().await.expect("recount").is_equal());
    }
}

#[test]
fn a_panic_in_any_task_costs_one_turn_and_the_campaign_goes_on_to_its_end() {
    on_both(async |database| {
        let app = TestApp::on(database).speed(1_200.0).start().await;
        let campaign = app.campaign_of(4).await;
        let panics = app.actions.panics.clone();
        let points = [
            PanicPoint::Dialer,
            PanicPoint::Send,
            PanicPoint::Reconciler,
            PanicPoint::Lease,
            PanicPoint::News,
            PanicPoint::NewsTransaction,
        ];
        for point in points {
            panics.wish(point);
        }
        app.launch(campaign).await;
        app.actions.wake.lease();
        app.until("every task has panicked", async || panics.open().is_empty()).await;
        app.until_completed(campaign).await;

        let calls = app.calls(campaign).await;
        let lost: Vec<_> = calls.iter().filter(|call| call.carrier_sid.is_none()).collect();
        assert_eq!(lost.len(), 1, "the request that was in hand, and only that");
        assert_eq!(lost[0].call.placement, Placement::PresumedNotPlaced, "nobody could say whether it left");
        assert_eq!(calls.len(), 5, "and its number was rung an hour later");
        let nodes = app.actions.store.nodes().await.expect("read");
        assert_eq!((nodes.len(), nodes[0].epoch, nodes[0].is_living()), (1, 1, true), "the lease was kept");
        // Still alive, all of them: more work for each.
        let second = app.campaign_of(2).await;
        app.actions.wake.lease();
        app.launch(second).await;
        app.until_completed(second).await;
        app.stop().await;
    });
}
