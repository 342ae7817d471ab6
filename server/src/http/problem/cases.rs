//! Every case of the contract by name: its status, its code and what it tells the person.

use axum::http::{HeaderValue, StatusCode, header};

use super::{Blocker, FieldError, Problem};

/// Who may not pass.
impl Problem {
    /// 401. One text for no, wrong, expired and revoked credentials: the difference would help only a guesser.
    pub fn unauthenticated() -> Self {
        let detail = "Sign in, or send a valid API key as `Authorization: Bearer pak_…`.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in", detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"prospectai\""))
    }

    /// 403: known, but not permitted. Things of another workspace are `not_found`.
    pub fn forbidden() -> Self {
        let detail = "Your role or key does not permit this. Ask an owner of the workspace.";
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not permitted", detail)
    }

    /// 403: a write with a session cookie that did not come from our own pages.
    pub fn csrf() -> Self {
        let detail = "The request did not come from this site's own pages, so it was refused. Reload the page \
                      and try again; programs should use an API key.";
        Self::new(StatusCode::FORBIDDEN, "csrf", "Not from our pages", detail)
    }

    /// 403: a browser wants to show as a page what is only to be played or saved.
    pub fn not_a_page() -> Self {
        let detail = "A sound is not a page. Hear it where it is shown, on the page of its call or campaign, or fetch it with a program.";
        Self::new(StatusCode::FORBIDDEN, "not_a_page", "Not a page", detail)
    }

    /// 400: an API key in the address, where proxies and histories keep it.
    pub fn credential_in_url() -> Self {
        let detail = "An API key was sent in the address, where logs keep it. Consider it leaked: revoke it, \
                      create a new one and send that in the `Authorization` header.";
        Self::new(StatusCode::BAD_REQUEST, "credential_in_url", "Key in the address", detail)
    }
}

/// What is wrong with the request itself.
impl Problem {
    /// 400: the body is not JSON as we read it. `why` must not quote values.
    pub fn malformed_json(why: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed_json", "Not valid JSON", why)
    }

    /// 400: a field that does not exist, at this JSON pointer.
    pub fn unknown_field(pointer: impl Into<String>) -> Self {
        let detail = "The body has a field that does not exist here. Check its spelling, or leave it out.";
        Self::new(StatusCode::BAD_REQUEST, "unknown_field", "Unknown field", detail)
            .with_errors(vec![FieldError::at(pointer, "unknown_field", "this field does not exist")])
    }

    /// 400: a query parameter or header that cannot be used.
    pub fn invalid_parameter(name: impl Into<String>, why: impl Into<String>) -> Self {
        let (name, why) = (name.into(), why.into());
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_parameter",
            "Unusable parameter",
            format!("`{name}`: {why}"),
        )
        .with_errors(vec![FieldError::parameter(name, "invalid_parameter", why)])
    }

    /// 400: a cursor that we did not give out for this list.
    pub fn invalid_cursor() -> Self {
        let detail =
            "This cursor does not belong to this list and these filters. Start again without a cursor.";
        Self::new(StatusCode::BAD_REQUEST, "invalid_cursor", "Unusable cursor", detail)
            .with_errors(vec![FieldError::parameter("cursor", "invalid_cursor", "not a cursor of this list")])
    }

    /// 422: understood, but these parts cannot be used.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            many => format!("{} fields cannot be used; see `errors`.", many.len()),
        };
        // A single error lends its name, so that a program need not look deeper.
        let code = if let [only] = errors.as_slice() { only.code } else { "invalid" };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, "Unusable input", detail).with_errors(errors)
    }

    /// 422 for the whole rather than one field.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, "Unusable input", detail)
    }

    /// 422 with everything that stands in the way of an action, such as launching a campaign.
    pub fn blocked(detail: impl Into<String>, blockers: Vec<Blocker>) -> Self {
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "blocked", "Not possible yet", detail);
        problem.0.blockers = blockers;
        problem
    }

    /// 415: `why` says which of type, charset or encoding is at fault.
    pub fn unsupported_media_type(why: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unusable content type", why)
    }

    /// 406.
    pub fn not_acceptable(offered: &str) -> Self {
        let detail = format!("The `Accept` header rules out what this address answers: {offered}.");
        Self::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", "No acceptable form", detail)
    }

    /// 416: the part that is wanted lies behind the end of a file of `size` bytes.
    pub fn range_not_satisfiable(size: u64) -> Self {
        let detail = format!("The file has {size} bytes, and the part that is asked for lies behind them.");
        let problem = Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "range_not_satisfiable",
            "Behind the end of the file",
            detail,
        );
        let range = HeaderValue::from_str(&format!("bytes */{size}"));
        range.map_or(problem.clone(), |range| problem.with_header(header::CONTENT_RANGE, range))
    }

    /// 413: the body is larger than `limit` bytes.
    pub fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than the {limit} bytes allowed here. Send it in parts.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large", detail)
    }

    /// 414: the address is longer than `limit` bytes.
    pub fn url_too_long(limit: usize) -> Self {
        let detail = format!("The address is longer than {limit} bytes.");
        Self::new(StatusCode::URI_TOO_LONG, "url_too_long", "Address too long", detail)
    }

    /// 431: the headers are larger than `limit` bytes together.
    pub fn headers_too_large(limit: usize) -> Self {
        let detail =
            format!("The headers are larger than {limit} bytes together. Delete old cookies of this site.");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "headers_too_large", "Headers too large", detail)
    }

    /// 408: the body did not arrive in time.
    pub fn body_too_slow() -> Self {
        let detail = "The body did not arrive in time. Nothing was changed; send the request again.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "Body too slow", detail)
            .with_header(header::CONNECTION, HeaderValue::from_static("close"))
    }

    /// 400: the connection broke while the body was being read.
    pub fn incomplete_body() -> Self {
        let detail = "The body ended before it was complete. Nothing was changed; send the request again.";
        Self::new(StatusCode::BAD_REQUEST, "incomplete_body", "Incomplete body", detail)
    }

    /// 405. The `Allow` header is added by the router, which knows the methods.
    pub fn method_not_allowed() -> Self {
        let detail = "This address does not answer to that method; see the `Allow` header.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail)
    }
}

/// What is in the way.
impl Problem {
    /// 404 for a missing thing, one of another workspace, or an id that cannot exist. `noun` as in "campaign".
    pub fn not_found(noun: &str) -> Self {
        let detail =
            format!("There is no such {noun} here. It may have been deleted, or the id is mistyped.");
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// 409: the state of things does not allow it. Add `with_reason` and `next_possible_at` where known.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Not possible in this state", detail)
    }

    /// 422: the same `Idempotency-Key` came with another body.
    pub fn idempotency_mismatch() -> Self {
        let detail =
            "This `Idempotency-Key` was already used with another request. Use a new key for a new request.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "Key used before", detail)
    }

    /// 409: the server that worked on the first request with this `Idempotency-Key` is gone, and left no answer.
    pub fn outcome_unknown() -> Self {
        let detail = "The server that took the first request with this `Idempotency-Key` stopped before it could answer. \
                      The request may have been done or not: look for what it would have made, and send it with a new \
                      key if it is not there.";
        Self::conflict("request_outcome_unknown", detail)
    }

    /// 409: the first request with this `Idempotency-Key` is still running.
    pub fn in_progress(retry_after_seconds: u32) -> Self {
        let detail = "The first request with this `Idempotency-Key` is still running. Ask again shortly.";
        Self::conflict("in_progress", detail).with_retry_after(retry_after_seconds)
    }

    /// 412: the thing changed since the client read it.
    pub fn stale() -> Self {
        let detail = "Someone changed this since you read it. Read it again, then repeat your change.";
        Self::new(StatusCode::PRECONDITION_FAILED, "stale", "Changed meanwhile", detail)
    }

    /// 428: `If-Match` is needed here.
    pub fn if_match_required() -> Self {
        let detail = "Send the `ETag` you read as `If-Match`, so that nobody's change is overwritten unseen.";
        Self::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", "If-Match missing", detail)
    }

    /// 429.
    pub fn too_many_requests(retry_after_seconds: u32) -> Self {
        let detail = format!("Too many requests. Try again in {retry_after_seconds} s.");
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests", detail)
            .with_retry_after(retry_after_seconds)
    }

    /// 503: shutting down, or the database does not answer. `why` must not name hosts or files.
    pub fn unavailable(why: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not available now", why)
            .with_retry_after(retry_after_seconds)
    }

    /// 500: our fault. Says nothing but the request id; the cause belongs in the log.
    pub fn internal() -> Self {
        let detail = "Something went wrong on our side. If it happens again, report the id in `instance`.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error", detail)
    }
}
