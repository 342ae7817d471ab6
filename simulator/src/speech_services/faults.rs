//! Accidents that the next requests meet, one each.

use std::io::{self, Cursor};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio_util::io::ReaderStream;

use super::desk::Desk;

/// One accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeechFault {
    /// HTTP 429 with `Retry-After` of so many seconds, where given; nothing was done.
    TooManyRequests(Option<u32>),
    /// HTTP 500; nothing was done.
    Failure,
    /// HTTP 307 to another address, which would get the key.
    Redirect(String),
    /// The answer breaks off in its middle; what was asked for was done, and is paid for.
    Cut,
    /// The answer is complete, but of so many bytes that nobody should read them.
    Endless(usize),
    /// The answer comes this much later.
    Late(Duration),
}

/// The request meets the next accident, if one waits. `refusal` says 429 and 500 in the service's own words.
pub(super) async fn meet(
    desk: &Desk,
    request: Request,
    next: Next,
    refusal: fn(StatusCode) -> Response,
) -> Response {
    let fault = {
        let mut state = desk.state();
        state.requests.push(format!("{} {}", request.method(), request.uri().path()));
        state.faults.pop_front()
    };
    match fault {
        None => next.run(request).await,
        Some(SpeechFault::TooManyRequests(after)) => {
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS);
            if let Some(after) = after {
                response.headers_mut().insert(header::RETRY_AFTER, after.into());
            }
            response
        }
        Some(SpeechFault::Failure) => refusal(StatusCode::INTERNAL_SERVER_ERROR),
        Some(SpeechFault::Redirect(to)) => redirect(&to),
        Some(SpeechFault::Cut) => cut(next.run(request).await).await,
        Some(SpeechFault::Endless(bytes)) => Response::new(Body::from(vec![b' '; bytes])),
        Some(SpeechFault::Late(by)) => {
            tokio::time::sleep(by).await;
            next.run(request).await
        }
    }
}

fn redirect(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The same answer, which promises its whole length and keeps half of it.
async fn cut(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let half = Cursor::new(body.slice(..body.len() / 2)).chain(Broken::default());
    Response::from_parts(parts, Body::from_stream(ReaderStream::new(half)))
}

/// A source that fails, but not before what came ahead of it could leave.
#[derive(Default)]
struct Broken {
    asked: bool,
}

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::replace(&mut self.asked, true) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, "cut by the fault script")));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
