//! The one answer for everything that went wrong: RFC 9457 `application/problem+json`.
//!
//! Syntax is 400, meaning 422, state 409, a missing or foreign thing 404. Values sent by the client are not
//! repeated in full.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::middleware::current_request_id;

/// Every case of the contract by name.
mod cases;

/// A refusal or a failure, ready to be sent. Small, so that it travels in a `Result` for free.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Details>);

/// What is sent: the members of RFC 9457 and ours.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
struct Details {
    /// `urn:prospectai:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:prospectai:problem:not_found")]
    kind: String,
    /// The code in words, the same for every occurrence.
    title: &'static str,
    /// The HTTP status, repeated.
    #[schema(example = 404)]
    status: u16,
    /// What happened here, what it means, what to do.
    detail: String,
    /// The id of the request, to be quoted when asking for help. Also in the header `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// The stable name programs should look at.
    #[schema(example = "not_found")]
    code: &'static str,
    /// What is wrong with which part of the input.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Why a call may not be placed now.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The earliest time at which the same request may succeed, RFC 3339 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    next_possible_at: Option<String>,
    /// Everything that stands in the way, not only the first thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    blockers: Vec<Blocker>,
    /// The call that stands in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
    /// Seconds to wait before trying again; also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u32>,
    #[serde(skip)]
    headers: Vec<(header::HeaderName, HeaderValue)>,
}

/// One part of the input that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/firstName")]
    pub pointer: Option<String>,
    /// Name of the query parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The stable name of what is wrong.
    #[schema(example = "too_long")]
    pub code: &'static str,
    /// The same for people.
    pub detail: String,
}

/// One thing that must be put right before an action is possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Blocker {
    /// The stable name of the obstacle.
    #[schema(example = "no_script")]
    pub code: &'static str,
    /// What to do about it.
    pub detail: String,
}

impl FieldError {
    /// An error in the body; `pointer` is a JSON pointer such as `/prospects/3/phone`.
    pub fn at(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, code, detail: detail.into() }
    }

    /// An error in a query parameter or header.
    pub fn parameter(name: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(name.into()), code, detail: detail.into() }
    }

    /// Moves the error below `prefix`: the same field inside a larger body.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.pointer = self.pointer.map(|pointer| format!("{prefix}{pointer}"));
        self
    }
}

/// Adding to a problem.
impl Problem {
    /// Any problem that has no constructor of its own.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Details {
            kind: format!("urn:prospectai:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            code,
            errors: Vec::new(),
            reason: None,
            next_possible_at: None,
            blockers: Vec::new(),
            call_id: None,
            retry_after: None,
            headers: Vec::new(),
        }))
    }

    /// Says which parts of the input are meant.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Why a call may not be placed now, as a stable name.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// The earliest time at which the same request may succeed.
    #[must_use]
    pub fn next_possible_at(mut self, at: Option<Timestamp>) -> Self {
        self.0.next_possible_at = at.map(|at| at.to_string());
        self
    }

    /// The call that stands in the way.
    #[must_use]
    pub fn with_call_id(mut self, id: impl Into<String>) -> Self {
        self.0.call_id = Some(id.into());
        self
    }

    /// Seconds to wait; sent in the body and as `Retry-After`.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after = Some(seconds);
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// A header that goes with the answer.
    #[must_use]
    pub fn with_header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The stable name.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What happened, what it means, what to do.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Everything that stands in the way.
    pub fn blockers(&self) -> &[Blocker] {
        &self.0.blockers
    }

    /// Seconds to wait before trying again.
    pub fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    /// What is wrong with which part of the input.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::invalid(vec![error])
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.0.instance = current_request_id();
        let status = self.status();
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for (name, value) in self.0.headers.drain(..) {
            headers.insert(name, value);
        }
        // For the layer that shows people a page instead.
        response.extensions_mut().insert(self);
        response
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Details::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> std::borrow::Cow<'static, str> {
        "Problem".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Details::schemas(schemas);
    }
}
