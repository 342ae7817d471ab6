//! F14: 256 MiB of memory, ten thousand live calls, and an import beside them.

use std::time::{Duration, Instant};

use super::Plan;
use super::large_files::people;
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::campaigns::{self, Rules};
use crate::world::memory_limit::MemoryLimit;
use crate::world::{Database, Setup, World};

const MEMORY: u64 = 256 * 1024 * 1024;
const LIVE: usize = 10_000;
const ROWS: usize = 1_000_000;
/// What a short run has of both.
const SHORT: usize = 10;
/// Calls per second while they come about.
const PACE: f64 = 250.0;
/// How long people are spoken to: as long as a script can be.
const SPEECH: usize = 200;
const SHORT_SPEECH: usize = 60;
/// Calls come about, and an import ends.
const PATIENCE: Duration = Duration::from_secs(600);
const MOST_LIVE: usize = 20_000;

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let (live, rows, speech) =
        if plan.full { (LIVE, ROWS, SPEECH) } else { (LIVE / SHORT, ROWS / SHORT, SHORT_SPEECH) };
    let limit = match MemoryLimit::of(MEMORY) {
        Ok(limit) => Some(limit),
        Err(error) => {
            findings
                .figure(format!("no control group here ({error:#}), so the peak of resident memory counts"));
            None
        }
    };
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = PACE;
    setup.answers["everyone"] = serde_json::json!({"human": {"talk_seconds": speech}});
    setup.settings.push(("DIALER_MAX_LIVE_CALLS", MOST_LIVE.to_string()));
    setup.by_way_of = limit.iter().flat_map(MemoryLimit::entrance).collect();
    let mut world = World::build(setup).await?;
    let numbers = world.people(live + live / 5)?;
    let draft = campaigns::prepare(&world.api, numbers[..1].to_vec(), Rules::NONE).await?;
    world.launch_for(numbers, Rules { speech, ..Rules::NONE }).await?;
    let began = Instant::now();
    let mut reached = until_live(&world, live, PATIENCE).await?;
    findings.figure(format!("{reached} live calls after {:.0} s", began.elapsed().as_secs_f64()));
    findings.expect(reached >= live, || format!("there were never {live} live calls"));
    let began = Instant::now();
    let importing = world.api.upload(&draft.id, people(rows));
    match importing.await {
        Ok((200, _)) => {
            findings.figure(format!("{rows} rows beside them in {:.0} s", began.elapsed().as_secs_f64()));
        }
        Ok((status, answer)) => findings.breach(format!("the import was answered with {status}: {answer}")),
        Err(error) => findings.breach(format!("the import broke off: {error:#}")),
    }
    reached = live_now(&world).await?;
    findings.figure(format!("{reached} live calls at its end"));
    survived(&mut world, limit.as_ref(), &mut findings)?;
    world.start_all().await?;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// Whether the process is still the one that was started, within its memory.
fn survived(world: &mut World, limit: Option<&MemoryLimit>, findings: &mut Findings) -> anyhow::Result<()> {
    let node = &mut world.nodes[0];
    match node.ended() {
        Some(status) => findings.breach(format!("the server ended: {status}")),
        None => {
            findings.figure(format!("resident at most {:.0} MiB", node.peak_memory().unwrap_or_default()))
        }
    }
    if let Some(limit) = limit {
        let kills = limit.kills()?;
        findings.figure(format!("{kills} killed in a control group of {} MiB", MEMORY >> 20));
        findings.expect(kills == 0, || "the kernel killed for want of memory".to_owned());
    } else {
        let peak = world.nodes[0].peak_memory().unwrap_or_default();
        findings.expect(peak <= (MEMORY >> 20) as f64, || format!("{peak:.0} MiB were resident"));
    }
    Ok(())
}

async fn live_now(world: &World) -> anyhow::Result<usize> {
    let ledger = world.phones.ledger().await?;
    Ok(ledger.iter().filter(|ring| ring.started_at.is_some() && ring.ended_at.is_none()).count())
}

/// Waits until so many calls ring or talk at the same time; how many there were at most.
async fn until_live(world: &World, wanted: usize, patience: Duration) -> anyhow::Result<usize> {
    let began = Instant::now();
    let mut most = 0;
    while most < wanted && began.elapsed() < patience {
        most = most.max(live_now(world).await?);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(most)
}
