//! F3: servers that share a database are frozen at random moments for as long as a bad pause of a machine, and go on as
//! if nothing had happened.

use std::time::{Duration, Instant};

use super::Plan;
use crate::dice::Dice;
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::{Database, Setup, World};

const NODES: usize = 5;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);
/// Everybody runs for a moment between two freezes.
const BETWEEN: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = NODES;
    setup.calls_per_second = 10.0;
    let mut world = World::build(setup).await?;
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
