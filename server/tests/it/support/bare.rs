//! Actions on a database of their own, without server, engine or network: for what must hold whoever calls them.

use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::CampaignRules;
use domain::ids::{CallId, CampaignId};
use domain::limits::DailyLimit;
use domain::phone_number::{DestinationPolicy, PhoneNumber};
use domain::queue::{DialOrder, Priority};
use domain::retry::RetryPolicy;
use jiff::Timestamp;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::prospects::Person;
use prospectai::actions::{Actions, Actor, Installation};
use prospectai::clock::Clock;
use prospectai::live::Live;
use prospectai::store::{Location, Store};
use prospectai::wake::Wake;
use tempfile::TempDir;

use super::postgres::fresh_database;

/// A database, and as many servers' worth of actions on it as a test wants.
pub struct Bare {
    location: Location,
    store: Store,
    clock: Clock,
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

    async fn on(location: Location, folder: TempDir) -> Self {
        let store = Store::open(&location).await.expect("open the database");
        // Noon in New York on a Tuesday, far from any clock change.
        let noon: Timestamp = "2027-06-15T16:00:00Z".parse().expect("a time");
        Self { location, store, clock: Clock::settable(noon), _folder: folder }
    }

    /// Actions as one more server on this database would have them.
    pub async fn server(&self) -> Actions {
        // One process per SQLite file; on PostgreSQL every server has connections of its own.
        let store = match &self.location {
            Location::Folder(_) => self.store.clone(),
            Location::Postgres(_) => Store::open(&self.location).await.expect("open the database"),
        };
        let installation = Installation {
            run: "test".to_owned(),
            caller_id: Some(PhoneNumber::from_e164_unchecked("+16175550100".to_owned())),
            destinations: DestinationPolicy::default(),
        };
        Actions::new(store, self.clock.clone(), Wake::default(), Live::new("test"), installation)
    }

    /// Moves the time.
    pub fn set_time(&self, now: Timestamp) {
        self.clock.set(now);
    }
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
    let script = actions.create_script(actor.clone(), "S".into(), "Hello".into()).await.expect("a script");
    let draft = CampaignDraft {
        name: "Campaign".into(),
        script: Some(script.id),
        voice: None,
        audio_url: None,
        audio_duration: None,
        caller_id: None,
        default_region: "US".into(),
        rules: CampaignRules {
            zone: CampaignZone::parse("America/New_York").expect("a zone"),
            windows: WeeklyWindows::every_day(DailyWindow::WHOLE_DAY),
            daily_limit: DailyLimit::new(daily_limit).expect("a limit"),
            retry: RetryPolicy::default(),
        },
        ring_timeout_seconds: 30,
        time_limit_seconds: 600,
        machine_detection: "enable".into(),
        recording: "off".into(),
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
    let snapshot = actions.store.campaign_snapshot(&record, now, capacity).await.expect("a snapshot");
    let campaigns = vec![snapshot];
    let plan = domain::dial_plan::plan(&domain::dial_plan::Snapshot { now, campaigns, capacity });
    let reserved = actions.reserve_planned(plan.calls).await.expect("reserve");
    let armed = actions.arm(reserved).await.expect("arm");
    armed.to_send.into_iter().map(|armed| armed.call.id).collect()
}
