//! The life of a test through the API.

use domain::ids::CallId;
use serde_json::{Value, json};

use crate::support::api_client::{Client, Database, TestApi};

struct Ground {
    api: TestApi,
    campaign: String,
    people: Vec<String>,
    other: String,
}

impl Ground {
    async fn on(database: Database) -> Self {
        let api = TestApi::on(database).await;
        let (campaign, people) = api.running_campaign(6).await;
        let other = json!({ "name": "Other", "body": "Good day." });
        let other = api.as_owner().post("/api/scripts", other).await.expect(201).id();
        Self { api, campaign, people, other }
    }

    fn path(&self) -> String {
        format!("/api/campaigns/{}/experiment", self.campaign)
    }

    fn test(&self) -> Value {
        let arms = json!([{ "share": 2 }, { "scriptId": self.other, "voiceId": "Polly.Amy", "share": 1 }]);
        json!({ "goal": "responded", "arms": arms })
    }

    async fn script_of(&self, owner: &Client<'_>) -> String {
        let campaign = owner.get(&format!("/api/campaigns/{}", self.campaign)).await.expect(200);
        campaign.json["scriptId"].as_str().expect("a script").to_owned()
    }

    /// Calls somebody, as far as the carrier's answer is not needed.
    async fn call(&self, owner: &Client<'_>, person: &str) -> String {
        let place = json!({ "campaignId": self.campaign, "prospectId": person });
        let call = owner.post("/api/calls/place", place).await.expect(201).id();
        let id: CallId = call.parse().expect("an id");
        let armed = self.api.state.actions.arm(vec![id]).await.expect("arm");
        assert_eq!(armed.to_send.len(), 1, "{:?}", armed.held);
        call
    }
}

#[tokio::test]
async fn a_test_is_started_read_ended_and_its_better_arm_adopted() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let owner = ground.api.as_owner();
        let path = ground.path();
        let campaign = format!("/api/campaigns/{}", ground.campaign);
        owner.get(&path).await.problem(404, "not_found");
        let own = ground.script_of(&owner).await;
        let made = owner.put(&path, ground.test()).await.expect(201);
        let read = owner.get(&path).await.expect(200);
        assert_eq!(read.json, made.json);
        assert_eq!(
            owner.put(&path, ground.test()).await.expect(200).json,
            made.json,
            "a repeat changes nothing"
        );
        assert_eq!(owner.get(&campaign).await.json["experimentId"], made.json["id"]);
        for (pointer, value) in [
            ("/goal", json!("responded")),
            ("/arms/0/arm", json!("A")),
            ("/arms/0/scriptId", json!(own)),
            ("/arms/0/voiceId", Value::Null),
            ("/arms/1/scriptId", json!(ground.other)),
            ("/arms/1/scriptVersion", json!(1)),
            ("/arms/1/voiceId", json!("Polly.Amy")),
            ("/arms/1/share", json!(1)),
            ("/arms/1/reached", json!(0)),
            ("/arms/1/rate", Value::Null),
            ("/arms/1/highest", json!(1.0)),
            ("/verdict/outcome", json!("no_winner_yet")),
            ("/verdict/arm", Value::Null),
            ("/verdict/moreNeeded", Value::Null),
            ("/endedAt", Value::Null),
        ] {
            assert_eq!(read.json.pointer(pointer), Some(&value), "{pointer}");
        }

        ground.api.set_clock("2026-03-02T15:10:00Z");
        let ended = owner.post(&format!("{path}/end"), json!({ "adopt": "B" })).await.expect(200);
        assert_eq!(ended.json["adopted"], "B");
        assert_eq!(ended.json["endedAt"], "2026-03-02T15:10:00Z");
        let after = owner.get(&campaign).await.json;
        assert_eq!((&after["scriptId"], &after["voiceId"]), (&json!(ground.other), &json!("Polly.Amy")));
        assert_eq!(after["experimentId"], Value::Null);
        owner.post(&format!("{path}/end"), json!({})).await.problem(409, "no_experiment_running");
        assert_eq!(
            owner.get(&path).await.json["endedAt"],
            ended.json["endedAt"],
            "the last one is still there"
        );

        // What the campaign says now is B's: another test compares with that.
        let next = json!({ "goal": "confirmed", "arms": [{ "share": 1 }, { "scriptId": own, "share": 1 }] });
        let next = owner.put(&path, next).await.expect(201);
        assert_eq!(next.json["arms"][0]["scriptId"], json!(ground.other));
        let all = owner.get(&format!("{campaign}/experiments")).await.expect(200).json;
        let ids: Vec<_> = all["experiments"].as_array().expect("tests").iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, [&next.json["id"], &made.json["id"]]);
        let deeds = owner.get(&format!("{campaign}/activity")).await.json;
        let deeds: Vec<_> =
            deeds["activity"].as_array().expect("deeds").iter().map(|it| &it["action"]).collect();
        assert_eq!(deeds[..3], ["experiment.start", "experiment.end", "experiment.start"]);
    }
}

#[tokio::test]
async fn while_a_test_runs_nobody_changes_what_it_compares() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let owner = ground.api.as_owner();
        let path = ground.path();
        let campaign = format!("/api/campaigns/{}", ground.campaign);
        let own = ground.script_of(&owner).await;
        let made = owner.put(&path, ground.test()).await.expect(201);
        let mut other_shares = ground.test();
        other_shares["arms"][0]["share"] = json!(1);
        let mut one_more = ground.test();
        one_more["arms"].as_array_mut().expect("arms").push(json!({ "voiceId": "man", "share": 1 }));
        let mut other_goal = ground.test();
        other_goal["goal"] = json!("confirmed");
        for other in [other_shares, one_more, other_goal] {
            owner.put(&path, other).await.problem(409, "experiment_running");
        }
        for change in [
            json!({ "scriptId": ground.other }),
            json!({ "voiceId": "woman" }),
            json!({ "audioUrl": "https://example.com/a.mp3" }),
            json!({ "scriptId": null }),
        ] {
            owner.patch(&campaign, change).await.problem(409, "experiment_running");
        }
        owner.patch(&campaign, json!({ "name": "Summer", "scriptId": own })).await.expect(200);
        for script in [&own, &ground.other] {
            let script = format!("/api/scripts/{script}");
            owner.patch(&script, json!({ "body": "New words." })).await.problem(409, "experiment_running");
            owner.patch(&script, json!({ "name": "New name" })).await.expect(200);
        }
        assert_eq!(owner.get(&path).await.json, made.json);
        owner.post(&format!("{path}/end"), json!({})).await.expect(200);
        owner.patch(&format!("/api/scripts/{own}"), json!({ "body": "New words." })).await.expect(200);
        owner.patch(&campaign, json!({ "voiceId": "woman" })).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_no_test_is_refused_whole_and_at_its_place() {
    let ground = Ground::on(Database::Sqlite).await;
    let owner = ground.api.as_owner();
    let path = ground.path();
    let own = ground.script_of(&owner).await;
    let transfers = json!({ "name": "T", "body": "Press 2.", "menu": [{ "key": "2", "means": "transfer" }] });
    let transfers = owner.post("/api/scripts", transfers).await.expect(201).id();
    let nobody = format!("scr_{}", "0".repeat(32));
    let of = |arms: Value| json!({ "goal": "confirmed", "arms": arms });
    for (arms, pointer) in [
        (json!([{ "share": 1 }]), "/arms"),
        (
            json!(
                (0..9).map(|n| json!({ "voiceId": format!("Polly.N{n}"), "share": 1 })).collect::<Vec<_>>()
            ),
            "/arms",
        ),
        (json!([{ "share": 1 }, { "scriptId": ground.other, "share": 0 }]), "/arms"),
        (json!([{ "share": 1 }, { "scriptId": ground.other, "share": 1001 }]), "/arms"),
        (json!([{ "share": 1 }, { "scriptId": ground.other, "share": -1 }]), "/arms/1/share"),
        (json!([{ "share": 1 }, { "share": 1 }]), "/arms/1/scriptId"),
        (json!([{ "share": 1 }, { "scriptId": own, "share": 1 }]), "/arms/1/scriptId"),
        (json!([{ "share": 1 }, { "scriptId": nobody, "share": 1 }]), "/arms/1/scriptId"),
        (json!([{ "share": 1 }, { "scriptId": "scr_1", "share": 1 }]), "/arms/1/scriptId"),
        (json!([{ "share": 1 }, { "voiceId": "Donald", "share": 1 }]), "/arms/1/voiceId"),
    ] {
        let refused = owner.put(&path, of(arms.clone())).await.expect(422);
        assert_eq!(refused.pointer(), pointer, "{arms}");
    }
    let unsayable = of(json!([{ "share": 1 }, { "scriptId": transfers, "share": 1 }]));
    let refused = owner.put(&path, unsayable).await.expect(422);
    assert_eq!(refused.json["blockers"][0]["code"], "nobody_to_transfer_to");
    let unknown = json!({ "goal": "happy", "arms": [{ "share": 1 }, { "voiceId": "man", "share": 1 }] });
    assert_eq!(owner.put(&path, unknown).await.expect(422).pointer(), "/goal");
    owner.get(&path).await.problem(404, "not_found");

    owner.put(&path, ground.test()).await.expect(201);
    for (adopt, pointer) in [("C", "/adopt"), ("b", "/adopt"), ("AB", "/adopt")] {
        let refused = owner.post(&format!("{path}/end"), json!({ "adopt": adopt })).await.expect(422);
        assert_eq!(refused.pointer(), pointer, "{adopt}");
    }
    let stranger = ground.api.as_stranger().await;
    stranger.get(&path).await.problem(404, "not_found");
    stranger.put(&path, ground.test()).await.problem(404, "not_found");
    stranger.post(&format!("{path}/end"), json!({})).await.problem(404, "not_found");

    let plays = json!({ "name": "Sound", "audioUrl": "https://example.com/a.mp3" });
    let plays = owner.post("/api/campaigns", plays).await.expect(201).id();
    owner.put(&format!("/api/campaigns/{plays}/experiment"), ground.test()).await.problem(409, "plays_audio");
    let silent = owner.post("/api/campaigns", json!({ "name": "Silent" })).await.expect(201).id();
    let refused = owner.put(&format!("/api/campaigns/{silent}/experiment"), ground.test()).await.expect(422);
    assert_eq!(refused.pointer(), "/arms/0/scriptId");
}

#[tokio::test]
async fn calls_tell_their_arm_and_are_found_and_exported_by_it() {
    for database in Database::BOTH {
        let ground = Ground::on(database).await;
        let owner = ground.api.as_owner();
        let outside = ground.call(&owner, &ground.people[0]).await;
        let test = owner.put(&ground.path(), ground.test()).await.expect(201).id();
        for person in &ground.people[1..] {
            ground.call(&owner, person).await;
        }
        let all = owner.get(&format!("/api/calls?campaignId={}", ground.campaign)).await.expect(200);
        let all = all.json["calls"].as_array().expect("calls").clone();
        assert_eq!(all.len(), 6);
        let mut found = 0;
        for arm in ["A", "B", "A,B", "C"] {
            let asked = format!("/api/calls?campaignId={}&arm={arm}", ground.campaign);
            let listed = owner.get(&asked).await.expect(200).json;
            let expected: Vec<&Value> =
                all.iter().filter(|call| call["arm"].as_str().is_some_and(|it| arm.contains(it))).collect();
            assert_eq!(listed["calls"].as_array().expect("calls").iter().collect::<Vec<_>>(), expected);
            assert_eq!(listed["total"], expected.len());
            found += expected.len();
            let script = |call: &&Value| call["scriptId"] == json!(ground.other);
            match arm {
                "A" => assert!(!expected.iter().any(script)),
                "B" => assert!(expected.iter().all(script)),
                _ => {}
            }
            let path = format!("/campaigns/{}/calls.csv?arm={arm}", ground.campaign);
            let file = owner.get_text(&path).await;
            let mut lines = file.lines();
            assert!(lines.next().expect("a head").ends_with(",arm"));
            assert_eq!(lines.count(), expected.len(), "{file}");
        }
        assert_eq!(found, 10, "each but the one from before is in its arm, and in both");
        let before = owner.get(&format!("/api/calls/{outside}")).await.expect(200).json;
        assert_eq!((&before["arm"], &before["experimentId"]), (&Value::Null, &Value::Null));
        let within = all.iter().find(|call| call["id"] != json!(outside)).expect("a call");
        assert_eq!(within["experimentId"], json!(test));
        owner.get("/api/calls?arm=A").await.expect(400);
        owner.get(&format!("/api/calls?campaignId={}&arm=Z", ground.campaign)).await.expect(400);

        let shown = owner.get(&ground.path()).await.json;
        let people: i64 = shown["arms"]
            .as_array()
            .expect("arms")
            .iter()
            .map(|arm| arm["people"].as_i64().expect("a count"))
            .sum();
        assert_eq!(people, 5);
        let recount = ground.api.state.actions.store.recount().await.expect("recount");
        assert_eq!(recount.shown, Vec::<String>::new());
    }
}
