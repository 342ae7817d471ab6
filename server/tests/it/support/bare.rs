//! Actions on a database of their own, without server, engine or network: for what must hold whoever calls them.

use std::time::Duration;

use domain::budget::Budgets;
use domain::call_flow::Words;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::ids::{CallId, CampaignId, NodeId};
use domain::limits::DailyLimit;
use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use domain::queue::{DialOrder, Priority};
use domain::recording_consent::RecordingConsent;
use domain::retry::RetryPolicy;
use jiff::Timestamp;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::nodes::Membership;
use prospectai::actions::prospects::Person;
use prospectai::actions::{Actions, Actor, Installation, random_bytes};
use prospectai::clock::Clock;
use prospectai::live::Live;
use prospectai::store::nodes::NodeRole;
use prospectai::store::{Location, Store};
use prospectai::wake::Wake;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::postgres::fresh_database;

/// A database, and as many servers' worth of actions on it as a test wants.
pub struct Bare {
    location: Location,
    store: Store,
    clock: Clock,
    // One process per SQLite file: there, every server is this one.
    only: OnceCell<Actions>,
    _folder: TempDir,
}

impl Bare {
    /// An SQLite file of its own.
    pub async fn on_sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::on(Location::Folder(folder.path().to_owned()), folder).await
    }

    /// A PostgreSQL database of its own.
    pub async fn on_postgres() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::on(Location::Postgres(fresh_database().await), folder).await
    }

    /// The database at this place.
    pub async fn at(location: Location) -> Self {
        Self::on(location, TempDir::new().expect("a temporary folder")).await
    }

    async fn on(location: Location, folder: TempDir) -> Self {
        let store = Store::open(&location).await.expect("open the database");
        // Noon in New York on a Tuesday, far from any clock change.
        let noon: Timestamp = "2027-06-15T16:00:00Z".parse().expect("a time");
        Self { location, store, clock: Clock::settable(noon), only: OnceCell::new(), _folder: folder }
    }

    /// Actions as one more server on this database would have them, with a lease.
    pub async fn server(&self) -> Actions {
        match &self.location {
            Location::Folder(_) => {
                let joined = self.only.get_or_init(|| async { self.join(self.store.clone(), LEASE).await });
                joined.await.clone()
            }
            Location::Postgres(_) => self.server_with_lease(LEASE).await,
        }
    }

    /// The same, with connections of its own and a lease of this length.
    pub async fn server_with_lease(&self, lease: Duration) -> Actions {
        self.join(Store::open(&self.location).await.expect("open the database"), lease).await
    }

    /// The same, whose clock is compared with others as one of the real world would be. The test must have stopped using
    /// every other server on SQLite.
    pub async fn server_with_watched_clock(&self) -> Actions {
        let store = match &self.location {
            Location::Folder(_) => self.store.clone(),
            Location::Postgres(_) => Store::open(&self.location).await.expect("open the database"),
        };
        let actions = self.unjoined(store);
        let membership = Membership { watch_clock: true, ..self.membership(LEASE) };
        actions.join(membership).await.expect("join");
        actions
    }

    /// The database's clock.
    pub async fn database_time(&self) -> Timestamp {
        self.store.clock(self.clock.now()).await.expect("the database's clock")
    }

    async fn join(&self, store: Store, lease: Duration) -> Actions {
        let actions = self.unjoined(store);
        actions.join(self.membership(lease)).await.expect("join");
        actions
    }

    fn membership(&self, lease: Duration) -> Membership {
        Membership::of(NodeRole::All, "test".to_owned(), lease, &self.clock)
    }

    fn unjoined(&self, store: Store) -> Actions {
        let run = random_node();
        let installation = Installation {
            caller_id: Some(PhoneNumber::from_e164_unchecked("+16175550100".to_owned())),
            // Limits and budgets are tested without waiting for the pace.
            pacing: Pacing::new(10_000.0, 100_000).expect("a pace"),
            ..Installation::of(run)
        };
        let live = Live::new(&run.to_string());
        Actions::new(store, self.clock.clone(), Wake::default(), live, installation)
    }

    /// A connection beside every server, for what only a database administrator could do.
    pub async fn by_hand(&self) -> PgConnection {
        let Location::Postgres(url) = &self.location else { panic!("only on PostgreSQL") };
        PgConnection::connect(url).await.expect("connect")
    }

    /// Moves the time.
    pub fn set_time(&self, now: Timestamp) {
        self.clock.set(now);
    }
}

/// A lease that no test outlasts.
const LEASE: Duration = Duration::from_secs(600);

/// The name of a run.
pub fn random_node() -> NodeId {
    NodeId::from_uuid(uuid::Uuid::from_bytes(random_bytes()))
}

/// Who does things in these tests.
pub async fn console(actions: &Actions) -> Actor {
    let (workspace, _) = actions.first_workspace().await.expect("a workspace");
    Actor { workspace, name: "console".to_owned() }
}

/// An active campaign of `people` with this daily limit, open around the clock. Numbers begin at `first`, within the
/// range reserved for fiction of as many area codes as it takes.
pub async fn active_campaign(actions: &Actions, people: usize, daily_limit: i64, first: usize) -> CampaignId {
    let actor = console(actions).await;
    let script =
        actions.create_script(actor.clone(), "S".into(), Words::of_text("Hello")).await.expect("a script");
    let draft = CampaignDraft {
        name: "Campaign".into(),
        script: Some(script.id),
        voice: None,
        audio_url: None,
        audio_duration: None,
        transfer_to: None,
        caller_id: None,
        default_region: "US".into(),
        rules: CampaignRules {
            zone: CampaignZone::parse("America/New_York").expect("a zone"),
            windows: WeeklyWindows::every_day(DailyWindow::WHOLE_DAY),
            daily_limit: DailyLimit::new(daily_limit).expect("a limit"),
            retry: RetryPolicy::default(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 30,
        time_limit_seconds: 600,
        machine_detection: "enable".into(),
        recording: "off".into(),
        recording_consent: RecordingConsent::default(),
        metadata: "{}".into(),
        dial_order: DialOrder::default(),
    };
    let campaign = actions.create_campaign(actor.clone(), draft).await.expect("a campaign").id;
    let people = (first..first + people).map(person).collect();
    actions.add_prospects(actor.clone(), campaign, people).await.expect("people");
    actions.launch(actor, campaign).await.expect("launched");
    campaign
}

/// The `nth` person, from 0 to 1,999, with a number of their own.
pub fn person(nth: usize) -> Person {
    const AREAS: [u16; 20] =
        [212, 213, 312, 415, 503, 602, 617, 702, 801, 907, 202, 303, 404, 512, 614, 713, 808, 816, 901, 919];
    let area = AREAS[nth / 100 % AREAS.len()];
    Person {
        first_name: format!("Person {nth}"),
        last_name: String::new(),
        email: String::new(),
        phone: PhoneNumber::from_e164_unchecked(format!("+1{area}5550{:03}", 100 + nth % 100)),
        company: String::new(),
        title: String::new(),
        metadata: "{}".into(),
        priority: Priority::default(),
    }
}

/// Reserves and arms whoever may be rung, once; the armed calls.
pub async fn dial_once(actions: &Actions, campaign: CampaignId, capacity: usize) -> Vec<CallId> {
    let now = actions.clock.now();
    let record = actions.store.any_campaign(campaign).await.expect("read").expect("the campaign");
    let campaigns = actions
        .store
        .campaign_snapshots(&[record], &actions.installation.rates, now, capacity)
        .await
        .expect("a snapshot");
    let plan = domain::dial_plan::plan(&domain::dial_plan::Snapshot { now, campaigns, capacity });
    let reserved = actions.reserve_planned(plan.calls).await.expect("reserve");
    let armed = actions.arm(reserved).await.expect("arm");
    armed.to_send.into_iter().map(|armed| armed.call.id).collect()
}
