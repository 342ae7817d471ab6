//! F11: the disk of the data folder is full under load, and has room again later. The log is on the same disk, as it
//! often is.

use std::time::{Duration, Instant};

use super::Plan;
use crate::clock::now;
use crate::oracle::{judge, pace};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::small_disk::SmallDisk;
use crate::world::{Database, Setup, World};

const MEGABYTES: u32 = 48;
/// SQLite may use the space that its log already has; after that nothing more can be armed.
const STOPPED_AFTER: Duration = Duration::from_secs(20);
const FULL_FOR: Duration = Duration::from_secs(30);
const RESUMED_WITHIN: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(180);
const TIMES: usize = 3;
const STOP_WITHIN: Duration = Duration::from_secs(25);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let disk = match SmallDisk::mount(MEGABYTES) {
        Ok(disk) => disk,
        Err(error) => return Ok(Verdict::NotRun(format!("{error:#}"))),
    };
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.data = Some(disk.path().join("data"));
    setup.calls_per_second = 30.0;
    let mut world = World::build(setup).await?;
    world.launch(200, 30, Hours::Always).await?;
    world.launch(5_000, 1_000_000, Hours::Always).await?;
    for time in 1..=TIMES {
        // Up to 32 MB, which is some four seconds of this load, SQLite's log grows; then it is written anew from its beginning,
        // and what it has is room for webhooks on a full disk. A server that was stopped in order begins a new one; the
        // last time it has the old one.
        if time < TIMES {
            world.nodes[0].stop(STOP_WITHIN).await?;
            world.start_all().await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
        } else {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        once(&disk, &mut world, &mut findings).await?;
    }
    let turned_away = world.front.turned_away();
    findings.figure(format!("{turned_away} webhooks turned away"));
    findings.expect(turned_away > 0, || "no webhook met the full disk, so nothing was shown".to_owned());
    world.start_all().await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

async fn once(disk: &SmallDisk, world: &mut World, findings: &mut Findings) -> anyhow::Result<()> {
    disk.fill()?;
    let full = Instant::now();
    tokio::time::sleep(STOPPED_AFTER).await;
    let stopped_by = now();
    tokio::time::sleep(FULL_FOR.saturating_sub(full.elapsed())).await;
    let ledger = world.phones.ledger().await?;
    let still = pace::per_second(&ledger, stopped_by, now());
    findings.expect(still == 0.0, || {
        format!("{still:.1} rings/s although the disk was full for {} s", STOPPED_AFTER.as_secs())
    });
    if !world.nodes[0].is_running() {
        findings.breach("the server ended because of the full disk");
    }
    disk.make_room()?;
    world.start_all().await?;
    match world.until_more_than(ledger.len(), RESUMED_WITHIN).await? {
        Some(after) => findings.figure(format!("dialing {:.1} s after there was room", after.as_secs_f64())),
        None => {
            findings.breach(format!("no ring within {} s after there was room", RESUMED_WITHIN.as_secs()))
        }
    }
    Ok(())
}
