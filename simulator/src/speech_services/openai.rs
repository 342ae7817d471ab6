//! What both of OpenAI's endpoints share: the key, refusals in its shape, accidents.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::desk::Desk;
use super::faults;

/// A request that is not fulfilled.
pub(super) struct Refusal {
    pub status: StatusCode,
    pub kind: &'static str,
    pub code: Option<&'static str>,
    pub param: Option<&'static str>,
    pub message: String,
}

impl Refusal {
    /// A parameter is missing or wrong.
    pub(super) fn bad(param: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            param: Some(param),
            message: message.into(),
        }
    }

    /// The body is larger than is taken.
    pub(super) fn too_large() -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            kind: "server_error",
            code: None,
            param: None,
            message: "Maximum content size limit (26214400) exceeded".into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        });
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

/// The key, or 401. Like the real service it repeats parts of what it was given.
pub(super) async fn require_key(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = given.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if key == desk.settings.openai_key {
        return next.run(request).await;
    }
    let (begin, end) =
        (key.get(..8).unwrap_or(key), key.get(key.len().saturating_sub(4)..).unwrap_or_default());
    let refusal = Refusal {
        status: StatusCode::UNAUTHORIZED,
        kind: "invalid_request_error",
        code: Some("invalid_api_key"),
        param: None,
        message: format!("Incorrect API key provided: {begin}********{end}."),
    };
    refusal.into_response()
}

/// What goes wrong.
pub(super) async fn accidents(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    faults::meet(&desk, request, next, in_trouble).await
}

fn in_trouble(status: StatusCode) -> Response {
    let (kind, code, message) = if status == StatusCode::TOO_MANY_REQUESTS {
        ("requests", Some("rate_limit_exceeded"), "Rate limit reached for requests. Please try again later.")
    } else {
        ("server_error", None, "The server had an error while processing your request.")
    };
    Refusal { status, kind, code, param: None, message: message.into() }.into_response()
}
