//! Refusals in Twilio's shape: `code`, `message`, `more_info`, `status`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A request that is not fulfilled.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: u32,
    message: String,
    detail: Option<&'static str>,
}

impl Refusal {
    /// A parameter is wrong: HTTP 400 with Twilio's code.
    pub(super) fn bad(code: u32, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into(), detail: None }
    }

    pub(super) fn not_found(path: &str) -> Self {
        let message = format!("The requested resource {path} was not found");
        Self { status: StatusCode::NOT_FOUND, code: 20404, message, detail: None }
    }

    pub(super) fn unauthenticated() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: 20003,
            message: "Authenticate".to_owned(),
            detail: Some("Your AccountSid or AuthToken was incorrect."),
        }
    }

    pub(super) fn too_many_requests() -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: 20429,
            message: "Too Many Requests".into(),
            detail: None,
        }
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "The requested resource does not take this method".into();
        Self { status: StatusCode::METHOD_NOT_ALLOWED, code: 20004, message, detail: None }
    }

    pub(super) fn internal() -> Self {
        let message = "An internal server error has occurred".into();
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: 20500, message, detail: None }
    }

    pub(super) fn unavailable() -> Self {
        let message = "Service is not available at the moment".into();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: 20503, message, detail: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status.as_u16(),
        });
        if let Some(detail) = self.detail {
            body["detail"] = detail.into();
        }
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"Twilio API\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
