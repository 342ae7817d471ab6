//! The life of a campaign through the API.

use serde_json::{Value, json};

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn a_new_campaign_has_the_defaults_of_the_contract() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let made = owner.post("/api/campaigns", json!({ "name": "  Spring " })).await.expect(201);
        let read = owner.get(&format!("/api/campaigns/{}", made.id())).await.expect(200);
        for (field, value) in [
            ("name", json!("Spring")),
            ("status", json!("draft")),
            ("dailyCallLimit", json!(50)),
            ("callWindowStart", json!("09:00")),
            ("callWindowEnd", json!("17:00")),
            ("timezone", json!("America/New_York")),
            ("ringTimeoutSeconds", json!(30)),
            ("timeLimitSeconds", json!(600)),
            ("machineDetection", json!("off")),
            ("recording", json!("off")),
            ("recordingConsent", json!("announce")),
            ("recordingNotice", json!("This call is recorded.")),
            ("defaultRegion", json!("US")),
            ("metadata", json!({})),
            ("scriptId", Value::Null),
            ("launchedAt", Value::Null),
            ("createdAt", json!("2026-03-02T15:00:00Z")),
        ] {
            assert_eq!(read.json[field], value, "{field}");
        }
        assert_eq!(read.json["prospects"]["ready"], 0);
        assert_eq!(owner.get("/api/campaigns").await.expect(200).json["campaigns"][0]["id"], made.json["id"]);
    }
}

#[tokio::test]
async fn what_people_are_told_of_a_recording_belongs_to_campaigns_that_tell_them() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let id = owner.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201).id();
        let path = format!("/api/campaigns/{id}");
        let told = async |change: Value| {
            let changed = owner.patch(&path, change).await.expect(200).json;
            (changed["recordingConsent"].clone(), changed["recordingNotice"].clone())
        };
        let silent = "record_only_where_one_party_suffices";
        let ours = json!("This call is recorded.");
        assert_eq!(
            told(json!({ "recordingNotice": " We tape. " })).await,
            (json!("announce"), json!("We tape."))
        );
        assert_eq!(told(json!({ "recording": "dual" })).await.1, "We tape.");
        assert_eq!(told(json!({ "recordingNotice": null })).await, (json!("announce"), ours.clone()));
        assert_eq!(told(json!({ "recordingConsent": silent })).await, (json!(silent), Value::Null));
        let both = json!({ "recordingNotice": "We tape." });
        assert_eq!(owner.patch(&path, both).await.problem(422, "conflict").pointer(), "/recordingNotice");
        assert_eq!(told(json!({ "recordingConsent": "announce" })).await, (json!("announce"), ours));
        let long = json!({ "recordingNotice": "x".repeat(301) });
        assert_eq!(owner.patch(&path, long).await.problem(422, "too_long").pointer(), "/recordingNotice");
    }
}

#[tokio::test]
async fn what_is_left_out_of_a_change_stays_and_null_empties() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let rules = json!({ "maxAttempts": 2, "rules": { "busy": { "delayMinutes": 7 } } });
        let campaign = json!({
            "name": "Spring", "audioUrl": "https://example.com/a.mp3", "retryPolicy": rules,
            "metadata": { "team": "east" }, "voiceId": "Polly.Joanna",
        });
        let id = owner.post("/api/campaigns", campaign).await.expect(201).id();
        let path = format!("/api/campaigns/{id}");
        let change = json!({ "callWindowEnd": "20:00", "audioUrl": null, "dailyCallLimit": 9 });
        let changed = owner.patch(&path, change).await.expect(200);
        for (field, value) in [
            ("callWindowStart", json!("09:00")),
            ("callWindowEnd", json!("20:00")),
            ("audioUrl", Value::Null),
            ("dailyCallLimit", json!(9)),
            ("voiceId", json!("Polly.Joanna")),
            ("metadata", json!({ "team": "east" })),
        ] {
            assert_eq!(changed.json[field], value, "{field}");
        }
        let busy = json!({ "delayMinutes": 7, "growthPercent": 100, "otherHalfOfDay": false });
        assert_eq!(changed.json["retryPolicy"], json!({ "maxAttempts": 2, "rules": { "busy": busy } }));
        owner.patch(&path, json!({ "status": "active" })).await.problem(400, "unknown_field");
    }
}

#[tokio::test]
async fn a_change_of_what_was_read_before_somebody_elses_change_is_refused() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let id = owner.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201).id();
    let path = format!("/api/campaigns/{id}");
    let tag = owner.get(&path).await.expect(200).header("etag").to_owned();
    api.set_clock("2026-03-02T15:00:01Z");
    let mine = owner.clone().with("if-match", &tag);
    mine.patch(&path, json!({ "name": "Mine" })).await.expect(200);
    mine.patch(&path, json!({ "name": "Mine again" })).await.problem(412, "stale");
}

#[tokio::test]
async fn a_launch_lists_everything_that_is_missing_and_then_happens_once() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let id = owner.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201).id();
        let path = format!("/api/campaigns/{id}");
        let refused = owner.post(&format!("{path}/launch"), json!({})).await.expect(422);
        let blockers = refused.json["blockers"].as_array().expect("blockers").iter();
        let blockers: Vec<_> = blockers.map(|blocker| blocker["code"].as_str().expect("a code")).collect();
        assert_eq!(blockers, ["no_prospects", "nothing_to_say"]);
        owner.post(&format!("{path}/pause"), json!({})).await.problem(409, "campaign_state");
        owner.patch(&path, json!({ "audioUrl": "https://example.com/a.mp3" })).await.expect(200);
        owner.post(&format!("{path}/prospects"), json!({ "phone": api.new_number() })).await.expect(201);
        for _ in 0..2 {
            let launched = owner.post(&format!("{path}/launch"), json!({})).await.expect(200);
            assert_eq!(launched.json["status"], "active");
        }
        owner.delete(&path).await.problem(409, "campaign_state");
        assert_eq!(
            owner.post(&format!("{path}/pause"), json!({})).await.expect(200).json["status"],
            "paused"
        );
        assert_eq!(
            owner.post(&format!("{path}/resume"), json!({})).await.expect(200).json["status"],
            "active"
        );
        let activity = owner.get(&format!("{path}/activity")).await.expect(200);
        let deeds = activity.json["activity"].as_array().expect("deeds").iter();
        let deeds: Vec<_> = deeds.map(|deed| deed["action"].as_str().expect("an action")).collect();
        assert_eq!(
            deeds,
            [
                "campaign.resume",
                "campaign.pause",
                "campaign.launch",
                "prospects.add",
                "campaign.change",
                "campaign.create"
            ]
        );
        owner.post(&format!("{path}/pause"), json!({})).await.expect(200);
        owner.delete(&path).await.expect(204);
        owner.get(&path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_prospect_says_why_nobody_rings_them() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let (campaign, prospects) = api.running_campaign(2).await;
        let path = format!("/api/prospects/{}", prospects[0]);
        assert_eq!(owner.get(&path).await.expect(200).json["hold"], Value::Null);

        api.set_clock("2026-03-02T23:00:00Z");
        let hold = owner.get(&path).await.expect(200).json["hold"].clone();
        assert_eq!(
            (&hold["reason"], &hold["until"]),
            (&json!("window_closed"), &json!("2026-03-03T14:00:00Z"))
        );
        assert_eq!(hold["gates"].as_array().map(Vec::len), Some(12));

        owner.post(&format!("/api/campaigns/{campaign}/pause"), json!({})).await.expect(200);
        assert_eq!(owner.get(&path).await.expect(200).json["hold"]["reason"], "campaign_paused");

        let phone = owner.get(&path).await.json["phone"].as_str().expect("a number").to_owned();
        owner.post("/api/do-not-call", json!({ "phone": phone, "reason": "asked" })).await.expect(201);
        owner.post("/api/do-not-call", json!({ "phone": phone })).await.expect(200);
        let listed =
            owner.get(&format!("/api/campaigns/{campaign}/prospects?status=do_not_call")).await.expect(200);
        assert_eq!(
            (&listed.json["total"], &listed.json["prospects"][0]["id"]),
            (&json!(1), &json!(prospects[0]))
        );
        assert_eq!(listed.json["prospects"][0]["hold"]["reason"], "do_not_call");

        let changed = json!({ "firstName": "Ada", "phone": api.new_number() });
        let changed = owner.patch(&path, changed).await.expect(200);
        assert_eq!((&changed.json["firstName"], &changed.json["status"]), (&json!("Ada"), &json!("ready")));
        let found = owner.get(&format!("/api/campaigns/{campaign}/prospects?q=aDA")).await.expect(200);
        assert_eq!(found.json["total"], 1);
        owner.patch(&path, json!({ "firstName": null })).await.expect(200);
        owner.delete(&path).await.expect(204);
        assert_eq!(owner.get(&path).await.expect(200).json["status"], "removed");
        assert_eq!(owner.get("/api/do-not-call").await.json["entries"][0]["reason"], "asked");
    }
}
