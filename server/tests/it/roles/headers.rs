//! What browsers are told with every answer, and what they must prove before a page does anything.

use axum::http::{HeaderMap, Method};
use prospectai::actions::users::Role;
use serde_json::json;

use super::ground::{Ground, PASSWORD};
use crate::support::api_client::{Answer, Client};

/// Answers may be kept where they never change, and streams must not be transformed on the way.
fn may_be_kept(path: &str) -> bool {
    path.starts_with("/assets/") || path == "/favicon.ico" || matches!(path, "/changes" | "/api/events")
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn every_answer_of_every_route_tells_browsers_what_they_may_not_do() {
    let ground = Ground::behind("https://calls.example.net").await;
    for (method, path) in ground.routes().await {
        for who in [ground.nobody(), ground.with(Role::Owner).await] {
            ground.open_the_door();
            let ids = if method == Method::GET { &ground.ours } else { &ground.missing };
            let answer = who.send(method.clone(), &ids.fill(&path), ids.body(&method, &path)).await;
            let (status, headers) = (answer.status(), answer.headers());
            let what = format!("{method} {path}, {status}: {headers:?}");
            let policy = text(headers, "content-security-policy");
            assert!(policy.contains("default-src 'none'") || path.starts_with("/docs"), "{what}");
            assert!(!policy.contains("unsafe") || path.starts_with("/docs"), "{what}");
            for closed in ["frame-ancestors 'none'", "base-uri 'none'"] {
                assert!(policy.contains(closed), "{what}");
            }
            assert_eq!(text(headers, "x-content-type-options"), "nosniff", "{what}");
            assert_eq!(text(headers, "cross-origin-opener-policy"), "same-origin", "{what}");
            assert_eq!(text(headers, "cross-origin-resource-policy"), "same-origin", "{what}");
            assert_eq!(text(headers, "referrer-policy"), "no-referrer", "{what}");
            assert_eq!(text(headers, "strict-transport-security"), "max-age=31536000", "{what}");
            let kept = text(headers, "cache-control");
            assert!(kept == "no-store" || (may_be_kept(&path) && status == 200), "{what}");
            assert!(headers.contains_key("x-request-id"), "{what}");
        }
    }
}

#[tokio::test]
async fn without_https_browsers_are_not_told_to_insist_on_it() {
    let ground = Ground::behind("http://127.0.0.1:3000").await;
    for path in ["/sign-in", "/live", "/health", "/docs/", "/assets/app.css"] {
        let answer = ground.with(Role::Owner).await.get(path).await;
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[tokio::test]
async fn browsers_are_told_where_to_report_what_they_kept_from_running() {
    let ground = Ground::behind("https://calls.example.net").await;
    let page = ground.nobody().get("/sign-in").await;
    assert!(page.header("content-security-policy").contains("report-uri /api/policy-reports"));
    assert_eq!(page.header("reporting-endpoints"), "policy=\"/api/policy-reports\"");
    let report = json!({ "csp-report": { "document-uri": "/calls", "violated-directive": "script-src", "blocked-uri": "inline" } });
    ground.nobody().post("/api/policy-reports", report).await.expect(204);
    ground.nobody().post("/api/policy-reports", json!("nonsense")).await.expect(204);
    ground.nobody().post("/api/policy-reports", json!("x".repeat(20_000))).await.expect(413);
}

#[tokio::test]
async fn no_form_of_a_page_works_from_another_site() {
    let ground = Ground::behind("https://calls.example.net").await;
    let mut tried = 0;
    for (method, path) in ground.routes().await {
        if method != Method::POST || path.starts_with("/api/") {
            continue;
        }
        let (cookie, _) = ground.begin(ground.person(Role::Owner)).await;
        let address = ground.missing.fill(&path);
        for proof in [
            None,
            Some(("sec-fetch-site", "cross-site")),
            Some(("sec-fetch-site", "same-site")),
            Some(("sec-fetch-site", "none")),
            Some(("origin", "https://evil.example")),
            Some(("origin", "null")),
        ] {
            let owner = ground.api.anonymous().with("cookie", &cookie);
            let owner = match proof {
                Some((name, value)) => owner.with(name, value),
                None => owner,
            };
            owner.form(&address, &[]).await.expect(403).shows("Not from here");
        }
        tried += 1;
    }
    assert!(tried > 25, "{tried}");
    // The door has no cookie to be tricked with, and is closed to other sites all the same.
    let elsewhere = ground.api.anonymous().with("sec-fetch-site", "cross-site");
    elsewhere
        .form("/sign-in", &[("email", "owner@test.example.com"), ("password", PASSWORD)])
        .await
        .expect(403);
}

async fn sign_in(who: &Client<'_>, password: &str) -> Answer {
    who.form("/sign-in", &[("email", "owner@test.example.com"), ("password", password)]).await
}

#[tokio::test]
async fn the_cookie_of_a_session_is_out_of_reach_for_scripts_other_sites_and_plain_http() {
    let ground = Ground::behind("https://calls.example.net").await;
    let entered = sign_in(&ground.nobody(), PASSWORD).await.expect(303);
    assert_eq!(entered.header("location"), "/");
    let cookie = entered.header("set-cookie");
    assert!(cookie.starts_with("__Host-prospectai="), "{cookie}");
    for flag in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure", "; Max-Age=43200"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    let local = Ground::behind("http://127.0.0.1:3000").await;
    let cookie = sign_in(&local.nobody(), PASSWORD).await.expect(303).header("set-cookie").to_owned();
    assert!(cookie.starts_with("prospectai=") && !cookie.contains("Secure"), "{cookie}");
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
}

#[tokio::test]
async fn whoever_guesses_a_password_three_times_is_told_when_to_try_again() {
    let ground = Ground::behind("https://calls.example.net").await;
    for _ in 0..3 {
        sign_in(&ground.nobody(), "wrong")
            .await
            .expect(422)
            .shows("The e-mail address or the password is wrong");
    }
    let closed = sign_in(&ground.nobody(), PASSWORD).await.expect(429).shows("Too many attempts failed");
    assert_eq!(closed.header("retry-after"), "301");
    closed.shows("owner@test.example.com").hides(PASSWORD);
}
