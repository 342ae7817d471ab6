//! F13: the data folder cannot be written, or is not there any more, or there are hardly any file descriptors: at the
//! start, and while the server runs.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use testbed::limit_descriptors;

use super::Plan;
use crate::clock::now;
use crate::oracle::{judge, pace};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::sealed::Sealed;
use crate::world::{Database, Setup, World};

/// Of file descriptors.
const FEW: u64 = 64;
const MANY: u64 = 4_096;
/// From the fault until `/health` says so.
const RED_WITHIN: Duration = Duration::from_secs(10);
/// What was armed at that moment is sent by then.
const STOPPED_AFTER: Duration = Duration::from_secs(10);
const LASTS: Duration = Duration::from_secs(25);
const RESUMED_WITHIN: Duration = Duration::from_secs(30);
const REFUSED_WITHIN: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(180);
/// Linux sends it for a mapped page that was written back, is written again and belongs to a file that may not be
/// written any more.
const SIGBUS: i32 = 7;

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = 20.0;
    let mut world = World::build(setup).await?;
    world.launch(6_000, 1_000_000, Hours::Always).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;

    let data = world.nodes[0].folder.clone();
    if let Err(error) = Sealed::seal(&data) {
        return Ok(Verdict::NotRun(format!("{error:#}")));
    }
    read_only(&mut world, "read-only", &mut findings).await?;
    write_back(&data)?;
    read_only(&mut world, "read-only after a write-back", &mut findings).await?;

    let away = data.with_extension("away");
    std::fs::rename(&data, &away)?;
    red_and_silent(&mut world, "vanished", &mut findings).await?;
    findings.expect(world.nodes[0].is_running(), || "vanished: the server ended".to_owned());
    findings.expect(!data.exists(), || "something new was made in place of the vanished folder".to_owned());
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    std::fs::rename(&away, &data)?;
    green_and_dialing(&mut world, "vanished", &mut findings).await?;

    few_descriptors(&mut world, &mut findings).await?;
    world.nodes[0].stop(PATIENCE).await?;
    let sealed = Sealed::seal(&data)?;
    refuses(&world, "a read-only folder", "data folder", &mut findings).await?;
    drop(sealed);
    let few = format!("--nofile={FEW}:{FEW}");
    world.nodes[0].start_by_way_of(&["prlimit", &few]);
    refuses(&world, "few descriptors", "file descriptors", &mut findings).await?;
    world.nodes[0].start_by_way_of(&[]);
    world.start_all().await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// Nothing in the folder may be written for a while. The server stays, or SIGBUS ends it, which nothing in it can
/// prevent (docs/guarantees.md); whoever starts it again is then told why it cannot start.
async fn read_only(world: &mut World, fault: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let sealed = Sealed::seal(&world.nodes[0].folder)?;
    red_and_silent(world, fault, findings).await?;
    if let Some(status) = world.nodes[0].ended() {
        findings.expect(status.signal() == Some(SIGBUS), || format!("{fault}: the server ended ({status})"));
        findings.figure(format!("{fault}: ended by SIGBUS"));
        refuses(world, "a read-only folder", "data folder", findings).await?;
    }
    drop(sealed);
    green_and_dialing(world, fault, findings).await
}

/// Waits until the disk has what was written so far, mapped pages included.
fn write_back(folder: &Path) -> anyhow::Result<()> {
    let status = Command::new("sync").arg("--file-system").arg(folder).status();
    anyhow::ensure!(status.context("the program `sync` is not there")?.success(), "`sync` failed");
    Ok(())
}

/// Waits while the fault lasts: `/health` must say so, and nobody may be dialed.
async fn red_and_silent(world: &mut World, fault: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut red_after = None;
    let mut stopped_by = now();
    while began.elapsed() < LASTS {
        if red_after.is_none() && !world.nodes[0].is_healthy().await {
            red_after = Some(began.elapsed());
        }
        if began.elapsed() < STOPPED_AFTER {
            stopped_by = now();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    match red_after {
        Some(after) => findings.figure(format!("{fault}: red after {:.1} s", after.as_secs_f64())),
        None => findings.breach(format!("{fault}: /health was green all the time")),
    }
    findings.expect(red_after.is_none_or(|after| after <= RED_WITHIN), || {
        format!("{fault}: /health was green for more than {} s", RED_WITHIN.as_secs())
    });
    let green = world.nodes[0].is_healthy().await;
    findings.expect(!green, || format!("{fault}: /health was green while nothing could be written"));
    let still = pace::per_second(&world.phones.ledger().await?, stopped_by, now());
    findings.expect(still == 0.0, || format!("{fault}: {still:.1} rings/s that could not be written down"));
    Ok(())
}

/// The fault is over: `/health` must say so, and dialing go on, without a restart.
async fn green_and_dialing(world: &mut World, fault: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let began = Instant::now();
    let seen = world.phones.ledger().await?.len();
    world.start_all().await?;
    while !world.nodes[0].is_healthy().await && began.elapsed() < RESUMED_WITHIN {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    findings.expect(began.elapsed() < RESUMED_WITHIN, || format!("{fault}: /health stayed red"));
    match world.until_more_than(seen, RESUMED_WITHIN).await? {
        Some(_) => findings.figure(format!("dialing again after {:.1} s", began.elapsed().as_secs_f64())),
        None => findings.breach(format!("{fault}: no ring within {} s", RESUMED_WITHIN.as_secs())),
    }
    Ok(())
}

/// A running server may open nothing more for a while. Whether it can dial or answer is its own affair; it has to stay.
async fn few_descriptors(world: &mut World, findings: &mut Findings) -> anyhow::Result<()> {
    let process = world.nodes[0].process().context("the server does not run")?;
    let open = std::fs::read_dir(format!("/proc/{process}/fd"))?.count();
    limit_descriptors(process, FEW)?;
    let began = Instant::now();
    let (mut asked, mut green) = (0, 0);
    while began.elapsed() < LASTS {
        asked += 1;
        green += usize::from(world.nodes[0].is_healthy().await);
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    findings.figure(format!("limited to {FEW} descriptors with {open} open: green {green} of {asked} times"));
    findings.expect(world.nodes[0].is_running(), || "the server ended without descriptors".to_owned());
    limit_descriptors(process, MANY)?;
    green_and_dialing(world, "few descriptors", findings).await
}

/// The server must not start, and say why, in words that name the cause.
async fn refuses(world: &World, fault: &str, cause: &str, findings: &mut Findings) -> anyhow::Result<()> {
    let Some((code, said)) = world.nodes[0].refusal(REFUSED_WITHIN).await? else {
        findings.breach(format!("{fault}: it started, and went on"));
        return Ok(());
    };
    findings.figure(match code {
        Some(code) => format!("start with {fault}: refused with {code}"),
        None => format!("start with {fault}: ended by a signal"),
    });
    let clean = matches!(code, Some(1 | 3)) && said.contains(cause) && !said.contains("panicked");
    findings.expect(clean, || format!("{fault}: it ended with {code:?} and said {:?}", said.trim()));
    Ok(())
}
