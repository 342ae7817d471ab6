//! One installation with everything around it: servers, database, phone network, and the lines between them. All of it
//! is on this machine, in a throw-away folder, and ends with this value.

pub mod api;
pub mod campaigns;
pub mod connections;
pub mod front;
pub mod link;
pub mod memory_limit;
pub mod moved_clock;
pub mod node;
pub mod phones;
pub mod readers;
pub mod sealed;
pub mod small_disk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testbed::{Postgres, free_address};

use crate::clock::now;
use api::Api;
use campaigns::{Campaign, Hours, Rules};
use front::Front;
use link::Link;
use moved_clock::MovedClock;
use node::Node;
use phones::{ACCOUNT_SID, AUTH_TOKEN, CALLER_ID, Phones};

/// Where an installation keeps what it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Database {
    /// A file in the data folder.
    Sqlite,
    /// A server of its own, with `fsync`.
    Postgres,
}

/// A server drains for 25 seconds at most.
const STOP_WITHIN: Duration = Duration::from_secs(30);
/// Rings to one number within 24 hours where nothing else was said.
const USUAL_CAP: u64 = 3;

/// What differs from the usual world.
pub struct Setup {
    /// The program under test.
    pub program: PathBuf,
    /// The program that is the phone network.
    pub network: PathBuf,
    /// Where it keeps what it knows.
    pub database: Database,
    /// How many servers share it.
    pub nodes: usize,
    /// What each server may start per second.
    pub calls_per_second: f64,
    /// What the phone network starts per second; more are queued there.
    pub network_calls_per_second: f64,
    /// Accidents of the phone network.
    pub faults: Value,
    /// How the called people behave.
    pub answers: Value,
    /// Repeats what chance decides.
    pub seed: u64,
    /// The data folder, where it must be a certain one.
    pub data: Option<PathBuf>,
    /// The clock of everybody, where it is not the machine's.
    pub clock: Option<MovedClock>,
    /// Settings of every server besides the usual ones, which they replace.
    pub settings: Vec<(&'static str, String)>,
    /// What every server is started by; see `Node::start_by_way_of`.
    pub by_way_of: Vec<String>,
}

/// An installation and everything around it.
pub struct World {
    /// The servers.
    pub nodes: Vec<Node>,
    /// The phone network.
    pub phones: Phones,
    /// Where webhooks arrive.
    pub front: Front,
    /// From the servers to the phone network.
    pub to_phones: Link,
    /// From each server to the database, where that is a server.
    pub to_database: Vec<Link>,
    /// The database, where it is a server.
    pub postgres: Option<Postgres>,
    /// The API.
    pub api: Api,
    /// Launched campaigns.
    pub campaigns: Vec<Campaign>,
    /// Rings to one number within 24 hours, over all campaigns.
    pub cap: u64,
    /// Numbers that must not be rung, and since when that is certain.
    pub do_not_call: BTreeMap<String, Timestamp>,
    next_person: usize,
    clock: Option<MovedClock>,
    // Last: it goes when everything that writes into it is gone.
    folder: TempDir,
}

impl Setup {
    /// One server, 50 calls per second, a network that takes them all, people who answer soon and talk for a second.
    pub fn new(program: &Path, database: Database, seed: u64) -> Self {
        Self {
            program: program.to_owned(),
            network: program.to_owned(),
            database,
            nodes: 1,
            calls_per_second: 50.0,
            network_calls_per_second: 1000.0,
            faults: json!({}),
            answers: json!({
                "connect_seconds": [0.1, 0.3], "ring_seconds": [0.2, 0.6], "invalid": 0.0,
                "everyone": {"human": {"talk_seconds": 1}},
            }),
            seed,
            data: None,
            clock: None,
            settings: Vec::new(),
            by_way_of: Vec::new(),
        }
    }
}

impl World {
    /// Builds it and starts every server.
    pub async fn build(setup: Setup) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("prospectai-chaos.").tempdir()?;
        let mut postgres = None;
        let mut url = None;
        if setup.database == Database::Postgres {
            let environment = setup.clock.as_ref().map(MovedClock::environment).unwrap_or_default();
            let server = Postgres::start_on_loopback_with(environment).await?;
            let mut server = server.context("PostgreSQL is not installed")?;
            url = Some(server.new_database().await?);
            postgres = Some(server);
        }
        let answers = &setup.answers;
        let pace = setup.network_calls_per_second;
        // The network has no clock but the count since its start: it moves with its timers.
        let by_the_clock = setup.clock.as_ref().map(MovedClock::environment_with_timers).unwrap_or_default();
        let faults = &setup.faults;
        let phones =
            Phones::start(&setup.network, folder.path(), setup.seed, pace, answers, faults, by_the_clock)
                .await?;
        let front = Front::start().await?;
        let to_phones = Link::to(phones.address).await?;
        let mut to_database = Vec::new();
        let mut nodes = Vec::new();
        for nth in 0..setup.nodes {
            let mut environment: Vec<(String, String)> = [
                ("PUBLIC_URL", format!("http://{}", front.address)),
                ("TWILIO_ACCOUNT_SID", ACCOUNT_SID.to_owned()),
                ("TWILIO_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
                ("TWILIO_PHONE_NUMBER", CALLER_ID.to_owned()),
                ("TWILIO_API_BASE", format!("http://{}", to_phones.address)),
                ("DIALER_CALLS_PER_SECOND", setup.calls_per_second.to_string()),
                ("DIALER_MAX_LIVE_CALLS", "5000".to_owned()),
                ("LOG_LEVEL", "warn".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
            environment.extend(setup.clock.as_ref().map(MovedClock::environment).unwrap_or_default());
            if let Some((server, url)) = postgres.as_ref().zip(url.as_ref()) {
                let link = Link::to(server.address().context("the database has no port")?).await?;
                environment.push(("DATABASE_URL".to_owned(), server.url_by_way_of(link.address, url)?));
                to_database.push(link);
            }
            let data = match &setup.data {
                Some(data) => data.clone(),
                None => folder.path().join(format!("node-{nth}")),
            };
            let mut node = Node::new(&setup.program, data, free_address().await?, environment)?;
            for (name, value) in &setup.settings {
                node.set(name, value);
            }
            nodes.push(node);
        }
        let key = make_key(&nodes[0]).await?;
        let by_way_of: Vec<&str> = setup.by_way_of.iter().map(String::as_str).collect();
        for node in &mut nodes {
            node.start_by_way_of(&by_way_of);
            node.start().await?;
        }
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        front.lead_to(addresses.clone());
        let api = Api::new(key, addresses)?;
        Ok(Self {
            nodes,
            phones,
            front,
            to_phones,
            to_database,
            postgres,
            api,
            campaigns: Vec::new(),
            cap: USUAL_CAP,
            do_not_call: BTreeMap::new(),
            next_person: 0,
            clock: setup.clock,
            folder,
        })
    }

    /// Launches a campaign of people whom no other one has.
    pub async fn launch(&mut self, people: usize, limit: u64, hours: Hours) -> anyhow::Result<()> {
        let numbers = self.people(people)?;
        self.launch_for(numbers, Rules { limit, hours, ..Rules::NONE }).await
    }

    /// Launches a campaign of people whom no other one has, which may cost so much, in millionths of a dollar.
    pub async fn launch_on_budget(&mut self, people: usize, micros: u64) -> anyhow::Result<()> {
        let numbers = self.people(people)?;
        self.launch_for(numbers, Rules { budget: Some(micros), ..Rules::NONE }).await
    }

    /// Launches a campaign of these people.
    pub async fn launch_for(&mut self, numbers: Vec<String>, rules: Rules) -> anyhow::Result<()> {
        self.campaigns.push(campaigns::launch(&self.api, numbers, rules).await?);
        Ok(())
    }

    /// Lets no number ring more often than this within 24 hours, whichever campaigns it is in.
    pub async fn set_cap(&mut self, cap: u64) -> anyhow::Result<()> {
        self.api.send(Method::PATCH, "/api/workspace", &json!({"frequencyCap": cap})).await?;
        self.cap = cap;
        Ok(())
    }

    /// Numbers that nobody was given yet.
    pub fn people(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        let first = self.next_person;
        self.next_person += count;
        if self.next_person > campaigns::PEOPLE {
            bail!("there are only {} numbers for fiction", campaigns::PEOPLE);
        }
        Ok((first..self.next_person).map(campaigns::number).collect())
    }

    /// Puts a number on the do-not-call list, and notes since when it must not be rung.
    pub async fn forbid(&mut self, number: &str) -> anyhow::Result<()> {
        let entry = json!({"phone": number, "reason": "chaos"});
        self.api.send(Method::POST, "/api/do-not-call", &entry).await?;
        self.do_not_call.insert(number.to_owned(), self.now());
        Ok(())
    }

    /// Pauses every campaign: nobody new is rung.
    pub async fn pause_all(&self) {
        self.ask_of_all("pause").await;
    }

    /// Lets every paused campaign go on.
    pub async fn resume_all(&self) {
        self.ask_of_all("resume").await;
    }

    async fn ask_of_all(&self, change: &str) {
        for campaign in &self.campaigns {
            // One that has rung everybody is completed, and refuses.
            let path = format!("/api/campaigns/{}/{change}", campaign.id);
            let _ = self.api.send(Method::POST, &path, &json!({})).await;
        }
    }

    /// What time it is for servers, database and phone network.
    pub fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(now, MovedClock::now)
    }

    /// Moves everybody's clock on while no server runs: one that ran would rightly distrust it.
    pub async fn move_clock_on(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        for node in &mut self.nodes {
            node.stop(STOP_WITHIN).await?;
        }
        if let Some(clock) = &mut self.clock {
            clock.advance(by)?;
        }
        self.start_all().await
    }

    /// Waits until the network has no call on.
    pub async fn until_nobody_is_on(&self, patience: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.phones.ledger().await?.iter().any(|ring| ring.ended_at.is_none()) {
            if began.elapsed() > patience {
                bail!("calls were still on after {} s", patience.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Starts the servers that do not run.
    pub async fn start_all(&mut self) -> anyhow::Result<()> {
        for node in &mut self.nodes {
            if !node.is_running() {
                node.start().await?;
            }
        }
        Ok(())
    }

    /// Waits until the network has taken more calls than `seen`; how long that took, `None` when patience ended.
    pub async fn until_more_than(&self, seen: usize, patience: Duration) -> anyhow::Result<Option<Duration>> {
        let began = Instant::now();
        while began.elapsed() < patience {
            if self.phones.ledger().await?.len() > seen {
                return Ok(Some(began.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(None)
    }

    /// Waits until every budget is used up but for less than a call; calls whose outcome is unknown may hold a part of it,
    /// so patience may end without that.
    pub async fn until_budgets_are_used(&self, patience: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        for campaign in &self.campaigns {
            let Some(budget) = campaign.rules.budget else { continue };
            let enough = budget / campaigns::PRICE;
            let rings = async || {
                let ledger = self.phones.ledger().await?;
                let rings = ledger.iter().filter(|ring| campaign.numbers.contains(&ring.to));
                anyhow::Ok(rings.count() as u64)
            };
            while began.elapsed() < patience && rings().await? < enough {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        Ok(())
    }

    /// Ends every server the way a loss of power would, and recounts. What `prospectai check` says when it is not
    /// content.
    pub async fn recount(&mut self) -> anyhow::Result<Option<String>> {
        for node in &mut self.nodes {
            node.kill().await?;
        }
        let said = tokio::time::timeout(Duration::from_secs(300), self.nodes[0].command(&["check"]).output())
            .await
            .context("`prospectai check` did not end within five minutes")??;
        if said.status.success() {
            return Ok(None);
        }
        let text =
            [said.stdout, said.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat();
        Ok(Some(format!("check ended with {}: {}", said.status, text.trim().replace('\n', " / "))))
    }

    /// Keeps the folder with logs and data, and says where it is.
    pub fn keep(mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

/// The first command on the data: a key for the API.
async fn make_key(node: &Node) -> anyhow::Result<String> {
    let mut command = node.command(&["key", "create", "--name", "chaos", "--role", "owner", "--json"]);
    let said = command.output().await?;
    if !said.status.success() {
        bail!("no key could be made: {}", String::from_utf8_lossy(&said.stderr));
    }
    let said: Value = serde_json::from_slice(&said.stdout)?;
    Ok(said["key"].as_str().context("the command gave no key")?.to_owned())
}
