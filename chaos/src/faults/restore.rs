//! F8: a backup of the day before takes the place of the database, with all that was dialed and all who opted out since.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::Plan;
use crate::clock::seconds_between;
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::moved_clock::{self, MovedClock};
use crate::world::node::Node;
use crate::world::{Database, Setup, World};

const RATE: f64 = 50.0;
/// Rings before the backup, between it and the loss, and after all was reconciled.
const RINGS: usize = 100;
/// Rings between the backup and the loss when the run may last for this many minutes.
const FORGOTTEN: usize = 5_000;
const LONG_ENOUGH: f64 = 10.0;
/// The day between the backup and the loss passes in so many steps of its clock, with rings and opt-outs between them.
const STEPS: usize = 4;
const STEP: SignedDuration = SignedDuration::from_hours(6);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// People of each step who opt out: the last in the line, and as many of the next.
const OPT_OUTS: usize = 13;
/// People hang up after a second; some were still to be rung when all was paused.
const UNTIL_ALL_HUNG_UP: Duration = Duration::from_secs(60);
/// Nobody is rung for so long after the reconciliation, while no one resumes.
const HELD: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let Some(clock) = MovedClock::behind(DAY)? else {
        return Ok(Verdict::NotRun(moved_clock::NOT_INSTALLED.to_owned()));
    };
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.clock = Some(clock);
    setup.calls_per_second = RATE;
    let mut world = World::build(setup).await?;
    world.launch(200, 30, Hours::Always).await?;
    let to_forget = if plan.minutes < LONG_ENOUGH { RINGS } else { FORGOTTEN };
    world.launch(3_000 + to_forget, 1_000_000, Hours::Always).await?;
    ring_more(&world, RINGS).await?;
    let backup = world.nodes[0].folder.with_extension("backup");
    let to = backup.display().to_string();
    command(&world.nodes[0], &["backup", "--to", &to]).await?;
    let backed_up_at = world.now();
    for _ in 0..STEPS {
        ring_more(&world, to_forget / STEPS).await?;
        opt_out(&mut world).await?;
        pass_time(&mut world).await?;
    }
    ring_more(&world, RINGS).await?;
    world.nodes[0].kill().await?;
    let seen = world.phones.ledger().await?;
    let forgotten = seen.iter().filter(|ring| ring.created_at > backed_up_at).count();
    let age = seconds_between(backed_up_at, world.now()) / 3_600.0;
    findings.figure(format!(
        "a copy {age:.1} h old by every clock, {forgotten} rings and {} opt-outs later than it",
        world.do_not_call.len()
    ));
    findings.expect(age >= 24.0, || "the copy was not a day old".to_owned());

    command(&world.nodes[0], &["restore", "--from", &to, "--replace"]).await?;
    world.nodes[0].start().await?;
    let took = until_reconciled(&world, &mut findings).await?;
    tokio::time::sleep(HELD).await;
    let rings = world.phones.ledger().await?.len() - seen.len();
    findings.figure(format!(
        "reconciled after {:.1} s, {rings} rings until somebody resumed",
        took.as_secs_f64()
    ));
    findings.expect(rings == 0, || "somebody was rung before anybody resumed".to_owned());
    // Calls that the copy had forgotten are found again at the network with their end, but not every webhook of before.
    world.front.forget();
    world.api.send(Method::POST, "/api/quarantine/resume", &json!({})).await?;
    ring_more(&world, RINGS).await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// People opt out: some who would be next, and some whose turn would come much later.
async fn opt_out(world: &mut World) -> anyhow::Result<()> {
    let rung: BTreeSet<String> = world.phones.ledger().await?.into_iter().map(|ring| ring.to).collect();
    let waits = |number: &&String| !rung.contains(*number) && !world.do_not_call.contains_key(*number);
    let waiting: Vec<&String> = world.campaigns[1].numbers.iter().filter(waits).collect();
    let chosen = waiting.iter().rev().take(OPT_OUTS).chain(waiting.iter().take(OPT_OUTS));
    let chosen: Vec<String> = chosen.map(|number| (*number).clone()).collect();
    for number in chosen {
        world.forbid(&number).await?;
    }
    Ok(())
}

/// Hours in which nobody is rung. A call that was on would last for hours too.
async fn pass_time(world: &mut World) -> anyhow::Result<()> {
    world.pause_all().await;
    world.until_nobody_is_on(UNTIL_ALL_HUNG_UP).await?;
    world.move_clock_on(STEP).await?;
    world.resume_all().await;
    Ok(())
}

async fn ring_more(world: &World, rings: usize) -> anyhow::Result<()> {
    let seen = world.phones.ledger().await?.len();
    let more = world.until_more_than(seen + rings, PATIENCE).await?;
    more.map(|_| ()).context("nobody is rung any more")
}

/// Waits until everything is found again that can be found.
async fn until_reconciled(world: &World, findings: &mut Findings) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let first = world.api.get("/api/quarantine").await?;
    findings.expect(first["active"] == true, || "the older copy was not noticed".to_owned());
    while began.elapsed() < PATIENCE {
        let quarantine = world.api.get("/api/quarantine").await?;
        if quarantine["reconciled"] == true {
            let report = &quarantine["report"];
            findings.figure(format!(
                "{} calls made again, {} opt-outs back",
                report["callsRecreated"], report["optOutsRestored"]
            ));
            return Ok(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("not reconciled after {} s", PATIENCE.as_secs())
}

async fn command(node: &Node, arguments: &[&str]) -> anyhow::Result<()> {
    let said = node.command(arguments).output().await?;
    if !said.status.success() {
        bail!("`{}` ended with {}: {}", arguments[0], said.status, String::from_utf8_lossy(&said.stderr));
    }
    Ok(())
}
