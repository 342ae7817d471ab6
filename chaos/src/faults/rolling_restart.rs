//! F29: five servers on one PostgreSQL, one of them restarted every ten seconds and one frozen now and then, with daily
//! limits of 1, 7 and 1000, a budget, and people who are in more campaigns than they may be rung.

use std::time::{Duration, Instant};

use super::Plan;
use crate::clock::now;
use crate::dice::Dice;
use crate::oracle::{judge, pace};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::{Hours, Rules};
use crate::world::phones::Ring;
use crate::world::{Database, Setup, World};

const NODES: usize = 5;
const EVERY: Duration = Duration::from_secs(10);
/// What is measured before the first restart.
const STEADY: Duration = Duration::from_secs(20);
/// Of the steady rate, at least.
const THROUGHPUT: f64 = 0.8;
/// A server drains for 25 seconds at most.
const STOP_WITHIN: Duration = Duration::from_secs(25);
/// What the servers together may start per second; four fifths of it are used.
const PACE: f64 = 20.0;
/// Half a dollar: 35 calls of 1.4 cents, and one cent that nobody may spend.
const BUDGET: u64 = 500_000;
/// A short run may end before the budget does.
const TO_THE_LAST_CENT: Duration = Duration::from_secs(60);
/// Rings to one number in 24 hours, and how many campaigns have the same people.
const CAP: u64 = 2;
const SHARING: usize = 3;
/// One turn in so many freezes a server, sometimes for longer than its lease of 15 seconds.
const TURNS_PER_FREEZE: usize = 4;
const SHORTEST: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(25);
/// A run of so many minutes must come to every limit.
const LONG_ENOUGH: f64 = 10.0;
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = NODES;
    setup.calls_per_second = PACE;
    let mut world = World::build(setup).await?;
    world.set_cap(CAP).await?;
    for (people, limit) in [(50, 1), (100, 7), (1_200, 1_000)] {
        world.launch(people, limit, Hours::Always).await?;
    }
    world.launch_on_budget(200, BUDGET).await?;
    let shared = world.people(20)?;
    for _ in 0..SHARING {
        world.launch_for(shared.clone(), Rules::NONE).await?;
    }
    world.launch(plan.people(PACE), 1_000_000, Hours::Always).await?;
    let steady_from = now();
    tokio::time::sleep(STEADY).await;
    let restarts_from = now();
    let began = Instant::now();
    let (mut restarts, mut longest, mut forced, mut freezes) = (0, Duration::ZERO, 0, 0);
    let mut dice = Dice::new(plan.seed);
    while began.elapsed() < plan.duration() {
        let turn = Instant::now();
        // Two servers further on: its turn to be restarted comes when it runs again.
        let freezes_now = restarts % TURNS_PER_FREEZE == 1;
        let frozen = (restarts + 2) % NODES;
        if freezes_now {
            world.nodes[frozen].freeze()?;
            freezes += 1;
        }
        let node = &mut world.nodes[restarts % NODES];
        let (status, took) = node.stop(STOP_WITHIN).await?;
        forced += usize::from(!status.success());
        longest = longest.max(took);
        node.start().await?;
        restarts += 1;
        if freezes_now {
            tokio::time::sleep(dice.between(SHORTEST, LONGEST).saturating_sub(turn.elapsed())).await;
            world.nodes[frozen].thaw()?;
        }
        tokio::time::sleep(EVERY.saturating_sub(turn.elapsed())).await;
    }
    let ledger = world.phones.ledger().await?;
    let steady = pace::per_second(&ledger, steady_from, restarts_from);
    let restarting = pace::per_second(&ledger, restarts_from, now());
    findings.figure(format!(
        "{restarts} restarts, {freezes} freezes, {steady:.1} rings/s before and {restarting:.1} during, longest stop {:.1} s",
        longest.as_secs_f64()
    ));
    findings.expect(restarting >= steady * THROUGHPUT, || {
        format!("only {:.0} % of the steady rate", restarting / steady * 100.0)
    });
    findings.expect(forced == 0, || format!("{forced} servers did not end by themselves with 0"));
    limits_reached(&world, plan, &ledger, &mut findings);
    world.until_budgets_are_used(TO_THE_LAST_CENT).await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// How far each daily limit was used. A limit that was never reached shows nothing.
fn limits_reached(world: &World, plan: &Plan, ledger: &[Ring], findings: &mut Findings) {
    for campaign in world.campaigns.iter().filter(|campaign| campaign.rules.limit < Rules::NONE.limit) {
        let rings = ledger.iter().filter(|ring| campaign.numbers.contains(&ring.to)).count() as u64;
        let limit = campaign.rules.limit;
        findings.figure(format!("{rings} of {limit} a day"));
        findings.expect(rings >= limit || plan.minutes < LONG_ENOUGH, || {
            format!("the limit of {limit} was not reached, so nothing was shown of it")
        });
    }
}
