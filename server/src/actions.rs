//! Everything that changes something, and the only place where a transaction begins.
//!
//! An action keeps the rule, the write and the ring of the bell together. It never talks to the carrier: it writes the
//! intention, and the engine carries it out.

pub mod accounts;
pub mod audit;
pub mod calls;
pub mod campaigns;
pub mod carrier_events;
pub mod dialing;
pub mod do_not_call;
pub mod example;
pub mod experiments;
mod history;
pub mod housekeeping;
pub mod idempotency;
pub mod imports;
pub mod incidents;
pub mod leaked_keys;
pub mod nodes;
pub mod prospects;
pub mod quarantine;
pub mod queue;
pub mod recordings;
pub mod scripts;
pub mod sweeps;
pub mod transcripts;
pub mod users;
pub mod workspaces;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::budget::RateCard;
use domain::ids::{CampaignId, NodeId, WorkspaceId, time_ordered_uuid};
use domain::pacing::Pacing;
use domain::phone_number::{DestinationPolicy, PhoneNumber};
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::credentials::Passwords;
use crate::live::{Live, Subject};
use crate::store::Store;
use crate::supervised::WishedPanics;
use crate::wake::Wake;

/// The parts that actions work with; cheap to clone.
#[derive(Clone)]
pub struct Actions {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The engine's doorbells.
    pub wake: Wake,
    /// The stream of changes.
    pub live: Live,
    /// This server among those that share the database.
    pub node: nodes::ThisNode,
    /// What holds for the whole installation.
    pub installation: Arc<Installation>,
    /// The panics that a test wished for.
    pub panics: WishedPanics,
    passwords: Arc<Passwords>,
    news: carrier_events::Intake,
    wishes: calls::together::Wishes,
    imports: imports::InProgress,
    staged: imports::Staging,
    history: Arc<history::History>,
    unsent: calls::Unsent,
}

/// What holds for the whole installation.
#[derive(Debug)]
pub struct Installation {
    /// Names this run of the server: the node it is among those that share the database.
    pub run: NodeId,
    /// The number shown where a campaign names none.
    pub caller_id: Option<PhoneNumber>,
    /// Where may be called.
    pub destinations: DestinationPolicy,
    /// What the account may start and have on, over all servers.
    pub pacing: Pacing,
    /// The same for each number to call from, where it is bounded.
    pub caller_id_pacing: Option<Pacing>,
    /// What calls cost, for budgets.
    pub rates: RateCard,
}

impl Installation {
    /// One server with the usual limits, and no number of its own to call from.
    pub fn of(run: NodeId) -> Self {
        Self {
            run,
            caller_id: None,
            destinations: DestinationPolicy::default(),
            pacing: Pacing::default(),
            caller_id_pacing: None,
            rates: RateCard::default(),
        }
    }
}

/// Who does something, for the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// A user, an API key, the console, or the server itself: `usr_…`, `key_…`, `console`, `server`.
    pub name: String,
}

impl Actor {
    /// The server, of its own accord.
    pub fn server(workspace: WorkspaceId) -> Self {
        Self { workspace, name: "server".to_owned() }
    }
}

impl Actions {
    /// Puts the parts together and starts to take in news and wishes for calls.
    pub fn new(store: Store, clock: Clock, wake: Wake, live: Live, installation: Installation) -> Self {
        let panics = WishedPanics::default();
        let intake = carrier_events::Intaking {
            store: store.clone(),
            clock: clock.clone(),
            wake: wake.clone(),
            live: live.clone(),
            panics: panics.clone(),
        };
        let news = carrier_events::Intake::start(intake);
        let installation = Arc::new(installation);
        let granting = calls::together::Granting {
            store: store.clone(),
            clock: clock.clone(),
            wake: wake.clone(),
            installation: installation.clone(),
            panics: panics.clone(),
        };
        let wishes = calls::together::Wishes::start(granting);
        Self {
            store,
            clock,
            wake,
            live,
            node: nodes::ThisNode::new(),
            installation,
            panics,
            passwords: Arc::new(Passwords::new()),
            news,
            wishes,
            imports: imports::InProgress::default(),
            staged: imports::Staging::default(),
            history: Arc::default(),
            unsent: calls::Unsent::default(),
        }
    }
}

impl Actions {
    /// The people of a campaign stand differently from now on: open pages show it.
    fn told_of_people(&self, workspace: WorkspaceId, campaign: CampaignId) {
        self.live.publish(workspace, Subject::Campaign { campaign });
    }

    /// Something holds for all campaigns of a workspace, or does so no more: open pages show it.
    fn told_everybody(&self, workspace: WorkspaceId) {
        self.live.publish(workspace, Subject::Workspace);
    }
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has none: a secret that can be guessed would be worse than a stop.
#[expect(clippy::expect_used, reason = "there is no safe way on without randomness")]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

static MADE: AtomicU32 = AtomicU32::new(0);

/// A new identifier. Those that one process makes sort in the order of their making, even within a millisecond.
pub(crate) fn new_uuid(now: Timestamp) -> Uuid {
    let mut random: [u8; 10] = random_bytes();
    let [_, high, middle, low] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    // The first four bits of the first byte and the first two of the third are the UUID's own.
    random[0] = high >> 4;
    random[1] = (high << 4) | (middle >> 4);
    random[2] = (middle & 0x0f) << 2 | (low >> 6);
    random[3] = low << 2;
    time_ordered_uuid(u64::try_from(now.as_millisecond()).unwrap_or(0), random)
}
