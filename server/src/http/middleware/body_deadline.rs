//! A request's body must arrive within a time, however slowly it trickles.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

/// The error a body ends with when its time is over; `JsonBody` answers it with 408.
#[derive(Debug)]
pub struct BodyTooSlow;

impl fmt::Display for BodyTooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body did not arrive in time")
    }
}

impl Error for BodyTooSlow {}

impl BodyTooSlow {
    /// Whether this is why reading a body failed.
    pub fn caused(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(current) = cause {
            if current.is::<Self>() {
                return true;
            }
            cause = current.source();
        }
        false
    }
}

/// Ends the body with `BodyTooSlow` when it is not complete within the given time from now.
pub async fn body_within(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    let deadline = Instant::now() + limit;
    let request = request.map(|body| if body.is_end_stream() { body } else { ending_at(deadline, body) });
    next.run(request).await
}

fn ending_at(deadline: Instant, body: Body) -> Body {
    Body::from_stream(stream::unfold(Some(body.into_data_stream()), move |rest| async move {
        let mut data = rest?;
        match timeout_at(deadline, data.next()).await {
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(data))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_elapsed) => Some((Err(axum::Error::new(BodyTooSlow)), None)),
        }
    }))
}
