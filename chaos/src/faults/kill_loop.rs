//! F2: the server is killed at random moments under load, again and again, and started at once.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Plan;
use crate::clock::now;
use crate::dice::Dice;
use crate::oracle::{calls, judge};
use crate::report::{Findings, Verdict, percentiles};
use crate::world::campaigns::{Hours, PEOPLE, full_minute_in};
use crate::world::{Database, Setup, World};

/// After so many kills the database is recounted and the webhooks since then are looked for.
const KILLS_PER_RECOUNT: u32 = 25;
const SHORTEST_LIFE: Duration = Duration::from_millis(50);
const LONGEST_LIFE: Duration = Duration::from_millis(2_000);
/// One start in so many is itself cut short.
const STARTS_PER_CUT: usize = 10;
/// Calls whose last callback met a dead server are asked for after a ring timeout and a minute.
const PATIENCE: Duration = Duration::from_secs(180);
/// From the process' start to its first healthy answer, at most, of all but one in a hundred.
const READY_WITHIN: Duration = Duration::from_secs(2);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut world = World::build(Setup::new(&plan.program, database, plan.seed)).await?;
    let life = (SHORTEST_LIFE + LONGEST_LIFE) / 2;
    // A server that has just started needs a moment; half of the load is more than it reaches.
    let people = (life.as_secs_f64() * 50.0 * f64::from(plan.kills)) as usize;
    world.launch(300, 40, Hours::Always).await?;
    world.launch(50, 1_000, Hours::Never).await?;
    world.launch(400, 1_000_000, Hours::Until(full_minute_in(210))).await?;
    world.launch(people.clamp(1_000, PEOPLE - 750), 1_000_000, Hours::Always).await?;
    let mut looped = Loop { dice: Dice::new(plan.seed), ready: Vec::new(), looked_until: now(), seen: 0 };
    let began = Instant::now();
    for kill in 1..=plan.kills {
        looped.live_and_die(&mut world).await?;
        if kill % KILLS_PER_RECOUNT == 0 {
            looped.look(&mut world, &mut findings).await?;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    world.start_all().await?;
    world.pause_all().await;
    findings.figure(format!("{} kills in {seconds:.0} s", plan.kills));
    findings.figure(format!("ready again {}", percentiles(&looped.ready)));
    let slow = looped.ready.iter().filter(|ready| **ready > READY_WITHIN).count();
    findings.expect(slow * 100 <= looped.ready.len(), || {
        format!("{slow} of {} starts took longer than {} s", looped.ready.len(), READY_WITHIN.as_secs())
    });
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

struct Loop {
    dice: Dice,
    ready: Vec<Duration>,
    looked_until: Timestamp,
    seen: usize,
}

impl Loop {
    /// One start, a life of random length in which a number is forbidden, and the kill.
    async fn live_and_die(&mut self, world: &mut World) -> anyhow::Result<()> {
        let life = self.dice.between(SHORTEST_LIFE, LONGEST_LIFE);
        if self.dice.below(STARTS_PER_CUT) == 0 {
            world.nodes[0].kill().await?;
            world.nodes[0].launch()?;
            tokio::time::sleep(life / 8).await;
            return world.nodes[0].kill().await;
        }
        if !world.nodes[0].is_running() {
            let ready = world.nodes[0].start().await?;
            self.ready.push(ready);
        }
        let begins = Instant::now();
        let numbers = &world.campaigns[3].numbers;
        let number = numbers[self.dice.below(numbers.len())].clone();
        if let Ok(forbidden) = tokio::time::timeout(life, world.forbid(&number)).await {
            forbidden?;
        }
        tokio::time::sleep(life.saturating_sub(begins.elapsed())).await;
        world.nodes[0].kill().await
    }

    /// Recounts the dead server's database, and looks for the webhooks that were acknowledged since the last look.
    async fn look(&mut self, world: &mut World, findings: &mut Findings) -> anyhow::Result<()> {
        if let Some(difference) = world.recount().await? {
            findings.breach(difference);
        }
        self.ready.push(world.nodes[0].start().await?);
        let acknowledged = world.front.acknowledged();
        // Calls that the webhooks since then belong to may be older than the last look.
        let since = self.looked_until - SignedDuration::from_mins(5);
        let made = world.api.calls(Some(since)).await?;
        calls::lost(&acknowledged[self.seen..], &made, findings);
        self.seen = acknowledged.len();
        self.looked_until = now();
        Ok(())
    }
}
