//! F29: five servers on one PostgreSQL, one of them restarted every ten seconds, with daily limits of 1, 7 and 1000.

use std::time::{Duration, Instant};

use super::Plan;
use crate::clock::now;
use crate::oracle::{judge, pace};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::{Database, Setup, World};

const NODES: usize = 5;
const EVERY: Duration = Duration::from_secs(10);
/// What is measured before the first restart.
const STEADY: Duration = Duration::from_secs(20);
/// Of the steady rate, at least.
const THROUGHPUT: f64 = 0.8;
/// A server drains for 25 seconds at most.
const STOP_WITHIN: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = NODES;
    setup.calls_per_second = 10.0;
    let mut world = World::build(setup).await?;
    for (people, limit) in [(50, 1), (100, 7), (1_200, 1_000)] {
        world.launch(people, limit, Hours::Always).await?;
    }
    world.launch(plan.people(50.0), 1_000_000, Hours::Always).await?;
    let steady_from = now();
    tokio::time::sleep(STEADY).await;
    let restarts_from = now();
    let began = Instant::now();
    let (mut restarts, mut longest, mut forced) = (0, Duration::ZERO, 0);
    while began.elapsed() < plan.duration() {
        let turn = Instant::now();
        let node = &mut world.nodes[restarts % NODES];
        let (status, took) = node.stop(STOP_WITHIN).await?;
        forced += usize::from(!status.success());
        longest = longest.max(took);
        node.start().await?;
        restarts += 1;
        tokio::time::sleep(EVERY.saturating_sub(turn.elapsed())).await;
    }
    let ledger = world.phones.ledger().await?;
    let steady = pace::per_second(&ledger, steady_from, restarts_from);
    let restarting = pace::per_second(&ledger, restarts_from, now());
    findings.figure(format!(
        "{restarts} restarts, {steady:.1} rings/s before and {restarting:.1} during, longest stop {:.1} s",
        longest.as_secs_f64()
    ));
    findings.expect(restarting >= steady * THROUGHPUT, || {
        format!("only {:.0} % of the steady rate", restarting / steady * 100.0)
    });
    findings.expect(forced == 0, || format!("{forced} servers did not end by themselves with 0"));
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}
