//! Requests refused before any handler sees them, and those no handler exists for.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::credentials::{ApiKey, ApiKeyHash};
use crate::http::problem::Problem;

/// Longer addresses are attacks or mistakes.
const LONGEST_URL: usize = 8 * 1024;
/// Names and values of all headers together.
const LARGEST_HEADERS: usize = 32 * 1024;

/// 404 for an address nothing answers at.
pub async fn fallback() -> Problem {
    Problem::not_found("address")
}

/// 405; the router adds `Allow`.
pub async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed()
}

/// The answer to a request that no handler is to see, if it is one: 414 for addresses over 8 KiB, 431 for headers over
/// 32 KiB, 400 for an API key in the query string.
pub fn refusal(request: &Request) -> Option<Response> {
    head_too_long(request).map(IntoResponse::into_response).or_else(|| credential_in_url(request.uri()))
}

/// The server's own limit on heads stops reading only some way beyond this one, and answers without a body.
fn head_too_long(request: &Request) -> Option<Problem> {
    if request.uri().path_and_query().map_or(0, |path| path.as_str().len()) > LONGEST_URL {
        return Some(Problem::url_too_long(LONGEST_URL));
    }
    let headers: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    (headers > LARGEST_HEADERS).then(|| Problem::headers_too_large(LARGEST_HEADERS))
}

/// Left on the answer when a working-looking key was sent in an address, so that the key can be flagged.
#[derive(Debug, Clone, Copy)]
pub struct LeakedKey(pub ApiKeyHash);

/// Addresses end up in logs and histories: a key in one is refused, and flagged.
fn credential_in_url(uri: &Uri) -> Option<Response> {
    let leaked = key_in_query(uri)?;
    let mut response = Problem::credential_in_url().into_response();
    if let Some(hash) = leaked {
        response.extensions_mut().insert(LeakedKey(hash));
    }
    Some(response)
}

/// `Some(None)`: something that looks like a key of ours but is mistyped.
fn key_in_query(uri: &Uri) -> Option<Option<ApiKeyHash>> {
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    let key = pairs.flat_map(|(name, value)| [name, value]).find(|text| text.starts_with(ApiKey::PREFIX))?;
    Some(ApiKey::parse(&key).ok())
}

/// 406 when `Accept` rules out all the media types a group of routes answers with. Problems are sent anyway.
pub async fn answers(State(types): State<&'static [&'static str]>, request: Request, next: Next) -> Response {
    if acceptable(request.headers(), types) {
        next.run(request).await
    } else {
        Problem::not_acceptable(&types.join(", ")).into_response()
    }
}

fn acceptable(headers: &HeaderMap, types: &[&str]) -> bool {
    let mut asked = headers.get_all(header::ACCEPT).iter().peekable();
    if asked.peek().is_none() {
        return true;
    }
    asked.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let (range, parameters) = range.split_once(';').unwrap_or((range, ""));
        wanted(parameters) && types.iter().any(|offered| matches(range.trim(), offered))
    })
}

fn matches(range: &str, offered: &str) -> bool {
    let whole_family = range.strip_suffix("/*").is_some_and(|family| {
        family == "*" || offered.split_once('/').is_some_and(|(ours, _)| ours.eq_ignore_ascii_case(family))
    });
    whole_family || range.eq_ignore_ascii_case(offered)
}

/// A weight of zero means "not this".
fn wanted(parameters: &str) -> bool {
    let weight = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
    weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
}
