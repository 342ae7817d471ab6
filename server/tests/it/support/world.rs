//! The usual world of a test, and how a test says what differs from it.

use std::path::Path;
use std::time::Instant;

use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use prospectai::app::{App, Network};
use prospectai::carrier::twilio::Credentials;
use prospectai::clock::Clock;
use prospectai::config::{CarrierSettings, Environment, Flags, Settings};
use prospectai::store::nodes::NodeRole;
use prospectai::store::{Location, Store};
use secrecy::SecretString;
use simulator::{AnswerModel, Faults, Outcome, Simulator, Timeline};
use tempfile::TempDir;

use super::postgres;
use super::test_app::{Ground, TestApp};

/// The account that the server and the phone network share.
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
/// Its token.
pub const TOKEN: &str = "the token of the tests";
/// Its number, from the range that is kept for fiction.
pub const CALLER_ID: &str = "+16175550100";

/// Ten in the morning in New York, on a Monday.
const MORNING: &str = "2027-01-11T15:00:00Z";

/// On which database a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in a folder of its own.
    Sqlite,
    /// A new database of the shared test server.
    Postgres,
}

/// Runs the same test on both databases, side by side: each in a thread and a runtime of its own.
///
/// # Panics
/// When it fails on either; the message says on which.
pub fn on_both(body: impl AsyncFn(Database) + Sync) {
    let run = |database| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(body(database));
    };
    std::thread::scope(|scope| {
        let sqlite = scope.spawn(|| run(Database::Sqlite));
        let postgres = scope.spawn(|| run(Database::Postgres));
        let failed: Vec<&str> = [("SQLite", sqlite.join()), ("PostgreSQL", postgres.join())]
            .into_iter()
            .filter_map(|(name, ended)| ended.is_err().then_some(name))
            .collect();
        assert!(failed.is_empty(), "failed on {}; see above", failed.join(" and "));
    });
}

/// A world about to begin: a server, a phone network and the time they share.
#[must_use]
pub struct World {
    database: Database,
    speed: f64,
    pacing: (f64, u32),
    carrier_pace: Option<f64>,
    answers: AnswerModel,
    faults: Faults,
    concurrency_limit: Option<usize>,
    token_at_the_carrier: String,
    api_base: Option<String>,
    standing_clock: bool,
    role: NodeRole,
    location: Option<Location>,
    public_url: Option<String>,
    connections: Option<usize>,
    change: Box<dyn Fn(&mut Settings) + Send + Sync>,
}

impl World {
    pub(super) fn on(database: Database) -> Self {
        Self {
            database,
            speed: 600.0,
            pacing: (5.0, 100),
            carrier_pace: None,
            answers: AnswerModel::always(Outcome::Human { talk_seconds: 20 }),
            faults: Faults::none(),
            concurrency_limit: None,
            token_at_the_carrier: TOKEN.to_owned(),
            api_base: None,
            standing_clock: false,
            role: NodeRole::All,
            location: None,
            public_url: None,
            connections: None,
            change: Box::new(|_| {}),
        }
    }

    /// Virtual seconds per second; 600 unless said otherwise.
    pub fn speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// How the called people behave; they pick up and talk for twenty seconds unless said otherwise.
    pub fn answers(self, answers: AnswerModel) -> Self {
        Self { answers, ..self }
    }

    /// What goes wrong; nothing unless said otherwise.
    pub fn faults(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    /// New calls per virtual second; five unless said otherwise.
    pub fn calls_per_second(self, pace: f64) -> Self {
        Self { pacing: (pace, self.pacing.1), ..self }
    }

    /// Calls that the carrier starts per virtual second, the others wait in its queue; four times our own pace unless
    /// said otherwise.
    pub fn carrier_calls_per_second(self, pace: f64) -> Self {
        Self { carrier_pace: Some(pace), ..self }
    }

    /// The carrier refuses more calls than this at one time.
    pub fn concurrency_limit(self, calls: usize) -> Self {
        Self { concurrency_limit: Some(calls), ..self }
    }

    /// The carrier's account has another token than the server was told.
    pub fn wrong_token(self) -> Self {
        Self { token_at_the_carrier: "another token".to_owned(), ..self }
    }

    /// The server's carrier is not the phone network in the box but whatever speaks Twilio's language there.
    pub fn carrier_at(self, api_base: &str) -> Self {
        Self { api_base: Some(api_base.to_owned()), ..self }
    }

    /// The server's clock stands until the test sets it; the phone network's goes on.
    pub fn standing_clock(self) -> Self {
        Self { standing_clock: true, ..self }
    }

    /// The server does only this.
    pub fn role(self, role: NodeRole) -> Self {
        Self { role, ..self }
    }

    /// The database is at this place.
    pub fn at(self, location: Location) -> Self {
        Self { location: Some(location), ..self }
    }

    /// The carrier reaches the server by way of another address.
    pub fn behind(self, public_url: &str) -> Self {
        Self { public_url: Some(public_url.to_owned()), ..self }
    }

    /// Takes over from a server that is gone: its data, its port and its phones, with a clock that begins now.
    pub async fn take_over(
        self,
        folder: TempDir,
        location: Location,
        port: u16,
        phones: Simulator,
    ) -> TestApp {
        let clock = Clock::Timeline(Timeline::new(Clock::System.now(), Instant::now(), self.speed));
        let mut settings = self.settings(folder.path(), &location, &phones.base_url());
        settings.listen = ([127, 0, 0, 1], port).into();
        let store = Store::open(&location).await.expect("open the database");
        let app = App::start_on(store, clock.clone(), &settings, Network::default());
        let app = app.await.expect("start the server");
        TestApp::of(app, phones, Ground { location, folder, settings, clock }).await
    }

    /// The server has places for this many connections; as many as by default unless said otherwise.
    pub fn connections(self, connections: usize) -> Self {
        Self { connections: Some(connections), ..self }
    }

    /// Further settings differ.
    pub fn with(self, change: impl Fn(&mut Settings) + Send + Sync + 'static) -> Self {
        Self { change: Box::new(change), ..self }
    }

    /// Starts everything.
    pub async fn start(self) -> TestApp {
        let folder = TempDir::new().expect("a temporary folder");
        let location = match (&self.location, self.database) {
            (Some(location), _) => location.clone(),
            (None, Database::Sqlite) => Location::Folder(folder.path().to_owned()),
            (None, Database::Postgres) => Location::Postgres(postgres::fresh_database().await),
        };
        let morning: Timestamp = MORNING.parse().expect("a time");
        let timeline = Timeline::new(morning, Instant::now(), self.speed);
        let clock = if self.standing_clock { Clock::settable(morning) } else { Clock::Timeline(timeline) };
        let phones = self.phones(timeline).await;
        let api_base = self.api_base.clone().unwrap_or_else(|| phones.base_url());
        let settings = self.settings(folder.path(), &location, &api_base);
        let store = Store::open(&location).await.expect("open the database");
        let app = App::start_on(store, clock.clone(), &settings, Network::default());
        let app = app.await.expect("start the server");
        TestApp::of(app, phones, Ground { location, folder, settings, clock }).await
    }

    async fn phones(&self, timeline: Timeline) -> Simulator {
        let mut settings = simulator::Settings::new(ACCOUNT, self.token_at_the_carrier.clone());
        settings.numbers = vec![CALLER_ID.to_owned()];
        settings.answers = self.answers.clone();
        settings.faults = self.faults.clone();
        settings.concurrency_limit = self.concurrency_limit;
        // The network's own queue stays empty, as a sensible operator keeps it.
        settings.calls_per_second = self.carrier_pace.unwrap_or(self.pacing.0 * 4.0);
        settings.timeline = timeline;
        Simulator::start(settings).await.expect("start the phone network")
    }

    fn settings(&self, folder: &Path, location: &Location, api_base: &str) -> Settings {
        let flags =
            Flags { data_dir: Some(folder.to_owned()), listen: Some("127.0.0.1:0".to_owned()), role: None };
        let mut settings = Settings::load(flags, &Environment::default()).expect("the defaults are accepted");
        settings.database = location.clone();
        settings.role = self.role;
        settings.public_url = self.public_url.as_ref().map(|url| url.parse().expect("an address"));
        settings.max_connections = self.connections.unwrap_or(settings.max_connections);
        settings.pacing = Pacing::new(self.pacing.0, self.pacing.1).expect("a pace");
        settings.caller_id = Some(PhoneNumber::from_e164_unchecked(CALLER_ID.to_owned()));
        let credentials = Credentials::new(ACCOUNT.to_owned(), SecretString::from(TOKEN), None);
        settings.carrier = CarrierSettings::Twilio {
            credentials: credentials.expect("credentials"),
            api_base: api_base.parse().expect("an address"),
        };
        (self.change)(&mut settings);
        settings
    }
}
