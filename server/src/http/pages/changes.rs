//! The stream of one open page: what differs from what its reader has, and then every change.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::feed::{Feed, Feeds, Key, State};
use crate::http::auth::{Known, Listener};
use crate::http::state::HttpState;
use crate::http::{Problem, Query};

/// A quiet stream says that it lives, so that proxies keep it open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the credential is asked about again: a revoked one ends the stream within five seconds.
const RECHECK: Duration = Duration::from_secs(4);

/// Which page, and what its reader has of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    page: String,
    #[serde(default)]
    version: String,
}

/// Streams what changes on one page, as sections to put in place of those with the same ids.
pub async fn stream(
    Shared(state): Shared<HttpState>,
    Extension(feeds): Extension<Feeds>,
    Listener(visitor): Listener,
    known: Known,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let key = Key { workspace: visitor.actor.workspace, role: visitor.role, address: wanted.page };
    let feed = feeds.of(&state, &known, key).await.ok_or_else(|| Problem::not_found("page"))?;
    // A reader who comes back says so in the header; the address still names what it began with.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).unwrap_or(&wanted.version);
    let has = u64::from_str_radix(last, 16).unwrap_or(0);
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(Reader { state, known, feed, sender }.follow(has));
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, Body::from_stream(ReceiverStream::new(receiver))).into_response())
}

/// One open page. Its stream ends when the page is closed, its reader may not see it any more, or the server stops.
struct Reader {
    state: HttpState,
    known: Known,
    feed: Arc<Feed>,
    sender: mpsc::Sender<Result<Bytes, Infallible>>,
}

impl Reader {
    async fn follow(self, mut has: u64) {
        let mut states = self.feed.states();
        let mut recheck = tokio::time::interval(RECHECK);
        recheck.reset();
        let mut quiet = tokio::time::interval(KEEP_ALIVE);
        // The first tick comes at once, and tells the browser that the line is open.
        let stopping = self.state.stopping.clone();
        loop {
            let event = tokio::select! {
                () = stopping.cancelled() => return,
                () = self.sender.closed() => return,
                _ = recheck.tick() => {
                    if !self.may_still_read().await { return }
                    continue;
                }
                _ = quiet.tick() => Some(Bytes::from_static(b": here\n\n")),
                next = next_state(&mut states) => match next {
                    None => return,
                    Some(state) => event(&state, &mut has),
                },
            };
            if let Some(event) = event {
                // Whoever takes nothing keeps only this one event waiting, and then gets the state of that time.
                let sent = stopping.run_until_cancelled(self.sender.send(Ok(event))).await;
                if !matches!(sent, Some(Ok(()))) {
                    return;
                }
            }
        }
    }

    async fn may_still_read(&self) -> bool {
        let opens = self.state.standing.visitor_of(&self.state, self.known.credential).await;
        opens.is_some_and(|visitor| visitor == self.known.visitor)
    }
}

async fn next_state(states: &mut watch::Receiver<Arc<State>>) -> Option<Arc<State>> {
    states.changed().await.ok()?;
    Some(states.borrow_and_update().clone())
}

/// What to send to a reader who has the version `has`; nothing when that is the version now.
fn event(state: &State, has: &mut u64) -> Option<Bytes> {
    if state.gone {
        return Some(Bytes::from_static(b"event: gone\ndata:\n\n"));
    }
    if state.version == *has {
        return None;
    }
    let data = if state.before == *has { &state.changed } else { &state.whole };
    *has = state.version;
    let mut event = format!("id: {:x}\nevent: page\n", state.version).into_bytes();
    event.extend_from_slice(data);
    event.push(b'\n');
    Some(event.into())
}
