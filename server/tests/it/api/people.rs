//! Signing in and out, users and keys.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::api_client::{Client, Database, TestApi};

const PASSWORD: &str = "seven green kettles";

async fn ada_exists(api: &TestApi) {
    let ada = json!({ "email": "Ada@Example.com", "password": PASSWORD, "role": "operator" });
    api.as_owner().post("/api/users", ada).await.expect(201);
}

async fn signed_in(api: &TestApi) -> Client<'_> {
    let ada = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = api.anonymous().post("/api/session", ada).await.expect(201);
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-prospectai=") && cookie.contains("HttpOnly"), "{cookie}");
    let pair = cookie.split(';').next().expect("a cookie").to_owned();
    api.anonymous().with("cookie", &pair)
}

#[tokio::test]
async fn a_session_reads_writes_from_our_pages_only_and_ends() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        ada_exists(&api).await;
        let ada = signed_in(&api).await;
        let who = ada.get("/api/session").await.expect(200).json;
        assert_eq!((&who["email"], &who["role"]), (&json!("ada@example.com"), &json!("operator")));
        let spring = json!({ "name": "Spring" });
        ada.post("/api/campaigns", spring.clone()).await.problem(403, "csrf");
        let elsewhere = ada.clone().with("sec-fetch-site", "cross-site");
        elsewhere.post("/api/campaigns", spring.clone()).await.problem(403, "csrf");
        let ours = ada.clone().with("sec-fetch-site", "same-origin");
        ours.post("/api/campaigns", spring).await.expect(201);
        let out = ours.delete("/api/session").await.expect(204);
        assert!(out.header("set-cookie").contains("Max-Age=0"));
        ada.get("/api/campaigns").await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_session_ends_by_itself_when_nobody_uses_it() {
    let api = TestApi::on(Database::Sqlite).await;
    ada_exists(&api).await;
    let ada = signed_in(&api).await;
    api.set_clock("2026-03-02T15:59:00Z");
    ada.get("/api/session").await.expect(200);
    api.set_clock("2026-03-02T16:58:00Z");
    ada.get("/api/session").await.expect(200);
    api.set_clock("2026-03-02T17:58:00Z");
    ada.get("/api/session").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn three_wrong_passwords_close_the_door_for_known_and_unknown_alike() {
    let api = TestApi::on(Database::Sqlite).await;
    ada_exists(&api).await;
    let wrong = json!({ "email": "ada@example.com", "password": "wrong" });
    for _ in 0..3 {
        api.anonymous().post("/api/session", wrong.clone()).await.problem(401, "unauthenticated");
    }
    let right = json!({ "email": "ada@example.com", "password": PASSWORD });
    let closed = api.anonymous().post("/api/session", right.clone()).await.problem(429, "too_many_requests");
    assert_eq!(closed.header("retry-after"), "301");
    api.set_clock("2026-03-02T15:05:01Z");
    api.anonymous().post("/api/session", right.clone()).await.expect(201);
    let foreign_page = api.anonymous().with("origin", "https://evil.example");
    foreign_page.post("/api/session", right).await.problem(403, "csrf");
}

#[tokio::test]
async fn users_are_made_once_with_a_password_that_holds() {
    let api = TestApi::on(Database::Sqlite).await;
    ada_exists(&api).await;
    let owner = api.as_owner();
    let again = json!({ "email": "ada@example.com", "password": PASSWORD, "role": "analyst" });
    owner.post("/api/users", again).await.problem(409, "email_taken");
    for (password, code) in [("short", "too_short"), ("123456789012", "too_easy")] {
        let weak = json!({ "email": "bob@example.com", "password": password, "role": "analyst" });
        assert_eq!(owner.post("/api/users", weak).await.problem(422, code).pointer(), "/password");
    }
    let users = owner.get("/api/users").await.expect(200).json;
    assert_eq!(users["users"].as_array().map(Vec::len), Some(1));
    assert!(!users.to_string().contains("argon2"));
}

#[tokio::test]
async fn a_key_is_shown_once_works_and_stops_working() {
    for database in Database::BOTH {
        let api = TestApi::on(database).await;
        let owner = api.as_owner();
        let made = owner.post("/api/keys", json!({ "name": "CRM", "role": "operator" })).await.expect(201);
        let secret = made.json["key"].as_str().expect("the secret").to_owned();
        let key = api.anonymous().with("authorization", &format!("Bearer {secret}"));
        assert_eq!(key.get("/api/session").await.expect(200).json["actor"], json!(made.id()));
        let listed = owner.get("/api/keys").await.expect(200).json;
        assert_eq!(listed["keys"][0]["lastFour"].as_str(), secret.get(secret.len() - 4..));
        assert!(!listed.to_string().contains(&secret));
        owner.delete(&format!("/api/keys/{}", made.id())).await.expect(204);
        owner.delete(&format!("/api/keys/{}", made.id())).await.problem(404, "not_found");
        key.get("/api/session").await.problem(401, "unauthenticated");
        let both = key.with("cookie", "__Host-prospectai=x");
        both.ask(Method::GET, "/api/session", None).await.problem(401, "unauthenticated");
        let revoked = owner.get("/api/keys").await.expect(200).json["keys"][0]["revokedAt"].clone();
        assert_ne!(revoked, Value::Null);
    }
}
