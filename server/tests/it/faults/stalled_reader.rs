//! F34: a reader of a stream who stops reading, while there is little to read.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use prospectai::http::server::{ServerLimits, serve};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Longer than this takes, so that a test that waits in vain fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says when the answer was given up.
struct DropSays(Arc<Notify>);

impl Drop for DropSays {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_reader_of_small_pieces_is_cut_long_before_the_system_takes_no_more_of_them() {
    let (gone, sent) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let endless = get({
        let (gone, sent) = (Arc::clone(&gone), Arc::clone(&sent));
        || async move {
            let state = (tokio::time::interval(Duration::from_millis(1)), DropSays(gone), sent);
            Body::from_stream(futures_util::stream::unfold(state, |(mut beat, said, sent)| async move {
                beat.tick().await;
                sent.fetch_add(100, Ordering::Relaxed);
                Some((Ok::<_, Infallible>("x".repeat(100)), (beat, said, sent)))
            }))
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let limits = ServerLimits { read_timeout: Duration::from_millis(300), ..ServerLimits::default() };
    let router = Router::new().route("/", endless);
    let served = tokio::spawn(serve(listener, router, limits, CancellationToken::new()));
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("little room");
    let mut reader = socket.connect(address).await.expect("a connection");
    reader.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("asked");
    tokio::time::timeout(PATIENCE, gone.notified()).await.expect("it is cut");
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 1_000_000, "{sent} bytes were sent to a client that reads nothing");
    served.abort();
}
