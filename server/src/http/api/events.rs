//! Changes as they happen: server-sent events that go on where the reader left off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::ids::WorkspaceId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::actions::random_bytes;
use crate::actions::users::{Role, Visitor};
use crate::http::Problem;
use crate::http::auth::{Analyst, Credential, Known};
use crate::http::state::HttpState;
use crate::live::{Change, Subject, Subscription};

/// Events that wait for a slow reader before the stream waits for them.
const ROOM: usize = 64;
/// A quiet stream says that it lives, so that proxies keep it open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the credential is asked about again: a revoked one ends the stream within five seconds.
const RECHECK: Duration = Duration::from_secs(4);
/// How long a reader waits before it connects again: each another time within these, so that they do not all come at the
/// same moment to a server that was started anew.
const RECONNECT: (u16, u16) = (1_000, 9_000);
/// Readers are sent a change one after the other, this far apart: what sending it to one of them keeps a processor busy
/// for. Ten thousand at once would leave webhooks waiting meanwhile.
const APART: Duration = Duration::from_micros(30);
/// No reader waits longer for its turn, however many there are.
const LAST_TURN: Duration = Duration::from_millis(400);

/// Streams changes of calls, campaigns and imports. The events of these names carry ids, and calls their status;
/// `workspace` says that something changed for all campaigns, such as the switch, and `reset` that changes were missed and
/// everything must be read anew.
#[utoipa::path(get, path = "/api/events", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "Go on behind this event")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = "4XX", body = Problem)))]
pub async fn stream(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    known: Known,
    headers: HeaderMap,
) -> Response {
    // A name that is not even text is none of ours: the reader must start anew.
    let last_seen = headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default());
    let subscription = state.actions.live.subscribe(last_seen);
    let (sender, receiver) = mpsc::channel(ROOM);
    let place = u16::from_le_bytes(random_bytes());
    let reader =
        Reader { state, workspace: visitor.actor.workspace, credential: known.credential, place, sender };
    tokio::spawn(reader.follow(subscription));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, Body::from_stream(ReceiverStream::new(receiver))).into_response()
}

/// One open stream. It ends when its reader is gone, may not read any more, or the server stops.
struct Reader {
    state: HttpState,
    workspace: WorkspaceId,
    credential: Credential,
    /// Its place among all readers, from the first at 0 to the last.
    place: u16,
    sender: mpsc::Sender<Result<Bytes, Infallible>>,
}

/// The stream is over.
struct Over;

impl Reader {
    async fn follow(self, mut subscription: Subscription) {
        // At once: a reader who lost the connection before the first change would come back after a time of its own.
        let come_back = format!("retry: {}\n\n", reconnect_after(random_bytes()));
        if self.send(come_back.into()).await.is_err() {
            return;
        }
        let stopping = self.state.stopping.clone();
        let mut recheck = tokio::time::interval(RECHECK);
        recheck.reset();
        let mut quiet = tokio::time::interval(KEEP_ALIVE);
        quiet.reset();
        if self.catch_up(&mut subscription).await.is_err() {
            return;
        }
        let mut in_turn = false;
        loop {
            let sent = tokio::select! {
                () = stopping.cancelled() => return,
                () = self.sender.closed() => return,
                _ = recheck.tick() => self.still_allowed().await,
                // A comment, which readers pass over.
                _ = quiet.tick() => self.send(Bytes::from_static(b":\n\n")).await,
                change = subscription.changes.recv() => {
                    if !in_turn {
                        self.wait_for_turn().await;
                    }
                    let sent = match change {
                        Ok(change) => self.send_change(&change).await,
                        Err(RecvError::Lagged(_)) => {
                            subscription = self.state.actions.live.subscribe(None);
                            self.send_reset(subscription.last).await
                        }
                        Err(RecvError::Closed) => return,
                    };
                    // What came meanwhile goes out with it.
                    in_turn = !subscription.changes.is_empty();
                    sent
                }
            };
            if sent.is_err() {
                return;
            }
        }
    }

    /// Begins with what was missed, or with the news that it is forgotten.
    async fn catch_up(&self, subscription: &mut Subscription) -> Result<(), Over> {
        match subscription.missed.take() {
            None => self.send_reset(subscription.last).await,
            Some(missed) => {
                for change in missed {
                    self.send_change(&change).await?;
                }
                Ok(())
            }
        }
    }

    async fn still_allowed(&self) -> Result<(), Over> {
        // What cannot be asked is not allowed; the reader comes back and asks at the door.
        let visitor = self.state.standing.visitor_of(&self.state, self.credential).await;
        let may = |it: &Visitor| it.actor.workspace == self.workspace && it.role >= Role::Analyst;
        visitor.filter(may).map(drop).ok_or(Over)
    }

    async fn wait_for_turn(&self) {
        let wait = turn(self.place, self.state.actions.live.readers());
        if !wait.is_zero() {
            self.state.stopping.run_until_cancelled(tokio::time::sleep(wait)).await;
        }
    }

    async fn send_change(&self, change: &Arc<Change>) -> Result<(), Over> {
        if change.workspace != self.workspace && change.subject != Subject::Missed {
            return Ok(());
        }
        let event = change.written.get_or_init(|| {
            let (name, data) = in_words(&change.subject);
            self.event(change.number, name, &data)
        });
        self.send(event.clone()).await
    }

    async fn send_reset(&self, last: u64) -> Result<(), Over> {
        self.send(self.event(last, "reset", &serde_json::json!({}))).await
    }

    fn event(&self, number: u64, name: &str, data: &serde_json::Value) -> Bytes {
        let id = self.state.actions.live.event_id(number);
        // JSON on one line: a line of its own would end the data.
        format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
    }

    async fn send(&self, text: Bytes) -> Result<(), Over> {
        // A reader that takes nothing must not keep the server from stopping.
        let stopping = &self.state.stopping;
        let sent = stopping.run_until_cancelled(self.sender.send(Ok(text))).await;
        sent.and_then(Result::ok).ok_or(Over)
    }
}

fn in_words(subject: &Subject) -> (&'static str, serde_json::Value) {
    match subject {
        Subject::Call { call, campaign, status } => (
            "call",
            serde_json::json!({ "id": call.to_string(), "campaignId": campaign.to_string(), "status": status }),
        ),
        Subject::Campaign { campaign } => ("campaign", serde_json::json!({ "id": campaign.to_string() })),
        Subject::Import { import } => ("import", serde_json::json!({ "id": import.to_string() })),
        Subject::Workspace => ("workspace", serde_json::json!({})),
        Subject::Missed => ("reset", serde_json::json!({})),
    }
}

/// How long after a change the reader at this place is sent it.
fn turn(place: u16, readers: usize) -> Duration {
    let all = APART.saturating_mul(u32::try_from(readers).unwrap_or(u32::MAX)).min(LAST_TURN);
    let wait = all * u32::from(place) / u32::from(u16::MAX);
    // A timer knows nothing shorter.
    if wait < Duration::from_millis(1) { Duration::ZERO } else { wait }
}

/// Milliseconds.
fn reconnect_after(chance: [u8; 2]) -> u16 {
    let (soonest, latest) = RECONNECT;
    soonest + u16::from_le_bytes(chance) % (latest - soonest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_readers_wait_for_no_turn() {
        assert_eq!(turn(u16::MAX, 33), Duration::ZERO);
    }

    #[test]
    fn many_readers_take_turns_and_nobody_waits_long() {
        assert_eq!(turn(0, 10_000), Duration::ZERO);
        assert_eq!(turn(u16::MAX, 10_000), Duration::from_millis(300));
        assert_eq!(turn(u16::MAX, usize::MAX), LAST_TURN);
    }
}
