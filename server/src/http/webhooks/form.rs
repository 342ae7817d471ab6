//! A signed form: read within limits, and believed only when Twilio's signature covers every byte of it.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ids::CallId;
use tracing::warn;

use crate::carrier::twilio::{Purpose, signature};
use crate::http::json::read_body;
use crate::http::problem::Problem;
use crate::http::state::HttpState;

const LARGEST_BODY: usize = 64 * 1024;
const MOST_FIELDS: usize = 200;

/// A form that Twilio signed.
pub(super) struct SignedForm {
    /// The call that our own URL names; `None` for a URL without one, set up by hand at Twilio.
    pub call: Option<CallId>,
    /// The fields in the order of arrival.
    pub fields: Vec<(String, String)>,
    /// The body as it arrived.
    pub payload: String,
}

impl SignedForm {
    /// Reads and verifies; or the answer to give instead.
    pub async fn read(state: &HttpState, purpose: Purpose, request: Request) -> Result<Self, Response> {
        let form_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let form_type = form_type.map(|value| value.split(';').next().unwrap_or_default().trim());
        if !form_type.is_some_and(|value| value.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(Problem::unsupported_media_type("a webhook is a form").into_response());
        }
        // The raw target: a URL put together again from its parts may differ from the one that was signed.
        let target =
            request.uri().path_and_query().map(|target| target.as_str().to_owned()).unwrap_or_default();
        let query = request.uri().query().map(str::to_owned);
        let given = request.headers().get("x-twilio-signature").and_then(|value| value.to_str().ok());
        let Some(given) = given.map(str::to_owned) else { return Err(forged("no signature")) };
        let body = read_body(request, LARGEST_BODY).await.map_err(IntoResponse::into_response)?;
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(&body).into_owned().take(MOST_FIELDS + 1).collect();
        if fields.len() > MOST_FIELDS {
            return Err(Problem::body_too_large(LARGEST_BODY).into_response());
        }
        let url = state.server.callback_urls.signed_url(&target);
        if !signature::verify(&state.server.webhook_tokens, &url, &fields, &given) {
            return Err(forged("the signature does not fit"));
        }
        let call = match query {
            None => None,
            // The signature joins its parts without separators: only the exact query that we issue is accepted.
            Some(query) => match state.server.callback_urls.open(purpose, &query) {
                Some(call) => Some(call),
                None => return Err(forged("the query is not one of ours")),
            },
        };
        Ok(Self { call, fields, payload: String::from_utf8_lossy(&body).into_owned() })
    }
}

fn forged(why: &'static str) -> Response {
    warn!(why, "a webhook was refused");
    StatusCode::FORBIDDEN.into_response()
}
