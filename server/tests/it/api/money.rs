//! Budgets, the cap per number and lost calls, as people set and meet them.

use prospectai::actions::calls::Outcome;
use serde_json::{Value, json};

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn a_budget_is_held_at_worst_case_and_refuses_what_it_does_not_cover() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(3).await;
        let path = format!("/api/campaigns/{campaign}");
        // Ten minutes at 0.0140: two calls fit into 0.30, three do not.
        let wanted = json!({ "budget": "0.30", "machineDetection": "off", "timeLimitSeconds": 600 });
        assert_eq!(owner.patch(&path, wanted).await.expect(200).json["budget"], "0.3000");
        let place = |nth: usize| json!({ "campaignId": campaign, "prospectId": prospects[nth] });
        let mut calls = Vec::new();
        for nth in 0..2 {
            let call = owner.post("/api/calls/place", place(nth)).await.expect(201).id();
            calls.push(call.parse().expect("an id"));
        }
        let actions = &api.state.actions;
        assert_eq!(actions.arm(calls.clone()).await.expect("armed").to_send.len(), 2);
        let schedule = owner.get(&format!("{path}/schedule")).await.expect(200);
        assert_eq!(schedule.json["spending"], json!({ "spent": "0.0000", "held": "0.2800" }));
        assert_eq!(schedule.json["spendingToday"], schedule.json["spending"]);
        let refused = owner.post("/api/calls/place", place(2)).await.problem(409, "budget");
        assert_eq!(
            (&refused.json["reason"], &refused.json["nextPossibleAt"]),
            (&json!("budget"), &Value::Null)
        );
        let prospect = owner.get(&format!("/api/prospects/{}", prospects[2])).await.expect(200);
        assert_eq!(prospect.json["hold"]["reason"], "budget");

        // What was not sent costs nothing.
        actions.record_outcome(calls[0], 0, Outcome::NotSent).await.expect("recorded");
        owner.post("/api/calls/place", place(2)).await.expect(201);
        for wrong in ["-1", "ten", "10000000.01", "0.0000001"] {
            owner.patch(&path, json!({ "dailyBudget": wrong })).await.problem(422, "out_of_range");
        }
        owner.patch(&path, json!({ "budget": null })).await.expect(200);
        assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_workspace_has_a_cap_per_number_and_a_budget_for_all_its_campaigns() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let before = owner.get("/api/workspace").await.expect(200);
        assert_eq!((&before.json["frequencyCap"], &before.json["dailyBudget"]), (&json!(3), &Value::Null));
        let changed =
            owner.patch("/api/workspace", json!({ "frequencyCap": 1, "dailyBudget": "0.20" })).await;
        assert_eq!(changed.expect(200).json["frequencyCap"], 1);
        for wrong in
            [json!({ "frequencyCap": 0 }), json!({ "frequencyCap": 21 }), json!({ "dailyBudget": "x" })]
        {
            owner.patch("/api/workspace", wrong).await.problem(422, "out_of_range");
        }
        let (campaign, prospects) = api.running_campaign(2).await;
        let place = |nth: usize| json!({ "campaignId": campaign, "prospectId": prospects[nth] });
        let call = owner.post("/api/calls/place", place(0)).await.expect(201).id().parse().expect("an id");
        let actions = &api.state.actions;
        assert_eq!(actions.arm(vec![call]).await.expect("armed").to_send.len(), 1);
        let second = owner.post("/api/calls/place", place(1)).await.problem(409, "budget");
        assert_eq!(second.json["reason"], "daily_budget");
        assert_eq!(second.json["nextPossibleAt"], "2026-03-03T14:00:00Z".replace("14", "00"));

        owner.patch("/api/workspace", json!({ "dailyBudget": null })).await.expect(200);
        let not_found = json!({ "outcome": "not_placed", "reason": "Looked it up.", "confirm": true });
        let resolve = format!("/api/calls/{call}/resolve");
        owner.post(&resolve, not_found.clone()).await.problem(409, "outcome_known");
        actions.record_outcome(call, 0, Outcome::Unknown).await.expect("recorded");
        let held = owner.get(&format!("/api/prospects/{}", prospects[0])).await.expect(200);
        assert_eq!(held.json["status"], "held");
        let placed = json!({ "outcome": "placed", "reason": "It is in the log.", "confirm": true });
        owner.post(&resolve, placed).await.problem(422, "required");
        owner
            .post(&resolve, json!({ "outcome": "not_placed", "reason": "x", "confirm": false }))
            .await
            .problem(422, "required");
        let settled = owner.post(&resolve, not_found).await.expect(200);
        assert_eq!(settled.json["status"], "failed");
        let freed = owner.get(&format!("/api/prospects/{}", prospects[0])).await.expect(200);
        assert_eq!((&freed.json["status"], &freed.json["attempts"]), (&json!("ready"), &json!(1)));
        assert_eq!(actions.store.recount().await.expect("recount").shown, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_number_rung_as_often_as_it_may_be_waits_whatever_campaign_wants_it() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        owner.patch("/api/workspace", json!({ "frequencyCap": 1 })).await.expect(200);
        let (first, prospects) = api.running_campaign(1).await;
        let phone = owner.get(&format!("/api/prospects/{}", prospects[0])).await.json["phone"].clone();
        let (second, _) = api.running_campaign(1).await;
        let twin = json!({ "firstName": "Twin", "phone": phone });
        let twin = owner.post(&format!("/api/campaigns/{second}/prospects"), twin).await.expect(201).id();
        let place = json!({ "campaignId": first, "prospectId": prospects[0] });
        let call = owner.post("/api/calls/place", place).await.expect(201).id().parse().expect("an id");
        let actions = &api.state.actions;
        actions.arm(vec![call]).await.expect("armed");
        actions.record_outcome(call, 0, Outcome::Unknown).await.expect("recorded");
        let found = json!({
            "outcome": "placed", "twilioCallSid": format!("CA{:032x}", 7), "reason": "In the log.", "confirm": true,
        });
        owner.post(&format!("/api/calls/{call}/resolve"), found).await.expect(200);
        owner.post(&format!("/api/calls/{call}/cancel"), json!({})).await.expect(200);

        let again = json!({ "campaignId": second, "prospectId": twin });
        let refused = owner.post("/api/calls/place", again).await.problem(409, "frequency_cap");
        assert_eq!(refused.json["nextPossibleAt"], "2026-03-03T15:01:30Z");
    }
}
