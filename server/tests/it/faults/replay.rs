//! F36: whoever captured the carrier's signed requests and sends them again, however often, changes nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::broadcast::error::TryRecvError;

use crate::support::recorder::Recorder;
use crate::support::snapshot::everything_in;
use crate::support::test_app::TestApp;
use crate::support::world::on_both;

const PEOPLE: usize = 25;
/// On both databases together.
const REPLAYS: usize = 100_000;
const CONNECTIONS: usize = 50;

#[test]
fn a_hundred_thousand_replays_of_captured_signed_requests_change_nothing() {
    let replays = REPLAYS / 2;
    on_both(async |database| {
        let recorder = Recorder::start().await;
        let app = TestApp::on(database).behind(&recorder.url()).start().await;
        recorder.pass_on_to(app.address());
        let campaign = app.campaign_of(PEOPLE).await;
        app.launch(campaign).await;
        app.until_completed(campaign).await;
        app.until_quiet().await;
        app.until("nothing is left to be asked", async || {
            // The note that it was asked follows the price that it was asked for.
            app.calls(campaign).await.iter().all(|call| call.next_poll_at.is_none() && call.polls > 0)
        })
        .await;
        let captured = recorder.captured();
        assert!(captured.len() >= 3 * PEOPLE, "{} requests were captured", captured.len());
        let requests: Vec<Vec<u8>> = captured.iter().map(|request| request.bytes(app.address())).collect();

        let before = everything_in(app.location()).await;
        let recount = app.recount().await;
        let mut changes = app.actions.live.subscribe(None).changes;
        let began = Instant::now();
        replay(app.address(), Arc::new(requests), replays).await;
        eprintln!("{database:?}: {replays} replays in {:?}", began.elapsed());

        assert!(
            matches!(changes.try_recv(), Err(TryRecvError::Empty)),
            "open readers were told of something"
        );
        assert_eq!(app.recount().await, recount);
        let after = everything_in(app.location()).await;
        let differ = before.iter().filter(|(name, rows)| after.get(*name) != Some(*rows));
        let differ: Vec<_> = differ.map(|(name, _)| name).collect();
        assert!(differ.is_empty(), "changed: {differ:?}");
        assert_eq!(before.len(), after.len());
        assert_eq!(app.stop().await.ledger.len(), PEOPLE);
    });
}

/// Sends the requests one after the other over connections that are kept, until all replays are done.
async fn replay(server: SocketAddr, requests: Arc<Vec<Vec<u8>>>, replays: usize) {
    let lines: Vec<_> = (0..CONNECTIONS)
        .map(|line| {
            let requests = requests.clone();
            tokio::spawn(async move {
                let mut connection = TcpStream::connect(server).await.expect("connect");
                connection.set_nodelay(true).expect("at once");
                for nth in (line..replays).step_by(CONNECTIONS) {
                    connection.write_all(&requests[nth % requests.len()]).await.expect("sent");
                    assert_eq!(status_of_answer(&mut connection).await, 204);
                }
            })
        })
        .collect();
    for line in lines {
        line.await.expect("a line");
    }
}

/// Reads one answer without a body.
async fn status_of_answer(connection: &mut TcpStream) -> u16 {
    let mut answer = Vec::with_capacity(1_024);
    while !answer.ends_with(b"\r\n\r\n") {
        let read = connection.read_buf(&mut answer).await.expect("an answer");
        assert!(read > 0, "the connection was closed");
    }
    std::str::from_utf8(&answer[9..12]).expect("a status line").parse().expect("a status")
}
