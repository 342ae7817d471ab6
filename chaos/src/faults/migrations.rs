//! F39: bringing the schema up to date is killed half-way, again and again; and servers of two neighbouring versions share
//! one database.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use testbed::{Postgres, free_address};

use super::Plan;
use super::large_files::people;
use crate::clock::now;
use crate::dice::Dice;
use crate::oracle::{judge, pace};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::{self, Hours, Rules};
use crate::world::node::Node;
use crate::world::{Database, Setup, World};

/// After so many kills the change is carried to its end, the database recounted, and the next one begun.
const KILLS_PER_DATABASE: u32 = 5;
/// What old data consist of.
const OLD_PEOPLE: usize = 20_000;
const OLD_CALLS: usize = 100;
const NODES: usize = 3;
const RATE: f64 = 15.0;
const STEADY: Duration = Duration::from_secs(10);
/// Of the rate of one version, while there are two; a server that starts dials nobody meanwhile.
const THROUGHPUT: f64 = 0.5;
const STOP_WITHIN: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let folder = tempfile::Builder::new().prefix("prospectai-chaos.").tempdir()?;
    let mut own = match database {
        Database::Sqlite => None,
        Database::Postgres => Some(Postgres::start().await?.context("PostgreSQL is not installed")?),
    };
    let origin = own.as_mut().map_or(Origin::NoFolder, Origin::EmptyOn);
    let mut site = Site { program: &plan.program, folder: folder.path().join("new"), origin, made: 0 };
    kill_half_way(plan, &mut site, "an empty database", &mut findings).await?;
    let Some(older) = &plan.older else {
        let seen = Verdict::from(findings);
        let why = "neither a step over old data nor two versions together, as there is no --older-binary";
        return Ok(if seen.held() { Verdict::NotRun(format!("{why}; {seen}")) } else { seen });
    };
    let mut world = old_world(plan, older, database).await?;
    let url = world.nodes[0].setting("DATABASE_URL").map(str::to_owned);
    let origin = match (world.postgres.as_mut(), url) {
        (Some(server), Some(url)) => Origin::CopyOn(server, url),
        _ => Origin::CopyOf(world.nodes[0].folder.clone()),
    };
    let mut site = Site { program: &plan.program, folder: folder.path().join("old"), origin, made: 0 };
    kill_half_way(plan, &mut site, "old data", &mut findings).await?;
    match database {
        Database::Sqlite => next_version(plan, &mut world).await?,
        Database::Postgres => side_by_side(plan, &mut world, &mut findings).await?,
    }
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// What a database begins as.
enum Origin<'a> {
    NoFolder,
    CopyOf(PathBuf),
    EmptyOn(&'a mut Postgres),
    CopyOn(&'a mut Postgres, String),
}

/// Where databases are made, one like the other.
struct Site<'a> {
    program: &'a Path,
    folder: PathBuf,
    origin: Origin<'a>,
    made: u32,
}

impl Site<'_> {
    /// The next one, as a server that does not run.
    async fn next(&mut self) -> anyhow::Result<Node> {
        self.made += 1;
        let folder = self.folder.with_extension(self.made.to_string());
        let mut node = Node::new(self.program, folder, free_address().await?, Vec::new())?;
        match &mut self.origin {
            Origin::NoFolder => {}
            Origin::CopyOf(data) => {
                for file in std::fs::read_dir(data)? {
                    let file = file?;
                    std::fs::copy(file.path(), node.folder.join(file.file_name()))?;
                }
            }
            Origin::EmptyOn(server) => node.set("DATABASE_URL", &server.new_database().await?),
            Origin::CopyOn(server, of) => node.set("DATABASE_URL", &server.new_database_like(of).await?),
        }
        Ok(node)
    }
}

/// Kills `migrate` and starts of the server in turn, at any moment of what they take when nobody kills them.
async fn kill_half_way(
    plan: &Plan,
    site: &mut Site<'_>,
    what: &str,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let undisturbed = site.next().await?;
    let began = Instant::now();
    migrate(&undisturbed).await?;
    let whole = began.elapsed();
    let expected = recount(&undisturbed).await?;
    let mut dice = Dice::new(plan.seed);
    let (mut tried, mut killed, mut different) = (0, 0, 0);
    while tried < plan.kills {
        let node = site.next().await?;
        for _ in 0..KILLS_PER_DATABASE {
            tried += 1;
            // A server that does not dial: what it would add is no difference that a kill made.
            let command: &[&str] = if tried % 2 == 0 { &["migrate"] } else { &["serve", "--role", "web"] };
            killed += u32::from(killed_after(&node, command, dice.between(Duration::ZERO, whole)).await?);
        }
        if let Err(error) = migrate(&node).await {
            findings.breach(format!(
                "{what}: after {KILLS_PER_DATABASE} kills it could not be carried on: {error:#}"
            ));
            break;
        }
        different += u32::from(recount(&node).await? != expected);
    }
    findings.figure(format!(
        "{what}: {killed} kills within {:.2} s of a change, {} databases carried on",
        whole.as_secs_f64(),
        site.made - 1
    ));
    findings.expect(different == 0, || {
        format!("{what}: {different} differ from one that nobody disturbed ({expected})")
    });
    Ok(())
}

/// Kills a command unless it is over before; whether it was killed.
async fn killed_after(node: &Node, command: &[&str], life: Duration) -> anyhow::Result<bool> {
    let address = node.address.to_string();
    let mut child = node.command(&[command, &["--listen", &address]].concat());
    let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    if let Ok(ended) = tokio::time::timeout(life, child.wait()).await {
        let status = ended?;
        if !status.success() {
            bail!("`{}` ended with {status} before it was killed", command.join(" "));
        }
        return Ok(false);
    }
    child.kill().await?;
    Ok(true)
}

async fn migrate(node: &Node) -> anyhow::Result<()> {
    said_by(node, "migrate").await.map(|_| ())
}

/// What `check` counted; an error when it found a difference.
async fn recount(node: &Node) -> anyhow::Result<String> {
    said_by(node, "check").await
}

async fn said_by(node: &Node, command: &str) -> anyhow::Result<String> {
    let said = node.command(&[command]).output().await?;
    let text = [said.stdout, said.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat();
    if !said.status.success() {
        bail!("`{command}` ended with {}: {}", said.status, text.trim());
    }
    Ok(text)
}

/// Servers of the older version, with people and calls, stopped.
async fn old_world(plan: &Plan, older: &Path, database: Database) -> anyhow::Result<World> {
    let mut setup = Setup::new(older, database, plan.seed);
    setup.network.clone_from(&plan.program);
    setup.calls_per_second = RATE;
    setup.nodes = if database == Database::Postgres { NODES } else { 1 };
    let mut world = World::build(setup).await?;
    let draft = campaigns::prepare(&world.api, Vec::new(), Rules::NONE).await?;
    let (status, answer) = world.api.upload(&draft.id, people(OLD_PEOPLE)).await?;
    if status != 200 {
        bail!("the older version answered an import with {status}: {answer}");
    }
    world.launch(5_000 + plan.people(RATE), 1_000_000, Hours::Always).await?;
    world.until_more_than(OLD_CALLS, PATIENCE).await?.context("the older version rings nobody")?;
    for node in &mut world.nodes {
        node.stop(STOP_WITHIN).await?;
    }
    Ok(world)
}

/// The one server goes on as the newer version.
async fn next_version(plan: &Plan, world: &mut World) -> anyhow::Result<()> {
    world.nodes[0].set_program(&plan.program);
    world.nodes[0].start().await?;
    let seen = world.phones.ledger().await?.len();
    world.until_more_than(seen + OLD_CALLS, PATIENCE).await?.context("the newer version rings nobody")?;
    Ok(())
}

/// A rolling change of version, with servers of both for a while, and an older one that starts on the newer schema.
async fn side_by_side(plan: &Plan, world: &mut World, findings: &mut Findings) -> anyhow::Result<()> {
    world.start_all().await?;
    let older_from = now();
    tokio::time::sleep(STEADY).await;
    let both_from = now();
    change(world, 0, Some(&plan.program), findings).await?;
    change(world, 1, None, findings).await?;
    tokio::time::sleep(plan.duration()).await;
    let newer_from = now();
    for node in 1..NODES {
        change(world, node, Some(&plan.program), findings).await?;
    }
    tokio::time::sleep(STEADY).await;
    let ledger = world.phones.ledger().await?;
    let older = pace::per_second(&ledger, older_from, both_from);
    let both = pace::per_second(&ledger, both_from, newer_from);
    let newer = pace::per_second(&ledger, newer_from, now());
    findings.figure(format!(
        "{older:.1} rings/s by {NODES} servers of the older version, {both:.1} by both together, {newer:.1} by the newer"
    ));
    let least = older.min(RATE) * THROUGHPUT;
    findings.expect(both >= least && newer >= least, || format!("fewer than {least:.1} rings/s"));
    Ok(())
}

/// Restarts a server, as another version where one is given.
async fn change(
    world: &mut World,
    node: usize,
    program: Option<&Path>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let node = &mut world.nodes[node];
    let (status, _) = node.stop(STOP_WITHIN).await?;
    findings.expect(status.success(), || format!("a server ended with {status}"));
    if let Some(program) = program {
        node.set_program(program);
    }
    node.start().await.map(|_| ())
}
