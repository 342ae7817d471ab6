//! What cannot be used, and what the answer says: a row of the catalogue each.

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::support::api_client::{Database, TestApi};

#[tokio::test]
async fn a_campaign_that_cannot_be_is_refused_with_the_place_and_the_reason() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let week = |windows: Value| json!({ "callingWindows": windows });
    for (fields, code, pointer) in [
        (json!({ "timezone": "EST" }), "unknown_timezone", "/timezone"),
        (json!({ "timezone": "GMT+5" }), "unknown_timezone", "/timezone"),
        (json!({ "timezone": "Mars/Base" }), "unknown_timezone", "/timezone"),
        (json!({ "timezone": "" }), "unknown_timezone", "/timezone"),
        (json!({ "timezone": null }), "required", "/timezone"),
        (json!({ "callWindowStart": "09:00", "callWindowEnd": "09:00" }), "invalid_window", "/callWindowEnd"),
        (json!({ "callWindowEnd": "24:01" }), "invalid_window", "/callWindowEnd"),
        (json!({ "callWindowStart": "9:00" }), "invalid_window", "/callWindowStart"),
        (json!({ "callWindowStart": "24:00" }), "invalid_window", "/callWindowStart"),
        (week(json!({})), "never_open", "/callingWindows"),
        (
            week(json!({ "monday": [{ "start": "09:00", "end": "25:00" }] })),
            "invalid_window",
            "/callingWindows/monday/0",
        ),
        (json!({ "dailyCallLimit": -1 }), "out_of_range", "/dailyCallLimit"),
        (json!({ "dailyCallLimit": 1_000_000_000_000_u64 }), "out_of_range", "/dailyCallLimit"),
        (json!({ "dailyCallLimit": "50" }), "wrong_type", "/dailyCallLimit"),
        (json!({ "dailyCallLimit": 1.5 }), "wrong_type", "/dailyCallLimit"),
        (
            json!({ "retryPolicy": { "maxAttempts": 0, "rules": {} } }),
            "out_of_range",
            "/retryPolicy/maxAttempts",
        ),
        (
            json!({ "retryPolicy": { "maxAttempts": 100, "rules": {} } }),
            "out_of_range",
            "/retryPolicy/maxAttempts",
        ),
        (
            json!({ "retryPolicy": { "maxAttempts": 3, "rules": { "busy": { "delayMinutes": 0 } } } }),
            "out_of_range",
            "/retryPolicy/rules/busy/delayMinutes",
        ),
        (
            json!({ "retryPolicy": { "maxAttempts": 3, "rules": { "human_answered": { "delayMinutes": 5 } } } }),
            "never_retried",
            "/retryPolicy/rules/human_answered",
        ),
        (
            json!({ "retryPolicy": { "maxAttempts": 3, "rules": { "maybe": { "delayMinutes": 5 } } } }),
            "unknown_value",
            "/retryPolicy/rules/maybe",
        ),
        (json!({ "ringTimeoutSeconds": 14 }), "out_of_range", "/ringTimeoutSeconds"),
        (json!({ "ringTimeoutSeconds": 61 }), "out_of_range", "/ringTimeoutSeconds"),
        (json!({ "timeLimitSeconds": 29 }), "out_of_range", "/timeLimitSeconds"),
        (json!({ "timeLimitSeconds": 3601 }), "out_of_range", "/timeLimitSeconds"),
        (json!({ "machineDetection": "maybe" }), "unknown_value", "/machineDetection"),
        (json!({ "recording": "stereo" }), "unknown_value", "/recording"),
        (json!({ "callerId": "+1 555" }), "invalid_number", "/callerId"),
        (json!({ "defaultRegion": "Mars" }), "unknown_region", "/defaultRegion"),
        (json!({ "voiceId": "Nobody" }), "unknown_voice", "/voiceId"),
        (json!({ "audioUrl": "file:///etc/passwd" }), "url_not_allowed", "/audioUrl"),
        (json!({ "audioUrl": "http://example.com/a.mp3" }), "url_not_allowed", "/audioUrl"),
        (json!({ "audioUrl": "https://user:pass@example.com/a.mp3" }), "url_not_allowed", "/audioUrl"),
        (json!({ "audioUrl": "https://0x7f.1/a.mp3" }), "url_not_allowed", "/audioUrl"),
        (json!({ "audioUrl": "https://calls.example.net/a.mp3" }), "url_not_allowed", "/audioUrl"),
        (json!({ "audioUrl": "https://example.com:25/a.mp3" }), "url_not_allowed", "/audioUrl"),
        (json!({ "name": "   " }), "blank", "/name"),
        (json!({ "name": "x".repeat(201) }), "too_long", "/name"),
        (json!({ "name": "a\u{202E}b" }), "forbidden_character", "/name"),
        (json!({ "name": "a\u{0}b" }), "forbidden_character", "/name"),
        (json!({ "name": null }), "required", "/name"),
    ] {
        let mut body = json!({ "name": "Spring" });
        body.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        let answer = owner.post("/api/campaigns", body.clone()).await.problem(422, code);
        assert_eq!(answer.pointer(), pointer, "{body}");
    }
    let answer = owner.post("/api/campaigns", json!({})).await.problem(422, "required");
    assert_eq!(answer.pointer(), "/name");
    owner
        .post("/api/campaigns", json!({ "name": "x", "status": "active" }))
        .await
        .problem(400, "unknown_field");
    let both = json!({ "name": "x", "callWindowStart": "09:00", "callingWindows": {} });
    owner.post("/api/campaigns", both).await.problem(422, "conflict");
    let several = owner.post("/api/campaigns", json!({ "name": " ", "timezone": "EST" })).await.expect(422);
    assert_eq!(several.json["errors"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn unusual_campaigns_that_can_be_are_taken_with_a_notice() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let night = json!({ "name": "x", "callWindowStart": "22:00", "callWindowEnd": "06:00", "timezone": "europe/berlin" });
    let night = owner.post("/api/campaigns", night).await.expect(201);
    assert_eq!(night.json["timezone"], "Europe/Berlin");
    let none = owner.post("/api/campaigns", json!({ "name": "x", "dailyCallLimit": 0 })).await.expect(201);
    assert_eq!(none.json["notices"], json!(["paused_by_limit"]));
    let windows =
        json!({ "monday": [{ "start": "09:00", "end": "12:00" }, { "start": "11:00", "end": "13:00" }] });
    let twice =
        owner.post("/api/campaigns", json!({ "name": "x", "callingWindows": windows })).await.expect(201);
    assert_eq!(twice.json["notices"], json!(["overlapping_windows"]));
    assert_eq!(twice.json["callWindowStart"], Value::Null);
    assert_eq!(twice.json["callingWindows"]["monday"], windows["monday"]);
}

#[tokio::test]
async fn a_prospect_that_cannot_be_rung_is_refused_with_the_place_and_the_reason() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let campaign = owner.post("/api/campaigns", json!({ "name": "Spring" })).await.expect(201).id();
    let path = format!("/api/campaigns/{campaign}/prospects");
    let many_fields: Map<String, Value> = (0..51).map(|n| (format!("field{n}"), json!("x"))).collect();
    for (person, code, pointer) in [
        (json!({ "phone": "sip:ada@example.com" }), "invalid_number", "/phone"),
        (json!({ "phone": "client:ada" }), "invalid_number", "/phone"),
        (json!({ "phone": "tel:+12127365000" }), "invalid_number", "/phone"),
        (json!({ "phone": "+1212736500 ext. 5" }), "invalid_number", "/phone"),
        (json!({ "phone": "0012127365000" }), "invalid_number", "/phone"),
        (json!({ "phone": "+1212736５000" }), "invalid_number", "/phone"),
        (json!({ "phone": "+1212736\u{200B}5000" }), "invalid_number", "/phone"),
        (json!({ "phone": "+15550001234" }), "invalid_number", "/phone"),
        (json!({ "phone": "+121273650" }), "invalid_number", "/phone"),
        (json!({ "phone": "" }), "invalid_number", "/phone"),
        (json!({ "phone": "911" }), "destination_forbidden", "/phone"),
        (json!({ "phone": "+19002345678" }), "destination_forbidden", "/phone"),
        (json!({ "phone": "+442079250918" }), "destination_not_enabled", "/phone"),
        (json!({ "phone": "+12423225000" }), "destination_not_enabled", "/phone"),
        (json!({ "phone": "+14155550100" }), "caller_id_not_allowed", "/phone"),
        (json!({}), "required", "/phone"),
        (json!({ "phone": null }), "required", "/phone"),
        (json!({ "phone": 12_127_365_000_u64 }), "wrong_type", "/phone"),
        (json!({ "phone": "+12127365000", "email": "ada" }), "invalid_email", "/email"),
        (json!({ "phone": "+12127365000", "firstName": "x".repeat(101) }), "too_long", "/firstName"),
        (json!({ "phone": "+12127365000", "lastName": "a\u{7}b" }), "forbidden_character", "/lastName"),
        (json!({ "phone": "+12127365000", "metadata": many_fields }), "too_many", "/metadata"),
        (
            json!({ "phone": "+12127365000", "metadata": { "a": "x".repeat(1_001) } }),
            "too_long",
            "/metadata/a",
        ),
        (json!({ "phone": "+12127365000", "metadata": { "a": {} } }), "nested", "/metadata/a"),
    ] {
        let answer = owner.post(&path, person.clone()).await.problem(422, code);
        assert_eq!(answer.pointer(), pointer, "{person}");
        let batch = json!([{ "phone": "+12127365001" }, person]);
        let answer = owner.post(&path, batch).await.problem(422, code);
        assert_eq!(answer.pointer(), format!("/1{pointer}"));
    }
    owner.post(&path, json!({ "phone": "+12127365000", "id": "x" })).await.problem(400, "unknown_field");
    assert_eq!(owner.get(&path).await.expect(200).json["total"], 0, "a refused batch adds nobody");
    let too_many = Value::from(vec![json!({ "phone": "+12127365000" }); 10_001]);
    owner.post(&path, too_many).await.problem(413, "too_many_items");
    let twice = json!([{ "phone": " (212) 736-5000 " }, { "phone": "+1 212 736 5000" }]);
    let twice = owner.post(&path, twice).await.expect(200);
    assert_eq!((&twice.json["added"], &twice.json["duplicates"]), (&json!(1), &json!(1)));
    assert_eq!(twice.json["results"][1]["result"], "duplicate");
    owner.post(&path, json!({ "phone": "+12127365000" })).await.problem(409, "duplicate");
}

#[tokio::test]
async fn a_list_that_cannot_be_is_refused_by_the_name_of_the_parameter() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let fifty_one = vec!["busy"; 51].join(",");
    for (query, status, code) in [
        ("limit=0", 400, "invalid_parameter"),
        ("limit=-1", 400, "invalid_parameter"),
        ("limit=201", 400, "invalid_parameter"),
        ("limit=1e3", 400, "invalid_parameter"),
        ("limit=abc", 400, "invalid_parameter"),
        ("offset=0&cursor=x", 400, "invalid_parameter"),
        ("cursor=forged", 400, "invalid_cursor"),
        ("sort=toNumber", 400, "invalid_parameter"),
        ("status=busy&status=failed", 400, "invalid_parameter"),
        ("status=engaged", 400, "invalid_parameter"),
        (&format!("status={fifty_one}"), 400, "invalid_parameter"),
        ("answeredBy=dog", 400, "invalid_parameter"),
        ("campaignId=cmp_1", 400, "invalid_parameter"),
        (&format!("q={}", "x".repeat(129)), 400, "invalid_parameter"),
        ("colour=red", 400, "invalid_parameter"),
        ("from=2026-02-01", 400, "invalid_parameter"),
        ("from=2026-02-30T00:00:00Z", 400, "invalid_parameter"),
        ("from=9999-01-01T00:00:00Z", 400, "invalid_parameter"),
        ("from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z", 422, "out_of_range"),
        ("from=2024-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", 422, "out_of_range"),
    ] {
        owner.get(&format!("/api/calls?{query}")).await.problem(status, code);
    }
    let upper = format!("cmp_{}", "A".repeat(32));
    for id in ["..%2F", "a%2Fb", "call_00000000000000000000000000000000", &upper, &"x".repeat(400)] {
        owner.get(&format!("/api/campaigns/{id}")).await.problem(404, "not_found");
    }
    owner.get(&format!("/api/campaigns/{}", "x".repeat(40_000))).await.problem(414, "url_too_long");
}

#[tokio::test]
async fn a_script_that_cannot_be_said_is_refused_with_the_line() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    for (body, code) in [
        ("Hello {{firstName", "script_broken"),
        ("Hello {% for x in y %}", "script_broken"),
        ("", "blank"),
        (&*"x".repeat(3_001), "too_long"),
    ] {
        let answer =
            owner.post("/api/scripts", json!({ "name": "x", "body": body })).await.problem(422, code);
        assert_eq!(answer.pointer(), "/body");
    }
    let script =
        json!({ "name": "x", "body": "Hello {{firstName}} of {{ company | default(\"your firm\") }}" });
    let script = owner.post("/api/scripts", script).await.expect(201).id();
    let campaign =
        owner.post("/api/campaigns", json!({ "name": "x", "scriptId": script })).await.expect(201).id();
    let people = format!("/api/campaigns/{campaign}/prospects");
    let ada =
        owner.post(&people, json!({ "phone": "+12127365000", "firstName": "Ada" })).await.expect(201).id();
    let nobody = owner.post(&people, json!({ "phone": "+12127365001" })).await.expect(201).id();
    let preview = format!("/api/scripts/{script}/preview");
    let heard = owner.post(&preview, json!({ "prospectId": ada })).await.expect(200);
    assert_eq!(heard.json["text"], "Hello Ada of your firm");
    owner.post(&preview, json!({ "prospectId": nobody })).await.problem(422, "script_broken");
    let launch = owner.post(&format!("/api/campaigns/{campaign}/launch"), json!({})).await.expect(422);
    assert_eq!(launch.json["blockers"][0]["code"], "script_broken");
}

#[tokio::test]
async fn what_is_not_there_or_not_answered_says_so() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    owner.get("/api/nothing").await.problem(404, "not_found");
    let answer =
        owner.ask(Method::PUT, "/api/campaigns", Some(json!({}))).await.problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("POST"), "{:?}", answer.headers);
    owner.clone().with("accept", "text/csv").get("/api/campaigns").await.problem(406, "not_acceptable");
    owner.ask(Method::POST, "/api/campaigns", None).await.problem(415, "unsupported_media_type");
}
