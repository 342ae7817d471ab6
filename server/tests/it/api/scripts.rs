//! Scripts: texts with keys, steps of a call, and their versions.

use serde_json::{Value, json};

use crate::support::api_client::{Database, TestApi};

fn steps() -> Value {
    json!([
        { "do": "say", "name": "hello", "text": "This is Acme.", "then": "menu" },
        { "do": "ask", "name": "menu", "text": "Press 1 or 9.", "waitSeconds": 4, "tries": 2,
          "keys": [{ "key": "1", "reaction": "confirmed", "then": "bye" }, { "key": "9", "reaction": "opted_out" }],
          "otherwise": "note" },
        { "do": "take_message", "name": "note", "longestSeconds": 30, "then": "bye" },
        { "do": "hang_up", "name": "bye" },
    ])
}

#[tokio::test]
async fn what_a_script_says_comes_back_as_it_was_written_and_each_change_is_a_version() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let menu = json!([
            { "key": "9", "means": "opt_out", "reply": "Done." },
            { "key": "*", "means": "hear_again" },
        ]);
        let new = json!({ "name": "Renewal", "body": "Hello.", "menu": menu, "voicemail": "Call back.",
            "whisper": "{{ firstName | default(\"Somebody\") }} is on the line." });
        let made = owner.post("/api/scripts", new).await.expect(201).json;
        let path = format!("/api/scripts/{}", made["id"].as_str().expect("an id"));
        assert_eq!(
            (&made["menu"], &made["voicemail"], &made["version"]),
            (&menu, &json!("Call back."), &json!(1))
        );
        assert_eq!(made["whisper"], json!("{{ firstName | default(\"Somebody\") }} is on the line."));
        assert_eq!(owner.get(&path).await.expect(200).json, made);

        let renamed = owner.patch(&path, json!({ "name": "Other" })).await.expect(200).json;
        assert_eq!((&renamed["version"], &renamed["menu"]), (&json!(1), &menu));
        let changed = owner.patch(&path, json!({ "voicemail": null })).await.expect(200).json;
        assert_eq!((&changed["version"], &changed["voicemail"]), (&json!(2), &Value::Null));
        let own = owner.patch(&path, json!({ "steps": steps() })).await.expect(200).json;
        assert_eq!((&own["version"], &own["steps"]), (&json!(3), &steps()));
        assert_eq!((&own["body"], &own["menu"]), (&json!(""), &json!([])));
        let text = owner.patch(&path, json!({ "body": "Hello again." })).await.expect(200).json;
        assert_eq!((&text["steps"], &text["body"]), (&Value::Null, &json!("Hello again.")));
    }
}

#[tokio::test]
async fn what_cannot_be_said_or_followed_is_refused_with_its_place() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let step = |step: Value| json!({ "name": "x", "steps": [step] });
    for (script, code, pointer) in [
        (json!({ "name": "x" }), "required", "/body"),
        (json!({ "name": "x", "body": "Hello.", "steps": steps() }), "conflict", "/steps"),
        (
            json!({ "name": "x", "body": "Hello.", "menu": [{ "key": "a", "means": "confirm" }] }),
            "call_flow",
            "/menu",
        ),
        (
            json!({ "name": "x", "body": "Hello.", "menu": [{ "key": "1", "means": "dance" }] }),
            "call_flow",
            "/menu",
        ),
        (
            json!({ "name": "x", "body": "Hello.", "menu": [
                { "key": "1", "means": "confirm" }, { "key": "1", "means": "opt_out" }] }),
            "call_flow",
            "/menu",
        ),
        (
            json!({ "name": "x", "body": "Hello.", "menu": [{ "key": "1", "means": "confirm", "reply": "{{ x" }] }),
            "script_broken",
            "/menu/0/reply",
        ),
        (json!({ "name": "x", "body": "Hello.", "voicemail": "{% x %}" }), "script_broken", "/voicemail"),
        (json!({ "name": "x", "steps": [] }), "call_flow", "/steps"),
        (step(json!({ "do": "say", "name": "a", "text": "Hi.", "then": "a" })), "call_flow", "/steps"),
        (step(json!({ "do": "transfer", "name": "a", "ringSeconds": 20 })), "call_flow", "/steps"),
        (step(json!({ "do": "say", "name": "a", "text": "{{ x" })), "script_broken", "/steps/0/text"),
        (
            step(json!({ "do": "play", "name": "a", "url": "http://169.254.169.254/" })),
            "url_not_allowed",
            "/steps/0/url",
        ),
        (
            step(
                json!({ "do": "ask", "name": "a", "text": "Hi.", "keys": [{ "key": "1", "reaction": "transferred" }] }),
            ),
            "call_flow",
            "/steps",
        ),
    ] {
        let answer = owner.post("/api/scripts", script.clone()).await.expect(422);
        let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
        let found = errors.iter().any(|error| error["code"] == code && error["pointer"] == pointer);
        assert!(found, "{script}: {errors:?}");
    }
    let unknown = step(json!({ "do": "dance", "name": "a" }));
    owner.post("/api/scripts", unknown).await.expect(422);
}

#[tokio::test]
async fn a_launch_says_what_the_script_needs_of_its_campaign() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let menu = json!([{ "key": "1", "means": "transfer" }]);
    let script = json!({ "name": "x", "body": "Hello.", "menu": menu, "voicemail": "Call back." });
    let script = owner.post("/api/scripts", script).await.expect(201).id();
    let campaign = json!({ "name": "Spring", "scriptId": script });
    let campaign = owner.post("/api/campaigns", campaign).await.expect(201).id();
    let path = format!("/api/campaigns/{campaign}");
    let blockers = async || {
        let refused = owner.post(&format!("{path}/launch"), json!({})).await.expect(422).json;
        let blockers = refused["blockers"].as_array().expect("blockers").iter();
        blockers.map(|blocker| blocker["code"].as_str().expect("a code").to_owned()).collect::<Vec<_>>()
    };
    let before = blockers().await;
    for code in ["nobody_to_transfer_to", "voicemail_undetected"] {
        assert!(before.contains(&code.to_owned()), "{before:?}");
    }
    owner
        .patch(&path, json!({ "transferTo": "+1 900 555 0100" }))
        .await
        .problem(422, "destination_forbidden");
    let fits = json!({ "transferTo": "+1 212 555 0142", "machineDetection": "detect_message_end" });
    let changed = owner.patch(&path, fits).await.expect(200).json;
    assert_eq!(changed["transferTo"], "+12125550142");
    let after = blockers().await;
    let left: Vec<String> = before.into_iter().filter(|code| after.contains(code)).collect();
    assert_eq!(after, left);
    assert!(!after.iter().any(|code| code == "nobody_to_transfer_to" || code == "voicemail_undetected"));
}

#[tokio::test]
async fn a_sales_campaign_is_launched_only_with_what_the_law_wants_people_to_hear() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let script = json!({ "name": "x", "body": "Hello, we sell.", "voicemail": "Call back." });
        let script = owner.post("/api/scripts", script).await.expect(201).id();
        let campaign = json!({ "name": "Spring", "scriptId": script, "purpose": "marketing" });
        let made = owner.post("/api/campaigns", campaign).await.expect(201);
        assert_eq!((&made.json["purpose"], &made.json["callerName"]), (&json!("marketing"), &Value::Null));
        let path = format!("/api/campaigns/{}", made.id());
        let lacks = async || {
            let refused = owner.post(&format!("{path}/launch"), json!({})).await.expect(422).json;
            let blockers = refused["blockers"].as_array().expect("blockers").iter();
            let codes = blockers.map(|blocker| blocker["code"].as_str().expect("a code").to_owned());
            let law = ["opt_out_missing", "caller_unnamed", "not_identified", "voicemail_without_number"];
            codes.filter(|code| law.contains(&code.as_str())).collect::<Vec<_>>()
        };
        assert_eq!(lacks().await, ["caller_unnamed", "opt_out_missing", "voicemail_without_number"]);
        owner.patch(&path, json!({ "callerName": "Acme" })).await.expect(200);
        assert_eq!(lacks().await, ["not_identified", "opt_out_missing", "voicemail_without_number"]);
        let lawful = json!({ "body": "Hello, this is Acme. We sell.", "voicemail": "Acme. Call 800 555 0100.",
            "menu": [{ "key": "9", "means": "opt_out" }] });
        owner.patch(&format!("/api/scripts/{script}"), lawful).await.expect(200);
        assert_eq!(lacks().await, Vec::<String>::new());
        owner.patch(&path, json!({ "purpose": "charity" })).await.expect(422);
        let unsaid =
            owner.patch(&path, json!({ "purpose": null, "callerName": null })).await.expect(200).json;
        assert_eq!((&unsaid["purpose"], &unsaid["callerName"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn a_preview_says_how_long_a_text_takes_and_what_such_a_call_costs() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    // 91 seconds are two minutes of Twilio's, at $0.0140 each, and detection is $0.0075.
    let script = json!({ "name": "x", "body": "x".repeat(91 * 15) });
    let script = owner.post("/api/scripts", script).await.expect(201).id();
    let campaign = json!({ "name": "Spring", "scriptId": script, "machineDetection": "enable" });
    let campaign = owner.post("/api/campaigns", campaign).await.expect(201).id();
    let people = format!("/api/campaigns/{campaign}/prospects");
    let preview = async |phone: &str| {
        let person = json!({ "firstName": "Ada", "phone": phone });
        let person = owner.post(&people, person).await.expect(201).id();
        let wanted = json!({ "prospectId": person });
        owner.post(&format!("/api/scripts/{script}/preview"), wanted).await.expect(200).json
    };
    let near = preview("+1 212 555 0142").await;
    assert_eq!((&near["seconds"], &near["cost"]), (&json!(91), &json!("0.0355")));
}
