//! Speech in ElevenLabs' wire format: voices, quota, text to speech.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::audio::Format;
use super::desk::{Desk, mark};
use super::{faults, voices};

/// What one request may say with the model that is used when none is named.
const MOST_CHARACTERS: usize = 10_000;

/// `GET /v2/voices`
#[derive(Deserialize)]
pub(super) struct VoicesQuery {
    next_page_token: Option<String>,
    page_size: Option<usize>,
    search: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SpeechQuery {
    output_format: Option<String>,
}

/// The key, or 401.
pub(super) async fn require_key(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    match request.headers().get("xi-api-key") {
        None => refusal(StatusCode::UNAUTHORIZED, "needs_authorization", "Please provide an xi-api-key."),
        Some(key) if key.as_bytes() != desk.settings.elevenlabs_key.as_bytes() => {
            refusal(StatusCode::UNAUTHORIZED, "invalid_api_key", "Invalid API key")
        }
        Some(_) => next.run(request).await,
    }
}

/// What goes wrong, and too many texts at once.
pub(super) async fn accidents(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let speaks = request.method() == Method::POST;
    let _speaking = speaks.then(|| Speaking::one_more(&desk));
    if speaks && desk.state().speaking > desk.settings.concurrent {
        let message = format!(
            "Too many concurrent requests. Your current subscription is associated with a maximum of {} concurrent requests \
             (running in parallel).",
            desk.settings.concurrent
        );
        return refusal(StatusCode::TOO_MANY_REQUESTS, "too_many_concurrent_requests", &message);
    }
    faults::meet(&desk, request, next, in_trouble).await
}

fn in_trouble(status: StatusCode) -> Response {
    if status == StatusCode::TOO_MANY_REQUESTS {
        let message = "The system is experiencing heavy traffic, please try again shortly.";
        return refusal(status, "system_busy", message);
    }
    refusal(status, "internal_server_error", "Internal Server Error")
}

/// One text that is being spoken; also when whoever asked hangs up.
struct Speaking<'a>(&'a Desk);

impl<'a> Speaking<'a> {
    fn one_more(desk: &'a Desk) -> Self {
        desk.state().speaking += 1;
        Self(desk)
    }
}

impl Drop for Speaking<'_> {
    fn drop(&mut self) {
        self.0.state().speaking -= 1;
    }
}

/// `GET /v1/voices`: all at once.
pub(super) async fn all_voices(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let all: Vec<Value> = (0..voices::COUNT).map(|place| voices::view(place, &desk.base_url)).collect();
    Json(json!({ "voices": all }))
}

/// `GET /v2/voices`: in pages.
pub(super) async fn voices(State(desk): State<Arc<Desk>>, Query(query): Query<VoicesQuery>) -> Response {
    let size = query.page_size.unwrap_or(10);
    if !(1..=100).contains(&size) {
        return invalid(&["query", "page_size"], "Input should be between 1 and 100");
    }
    let found = voices::named(query.search.as_deref().unwrap_or_default());
    let begin = match query.next_page_token.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(begin)) if begin <= found.len() => begin,
        Some(_) => {
            return refusal(StatusCode::BAD_REQUEST, "invalid_page_token", "The page token is invalid.");
        }
    };
    let end = found.len().min(begin + size);
    let more = end < found.len();
    let page: Vec<Value> =
        found[begin..end].iter().map(|place| voices::view(*place, &desk.base_url)).collect();
    Json(json!({
        "voices": page,
        "has_more": more,
        "total_count": found.len(),
        "next_page_token": more.then(|| end.to_string()),
    }))
    .into_response()
}

/// `GET /v1/user/subscription`
pub(super) async fn subscription(State(desk): State<Arc<Desk>>) -> Json<Value> {
    Json(json!({
        "tier": "starter",
        "character_count": desk.state().characters_spoken,
        "character_limit": desk.settings.characters,
        "can_extend_character_limit": false,
        "allowed_to_extend_character_limit": false,
        "next_character_count_reset_unix": 1_893_456_000,
        "voice_limit": 10,
        "currency": "usd",
        "status": "active",
    }))
}

/// `POST /v1/text-to-speech/{voice}`
pub(super) async fn synthesise(
    State(desk): State<Arc<Desk>>,
    Path(voice): Path<String>,
    Query(query): Query<SpeechQuery>,
    body: Bytes,
) -> Response {
    let Some(format) = Format::parse(query.output_format.as_deref()) else {
        return invalid(&["query", "output_format"], "Input should be one of the output formats");
    };
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return invalid(&["body"], "JSON decode error");
    };
    let Some(text) = body["text"].as_str() else { return invalid(&["body", "text"], "Field required") };
    if let Some(name) = setting_out_of_range(&body["voice_settings"]) {
        return invalid(&["body", "voice_settings", name], "Input is out of range");
    }
    if !voices::exists(&voice) {
        let message = format!("A voice with the voice_id {voice} was not found.");
        return refusal(StatusCode::NOT_FOUND, "voice_not_found", &message);
    }
    match pay(&desk, text) {
        Ok(cost) => {
            let audio = format.speak(text, &voice);
            desk.remember(&audio, text);
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
            headers.insert("character-cost", cost.into());
            let request_id = mark(&audio)[..20].parse().unwrap_or_else(|_| HeaderValue::from_static("none"));
            headers.insert("request-id", request_id);
            (headers, audio).into_response()
        }
        Err((status, word, message)) => refusal(status, word, &message),
    }
}

/// `GET /_previews/{voice}`: open to everybody, as the real previews are.
pub(super) async fn preview(Path(voice): Path<String>) -> Response {
    if !voices::exists(&voice) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let audio = Format::Mp3Low.speak("This is how I sound.", &voice);
    ([(header::CONTENT_TYPE, "audio/mpeg")], audio).into_response()
}

fn setting_out_of_range(settings: &Value) -> Option<&'static str> {
    let ranges = [
        ("stability", 0.0..=1.0),
        ("similarity_boost", 0.0..=1.0),
        ("style", 0.0..=1.0),
        ("speed", 0.7..=1.2),
    ];
    let wrong = |name: &str, range: &std::ops::RangeInclusive<f64>| {
        !settings[name].is_null() && !settings[name].as_f64().is_some_and(|value| range.contains(&value))
    };
    ranges.iter().find(|(name, range)| wrong(name, range)).map(|(name, _)| *name)
}

/// What the text costs, taken from the quota; else the status and words of the refusal.
fn pay(desk: &Desk, text: &str) -> Result<u64, (StatusCode, &'static str, String)> {
    let length = text.chars().count();
    if length > MOST_CHARACTERS {
        let message = format!(
            "This request's text has {length} characters and exceeds the character limit of {MOST_CHARACTERS} characters."
        );
        return Err((StatusCode::BAD_REQUEST, "max_character_limit_exceeded", message));
    }
    let cost = length as u64;
    let mut state = desk.state();
    let left = desk.settings.characters.saturating_sub(state.characters_spoken);
    if cost > left {
        let message = format!(
            "This request exceeds your quota of {}. You have {left} credits remaining, while {cost} credits are required for \
             this request.",
            desk.settings.characters
        );
        return Err((StatusCode::UNAUTHORIZED, "quota_exceeded", message));
    }
    state.characters_spoken += cost;
    Ok(cost)
}

fn refusal(status: StatusCode, word: &str, message: &str) -> Response {
    (status, Json(json!({ "detail": { "status": word, "message": message } }))).into_response()
}

fn invalid(place: &[&str], message: &str) -> Response {
    let detail = json!([{ "type": "value_error", "loc": place, "msg": message }]);
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail }))).into_response()
}
