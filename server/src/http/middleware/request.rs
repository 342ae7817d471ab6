//! One request from outside: its id, its line in the log, and what a panic in it becomes.

use std::panic::AssertUnwindSafe;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::Instant;

use crate::http::problem::Problem;

tokio::task_local! {
    static REQUEST_ID: RequestId;
}

/// 128 random bits that name a request in answers and in the log. Always ours: one sent from outside could be
/// chosen to collide with, or to forge, lines of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(u128);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The id of the request that is being answered, if any is.
pub fn current_request_id() -> Option<String> {
    REQUEST_ID.try_with(RequestId::to_string).ok()
}

/// Gives the request an id: in `X-Request-Id`, in the `instance` of problems, as an extension.
pub(super) async fn with_id(mut request: Request, answer: impl AsyncFnOnce(Request) -> Response) -> Response {
    let mut random = [0; 16];
    if getrandom::fill(&mut random).is_err() {
        // Without randomness no session and no key is safe either: fail closed.
        return Problem::internal().into_response();
    }
    let id = RequestId(u128::from_be_bytes(random));
    request.extensions_mut().insert(id);
    let mut response = REQUEST_ID.scope(id, answer(request)).await;
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// One line in the log per request: the route's pattern rather than the path, which may carry personal data.
pub(super) struct LogLine {
    began: Instant,
    method: Method,
    route: Option<MatchedPath>,
}

impl LogLine {
    /// Before the request is answered.
    pub fn begin(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().cloned();
        Self { began: Instant::now(), method: request.method().clone(), route }
    }

    /// Writes it.
    pub fn end(self, status: StatusCode) {
        let Self { began, method, route } = self;
        let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
        let (status, duration_ms) = (status.as_u16(), began.elapsed().as_millis() as u64);
        let request_id = REQUEST_ID.try_with(|id| *id).ok().map(tracing::field::display);
        if status >= 500 {
            tracing::error!(%method, route, status, duration_ms, request_id, "request failed");
        } else {
            tracing::debug!(%method, route, status, duration_ms, request_id, "request answered");
        }
    }
}

/// A panic in a handler becomes a 500 that says nothing but the request id.
pub(super) async fn panic_to_problem(answer: impl Future<Output = Response>) -> Response {
    // What the panicking handler leaves half done is in the database's hands: its transaction rolls back.
    let answered = AssertUnwindSafe(answer).catch_unwind().await;
    answered.unwrap_or_else(|_panic| {
        // The message may quote data and is printed by the panic hook; here only which request it was.
        tracing::error!(request_id = current_request_id().unwrap_or_default(), "a handler panicked");
        Problem::internal().into_response()
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use crate::http::middleware::{AnswerPolicy, guarded};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_log_names_the_route_but_neither_path_nor_query() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let router = axum::Router::new().route("/do-not-call/{number}", get(|| async { "ok" }));
        let request =
            axum::http::Request::get("/do-not-call/+15550100?q=hunter2").body(Body::empty()).unwrap();
        let answer = guarded(router, AnswerPolicy::api(false)).oneshot(request).await.unwrap();
        let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("/do-not-call/{number}") && log.contains("status=200"), "{log}");
        assert!(log.contains(answer.headers()["x-request-id"].to_str().unwrap()), "{log}");
        assert!(!log.contains("15550100") && !log.contains("hunter2"), "{log}");
    }
}
