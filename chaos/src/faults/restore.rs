//! F8: an older backup takes the place of the database, with all that was dialed and all who opted out since.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde_json::json;

use super::Plan;
use crate::clock::now;
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::node::Node;
use crate::world::{Database, Setup, World};

const RATE: f64 = 50.0;
/// Rings before the backup, between it and the loss, and after all was reconciled.
const RINGS: usize = 100;
/// Rings between the backup and the loss when the run may last for this many minutes.
const FORGOTTEN: usize = 5_000;
const LONG_ENOUGH: f64 = 10.0;
const OPT_OUTS: usize = 50;
/// Nobody is rung for so long after the reconciliation, while no one resumes.
const HELD: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(600);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = RATE;
    let mut world = World::build(setup).await?;
    world.launch(200, 30, Hours::Always).await?;
    let to_forget = if plan.minutes < LONG_ENOUGH { RINGS } else { FORGOTTEN };
    world.launch(3_000 + to_forget, 1_000_000, Hours::Always).await?;
    ring_more(&world, RINGS).await?;
    let backup = world.nodes[0].folder.with_extension("backup");
    let to = backup.display().to_string();
    command(&world.nodes[0], &["backup", "--to", &to]).await?;
    let backed_up_at = now();

    // Dialing goes on, and people opt out who would be next.
    ring_more(&world, to_forget).await?;
    let last = world.campaigns[1].numbers.iter().rev().take(OPT_OUTS).cloned().collect::<Vec<_>>();
    let rung: BTreeSet<String> = world.phones.ledger().await?.into_iter().map(|ring| ring.to).collect();
    let next = world.campaigns[1].numbers.iter().filter(|number| !rung.contains(*number)).take(OPT_OUTS);
    let next: Vec<String> = next.cloned().collect();
    for number in last.iter().chain(&next) {
        world.forbid(number).await?;
    }
    ring_more(&world, RINGS).await?;
    world.nodes[0].kill().await?;
    let seen = world.phones.ledger().await?;
    let forgotten = seen.iter().filter(|ring| ring.created_at > backed_up_at).count();
    findings
        .figure(format!("{forgotten} rings and {} opt-outs later than the backup", last.len() + next.len()));

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
