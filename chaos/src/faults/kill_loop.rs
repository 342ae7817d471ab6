//! F2: the server is killed at random moments under load, again and again, and started at once.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use super::Plan;
use crate::clock::{now, seconds_between};
use crate::dice::Dice;
use crate::oracle::{calls, judge, pace};
use crate::report::{Findings, Verdict, percentiles};
use crate::world::campaigns::{Hours, OPT_OUT_KEY, PEOPLE, Rules, full_minute_in};
use crate::world::phones::Ring;
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

/// Four fifths of it are used: while it lives the server offers 100 calls per second, so that 50 are left on the average of
/// the loop, over starts, first statements, recounts and looks.
const PACE: f64 = 125.0;
const OFFERED: f64 = PACE * 0.8;
/// Rings to one number in 24 hours, and how many campaigns have the same people. All of them together are good for more
/// rings than the loop makes.
const CAP: u64 = 3;
const SHARING: u64 = 4;
/// Long enough to hear a key offered, to press it, and to hear the goodbye.
const PATIENT_SECONDS: u32 = 10;
/// The share of those who listen that asks to be left alone.
const OPT_OUT_SHARE: f64 = 0.2;
/// People of the campaigns that share nobody.
const OF_THEIR_OWN: usize = 300 + 50 + 400 + 200;
/// Half a dollar: 35 calls of 1.4 cents, and one cent that nobody may spend.
const BUDGET: u64 = 500_000;
/// A short run may end before the budget does.
const TO_THE_LAST_CENT: Duration = Duration::from_secs(60);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = PACE;
    setup.answers["everyone"] = json!({ "human": { "talk_seconds": PATIENT_SECONDS } });
    setup.answers["key_press"] = json!(OPT_OUT_SHARE);
    setup.answers["keys"] = json!(OPT_OUT_KEY);
    let mut world = World::build(setup).await?;
    world.set_cap(CAP).await?;
    // As many as in a thousand kills, however few there are: the rate depends on it.
    let people = world.people(PEOPLE - OF_THEIR_OWN)?;
    // Nobody is rung while the others are still being imported.
    world.api.send(Method::POST, "/api/dialing/stop", &json!({})).await?;
    for _ in 0..SHARING {
        world.launch_for(people.clone(), Rules { opt_out: true, ..Rules::NONE }).await?;
    }
    world.launch(300, 40, Hours::Always).await?;
    world.launch(50, 1_000, Hours::Never).await?;
    world.launch(400, 1_000_000, Hours::Until(full_minute_in(210))).await?;
    world.launch_on_budget(200, BUDGET).await?;
    world.api.send(Method::POST, "/api/dialing/resume", &json!({})).await?;
    let mut looped = Loop {
        dice: Dice::new(plan.seed),
        ready: Vec::new(),
        lives: Vec::new(),
        looked_until: now(),
        seen: 0,
    };
    let began = now();
    for kill in 1..=plan.kills {
        looped.live_and_die(&mut world).await?;
        if kill % KILLS_PER_RECOUNT == 0 {
            looped.look(&mut world, &mut findings).await?;
        }
    }
    let ended = now();
    world.start_all().await?;
    world.until_budgets_are_used(TO_THE_LAST_CENT).await?;
    world.pause_all().await;
    let ledger = world.phones.ledger().await?;
    findings.figure(format!(
        "{} kills in {:.0} s, {OFFERED:.0} rings/s offered, {:.1} reached over the whole loop",
        plan.kills,
        seconds_between(began, ended),
        pace::per_second(&ledger, began, ended)
    ));
    findings.figure(looped.of_lives(&ledger));
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
    /// From ready to the kill.
    lives: Vec<(Timestamp, Timestamp)>,
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
        let (born, begins) = (now(), Instant::now());
        let numbers = &world.campaigns[0].numbers;
        let number = numbers[self.dice.below(numbers.len())].clone();
        if let Ok(forbidden) = tokio::time::timeout(life, world.forbid(&number)).await {
            forbidden?;
        }
        tokio::time::sleep(life.saturating_sub(begins.elapsed())).await;
        self.lives.push((born, now()));
        world.nodes[0].kill().await
    }

    /// What the lives were used for.
    fn of_lives(&self, ledger: &[Ring]) -> String {
        let mut lived = 0.0;
        let (mut rings, mut first) = (0, Vec::new());
        for (born, dead) in &self.lives {
            lived += seconds_between(*born, *dead);
            let taken = ledger.iter().map(|ring| ring.created_at).filter(|at| (born..dead).contains(&at));
            rings += taken.clone().count();
            let after = taken.min().map(|at| Duration::from_secs_f64(seconds_between(*born, at)));
            first.extend(after);
        }
        format!(
            "{:.1} rings per second of life, the first of a life {} after ready",
            rings as f64 / lived,
            percentiles(&first)
        )
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
