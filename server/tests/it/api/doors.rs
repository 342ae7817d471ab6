//! Who may come in, and how far.

use axum::http::Method;
use prospectai::actions::users::Role;
use serde_json::{Value, json};
use utoipa::openapi::path::PathItem;

use crate::support::api_client::{Database, TestApi};

/// Every address of the description with each method it answers to; ids that nobody has are filled in.
fn addresses(api: &TestApi) -> Vec<(Method, String)> {
    let methods = |item: &PathItem| {
        let named = [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::PATCH, item.patch.is_some()),
            (Method::DELETE, item.delete.is_some()),
            (Method::PUT, item.put.is_some()),
        ];
        named.into_iter().filter(|(_, there)| *there).map(|(method, _)| method).collect::<Vec<_>>()
    };
    let described = api.description.paths.paths.iter();
    described
        .flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone())))
        .collect()
}

fn filled_in(path: &str) -> String {
    let prefix = match path.split('/').nth(2) {
        Some("campaigns") => "cmp",
        Some("prospects") => "pro",
        Some("calls") => "call",
        Some("recordings") => "rec",
        Some("sounds") => "snd",
        Some("scripts") => "scr",
        Some("imports") => "imp",
        Some("users") => "usr",
        Some("sessions") => "ses",
        _ => "key",
    };
    let id = format!("{prefix}_{}", "0".repeat(if prefix == "ses" { 16 } else { 32 }));
    path.replace("{id}", &id).replace("{number}", "+12127365000")
}

fn is_everybodys_own(path: &str) -> bool {
    path.starts_with("/api/session")
}

const OPEN: [(Method, &str); 2] = [(Method::GET, "/health"), (Method::POST, "/api/session")];

#[tokio::test]
async fn without_a_credential_every_address_is_closed() {
    let api = TestApi::on(Database::Sqlite).await;
    let addresses = addresses(&api);
    assert!(addresses.len() > 35, "{addresses:?}");
    for (method, path) in addresses {
        if OPEN.contains(&(method.clone(), path.as_str())) || path.starts_with("/api/webhooks/") {
            continue;
        }
        let answer = api.anonymous().ask(method.clone(), &filled_in(&path), Some(json!({}))).await;
        let answer = answer.problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{}", answer.what);
        let wrong = api.anonymous().with("authorization", "Bearer pak_wrong");
        let wrong =
            wrong.ask(method, &filled_in(&path), Some(json!({}))).await.problem(401, "unauthenticated");
        assert_eq!(wrong.json["detail"], answer.json["detail"]);
    }
}

#[tokio::test]
async fn whoever_only_listens_reads_calls_hears_recordings_and_nothing_else() {
    let api = TestApi::on(Database::Sqlite).await;
    let listener = api.with_role(Role::Listener).await;
    for (method, path) in addresses(&api) {
        let heard = path.starts_with("/api/recordings") || path == "/api/sounds/{id}/audio";
        let for_listeners = heard || ["/health", "/api/calls", "/api/calls/{id}"].contains(&path.as_str());
        if (method == Method::GET && for_listeners) || is_everybodys_own(&path) {
            continue;
        }
        let body = (method != Method::GET).then(|| json!({}));
        listener.ask(method, &filled_in(&path), body).await.problem(403, "forbidden");
    }
    listener.get("/api/calls").await.expect(200);
    for path in
        ["/api/calls/{id}", "/api/recordings/{id}", "/api/recordings/{id}/audio", "/api/sounds/{id}/audio"]
    {
        listener.get(&filled_in(path)).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn whoever_only_reads_writes_nothing() {
    let api = TestApi::on(Database::Sqlite).await;
    let analyst = api.with_role(Role::Analyst).await;
    for (method, path) in addresses(&api) {
        if method == Method::GET || is_everybodys_own(&path) {
            continue;
        }
        analyst.ask(method, &filled_in(&path), Some(json!({}))).await.problem(403, "forbidden");
    }
    for path in ["/api/campaigns", "/api/scripts", "/api/voices", "/api/do-not-call", "/api/dialing"] {
        analyst.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn people_keys_and_second_chances_are_an_administrators_business() {
    let api = TestApi::on(Database::Sqlite).await;
    let operator = api.with_role(Role::Operator).await;
    operator.get("/api/users").await.problem(403, "forbidden");
    operator.get("/api/keys").await.problem(403, "forbidden");
    operator.post("/api/keys", json!({ "name": "x", "role": "listener" })).await.problem(403, "forbidden");
    operator.post("/api/do-not-call", json!({ "phone": "+12127365000" })).await.expect(201);
    operator.delete("/api/do-not-call/+12127365000").await.problem(403, "forbidden");
    operator.post("/api/dialing/stop", json!({})).await.expect(200);
    operator.post("/api/dialing/resume", json!({})).await.problem(403, "forbidden");
    let admin = api.with_role(Role::Admin).await;
    admin.delete("/api/do-not-call/+12127365000").await.expect(204);
    admin.post("/api/dialing/resume", json!({})).await.expect(200);
    admin.post("/api/keys", json!({ "name": "x", "role": "owner" })).await.problem(403, "forbidden");
}

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let (campaign, prospects) = api.running_campaign(1).await;
        let owner = api.as_owner();
        let place = json!({ "campaignId": campaign, "prospectId": prospects[0] });
        let call = owner.post("/api/calls/place", place.clone()).await.expect(201).id();
        let script =
            owner.get("/api/scripts").await.json["scripts"][0]["id"].as_str().expect("an id").to_owned();
        let stranger = api.as_stranger().await;
        for path in [
            format!("/api/campaigns/{campaign}"),
            format!("/api/campaigns/{campaign}/stats"),
            format!("/api/campaigns/{campaign}/schedule"),
            format!("/api/campaigns/{campaign}/prospects"),
            format!("/api/campaigns/{campaign}/activity"),
            format!("/api/prospects/{}", prospects[0]),
            format!("/api/calls/{call}"),
            format!("/api/scripts/{script}"),
            format!("/api/calls?campaignId={campaign}"),
            format!("/api/calls?prospectId={}", prospects[0]),
        ] {
            owner.get(&path).await.expect(200);
            stranger.get(&path).await.problem(404, "not_found");
        }
        for (path, body) in [
            (format!("/api/campaigns/{campaign}/launch"), json!({})),
            (format!("/api/campaigns/{campaign}/pause"), json!({})),
            (format!("/api/campaigns/{campaign}/resume"), json!({})),
            (format!("/api/campaigns/{campaign}/calls"), json!({ "maxCalls": 1 })),
            (format!("/api/campaigns/{campaign}/retries"), json!({})),
            (format!("/api/campaigns/{campaign}/prospects"), json!({ "phone": "+12127365999" })),
            (format!("/api/calls/{call}/cancel"), json!({})),
            (format!("/api/scripts/{script}/preview"), json!({ "prospectId": prospects[0] })),
            ("/api/calls/place".to_owned(), place),
        ] {
            stranger.post(&path, body).await.problem(404, "not_found");
        }
        stranger
            .patch(&format!("/api/campaigns/{campaign}"), json!({ "name": "x" }))
            .await
            .problem(404, "not_found");
        stranger
            .patch(&format!("/api/prospects/{}", prospects[0]), json!({}))
            .await
            .problem(404, "not_found");
        stranger.patch(&format!("/api/scripts/{script}"), json!({})).await.problem(404, "not_found");
        stranger.delete(&format!("/api/campaigns/{campaign}")).await.problem(404, "not_found");
        stranger.delete(&format!("/api/prospects/{}", prospects[0])).await.problem(404, "not_found");
        let with_foreign_script = json!({ "name": "x", "scriptId": script });
        let refused = stranger.post("/api/campaigns", with_foreign_script).await.problem(422, "not_found");
        assert_eq!(refused.pointer(), "/scriptId");
        for list in ["/api/campaigns", "/api/calls", "/api/scripts", "/api/do-not-call"] {
            let answer = stranger.get(list).await.expect(200);
            let empty = answer.json.as_object().expect("an object").values().find_map(Value::as_array);
            assert_eq!(empty, Some(&Vec::new()), "{list}");
        }
    }
}

#[tokio::test]
async fn a_key_in_the_address_is_refused_and_written_down() {
    let api = TestApi::on(Database::Sqlite).await;
    let owner = api.as_owner();
    let made = owner.post("/api/keys", json!({ "name": "leaky", "role": "analyst" })).await.expect(201);
    let key = made.json["key"].as_str().expect("the secret").to_owned();
    api.anonymous().get(&format!("/api/campaigns?key={key}")).await.problem(400, "credential_in_url");
    let actions = &api.state.actions;
    let (workspace, _) = actions.first_workspace().await.expect("the workspace");
    let noted = actions.store.audit_of(workspace, &made.id(), 10).await.expect("the audit trail");
    assert!(noted.iter().any(|entry| entry.action == "key.leaked"));
}

#[tokio::test]
async fn the_description_and_the_health_are_open_to_all() {
    let api = TestApi::on(Database::Sqlite).await;
    let health = api.anonymous().get("/health").await.expect(200);
    assert_eq!((health.json["status"].as_str(), health.json["database"].as_str()), (Some("ok"), Some("ok")));
    let described = api.anonymous().get("/openapi.json").await.expect(200);
    let paths = described.json["paths"].as_object().expect("paths");
    let listed: Vec<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").keys();
            methods.map(move |method| format!("{path} {}", method.to_uppercase()))
        })
        .collect();
    insta::assert_snapshot!(listed.join("\n"));
    let home = api.anonymous().get("/").await.expect(303);
    assert_eq!(home.header("location"), "/sign-in");
}
