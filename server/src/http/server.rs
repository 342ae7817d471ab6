//! Connections: how many, how slow they may be, and a stop that finishes what it began.
//!
//! HTTP/1.1 only: every proxy speaks it, and its abuses are few and known.

/// Who has a place, and who leaves when a newcomer needs one.
mod places;
/// Streams and bodies that notice when the client is waited for.
mod watched;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use places::{Places, Seat};
use watched::{WatchedAnswer, WatchedBody, WatchedStream};

/// What a server puts up with.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Time for the head of a request to arrive, and for an idle connection to be used again.
    pub header_timeout: Duration,
    /// Bytes of a request's head in memory; somewhere between this and its double the answer is 431.
    pub header_bytes: usize,
    /// Connections open at once. For one more, the one leaves whose client is waited for the longest: for a request, for
    /// more of its body, or for reading the answer. While all of them wait for the server, further ones wait in the
    /// kernel's queue.
    pub connections: usize,
    /// Time in which a client has to read something of its answer.
    pub read_timeout: Duration,
    /// Time that requests in work have after a stop was asked for.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            connections: 10_000,
            read_timeout: Duration::from_secs(30),
            drain: Duration::from_secs(20),
        }
    }
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were still busy when the time to drain was over, and were cut.
    pub cut: usize,
}

/// Serves until `shutdown`; then takes no more connections, finishes the requests in work and returns.
///
/// Routes find the peer's address as `ConnectInfo<SocketAddr>`. Streams without end (server-sent events) have to
/// watch `shutdown` themselves.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) -> Stopped {
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    let places = Places::new(limits.connections);
    while let Some((stream, peer, seat)) = next_connection(&listener, &places, &shutdown).await {
        let connection = converse(stream, peer, seat, router.clone(), limits, shutdown.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            cut.run_until_cancelled(connection).await;
        });
    }
    drop(listener);
    connections.close();
    let drained = timeout(limits.drain, connections.wait()).await.is_ok();
    let left = if drained { 0 } else { connections.len() };
    cut.cancel();
    connections.wait().await;
    Stopped { cut: left }
}

async fn next_connection(
    listener: &TcpListener,
    places: &Arc<Places>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Seat)> {
    let accepted = shutdown.run_until_cancelled(async {
        loop {
            match listener.accept().await {
                // Nobody has to leave before somebody is there who needs the place.
                Ok((stream, peer)) => return (stream, peer, places.take().await),
                Err(error) => {
                    // Usually out of file descriptors: one fewer, and a pause instead of spinning.
                    tracing::warn!(%error, "a connection could not be accepted");
                    places.give_away();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    });
    accepted.await
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    seat: Seat,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) {
    // Small answers must not wait for more to send.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let watch = seat.watch();
    let stream = WatchedStream::new(stream, watch.clone(), limits.read_timeout);
    let answer = service_fn(move |request: Request<Incoming>| {
        let ours = watch.request_begins();
        let mut request = request.map(|body| Body::new(WatchedBody::new(body, watch.clone())));
        request.extensions_mut().insert(ConnectInfo(peer));
        let (router, watch) = (router.clone(), watch.clone());
        async move {
            if !ours {
                // The place is given away, and this connection is being cut: nothing is begun.
                std::future::pending::<()>().await;
            }
            let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            Ok::<_, Infallible>(answer.map(|body| WatchedAnswer::new(body, watch)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = seat.given_away() => return,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;

    struct Running {
        address: SocketAddr,
        shutdown: CancellationToken,
        served: JoinHandle<Stopped>,
    }

    async fn start(router: Router, limits: ServerLimits) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(serve(listener, router, limits, shutdown.clone()));
        Running { address, shutdown, served }
    }

    impl Running {
        async fn connect(&self, send: &str) -> TcpStream {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(send.as_bytes()).await.unwrap();
            stream
        }
    }

    /// Everything until the server closes the connection.
    async fn rest(mut stream: TcpStream) -> String {
        let mut text = Vec::new();
        // A reset instead of a clean end is a closed connection, too.
        let _ended = stream.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }

    fn hello() -> Router {
        Router::new().route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }),
        )
    }

    const ONE_REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    #[tokio::test]
    async fn a_request_is_answered_and_knows_its_peer() {
        let server = start(hello(), ServerLimits::default()).await;
        let answer = rest(server.connect(ONE_REQUEST).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_cut_off() {
        let limits = ServerLimits { header_timeout: Duration::from_millis(30), ..ServerLimits::default() };
        let server = start(hello(), limits).await;
        let answer = rest(server.connect("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await).await;
        assert!(!answer.contains("200 OK"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_is_too_large_is_refused() {
        let server = start(hello(), ServerLimits::default()).await;
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "a".repeat(100_000));
        let answer = rest(server.connect(&head).await).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    #[tokio::test]
    async fn a_busy_connection_is_never_cut_for_a_newcomer_and_a_silent_one_is() {
        let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let limits = ServerLimits { connections: 2, ..ServerLimits::default() };
        let server = start(waiting(&began, &go_on).merge(quick()), limits).await;
        let busy = server.connect(ONE_REQUEST).await;
        began.notified().await;
        // One after the other needs the second place; whoever has it said nothing.
        let mut silent = Vec::new();
        for _ in 0..5 {
            silent.push(server.connect("").await);
            let quick = server.connect("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert!(first_line(&quick).await.ends_with("200 OK"));
            silent.push(quick);
        }
        go_on.notify_one();
        assert!(rest(busy).await.ends_with("finished"));
    }

    #[tokio::test]
    async fn while_all_wait_for_the_server_a_newcomer_waits_for_a_place() {
        let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let limits = ServerLimits { connections: 1, ..ServerLimits::default() };
        let server = start(waiting(&began, &go_on).merge(quick()), limits).await;
        let mut first = server.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        began.notified().await;
        let newcomer = server.connect("GET /quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        go_on.notify_one();
        // The place is given on as soon as the answer is out, although its owner stays.
        assert!(rest(newcomer).await.ends_with("quick"));
        let mut answer = String::new();
        first.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("finished"), "{answer}");
    }

    #[tokio::test]
    async fn who_does_not_read_the_answer_is_cut() {
        let limits = ServerLimits { read_timeout: Duration::from_millis(30), ..ServerLimits::default() };
        let gone = Arc::new(Notify::new());
        let endless = Router::new().route(
            "/",
            get({
                let gone = Arc::clone(&gone);
                || async move {
                    let said = DropSays(gone);
                    Body::from_stream(futures_util::stream::repeat_with(move || {
                        let _held = &said;
                        Ok::<_, Infallible>("x".repeat(64 * 1024))
                    }))
                }
            }),
        );
        let server = start(endless, limits).await;
        let _stream = server.connect(ONE_REQUEST).await;
        gone.notified().await;
    }

    struct DropSays(Arc<Notify>);

    impl Drop for DropSays {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    fn quick() -> Router {
        Router::new().route("/quick", get(|| async { "quick" }))
    }

    async fn first_line(stream: &TcpStream) -> String {
        let mut line = Vec::new();
        while !line.contains(&b'\r') {
            stream.readable().await.unwrap();
            let mut byte = [0];
            match stream.try_read(&mut byte) {
                Ok(0) => break,
                Ok(_) => line.extend(byte),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
        String::from_utf8_lossy(&line).trim().to_owned()
    }

    /// A route that says when it has begun and answers when told to.
    fn waiting(began: &Arc<Notify>, go_on: &Arc<Notify>) -> Router {
        let (began, go_on) = (Arc::clone(began), Arc::clone(go_on));
        Router::new().route(
            "/",
            get(|| async move {
                began.notify_one();
                go_on.notified().await;
                "finished"
            }),
        )
    }

    #[tokio::test]
    async fn a_stop_finishes_the_request_in_work_and_takes_no_more() {
        let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let server = start(waiting(&began, &go_on), ServerLimits::default()).await;
        let stream = server.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        began.notified().await;
        server.shutdown.cancel();
        go_on.notify_one();
        assert!(rest(stream).await.ends_with("finished"));
        assert_eq!(server.served.await.unwrap(), Stopped { cut: 0 });
        assert!(TcpStream::connect(server.address).await.is_err());
    }

    #[tokio::test]
    async fn a_request_that_outlasts_the_drain_is_cut() {
        let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let limits = ServerLimits { drain: Duration::from_millis(20), ..ServerLimits::default() };
        let server = start(waiting(&began, &go_on), limits).await;
        let stream = server.connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        began.notified().await;
        server.shutdown.cancel();
        assert_eq!(server.served.await.unwrap(), Stopped { cut: 1 });
        assert_eq!(rest(stream).await, "");
    }
}
