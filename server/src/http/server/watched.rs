//! Streams and bodies that notice when the client is waited for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::places::Watch;

/// What a client sends of a body in a second, at least; one that sends less is the first to leave when there is no
/// room. 8 KiB: a webhook is there at once, and a file over a line of a hundred kilobits is not disturbed.
const BODY_BYTES_PER_SECOND: u64 = 8 * 1024;

/// A connection whose client has to read what it asked for.
pub struct WatchedStream {
    stream: TcpStream,
    watch: Watch,
    patience: Duration,
    /// Runs while the client reads nothing.
    stall: Option<Pin<Box<Sleep>>>,
}

impl WatchedStream {
    /// One that breaks when nothing could be sent for as long as `patience`.
    pub fn new(stream: TcpStream, watch: Watch, patience: Duration) -> Self {
        give_up_after(&stream, patience);
        Self { stream, watch, patience, stall: None }
    }

    fn sent(&mut self, sent: Poll<io::Result<usize>>, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if sent.is_ready() {
            if self.stall.take().is_some() {
                self.watch.goes_on();
            }
            return sent;
        }
        let stall = self.stall.get_or_insert_with(|| {
            self.watch.reader_stalls();
            Box::pin(sleep(self.patience))
        });
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
    }
}

/// The system takes megabytes for a client that reads nothing, and asks one that is gone for a quarter of an hour, before a
/// write would wait. It is told to give up on its own when nothing was taken for as long.
#[cfg(target_os = "linux")]
fn give_up_after(stream: &TcpStream, patience: Duration) {
    let milliseconds = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, milliseconds) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
    }
}

#[cfg(not(target_os = "linux"))]
const fn give_up_after(_: &TcpStream, _: Duration) {}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.sent(sent, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.sent(sent, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A request's body.
pub struct WatchedBody<B> {
    body: B,
    watch: Watch,
    began: Instant,
    bytes: u64,
}

impl<B> WatchedBody<B> {
    /// The body of a request whose head has just arrived.
    pub fn new(body: B, watch: Watch) -> Self {
        Self { body, watch, began: Instant::now(), bytes: 0 }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for WatchedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Pending => self.watch.body_waits(self.began, self.bytes, BODY_BYTES_PER_SECOND),
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                self.bytes += data.map_or(0, |data| data.len() as u64);
                self.watch.goes_on();
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for WatchedBody<B> {
    /// Whoever stops reading a body waits no longer for it.
    fn drop(&mut self) {
        self.watch.goes_on();
    }
}

/// An answer's body; when it is gone, the next request is waited for.
pub struct WatchedAnswer<B> {
    body: B,
    watch: Watch,
}

impl<B> WatchedAnswer<B> {
    /// The body of an answer.
    pub const fn new(body: B, watch: Watch) -> Self {
        Self { body, watch }
    }
}

impl<B: HttpBody + Unpin> HttpBody for WatchedAnswer<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for WatchedAnswer<B> {
    fn drop(&mut self) {
        self.watch.answer_ended();
    }
}
