//! Strangers who hold connections without asking for anything, over real sockets: webhooks go past them.

use std::net::SocketAddr;

use futures_util::StreamExt as _;
use prospectai::carrier::twilio::Purpose;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::post::Desk;
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

const PLACES: usize = 8;
/// Three times as many as there are places: two thirds of them stand in the system's queue, before any webhook.
const STRANGERS: usize = 3 * PLACES;

#[test]
fn silent_connections_do_not_keep_a_webhook_waiting() {
    on_both(async |database| {
        let desk = Desk::of(TestApp::on(database).connections(PLACES)).await;
        let silent = strangers(&desk, "").await;
        assert_let_in(&desk, &silent).await;
        drop(silent);
        desk.app.abandon().await;
    });
}

#[tokio::test]
async fn neither_do_heads_nor_bodies_that_never_end() {
    let head = "Host: x\r\nX-Twilio-Signature: x\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    for rest in ["X-Slow: a", "Content-Length: 1000\r\n\r\nCallSid="] {
        let desk = Desk::of(TestApp::on(Database::Sqlite).connections(PLACES)).await;
        let url = desk.url(Purpose::Status);
        let path = url.strip_prefix(&desk.app.url("")).expect("an address of ours");
        let says = &format!("POST {path} HTTP/1.1\r\n{head}{rest}");
        let slow = strangers(&desk, says).await;
        assert_let_in(&desk, &slow).await;
        drop(slow);
        desk.app.abandon().await;
    }
}

#[tokio::test]
async fn a_request_in_work_goes_on_among_any_number_of_strangers() {
    let desk = Desk::of(TestApp::on(Database::Sqlite).connections(PLACES)).await;
    let key = desk.app.key().await;
    // An answer that goes on until the reader leaves.
    let events = desk.http().get(desk.app.url("/api/events")).bearer_auth(key).send().await;
    let mut events = events.expect("an answer").bytes_stream();
    let silent = strangers(&desk, "").await;
    let slow = strangers(&desk, "GET / HTTP/1.1\r\n").await;
    assert_eq!(desk.post(&desk.url(Purpose::Status), &desk.form(&[])).await, 204);
    let mut seen = String::new();
    while !seen.contains("completed") {
        let piece = events.next().await.expect("the stream goes on").expect("and is not cut");
        seen += &String::from_utf8_lossy(&piece);
    }
    drop((events, silent, slow));
    desk.app.abandon().await;
}

/// Connections that say this much and no more.
async fn strangers(desk: &Desk, says: &str) -> Vec<TcpStream> {
    let address = desk.app.url("");
    let address: SocketAddr = address.trim_start_matches("http://").parse().expect("an address");
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(says.as_bytes()).await.expect("sent");
        strangers.push(stream);
    }
    strangers
}

/// A webhook is taken although all places are held, and long before anybody's time is over: whoever came last is still
/// there, and only those left who came first.
async fn assert_let_in(desk: &Desk, strangers: &[TcpStream]) {
    assert_eq!(desk.post(&desk.url(Purpose::Status), &desk.form(&[])).await, 204);
    let open = strangers.iter().map(is_open).collect::<Vec<_>>();
    let last = STRANGERS - PLACES / 2;
    assert!(open[last..].iter().all(|open| *open), "{open:?}");
    assert!(!open[0], "{open:?}");
}

/// Whether the server has neither answered nor left.
fn is_open(stream: &TcpStream) -> bool {
    let mut byte = [0];
    stream.try_read(&mut byte).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
}
