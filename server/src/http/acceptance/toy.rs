//! A router with one route for each kind of input, guarded like the real one.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::credentials::{ApiKey, SessionCookie};
use crate::http::middleware::{AnswerPolicy, LeakedKey, answers, body_within, guarded};
use crate::http::query::{
    CommaList, Cursor, CursorKey, DateRange, DateTimeParam, Limit, ListIdentity, Offset,
};
use crate::http::query::{Parsed, Position, SearchText};
use crate::http::{
    Blocker, FieldError, IdempotencyKey, IfMatch, JsonBody, OneOrMany, PathId, Problem, Query,
};
use crate::http::{csrf, openapi, text};
use domain::ids::CampaignId;

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewThing {
    name: String,
    daily_limit: Option<u32>,
    kind: Option<Kind>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Part {
    label: String,
}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Round,
    Square,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Listing {
    #[serde(default)]
    #[param(value_type = u16)]
    limit: Limit,
    #[param(value_type = Option<u32>)]
    offset: Option<Offset>,
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
    #[serde(default)]
    #[param(value_type = Option<String>)]
    status: CommaList<Status>,
    #[param(value_type = Option<String>)]
    sort: Option<Parsed<Status>>,
    #[param(value_type = Option<String>)]
    q: Option<SearchText>,
    #[param(value_type = Option<String>)]
    from: Option<DateTimeParam>,
    #[param(value_type = Option<String>)]
    to: Option<DateTimeParam>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Status;

impl std::str::FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "busy" { Ok(Self) } else { Err("expected busy") }
    }
}

/// Makes a thing.
#[utoipa::path(post, path = "/api/things", responses((status = 201, body = NewThing), (status = "4XX", body = Problem)))]
async fn create(JsonBody(thing): JsonBody<NewThing>) -> Result<(StatusCode, Json<NewThing>), Problem> {
    let name = text::name("/name", &thing.name, 20)?;
    Ok((StatusCode::CREATED, Json(NewThing { name, ..thing })))
}

/// Lists things.
#[utoipa::path(get, path = "/api/things", params(Listing), responses((status = 200), (status = "4XX", body = Problem)))]
async fn list(State(key): State<CursorKey>, Query(asked): Query<Listing>) -> Result<Json<Value>, Problem> {
    let range = DateRange::new(asked.from, asked.to)?;
    let filters = format!("{}|{range:?}", asked.status.0.len());
    let list = ListIdentity { endpoint: "things", workspace: "wsp_1", filters: &filters };
    let position: Position<u64> = Position::new(asked.offset, asked.cursor.as_ref(), &list, &key)?;
    let begin = match position {
        Position::Skip(rows) => rows,
        Position::After(row) => row,
    };
    let next = begin + asked.limit.rows();
    let (q, sorted) = (asked.q.as_ref().and_then(SearchText::text), asked.sort.is_some());
    Ok(Json(
        serde_json::json!({ "begin": begin, "nextCursor": key.seal(&list, &next)?, "q": q, "sorted": sorted }),
    ))
}

/// One thing.
#[utoipa::path(get, path = "/api/things/{id}", responses((status = 200)))]
async fn one(PathId(id): PathId<CampaignId>) -> Json<Value> {
    Json(serde_json::json!({ "id": id.to_string() }))
}

async fn bulk(JsonBody(things): JsonBody<OneOrMany<NewThing>, 1024>) -> String {
    match things {
        OneOrMany::One(_) => "one".to_owned(),
        OneOrMany::Many(things) => things.len().to_string(),
    }
}

async fn version(if_match: IfMatch) -> Result<StatusCode, Problem> {
    if_match.must_be(7).map(|()| StatusCode::NO_CONTENT)
}

async fn needs_key(headers: HeaderMap, request: Request, next: Next) -> Response {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match key.map(ApiKey::parse) {
        Some(Ok(_)) => next.run(request).await,
        _ if headers.contains_key("cookie") => next.run(request).await,
        _ => Problem::unauthenticated().into_response(),
    }
}

fn refusal(path: &str) -> Problem {
    match path {
        "/say/forbidden" => Problem::forbidden(),
        "/say/mismatch" => Problem::idempotency_mismatch(),
        "/say/running" => Problem::in_progress(2),
        "/say/busy" => Problem::too_many_requests(9),
        "/say/draining" => Problem::unavailable("The server is shutting down.", 5),
        "/say/blocked" => {
            Problem::blocked("x", vec![Blocker { code: "no_script", detail: "choose one".into() }])
        }
        "/say/hours" => Problem::conflict("outside_hours", "Not now.")
            .with_reason("outside_hours")
            .with_call_id("call_1")
            .next_possible_at(jiff::Timestamp::from_second(0).ok()),
        _ => FieldError::at("/x", "bad", "x").below("/prospects/3").into(),
    }
}

fn router() -> Router {
    let cookie = SessionCookie::for_public_url(&"https://calls.example.net".parse().unwrap());
    let routes = openapi::described_router().routes(routes!(create, list)).routes(routes!(one));
    let (described, _) = openapi::with_docs(routes, true);
    let key = from_fn(needs_key);
    let plain = Router::new()
        .route("/api/bulk", axum::routing::post(bulk))
        .route("/api/keyed", axum::routing::post(|_key: IdempotencyKey| async { StatusCode::CREATED }))
        .route(
            "/api/maybe",
            axum::routing::post(|_key: Option<IdempotencyKey>| async { StatusCode::CREATED }),
        )
        .route("/api/version", axum::routing::put(version))
        .route("/api/panic", axum::routing::get(|| async { panic!("secret 4711") as () }))
        .route("/say/{what}", axum::routing::get(|uri: axum::http::Uri| async move { refusal(uri.path()) }))
        .route("/api/private", axum::routing::get(|| async { "ok" }).layer(key.clone()))
        .route("/api/session", axum::routing::post(|| async { "ok" }))
        .layer(from_fn_with_state(cookie, csrf::same_origin_writes));
    let inner = described.merge(plain).layer(from_fn_with_state(&["application/json"][..], answers));
    let inner = inner.layer(from_fn_with_state(Duration::from_millis(20), body_within));
    guarded(inner, AnswerPolicy::api(true)).with_state(CursorKey::new([7; 32]))
}

pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the answer names a key that was sent in the address.
    pub leaked: bool,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("-").to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn send(request: Request) -> Answer {
    let response = router().oneshot(request).await.unwrap();
    let leaked = response.extensions().get::<LeakedKey>().is_some();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, headers, body, leaked }
}

/// Sends a request; `line` is its method and address.
pub(super) async fn ask(line: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let (method, uri) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(request.body(body.into()).unwrap()).await
}
