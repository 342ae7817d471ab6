//! A running server with a phone network of its own, and the questions that tests ask of both.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use domain::call::Placement;
use domain::campaign::CampaignStatus;
use domain::ids::{CallId, CampaignId};
use jiff::Timestamp;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::users::Role;
use prospectai::actions::{Actions, Actor};
use prospectai::app::{App, Network};
use prospectai::clock::Clock;
use prospectai::config::Settings;
use prospectai::store::calls::CallRecord;
use prospectai::store::campaigns::CampaignRecord;
use prospectai::store::integrity::Recount;
use prospectai::store::nodes::NodeRole;
use prospectai::store::prospects::{ProspectFilter, ProspectRecord};
use prospectai::store::{Location, OpenError, Store};
use secrecy::{ExposeSecret as _, SecretString};
use simulator::{Ring, Simulator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tempfile::TempDir;

use super::campaigns;
use super::world::{Database, World};

/// How long a test waits for anything, in real time.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the phone network or the database does is not always a change of ours: then a wait looks again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A running server. It must be stopped: [`TestApp::stop`] looks whether everything adds up.
pub struct TestApp {
    /// Everything that can be done.
    pub actions: Actions,
    /// Who does it.
    pub actor: Actor,
    /// The phone network.
    pub phones: Simulator,
    app: App,
    ground: Ground,
    unstopped: Unstopped,
}

/// What stays when a server stops and starts again.
pub struct Ground {
    pub location: Location,
    pub folder: TempDir,
    pub settings: Settings,
    pub clock: Clock,
}

/// Fails the test that forgets to stop its server.
struct Unstopped;

/// What a server that stopped left behind.
pub struct AtRest {
    /// The database, opened again without a server.
    pub store: Store,
    /// Every ring.
    pub ledger: Vec<Ring>,
    _folder: TempDir,
}

impl TestApp {
    /// The usual world on this database; say what differs, then start it.
    pub fn on(database: Database) -> World {
        World::on(database)
    }

    pub(super) async fn of(app: App, phones: Simulator, ground: Ground) -> Self {
        let actions = app.actions.clone();
        let (workspace, _) = actions.first_workspace().await.expect("a workspace");
        let actor = Actor { workspace, name: "console".to_owned() };
        Self { actions, actor, phones, app, ground, unstopped: Unstopped }
    }

    /// One more server on the same database, behind the same public address. Its test stops it.
    pub async fn another_server(&self, role: NodeRole) -> App {
        let mut settings = self.ground.settings.clone();
        settings.role = role;
        settings.public_url = Some(self.app.public_url.clone());
        let store = Store::open(&settings.database).await.expect("open the database");
        let started = App::start_on(store, self.ground.clock.clone(), &settings, Network::default());
        started.await.expect("start another server")
    }

    /// A campaign of this many people, not launched.
    pub async fn campaign_of(&self, people: usize) -> CampaignId {
        self.campaign(people, campaigns::draft()).await
    }

    /// A campaign that differs from the usual one.
    pub async fn campaign(&self, people: usize, draft: CampaignDraft) -> CampaignId {
        campaigns::prepare(&self.actions, &self.actor, people, draft).await
    }

    /// Launches a campaign.
    pub async fn launch(&self, id: CampaignId) {
        self.actions.launch(self.actor.clone(), id).await.expect("launch");
    }

    /// Waits until a campaign is completed.
    pub async fn until_completed(&self, id: CampaignId) {
        self.until("the campaign is completed", async || {
            self.campaign_now(id).await.status == CampaignStatus::Completed
        })
        .await;
    }

    /// Waits until something holds, looking whenever something changes.
    ///
    /// # Panics
    /// After a minute; the message shows where everything stands.
    pub async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let mut changes = self.actions.live.subscribe(None).changes;
        let waiting = async {
            while !holds().await {
                let _ = tokio::time::timeout(LOOK_AGAIN, changes.recv()).await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("waited {} s in vain until {what}\n{}", PATIENCE.as_secs(), self.describe().await);
        }
    }

    /// Waits for the first of a campaign's calls that is as wanted.
    pub async fn until_call(
        &self,
        of: CampaignId,
        what: &str,
        wanted: impl Fn(&CallRecord) -> bool,
    ) -> CallRecord {
        let mut found = None;
        self.until(what, async || {
            found = self.calls(of).await.into_iter().find(|call| wanted(call));
            found.is_some()
        })
        .await;
        found.expect("just found")
    }

    /// Waits until no call is open anywhere and nothing is on its way.
    pub async fn until_quiet(&self) {
        self.until("nothing is under way", async || {
            let store = &self.actions.store;
            tokio::time::timeout(LOOK_AGAIN, self.phones.quiet()).await.is_ok()
                && store.live_calls().await.expect("count") == 0
                && store.reserved_calls().await.expect("count") == 0
        })
        .await;
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, span: Duration) {
        let until = self.now().checked_add(span).expect("a time");
        self.actions.clock.sleep_until(until).await;
    }

    /// The time in this world.
    pub fn now(&self) -> Timestamp {
        self.actions.clock.now()
    }

    /// The campaign as it is.
    pub async fn campaign_now(&self, id: CampaignId) -> CampaignRecord {
        self.actions.store.any_campaign(id).await.expect("read").expect("the campaign is there")
    }

    /// Its calls, oldest first.
    pub async fn calls(&self, of: CampaignId) -> Vec<CallRecord> {
        self.actions.store.calls_of(of).await.expect("read the calls")
    }

    /// A call as it is.
    pub async fn call(&self, id: CallId) -> CallRecord {
        self.actions.store.any_call(id).await.expect("read").expect("the call is there")
    }

    /// Its prospects, in the order of their numbers.
    pub async fn prospects(&self, of: CampaignId) -> Vec<ProspectRecord> {
        let everybody = ProspectFilter { statuses: Vec::new(), text: None };
        self.actions.store.prospects(of, &everybody, None, 0, 1_000).await.expect("read the prospects")
    }

    /// Everything that the phone network was asked to ring, by our own call.
    pub fn rings(&self) -> BTreeMap<String, Vec<Ring>> {
        by_call(self.phones.ledger())
    }

    /// Recounts everything; once nothing changes any more.
    pub async fn recount(&self) -> Recount {
        self.actions.store.recount().await.expect("recount")
    }

    /// The kind and the text of everything that was ever taken in from the carrier, oldest first.
    pub async fn kept_news(&self) -> Vec<(String, String)> {
        const EVERYTHING: &str = "SELECT kind, payload FROM carrier_events ORDER BY id";
        let read = match &self.ground.location {
            Location::Folder(folder) => {
                let options =
                    SqliteConnectOptions::new().filename(folder.join("prospectai.db")).read_only(true);
                let mut database = options.connect().await.expect("a second look into the database");
                sqlx::query_as(EVERYTHING).fetch_all(&mut database).await
            }
            Location::Postgres(url) => {
                let mut database = PgConnection::connect(url).await.expect("a second look into the database");
                sqlx::query_as(EVERYTHING).fetch_all(&mut database).await
            }
        };
        read.expect("read the news")
    }

    /// Where the server listens, whatever the carrier is told.
    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// An address of the server.
    pub fn url(&self, path: &str) -> String {
        let base = self.app.public_url.as_str();
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// What makes the owner at the first start.
    pub fn setup_code(&self) -> &SecretString {
        self.app.setup_code()
    }

    /// A key that opens everything.
    pub async fn key(&self) -> String {
        let made = self.actions.create_key(self.actor.clone(), Role::Owner, "test".to_owned(), Role::Owner);
        made.await.expect("a key").0.expose_secret().to_owned()
    }

    /// Stops everything once nothing is under way, and holds database, recount and ledger against each other.
    ///
    /// # Panics
    /// When work is left behind or they do not tell the same.
    pub async fn stop(self) -> AtRest {
        self.until_quiet().await;
        let rest = self.abandon().await;
        rest.expect_agreement().await;
        rest
    }

    /// Stops where everything stands: for tests that leave work behind on purpose.
    pub async fn abandon(self) -> AtRest {
        let Self { actions, phones, app, ground, unstopped, .. } = self;
        std::mem::forget(unstopped);
        app.stop().await.expect("stop the server");
        drop(actions);
        let ledger = phones.ledger();
        phones.stop().await;
        AtRest { store: open_again(&ground.location).await, ledger, _folder: ground.folder }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.ground.folder.path()
    }

    /// Where its database is, for commands of the program.
    pub fn location(&self) -> &Location {
        &self.ground.location
    }

    /// Stops the server, lets a test do what it wants to the data, and starts it again where it was; the phone network
    /// goes on all the while.
    pub async fn restart(self, between: impl AsyncFnOnce(&Path, &Location)) -> Self {
        let Self { actions, phones, app, mut ground, unstopped, .. } = self;
        std::mem::forget(unstopped);
        // The addresses that the phone network was given must lead to the same server.
        ground.settings.listen = app.address;
        app.stop().await.expect("stop the server");
        drop(actions);
        open_again(&ground.location).await.close().await.expect("close");
        between(ground.folder.path(), &ground.location).await;
        let store = open_again(&ground.location).await;
        let app = App::start_on(store, ground.clock.clone(), &ground.settings, Network::default());
        Self::of(app.await.expect("start the server again"), phones, ground).await
    }

    async fn describe(&self) -> String {
        let mut text = String::new();
        for ring in self.phones.ledger() {
            text += &format!(
                "  ring {} to {} at {}: {:?}\n",
                ring.call_sid, ring.to, ring.created_at, ring.status
            );
        }
        let active = self.actions.store.active_campaigns().await.unwrap_or_default();
        for campaign in active {
            text += &format!("  campaign {}: {:?}\n", campaign.id, campaign.status);
            for prospect in self.prospects(campaign.id).await {
                let (status, due) = (prospect.status, prospect.due_at);
                text += &format!("  prospect {}: {status:?}, due {due:?}\n", prospect.phone.as_str());
            }
            for call in self.calls(campaign.id).await {
                let (placement, status) = (call.call.placement, call.call.status());
                let asked = (call.polls, call.next_poll_at);
                text += &format!("  {}: {placement:?} {status:?}, asked {asked:?}\n", call.id);
            }
        }
        format!("at {}\n{text}", self.now())
    }
}

impl Drop for Unstopped {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("a test must stop its server: `stop`, or `abandon` when it leaves work behind on purpose");
        }
    }
}

/// Opens the database of a server that stopped, as soon as its last task has let go of it.
pub async fn open_again(location: &Location) -> Store {
    let opening = async {
        loop {
            match Store::open(location).await {
                Err(OpenError::Held(_)) => tokio::task::yield_now().await,
                opened => return opened.expect("open the database again"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, opening).await.expect("the server has let go of its database")
}

impl AtRest {
    /// What a server in another process left behind.
    pub fn of(store: Store, ledger: Vec<Ring>, folder: TempDir) -> Self {
        Self { store, ledger, _folder: folder }
    }

    /// Everything the phone network was asked to ring, by our own call.
    pub fn rings(&self) -> BTreeMap<String, Vec<Ring>> {
        by_call(self.ledger.clone())
    }

    /// Database, recount and ledger tell the same: each placed call was made once, and ended as we say.
    ///
    /// # Panics
    /// With every difference.
    pub async fn expect_agreement(&self) {
        let recount = self.store.recount().await.expect("recount");
        assert!(recount.is_equal(), "the recount differs:\n{}", recount.shown.join("\n"));
        let rings = self.rings();
        let twice: Vec<_> = rings.iter().filter(|(_, rings)| rings.len() > 1).collect();
        assert!(twice.is_empty(), "rung twice: {twice:?}");
        assert_eq!(recount.placed, rings.len() as u64, "calls placed by us and by the ledger");
        let mut differences = Vec::new();
        for (id, rings) in rings {
            let ring = &rings[0];
            let id: CallId = id.parse().expect("a ring carries our identifier");
            let call =
                self.store.any_call(id).await.expect("read").expect("a ring belongs to a call of ours");
            let ours = (call.call.placement, call.call.status().as_str(), call.carrier_sid.as_deref());
            let theirs = (Placement::Placed, ring.status.as_str(), Some(ring.call_sid.as_str()));
            if ours != theirs {
                differences.push(format!("{id}: we say {ours:?}, the ledger {theirs:?}"));
            }
            let seconds = call.call.facts.duration_seconds.map(u64::from);
            if seconds.is_some_and(|seconds| seconds != ring.duration_seconds) {
                differences
                    .push(format!("{id}: we say {seconds:?} s, the ledger {} s", ring.duration_seconds));
            }
        }
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

fn by_call(ledger: Vec<Ring>) -> BTreeMap<String, Vec<Ring>> {
    let mut rings: BTreeMap<String, Vec<Ring>> = BTreeMap::new();
    for ring in ledger {
        // Our identifier travels in the callback address.
        let call = ring.tag.as_deref().and_then(|tag| tag.split_once("call="));
        let call = call.and_then(|(_, rest)| rest.split('&').next()).unwrap_or(&ring.call_sid).to_owned();
        rings.entry(call).or_default().push(ring);
    }
    rings
}
