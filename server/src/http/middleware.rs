//! The layers around every route. `guarded` puts them on in the right order.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

/// A request must arrive within a time.
mod body_deadline;
/// Requests refused before any handler sees them.
mod guards;
/// Headers every answer carries.
mod headers;
/// Request ids, the request log and what a panic becomes.
mod request;

pub use body_deadline::{BodyTooSlow, body_within};
pub use guards::{LeakedKey, answers, credential_in_url, fallback, head_length, method_not_allowed};
pub use headers::{AnswerPolicy, DOCS_PAGE_POLICY, answer_headers};
pub use request::{RequestId, current_request_id, log_request, panic_to_problem, request_id};

/// Puts the layers every route has around a router: a request id, the request log, headers, panics as 500,
/// long addresses and headers, keys in the address, and problems for unknown addresses and methods.
///
/// What differs per group of routes stays with the group: `answers`, `body_within`, sign-in, csrf.
pub fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>, policy: AnswerPolicy) -> Router<S> {
    // The last layer added is the first to see a request.
    router
        .fallback(fallback)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(credential_in_url))
        .layer(from_fn(head_length))
        .layer(from_fn(panic_to_problem))
        .layer(from_fn_with_state(policy, answer_headers))
        .layer(from_fn(log_request))
        .layer(from_fn(request_id))
}

/// The time a body has to arrive, where a route does not say otherwise: 30 s.
pub const BODY_DEADLINE: Duration = Duration::from_secs(30);
