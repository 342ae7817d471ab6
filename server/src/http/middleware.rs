//! What stands around every route, and the layers that only some have.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

/// A request must arrive within a time.
mod body_deadline;
/// Requests refused before any handler sees them.
mod guards;
/// Headers every answer carries.
mod headers;
/// Request ids, the request log and what a panic becomes.
mod request;

pub use body_deadline::{BodyTooSlow, body_within};
pub use guards::{LeakedKey, answers};
pub use headers::{AnswerPolicy, DOCS_PAGE_POLICY, answer_headers};
pub use request::{RequestId, current_request_id};

/// Puts what every route has around a router: a request id, the request log, headers, panics as 500, long addresses and
/// headers, keys in the address, and problems for unknown addresses and methods.
///
/// All of it is one layer: each layer of axum's copies everything inside of it for each request, so that a stack of them
/// costs the square of its height.
///
/// What differs per group of routes stays with the group: `answers`, `body_within`, sign-in, csrf.
pub fn guarded<S: Clone + Send + Sync + 'static>(router: Router<S>, policy: AnswerPolicy) -> Router<S> {
    router
        .fallback(guards::fallback)
        .method_not_allowed_fallback(guards::method_not_allowed)
        .layer(from_fn_with_state(policy, around))
}

async fn around(State(policy): State<AnswerPolicy>, request: Request, next: Next) -> Response {
    request::with_id(request, async |request: Request| {
        let line = request::LogLine::begin(&request);
        let mut response = request::panic_to_problem(async {
            match guards::refusal(&request) {
                Some(refusal) => refusal,
                None => next.run(request).await,
            }
        })
        .await;
        policy.write(response.headers_mut());
        line.end(response.status());
        response
    })
    .await
}

/// The time a body has to arrive, where a route does not say otherwise: 30 s.
pub const BODY_DEADLINE: Duration = Duration::from_secs(30);
