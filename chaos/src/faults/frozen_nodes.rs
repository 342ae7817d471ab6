//! F3: servers that share a database are frozen at random moments for as long as a bad pause of a machine, and go on as
//! if nothing had happened. What a frozen one had reserved is rung by the others when its lease is over.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Plan;
use crate::dice::Dice;
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::api::Api;
use crate::world::campaigns::Hours;
use crate::world::{Database, Setup, World};

const NODES: usize = 5;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);
/// Everybody runs for a moment between two freezes.
const BETWEEN: Duration = Duration::from_millis(500);
/// Before that, one server after the other is frozen for longer than its lease in the middle of a small campaign.
const TAKEOVERS: usize = 3;
const SMALL: usize = 60;
/// The lease of 15 seconds and one more. While others are still rung nobody can tell who waits for the frozen server, so
/// this is the longest silence from its last breath until nobody is left.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(16);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = NODES;
    setup.calls_per_second = 10.0;
    let mut world = World::build(setup).await?;
    for nth in 0..TAKEOVERS {
        let longest = takeover(&mut world, nth, &mut findings).await?;
        findings.figure(format!("longest silence beside a frozen server {:.1} s", longest.as_secs_f64()));
        findings.expect(longest <= TAKEN_OVER_WITHIN, || {
            format!("what a frozen server had reserved waited longer than {} s", TAKEN_OVER_WITHIN.as_secs())
        });
    }
    world.launch(200, 30, Hours::Always).await?;
    world.launch(plan.people(50.0), 1_000_000, Hours::Always).await?;
    let mut dice = Dice::new(plan.seed);
    let (began, mut freezes, mut frozen_for) = (Instant::now(), 0, Duration::ZERO);
    while began.elapsed() < plan.duration() {
        // At least one stays awake; which ones freeze is left to chance, one of them always in the middle of its work.
        let first = dice.below(NODES);
        let count = 1 + dice.below(NODES - 1);
        let length = dice.between(SHORTEST, LONGEST);
        let chosen: Vec<usize> = (0..count).map(|nth| (first + nth) % NODES).collect();
        for nth in &chosen {
            world.nodes[*nth].freeze()?;
        }
        tokio::time::sleep(length).await;
        for nth in &chosen {
            world.nodes[*nth].thaw()?;
        }
        freezes += count;
        frozen_for += length * u32::try_from(count)?;
        tokio::time::sleep(BETWEEN).await;
    }
    let dead = world.nodes.iter_mut().map(|node| usize::from(!node.is_running())).sum::<usize>();
    findings.expect(dead == 0, || format!("{dead} servers did not survive being frozen"));
    world.start_all().await?;
    world.pause_all().await;
    findings
        .figure(format!("{freezes} freezes of {NODES} servers, {:.0} s in all", frozen_for.as_secs_f64()));
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// Freezes a server in the middle of a small campaign, until everybody was rung, or is known to be in doubt because the
/// frozen server may have rung them. The longest silence on the way.
async fn takeover(world: &mut World, nth: usize, findings: &mut Findings) -> anyhow::Result<Duration> {
    let seen = world.phones.ledger().await?.len();
    world.launch(SMALL, 1_000_000, Hours::Always).await?;
    let numbers = world.campaigns.last().map(|campaign| campaign.numbers.clone()).unwrap_or_default();
    world.until_more_than(seen + 5, PATIENCE).await?;
    world.nodes[nth].freeze()?;
    let (began, mut last, mut longest) = (Instant::now(), Instant::now(), Duration::ZERO);
    let mut left = numbers.len();
    while left > 0 && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let open = open(world, &numbers, nth).await?;
        if open < left {
            longest = longest.max(last.elapsed());
            (left, last) = (open, Instant::now());
        }
    }
    world.nodes[nth].thaw()?;
    findings.expect(left == 0, || format!("{left} people were never taken over from a frozen server"));
    Ok(longest)
}

/// Those whom nobody rang and of whom nobody says that they may have been rung.
async fn open(world: &World, numbers: &[String], frozen: usize) -> anyhow::Result<usize> {
    let mut open: BTreeSet<&str> = numbers.iter().map(String::as_str).collect();
    for ring in &world.phones.ledger().await? {
        open.remove(ring.to.as_str());
    }
    if !open.is_empty() && open.len() <= numbers.len() / 4 {
        for call in awake(world, frozen)?.calls(None).await? {
            if call.status == "unknown" {
                open.remove(call.to_number.as_str());
            }
        }
    }
    Ok(open.len())
}

/// The API by way of the servers that are not frozen.
fn awake(world: &World, frozen: usize) -> anyhow::Result<Api> {
    let nodes = world.nodes.iter().enumerate().filter(|(nth, _)| *nth != frozen);
    world.api.by_way_of(nodes.map(|(_, node)| node.address).collect())
}
