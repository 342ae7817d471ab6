//! Why people are not rung, in counts: in every state that a campaign passes through they add up to its list, each lists
//! exactly its people, and each of those people is told the same reason by themselves.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::api_client::{Client, Database, TestApi};

/// The counts by reason, after they were held against the list and against every person in it.
async fn counted(owner: &Client<'_>, campaign: &str) -> BTreeMap<String, u64> {
    let holds = owner.get(&format!("/api/campaigns/{campaign}/holds")).await.expect(200).json;
    let list = owner.get(&format!("/api/campaigns/{campaign}/prospects?limit=200")).await.expect(200).json;
    assert_eq!(holds["people"], list["total"], "{holds}");
    let mut counts = BTreeMap::new();
    let mut listed = 0;
    for reason in holds["reasons"].as_array().expect("reasons") {
        let (code, people) =
            (reason["reason"].as_str().expect("a word"), reason["people"].as_u64().expect("a count"));
        let told = people_of(owner, campaign, code).await;
        assert_eq!(told.len() as u64, people, "{code}: {told:?}");
        assert!(told.iter().all(|own| own == code), "{code}, but by themselves {told:?}");
        listed += people;
        counts.insert(code.to_owned(), people);
    }
    assert_eq!(holds["people"], listed, "{holds}");
    counts
}

/// The reason that each person has by themselves, of those whom a reason lists, two at a time.
async fn people_of(owner: &Client<'_>, campaign: &str, code: &str) -> Vec<String> {
    let first = format!("/api/campaigns/{campaign}/prospects?why={code}&limit=2");
    let (mut told, mut path) = (Vec::new(), first.clone());
    loop {
        let page = owner.get(&path).await.expect(200).json;
        for prospect in page["prospects"].as_array().expect("prospects") {
            told.push(prospect["hold"]["reason"].as_str().unwrap_or("none").to_owned());
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return told,
        }
    }
}

fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.into_iter().map(|(code, people)| (code.to_owned(), people)).collect()
}

#[tokio::test]
async fn the_counts_add_up_to_the_list_in_every_state_a_campaign_passes_through() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (owner, actions) = (api.as_owner(), &api.state.actions);
        let (campaign, people) = api.running_campaign(6).await;
        let path = format!("/api/campaigns/{campaign}");
        assert_eq!(counted(&owner, &campaign).await, counts([("none", 6)]));

        // One in a call, which another campaign's prospect with the same number waits for.
        let number =
            owner.get(&format!("/api/prospects/{}", people[0])).await.expect(200).json["phone"].clone();
        let (other, _) = api.running_campaign(1).await;
        owner
            .post(&format!("/api/campaigns/{other}/prospects"), json!({ "phone": number }))
            .await
            .expect(201);
        let place = json!({ "campaignId": campaign, "prospectId": people[0] });
        let call = owner.post("/api/calls/place", place).await.expect(201).id().parse().expect("an id");
        assert_eq!(actions.arm(vec![call]).await.expect("armed").to_send.len(), 1);
        assert_eq!(counted(&owner, &campaign).await, counts([("in_call", 1), ("none", 5)]));
        assert_eq!(counted(&owner, &other).await, counts([("number_in_call", 1), ("none", 1)]));

        // Its outcome is not known; somebody is on the list, somebody is taken off, somebody is passed over.
        actions.doubt(vec![call]).await.expect("doubted");
        let listed =
            owner.get(&format!("/api/prospects/{}", people[1])).await.expect(200).json["phone"].clone();
        owner.post("/api/do-not-call", json!({ "phone": listed })).await.expect(201);
        owner.delete(&format!("/api/prospects/{}", people[2])).await.expect(204);
        owner.post(&format!("{path}/queue/skip"), json!({ "prospectIds": [people[3]] })).await.expect(200);
        let as_they_stand =
            [("outcome_unknown", 1), ("do_not_call", 1), ("removed", 1), ("not_due", 1), ("none", 2)];
        assert_eq!(counted(&owner, &campaign).await, counts(as_they_stand));

        // Taken off and then listed: the list wins.
        let gone =
            owner.get(&format!("/api/prospects/{}", people[2])).await.expect(200).json["phone"].clone();
        owner.post("/api/do-not-call", json!({ "phone": gone })).await.expect(201);
        let standing =
            |of_those_due| counts([("outcome_unknown", 1), ("do_not_call", 2), of_those_due, ("not_due", 1)]);
        assert_eq!(counted(&owner, &campaign).await, standing(("none", 2)));

        // What holds everybody holds those who would be rung otherwise.
        owner.patch(&path, json!({ "dailyCallLimit": 1 })).await.expect(200);
        assert_eq!(counted(&owner, &campaign).await, standing(("daily_limit", 2)));
        owner.patch(&path, json!({ "dailyCallLimit": 50, "budget": "0.01" })).await.expect(200);
        assert_eq!(counted(&owner, &campaign).await, standing(("budget", 2)));
        owner.patch(&path, json!({ "budget": null })).await.expect(200);
        owner.post("/api/dialing/stop", json!({})).await.expect(200);
        let held = |reason| counts([("do_not_call", 2), ("outcome_unknown", 1), (reason, 3)]);
        assert_eq!(counted(&owner, &campaign).await, held("kill_switch"));
        owner.post("/api/dialing/resume", json!({})).await.expect(200);
        owner.post(&format!("{path}/pause"), json!({})).await.expect(200);
        assert_eq!(counted(&owner, &campaign).await, held("campaign_paused"));
        owner.post(&format!("{path}/resume"), json!({})).await.expect(200);
        api.set_clock("2026-03-03T03:00:00Z");
        assert_eq!(counted(&owner, &campaign).await, standing(("window_closed", 2)));

        // The queue is cleared and put back.
        owner.post(&format!("{path}/queue/clear"), json!({})).await.expect(200);
        let cleared = counts([("do_not_call", 2), ("outcome_unknown", 1), ("removed", 3)]);
        assert_eq!(counted(&owner, &campaign).await, cleared);
        owner.post(&format!("{path}/queue/restore"), json!({})).await.expect(200);
        assert_eq!(counted(&owner, &campaign).await, standing(("window_closed", 2)));
    }
}

#[tokio::test]
async fn a_number_at_its_cap_and_one_without_a_price_are_counted_as_such() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (owner, actions) = (api.as_owner(), &api.state.actions);
        owner.patch("/api/workspace", json!({ "frequencyCap": 1 })).await.expect(200);
        let (campaign, people) = api.running_campaign(3).await;
        let number =
            owner.get(&format!("/api/prospects/{}", people[0])).await.expect(200).json["phone"].clone();
        let (other, _) = api.running_campaign(1).await;
        owner
            .post(&format!("/api/campaigns/{other}/prospects"), json!({ "phone": number }))
            .await
            .expect(201);
        let place = json!({ "campaignId": campaign, "prospectId": people[0] });
        let call: domain::ids::CallId =
            owner.post("/api/calls/place", place).await.expect(201).id().parse().expect("an id");
        actions.arm(vec![call]).await.expect("armed");
        assert_eq!(counted(&owner, &other).await, counts([("frequency_cap", 1), ("none", 1)]));

        // A budget asks for the price of each number: one is known for +1 only.
        owner
            .post(&format!("/api/campaigns/{other}/prospects"), json!({ "phone": "+12127365990" }))
            .await
            .expect(201);
        owner.patch(&format!("/api/campaigns/{other}"), json!({ "budget": "100" })).await.expect(200);
        assert_eq!(counted(&owner, &other).await, counts([("frequency_cap", 1), ("none", 2)]));
    }
}

#[tokio::test]
async fn a_draft_and_an_empty_campaign_add_up_too() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let campaign = owner.post("/api/campaigns", json!({ "name": "Empty" })).await.expect(201).id();
        assert_eq!(counted(&owner, &campaign).await, counts([]));
        let person = json!({ "phone": api.new_number() });
        owner.post(&format!("/api/campaigns/{campaign}/prospects"), person).await.expect(201);
        assert_eq!(counted(&owner, &campaign).await, counts([("campaign_draft", 1)]));
        let path = format!("/api/campaigns/{campaign}/prospects?why=campaign_draft");
        owner.get(&format!("{path}&status=ready")).await.problem(400, "invalid_parameter");
        assert_eq!(
            owner.get(&format!("/api/campaigns/{campaign}/prospects?why=busy")).await.expect(200).json["total"],
            0
        );
    }
}
