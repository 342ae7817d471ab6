//! What keeps open pages true: whenever something changes that a page shows, the page is made again by the very handler
//! that made it first, and the sections that differ are sent.
//!
//! A page is a function of its address and the role of whoever looks, so all its readers share one feed. The id of an
//! event names a state, not a change: whoever comes back says which state they have and gets the difference to now, after
//! a lost connection, a restart, and from another server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use domain::ids::WorkspaceId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until, timeout_at};
use tower::ServiceExt as _;

use super::frame::ForOpenPage;
use super::page::{Interest, Page, Section};
use crate::actions::users::Role;
use crate::http::auth::Known;
use crate::http::state::HttpState;
use crate::live::{Change, Subject};

/// A page is made at most this often, however much changes.
const BREATH: Duration = Duration::from_millis(400);
/// And it rests for this many times as long as it took to make: one that reads much is made less often.
const REST: u32 = 4;
/// A page is made again after this long without a change: time alone opens windows and ends holds.
const STROLL: Duration = Duration::from_secs(5);

/// Every feed with readers.
#[derive(Clone)]
pub struct Feeds {
    /// Makes pages; the routes of the pages themselves, without door and frame.
    pages: Router,
    open: Arc<Mutex<HashMap<Key, Weak<Feed>>>>,
}

/// Readers with the same key see the same page.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Whose data.
    pub workspace: WorkspaceId,
    /// What the reader may see and do.
    pub role: Role,
    /// The page's path and query.
    pub address: String,
}

/// One page and its readers.
pub struct Feed(watch::Receiver<Arc<State>>);

/// What a page shows at one moment.
pub struct State {
    /// The same for equal pages.
    pub version: u64,
    /// The version that `changed` leads on from.
    pub before: u64,
    /// Every section.
    pub whole: Bytes,
    /// The sections that differ from those before.
    pub changed: Bytes,
    /// The page cannot be shown any more: its reader must load it anew and be told why.
    pub gone: bool,
}

impl Feeds {
    /// No feed yet.
    pub fn new(pages: Router) -> Self {
        Self { pages, open: Arc::default() }
    }

    /// The feed of a page; its first reader starts it. Nothing when there is no such live page.
    pub async fn of(&self, state: &HttpState, known: &Known, key: Key) -> Option<Arc<Feed>> {
        if let Some(feed) = self.find(&key) {
            return Some(feed);
        }
        let source = Source { pages: self.pages.clone(), known: known.clone(), address: key.address.clone() };
        // Listening begins before the first look, or a change between the two would be missed.
        let changes = state.actions.live.subscribe(None).changes;
        let page = source.page().await?;
        page.interest?;
        let (sender, receiver) = watch::channel(Arc::new(State::first(&page)));
        let feed = Arc::new(Feed(receiver));
        let mut open = self.lock();
        if let Some(faster) = open.get(&key).and_then(Weak::upgrade) {
            return Some(faster);
        }
        open.retain(|_, feed| feed.strong_count() > 0);
        open.insert(key.clone(), Arc::downgrade(&feed));
        drop(open);
        let writer = Writer { source, sender, changes, page, workspace: key.workspace, state: state.clone() };
        tokio::spawn(writer.run());
        Some(feed)
    }

    fn find(&self, key: &Key) -> Option<Arc<Feed>> {
        self.lock().get(key).and_then(Weak::upgrade)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Weak<Feed>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    /// What the page shows now and from now on.
    pub fn states(&self) -> watch::Receiver<Arc<State>> {
        let mut states = self.0.clone();
        states.mark_changed();
        states
    }
}

impl State {
    fn first(page: &Page) -> Self {
        let whole = written(&page.sections);
        Self { version: page.version(), before: 0, changed: whole.clone(), whole, gone: false }
    }

    fn after(old: &Page, new: &Page) -> Self {
        let known = |section: &&Section| {
            let twin = old.sections.iter().find(|old| old.id == section.id);
            twin.is_none_or(|twin| twin.content.0 != section.content.0)
        };
        let changed: Vec<Section> = new.sections.iter().filter(known).cloned().collect();
        Self {
            version: new.version(),
            before: old.version(),
            whole: written(&new.sections),
            changed: written(&changed),
            gone: false,
        }
    }

    fn gone(before: u64) -> Self {
        Self { version: 0, before, whole: Bytes::new(), changed: Bytes::new(), gone: true }
    }
}

/// Sections as one event's data: no line of it may look like the end of the event.
fn written(sections: &[Section]) -> Bytes {
    let mut data = String::new();
    for section in sections {
        for line in section.markup().0.lines() {
            data.push_str("data: ");
            data.push_str(line);
            data.push('\n');
        }
    }
    data.into()
}

/// Where a page comes from.
struct Source {
    pages: Router,
    known: Known,
    address: String,
}

impl Source {
    async fn page(&self) -> Option<Page> {
        let mut request = Request::get(&self.address).body(Body::empty()).ok()?;
        request.extensions_mut().insert(self.known.clone());
        request.extensions_mut().insert(ForOpenPage);
        let mut response = self.pages.clone().oneshot(request).await.ok()?;
        let page = response.extensions_mut().remove::<Page>()?;
        (response.status() == StatusCode::OK).then_some(page)
    }
}

/// Makes a page again and again while somebody reads it.
struct Writer {
    source: Source,
    sender: watch::Sender<Arc<State>>,
    changes: broadcast::Receiver<Arc<Change>>,
    page: Page,
    workspace: WorkspaceId,
    state: HttpState,
}

impl Writer {
    async fn run(mut self) {
        let (mut made, mut rest) = (Instant::now(), BREATH);
        loop {
            let stopping = self.state.stopping.clone();
            let sender = self.sender.clone();
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sender.closed() => return,
                () = self.something_changed(made + STROLL) => {}
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = sleep_until(made + rest) => {}
            }
            let began = Instant::now();
            let page = self.source.page().await;
            made = Instant::now();
            rest = BREATH.max((made - began) * REST);
            match page {
                Some(page) => {
                    let state = State::after(&self.page, &page);
                    if state.version != state.before {
                        self.page = page;
                        self.sender.send_replace(Arc::new(state));
                    }
                }
                None => {
                    self.sender.send_replace(Arc::new(State::gone(self.page.version())));
                    return;
                }
            }
        }
    }

    async fn something_changed(&mut self, latest: Instant) {
        loop {
            match timeout_at(latest, self.changes.recv()).await {
                Ok(Ok(change)) if self.concerns(&change) => return,
                Ok(Ok(_)) => {}
                // Too much news to follow one by one: something of it will concern the page.
                Ok(Err(RecvError::Lagged(_))) | Err(_) => return,
                Ok(Err(RecvError::Closed)) => sleep_until(latest).await,
            }
        }
    }

    fn concerns(&self, change: &Change) -> bool {
        if change.subject == Subject::Missed {
            return true;
        }
        change.workspace == self.workspace
            && match self.page.interest {
                None => false,
                Some(Interest::Workspace) => true,
                Some(Interest::Campaign(campaign)) => match &change.subject {
                    Subject::Call { campaign: of, .. } | Subject::Campaign { campaign: of } => {
                        *of == campaign
                    }
                    Subject::Import { .. } | Subject::Workspace | Subject::Missed => true,
                },
            }
    }
}
