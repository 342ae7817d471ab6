//! Connections: how many, how slow they may be, and a stop that finishes what it began.
//!
//! HTTP/1.1 only: every proxy speaks it, and its abuses are few and known.

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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// What a server puts up with.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Time for the head of a request to arrive, and for an idle connection to be used again.
    pub header_timeout: Duration,
    /// Bytes of a request's head; beyond them 431.
    pub header_bytes: usize,
    /// Connections open at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Time that requests in work have after a stop was asked for.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            connections: 10_000,
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
    let places = Arc::new(Semaphore::new(limits.connections));
    while let Some((stream, peer, place)) = next_connection(&listener, &places, &shutdown).await {
        let connection = converse(stream, peer, router.clone(), limits, shutdown.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            let _place = place;
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
    places: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let accepted = shutdown.run_until_cancelled(async {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some((stream, peer, place)),
                Err(error) => {
                    // Usually out of file descriptors: a pause lets connections end instead of spinning.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    });
    accepted.await.flatten()
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: ServerLimits,
    shutdown: CancellationToken,
) {
    // Small answers must not wait for more to send.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(router.oneshot(request).await.unwrap_or_else(|never| match never {})) }
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
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
}
