//! The same over HTTP: who may, in which form, and what is answered.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use prospectai::actions::users::Role;
use prospectai::carrier::twilio::CallbackUrls;
use prospectai::credentials::{ApiKey, SessionCookie};
use prospectai::http::query::CursorKey;
use prospectai::http::router::router;
use prospectai::http::state::{HttpParts, HttpState, ServerFacts};
use prospectai::media::{MediaPlace, MediaStore, PublicUrls};
use secrecy::ExposeSecret;
use serde_json::Value;
use tower::ServiceExt;

use super::world::{World, on_both};
use crate::support::workbook::Cell::{Number, Text};
use crate::support::workbook::workbook;

const CSV: (&str, &str) = ("content-type", "text/csv; charset=utf-8");

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// Sends a request as somebody with this role; `line` is its method and address.
async fn ask(
    world: &World,
    role: Role,
    line: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let made = world.actions.create_key(world.actor.clone(), Role::Owner, "test".into(), role).await;
    let (key, _) = made.unwrap();
    let (method, uri) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri);
    request = request.header("authorization", format!("Bearer {}", key.expose_secret()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = router(state(world))
        .oneshot(request.body(Body::from(body.as_ref().to_vec())).unwrap())
        .await
        .unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
}

pub fn state(world: &World) -> HttpState {
    let public_url: url::Url = "https://calls.example.net".parse().unwrap();
    let server = ServerFacts {
        setup_code: "test".to_owned().into(),
        cookie: SessionCookie::for_public_url(&public_url),
        callback_urls: CallbackUrls::new(public_url.as_str(), Box::new([7; 32]).into()).unwrap(),
        public_sounds: Arc::new(PublicUrls::new(&public_url, Box::new([7; 32]).into())),
        public_url,
        cursor_key: CursorKey::new([7; 32]),
        webhook_tokens: Vec::new(),
        account_sid: String::new(),
        console_key: ApiKey::generate([7; 32]).hash,
        simulation: true,
        allow_http_audio: false,
        recordings_keep_days: 90,
        voices: Default::default(),
    };
    let media = MediaPlace::Folder(std::env::temp_dir());
    let media = MediaStore::open(&media).unwrap();
    HttpState::from(HttpParts {
        actions: Arc::new(world.actions.clone()),
        server: Arc::new(server),
        throttle: Default::default(),
        line: Default::default(),
        media,
        standing: Default::default(),
        stopping: Default::default(),
    })
}

#[tokio::test]
async fn a_file_is_sent_watched_and_its_refused_rows_are_fetched() {
    on_both(async |world: World| {
        let to = format!("POST /api/campaigns/{}/imports?wait=true", world.campaign);
        let file = "phone,first name\n+16175550100,Ada\n+44 20 7946 0018,=1+1\n12,-x\nonly one\n";
        let done = ask(&world, Role::Operator, &to, &[CSV], file).await;
        assert_eq!(done.status, 200, "{}", done.text);
        let import = done.json();
        assert_eq!(
            (&import["rows"], &import["added"], &import["rejected"]),
            (&4.into(), &1.into(), &3.into())
        );

        let here = format!("GET /api/imports/{}", import["id"].as_str().unwrap());
        let shown = ask(&world, Role::Analyst, &here, &[], "").await;
        assert_eq!(shown.json(), import);

        let rejects = ask(&world, Role::Analyst, &format!("{here}/rejects"), &[], "").await;
        assert!(rejects.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert_eq!(rejects.headers["content-type"], "text/csv; charset=utf-8");
        let lines: Vec<&str> = rejects.text.split("\r\n").collect();
        assert_eq!(lines[0], "line,code,reason,phone,first name");
        assert!(lines[1].starts_with("3,destination_not_enabled,"), "{}", lines[1]);
        assert!(lines[1].ends_with(",'+44 20 7946 0018,'=1+1"), "{}", lines[1]);
        assert!(lines[2].ends_with(",12,'-x"), "{}", lines[2]);

        let json = [("accept", "application/json")];
        let page = ask(&world, Role::Analyst, &format!("{here}/rejects?limit=2"), &json, "").await.json();
        assert_eq!(page["rejects"][0]["cells"], serde_json::json!(["+44 20 7946 0018", "=1+1"]));
        let next = format!("{here}/rejects?limit=2&cursor={}", page["nextCursor"].as_str().unwrap());
        let last = ask(&world, Role::Analyst, &next, &json, "").await.json();
        assert_eq!((&last["rejects"][0]["line"], &last["nextCursor"]), (&5.into(), &Value::Null));
    })
    .await;
}

#[tokio::test]
async fn a_workbook_is_taken_under_its_own_name() {
    let world = World::on_sqlite().await;
    let to = format!("POST /api/campaigns/{}/imports?wait=true", world.campaign);
    let kind = [("content-type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")];
    let book = workbook(&[vec![Text("phone")], vec![Number("16175550100")], vec![Number("1.5E3")]]);
    let done = ask(&world, Role::Operator, &to, &kind, &book).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let import = done.json();
    assert_eq!(
        (&import["added"], &import["rejected"], &import["takenOut"]),
        (&1.into(), &1.into(), &0.into())
    );
    let broken = ask(&world, Role::Operator, &to, &kind, "PK\u{3}\u{4}").await;
    assert_eq!((broken.status, broken.json()["code"].as_str()), (422, Some("workbook")));
}

#[tokio::test]
async fn what_cannot_be_imported_is_answered_with_a_problem() {
    let world = World::on_sqlite().await;
    let to = format!("POST /api/campaigns/{}/imports", world.campaign);
    let file = "phone\n+16175550100\n";
    let analyst = ask(&world, Role::Analyst, &to, &[CSV], file).await;
    assert_eq!(analyst.status, 403);
    for (headers, body, status, code) in [
        (vec![CSV, ("content-encoding", "gzip")], file, 415, "unsupported_media_type"),
        (vec![("content-type", "application/json")], file, 415, "unsupported_media_type"),
        (vec![CSV, ("content-length", "300000000")], file, 413, "body_too_large"),
        (vec![CSV], "name\nAda\n", 422, "csv_header"),
    ] {
        let answer = ask(&world, Role::Operator, &to, &headers, body).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{}", answer.text);
    }
    let mapped = ask(&world, Role::Operator, &format!("{to}?mapping=x"), &[CSV], file).await;
    assert_eq!((mapped.status, mapped.json()["code"].as_str()), (400, Some("invalid_parameter")));
    world.pretend_an_import_runs().await;
    let busy = ask(&world, Role::Operator, &to, &[CSV], file).await;
    assert_eq!((busy.status, busy.json()["code"].as_str()), (409, Some("import_running")));
    let elsewhere = "POST /api/campaigns/cmp_00000000000000000000000000000000/imports";
    assert_eq!(ask(&world, Role::Operator, elsewhere, &[CSV], file).await.status, 404);
}
