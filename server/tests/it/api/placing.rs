//! Placing calls by hand: who is called, who is not, and when it is possible again.

use prospectai::actions::users::Role;
use serde_json::{Value, json};

use crate::support::api_client::{Database, TestApi};

fn wish(campaign: &str, prospect: &str) -> Value {
    json!({ "campaignId": campaign, "prospectId": prospect })
}

#[tokio::test]
async fn a_call_that_is_placed_is_queued_and_can_be_cancelled_once() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(1).await;
        let mut place = wish(&campaign, &prospects[0]);
        place["metadata"] = json!({ "order": 7 });
        let call = owner.post("/api/calls/place", place).await.expect(201);
        for (field, value) in [
            ("campaignId", json!(campaign)),
            ("prospectId", json!(prospects[0])),
            ("attempt", json!(1)),
            ("status", json!("queued")),
            ("direction", json!("outbound-api")),
            ("fromNumber", json!("+14155550100")),
            ("metadata", json!({ "order": 7 })),
            ("twilioCallSid", Value::Null),
            ("cost", Value::Null),
            ("endedAt", Value::Null),
        ] {
            assert_eq!(call.json[field], value, "{field}");
        }
        let path = format!("/api/calls/{}", call.id());
        assert_eq!(owner.get(&path).await.expect(200).json, call.json);
        let cancelled = owner.post(&format!("{path}/cancel"), json!({})).await.expect(200);
        assert_eq!(cancelled.json["status"], "canceled");
        assert!(cancelled.json["errorMessage"].as_str().is_some_and(|why| why.contains("Cancelled")));
        owner.post(&format!("{path}/cancel"), json!({})).await.problem(409, "call_over");
    }
}

#[tokio::test]
async fn who_picked_up_is_said_in_known_words_by_operators_and_only_of_calls_that_were_answered() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(1).await;
        let call = owner.post("/api/calls/place", wish(&campaign, &prospects[0])).await.expect(201).id();
        let path = format!("/api/calls/{call}/answered-by");
        owner.post(&path, json!({ "answeredBy": "human" })).await.problem(409, "not_answered");
        let wrong = owner.post(&path, json!({ "answeredBy": "a dog" })).await.problem(422, "invalid");
        assert_eq!(wrong.pointer(), "/answeredBy");
        owner.post(&path, json!({})).await.problem(422, "required");
        let analyst = api.with_role(Role::Analyst).await;
        analyst.post(&path, json!({ "answeredBy": "human" })).await.problem(403, "forbidden");
        let stranger = api.as_stranger().await;
        stranger.post(&path, json!({ "answeredBy": "human" })).await.problem(404, "not_found");
        let unchanged = owner.get(&format!("/api/calls/{call}")).await.expect(200).json;
        assert_eq!(
            (&unchanged["answeredBy"], &unchanged["answeredByCorrectedAt"]),
            (&Value::Null, &Value::Null)
        );
    }
}

#[tokio::test]
async fn a_call_that_must_not_be_placed_says_why_and_when_it_may_be() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(3).await;
        let first = owner.post("/api/calls/place", wish(&campaign, &prospects[0])).await.expect(201).id();

        let twice = owner.post("/api/calls/place", wish(&campaign, &prospects[0])).await;
        assert_eq!(twice.problem(409, "already_in_call").json["callId"], json!(first));

        api.set_clock("2026-03-02T23:30:00Z");
        let late = owner
            .post("/api/calls/place", wish(&campaign, &prospects[1]))
            .await
            .problem(409, "outside_hours");
        assert_eq!(late.json["nextPossibleAt"], "2026-03-03T14:00:00Z");
        assert_eq!(late.json["reason"], "window_closed");
        let mut tomorrow = wish(&campaign, &prospects[1]);
        tomorrow["scheduledFor"] = json!("2026-03-03T15:00:00Z");
        let scheduled = owner.post("/api/calls/place", tomorrow.clone()).await.expect(201);
        assert_eq!(scheduled.json["scheduledFor"], "2026-03-03T15:00:00Z");
        tomorrow["scheduledFor"] = json!("2026-03-01T15:00:00Z");
        tomorrow["prospectId"] = json!(prospects[2]);
        let past = owner.post("/api/calls/place", tomorrow).await.problem(422, "out_of_range");
        assert_eq!(past.pointer(), "/scheduledFor");

        api.set_clock("2026-03-03T16:00:00Z");
        owner.patch(&format!("/api/campaigns/{campaign}"), json!({ "dailyCallLimit": 0 })).await.expect(200);
        let full =
            owner.post("/api/calls/place", wish(&campaign, &prospects[2])).await.problem(409, "daily_limit");
        assert_eq!(full.json["nextPossibleAt"], "2026-03-04T05:00:00Z");
        owner.patch(&format!("/api/campaigns/{campaign}"), json!({ "dailyCallLimit": 50 })).await.expect(200);

        owner.post("/api/dialing/stop", json!({})).await.expect(200);
        assert_eq!(
            owner.get("/api/dialing").await.expect(200).json,
            json!({ "stopped": true, "clockHolds": [], "quarantine": false })
        );
        owner.post("/api/calls/place", wish(&campaign, &prospects[2])).await.problem(409, "kill_switch");
        owner.post("/api/dialing/resume", json!({})).await.expect(200);

        owner.post(&format!("/api/campaigns/{campaign}/pause"), json!({})).await.expect(200);
        let paused = owner.post("/api/calls/place", wish(&campaign, &prospects[2])).await;
        assert_eq!(paused.problem(409, "campaign_state").json["reason"], "campaign_paused");
        owner.post(&format!("/api/campaigns/{campaign}/resume"), json!({})).await.expect(200);

        let phone = owner.get(&format!("/api/prospects/{}", prospects[2])).await.json["phone"].clone();
        owner.post("/api/do-not-call", json!({ "phone": phone })).await.expect(201);
        owner.post("/api/calls/place", wish(&campaign, &prospects[2])).await.problem(409, "do_not_call");
        owner.delete(&format!("/api/prospects/{}", prospects[1])).await.problem(409, "already_in_call");
    }
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_called() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let (campaign, prospects) = api.running_campaign(1).await;
    let nobody = format!("pro_{}", "0".repeat(32));
    owner.post("/api/calls/place", wish(&campaign, &nobody)).await.problem(404, "not_found");
    let wrong =
        owner.post("/api/calls/place", wish(&prospects[0], &prospects[0])).await.problem(422, "invalid_id");
    assert_eq!(wrong.pointer(), "/campaignId");
    owner.post("/api/calls/place", json!({ "campaignId": campaign })).await.problem(422, "required");
    let to = json!({ "campaignId": campaign, "prospectId": prospects[0], "to": "+12127365000" });
    owner.post("/api/calls/place", to).await.problem(400, "unknown_field");
}

#[tokio::test]
async fn the_next_few_are_placed_until_something_holds_them_all() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, _) = api.running_campaign(5).await;
        let path = format!("/api/campaigns/{campaign}/calls");
        let placed = owner.post(&path, json!({ "maxCalls": 2 })).await.expect(200);
        assert_eq!((&placed.json["scheduled"], &placed.json["failed"]), (&json!(2), &json!(0)));
        api.set_clock("2026-03-03T03:00:00Z");
        let held = owner.post(&path, json!({ "maxCalls": 9 })).await.expect(200);
        assert_eq!((&held.json["scheduled"], &held.json["failed"]), (&json!(0), &json!(1)));
        let error = &held.json["errors"][0];
        assert_eq!(
            (&error["code"], &error["nextPossibleAt"]),
            (&json!("outside_hours"), &json!("2026-03-03T14:00:00Z"))
        );
        owner.post(&path, json!({ "maxCalls": 0 })).await.problem(422, "out_of_range");
    }
}

#[tokio::test]
async fn only_the_wanted_outcomes_are_tried_again() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let (campaign, _) = api.running_campaign(1).await;
    let path = format!("/api/campaigns/{campaign}/retries");
    let retried = owner.post(&path, json!({})).await.expect(200);
    assert_eq!(retried.json, json!({ "retried": 0, "failed": 0, "errors": [] }));
    for (wish, code, pointer) in [
        (json!({ "maxRetries": 10 }), "out_of_range", "/maxRetries"),
        (json!({ "retryDelay": 0 }), "out_of_range", "/retryDelay"),
        (json!({ "retryDelay": 43_201 }), "out_of_range", "/retryDelay"),
        (json!({ "retryStatuses": ["completed"] }), "unknown_value", "/retryStatuses"),
    ] {
        assert_eq!(owner.post(&path, wish).await.problem(422, code).pointer(), pointer);
    }
}
