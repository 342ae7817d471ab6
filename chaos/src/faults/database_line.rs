//! F10 and F30: the line between servers and PostgreSQL is reset, slow, hanging, or keeps the answers of commits to
//! itself; and one server of three is cut off while the others go on.

use std::time::Duration;

use super::Plan;
use crate::clock::now;
use crate::oracle::{judge, pace};
use crate::report::{Findings, Verdict, percentiles};
use crate::world::campaigns::Hours;
use crate::world::link::Weather;
use crate::world::{Database, Setup, World};

/// From a clear line to the next ring, at most: a connection that hung is given up first.
const RESUMED_WITHIN: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(180);

/// F10: one server, every kind of bad line.
pub async fn bad_line(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut world = World::build(Setup::new(&plan.program, database, plan.seed)).await?;
    world.launch(200, 30, Hours::Always).await?;
    world.launch(plan.people(50.0).max(5_000), 1_000_000, Hours::Always).await?;
    let weathers = [
        ("resets", Weather::Cut, Duration::from_millis(20), 20),
        ("200 ms late", Weather::Slow(Duration::from_millis(200)), Duration::from_secs(10), 1),
        ("answers lost", Weather::Deaf, Duration::from_millis(300), 5),
        ("hanging", Weather::Hanging, Duration::from_secs(10), 1),
        ("cut", Weather::Cut, Duration::from_secs(10), 1),
    ];
    for (name, weather, length, times) in weathers {
        let mut resumed = Vec::new();
        for _ in 0..times {
            world.to_database[0].set(weather);
            tokio::time::sleep(length).await;
            if weather == Weather::Deaf {
                // The answers never come: what was committed is not known on this side.
                world.to_database[0].reset().await;
            }
            world.to_database[0].set(Weather::Clear);
            let seen = world.phones.ledger().await?.len();
            match world.until_more_than(seen, RESUMED_WITHIN).await? {
                Some(after) => resumed.push(after),
                None => findings.breach(format!("{name}: no ring within {} s", RESUMED_WITHIN.as_secs())),
            }
        }
        findings.figure(format!("{name}: dialing after {}", percentiles(&resumed)));
    }
    let panics = world.nodes[0].logged("panicked");
    findings.expect(panics == 0, || format!("{panics} panics in the log"));
    findings.expect(world.nodes[0].is_running(), || "the server ended".to_owned());
    finish(plan, world, findings).await
}

/// F30: three servers, one of which hears nothing from the database for half a minute.
pub async fn partition(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = 3;
    setup.calls_per_second = 15.0;
    let mut world = World::build(setup).await?;
    world.launch(200, 30, Hours::Always).await?;
    world.launch(plan.people(50.0).max(5_000), 1_000_000, Hours::Always).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (name, weather) in
        [("hanging", Weather::Hanging), ("answers lost", Weather::Deaf), ("cut", Weather::Cut)]
    {
        world.to_database[0].set(weather);
        let from = now();
        tokio::time::sleep(Duration::from_secs(20)).await;
        let others = pace::per_second(&world.phones.ledger().await?, from, now());
        findings.figure(format!("{name}: {others:.1} rings/s meanwhile"));
        findings.expect(others > 1.0, || format!("{name}: the other servers stopped dialing"));
        world.to_database[0].set(Weather::Clear);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    finish(plan, world, findings).await
}

async fn finish(plan: &Plan, mut world: World, mut findings: Findings) -> anyhow::Result<Verdict> {
    world.start_all().await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}
