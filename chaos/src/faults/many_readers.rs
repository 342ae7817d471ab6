//! F34: ten thousand readers of the stream of changes, a thousand of whom stop reading, and all of whom come back when the
//! server is started anew.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::Method;
use serde_json::json;
use testbed::raise_descriptors;
use tokio::net::TcpStream;

use super::Plan;
use crate::oracle::judge;
use crate::report::{Findings, Verdict, p99, percentiles};
use crate::world::campaigns::{self, Hours, Rules};
use crate::world::connections::taken_by;
use crate::world::readers::{Readers, stalled};
use crate::world::{Database, Setup, World};

const READERS: usize = 10_000;
/// One in so many stops reading.
const STALLED: usize = 10;
const SHORT: usize = 10;
/// Descriptors of this program besides those of readers.
const BESIDE: usize = 1_000;
/// Calls per second, each of which is five changes.
const PACE: f64 = 1.0;
/// Resident memory of the server, in MiB.
const MEMORY: f64 = 400.0;
/// Of webhooks.
const WEBHOOKS: Duration = Duration::from_millis(250);
/// From the request for a change to the reader, the request itself included.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// What the system of a reader who reads nothing takes for it, at most.
const BUFFERED: usize = 16 * 1024;
/// From then on.
const DROPPED_WITHIN: Duration = Duration::from_secs(30);
/// For the look at all connections, and a busy machine.
const LATER: Duration = Duration::from_secs(5);
const FILLED_WITHIN: Duration = Duration::from_secs(240);
const MEASURED: Duration = Duration::from_secs(30);
const BACK_WITHIN: Duration = Duration::from_secs(60);
const STOP_WITHIN: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let all = if plan.full { READERS } else { READERS / SHORT };
    let needed = (all + BESIDE) as u64;
    if raise_descriptors() < needed {
        return Ok(Verdict::NotRun(format!("it needs {needed} file descriptors")));
    }
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = PACE;
    setup.settings.push(("HTTP_MAX_CONNECTIONS", needed.to_string()));
    let mut world = World::build(setup).await?;
    world.launch(plan.people(PACE) + 900, 1_000_000, Hours::Always).await?;
    let marker = campaigns::prepare(&world.api, Vec::new(), Rules::NONE).await?;
    let (server, key) = (world.nodes[0].address, world.api.key().to_owned());
    let silent = stalled(server, &key, all / STALLED).await?;
    let readers = Readers::open(server, &key, all - silent.len()).await;
    let open = until_open(&readers, all - silent.len(), BACK_WITHIN).await;
    findings.figure(format!("{open} readers and {} who do not read", silent.len()));
    findings.expect(open == all - silent.len(), || "not every reader was let in".to_owned());

    drop_the_silent(&world, &readers, &silent, &marker.id, &mut findings).await?;
    drop(silent);
    measure(&world, &readers, &marker.id, "with them all", &mut findings).await?;
    come_back(&mut world, &readers, &mut findings).await?;
    measure(&world, &readers, &marker.id, "after the return", &mut findings).await?;
    let peak = world.nodes[0].peak_memory().context("the server does not run")?;
    findings.figure(format!("{peak:.0} MiB resident at most after the start"));
    findings.expect(peak <= MEMORY, || format!("{peak:.0} MiB were resident"));
    drop(readers);
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// Fills the lines of those who do not read, and watches how long the server puts up with it.
async fn drop_the_silent(
    world: &World,
    readers: &Readers,
    silent: &[TcpStream],
    marker: &str,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let ports: BTreeSet<u16> = silent
        .iter()
        .map(|stream| stream.local_addr().map(|address| address.port()))
        .collect::<Result<_, _>>()?;
    let from = readers.bytes();
    let (began, mut full_after, mut gone_after) = (Instant::now(), None, None);
    let node = world.nodes[0].address;
    while gone_after.is_none() && began.elapsed() < FILLED_WITHIN {
        change(world, marker).await?;
        if full_after.is_none() && readers.bytes() - from > BUFFERED {
            full_after = Some(began.elapsed());
        }
        if taken_by(node)?.is_disjoint(&ports) {
            gone_after = Some(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let left = taken_by(node)?.intersection(&ports).count();
    let seconds =
        |after: Option<Duration>| after.map_or("never".to_owned(), |it| format!("{:.0} s", it.as_secs_f64()));
    findings.figure(format!(
        "their lines were full after {} at the latest, all dropped after {}",
        seconds(full_after),
        seconds(gone_after)
    ));
    let in_time = gone_after.is_some_and(|gone| gone <= full_after.unwrap_or(gone) + DROPPED_WITHIN + LATER);
    findings.expect(in_time, || format!("{left} readers who do not read were not dropped in time"));
    let memory = world.nodes[0].peak_memory().context("the server does not run")?;
    findings.figure(format!("{memory:.0} MiB resident at most"));
    findings.expect(memory <= MEMORY, || format!("{memory:.0} MiB were resident"));
    Ok(())
}

/// Webhooks and the way of changes to every reader, for a while.
async fn measure(
    world: &World,
    readers: &Readers,
    marker: &str,
    when: &str,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    readers.take_seen();
    let (began, seen) = (Instant::now(), world.front.acknowledged().len());
    let mut changes = 0;
    while began.elapsed() < MEASURED {
        readers.mark(marker);
        change(world, marker).await?;
        changes += 1;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let webhooks: Vec<Duration> = world.front.acknowledged()[seen..].iter().map(|it| it.took).collect();
    let on_its_way = readers.take_seen().on_its_way;
    findings.figure(format!(
        "{when}: {} webhooks {}; {} of {} changes arrived, {}",
        webhooks.len(),
        percentiles(&webhooks),
        on_its_way.len(),
        changes * readers.open_now(),
        percentiles(&on_its_way)
    ));
    findings.expect(on_its_way.len() >= changes * readers.open_now(), || {
        format!("{when}: changes did not arrive")
    });
    findings.expect(p99(webhooks).is_some_and(|p99| p99 <= WEBHOOKS), || {
        format!("{when}: 99 of 100 webhooks were not answered within {:.2} s", WEBHOOKS.as_secs_f64())
    });
    findings.expect(p99(on_its_way).is_some_and(|p99| p99 <= ON_ITS_WAY), || {
        format!("{when}: changes took longer than {} s", ON_ITS_WAY.as_secs())
    });
    Ok(())
}

/// Starts the server anew: everybody comes back at the time they were told, and is told to read everything anew.
async fn come_back(world: &mut World, readers: &Readers, findings: &mut Findings) -> anyhow::Result<()> {
    let all = readers.open_now();
    let told = readers.take_seen().told_to_wait;
    let (status, took) = world.nodes[0].stop(STOP_WITHIN).await?;
    findings.figure(format!("stopped after {:.1} s with {status}", took.as_secs_f64()));
    findings.expect(status.success(), || "it did not end by itself with 0".to_owned());
    let seen = world.front.acknowledged().len();
    world.nodes[0].start().await?;
    let began = Instant::now();
    let back = until_open(readers, all, BACK_WITHIN).await;
    let back_after = began.elapsed();
    let seen_by_readers = readers.take_seen();
    let waits: BTreeSet<Duration> = told.iter().chain(&seen_by_readers.told_to_wait).copied().collect();
    let webhooks: Vec<Duration> = world.front.acknowledged()[seen..].iter().map(|it| it.took).collect();
    findings.figure(format!(
        "{back} back after {:.1} s, at most {} within a second, told to wait {:.1} to {:.1} s, {} told to read anew, \
         webhooks meanwhile {}",
        back_after.as_secs_f64(),
        most_within_a_second(seen_by_readers.let_in),
        waits.first().copied().unwrap_or_default().as_secs_f64(),
        waits.last().copied().unwrap_or_default().as_secs_f64(),
        seen_by_readers.resets,
        percentiles(&webhooks),
    ));
    findings.expect(back >= all, || format!("only {back} of {all} came back"));
    findings
        .expect(waits.len() > all / 100, || "readers are told to come back all at the same time".to_owned());
    findings.expect(seen_by_readers.resets >= back, || {
        "not everybody was told to read everything anew".to_owned()
    });
    Ok(())
}

async fn change(world: &World, campaign: &str) -> anyhow::Result<()> {
    let path = format!("/api/campaigns/{campaign}");
    world.api.send(Method::PATCH, &path, &json!({"name": "Marked"})).await.map(|_| ())
}

async fn until_open(readers: &Readers, wanted: usize, patience: Duration) -> usize {
    let began = Instant::now();
    while readers.open_now() < wanted && began.elapsed() < patience {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    readers.open_now()
}

fn most_within_a_second(mut let_in: Vec<Instant>) -> usize {
    let_in.sort();
    let within =
        |first: usize| let_in.partition_point(|at| *at < let_in[first] + Duration::from_secs(1)) - first;
    (0..let_in.len()).map(within).max().unwrap_or(0)
}
