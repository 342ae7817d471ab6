//! Writes that carry a session cookie must come from our own pages. Browsers tell where a request comes from
//! (`Sec-Fetch-Site`, `Origin`) and no page can change what they tell.
//!
//! Requests with an `Authorization` header pass: another site cannot make a browser send one.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::credentials::SessionCookie;

/// 403 `csrf` for a cookie's write from elsewhere. Not for webhooks, which carry neither cookie nor origin.
pub async fn same_origin_writes(
    State(cookie): State<SessionCookie>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let by_cookie = cookie.is_present(headers) && !headers.contains_key(header::AUTHORIZATION);
    if by_cookie && let Err(problem) = must_be_same_origin(request.method(), headers, cookie.origin()) {
        return problem.into_response();
    }
    next.run(request).await
}

/// 403 `csrf` for a form from elsewhere, whether or not a cookie comes with it: a foreign page must not sign people in.
pub async fn our_forms_only(State(cookie): State<SessionCookie>, request: Request, next: Next) -> Response {
    match must_be_same_origin(request.method(), request.headers(), cookie.origin()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// The check by itself, for sign-in, where there is no cookie yet but a foreign page must not sign people in.
///
/// `public_origin` is scheme, host and port of the public URL as a browser writes it.
pub fn must_be_same_origin(method: &Method, headers: &HeaderMap, public_origin: &str) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let same = match headers.get("sec-fetch-site") {
        Some(site) => site.as_bytes() == b"same-origin",
        // Browsers leave it out towards plain http on a network name; then `Origin` must be ours, or the host
        // that was asked.
        None => text(header::ORIGIN).is_some_and(|origin| {
            let asked = origin.split_once("://").map(|(_, authority)| authority);
            origin == public_origin || (asked.is_some() && asked == text(header::HOST))
        }),
    };
    if same { Ok(()) } else { Err(Problem::csrf()) }
}
