//! F26: of two servers on one PostgreSQL one has a clock that is wrong by an hour or by five minutes.

use std::time::Duration;

use super::Plan;
use crate::clock::{now, seconds_between};
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::campaigns::{Hours, full_minute_in};
use crate::world::moved_clock;
use crate::world::{Database, Setup, World};

const OFFSETS: [&str; 4] = ["-5m", "+5m", "-1h", "+1h"];
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let Some(library) = moved_clock::library() else {
        return Ok(Verdict::NotRun(moved_clock::NOT_INSTALLED.to_owned()));
    };
    let mut findings = Findings::default();
    for offset in OFFSETS {
        let mut setup = Setup::new(&plan.program, database, plan.seed);
        setup.nodes = 2;
        setup.calls_per_second = 5.0;
        let mut world = World::build(setup).await?;
        world.nodes[1].kill().await?;
        for (name, value) in
            [("LD_PRELOAD", library), ("FAKETIME", offset), ("FAKETIME_DONT_FAKE_MONOTONIC", "1")]
        {
            world.nodes[1].set(name, value);
        }
        // A server may refuse to work with such a clock, and may even end.
        let started = world.nodes[1].start().await.is_ok();
        // Opens three hours from now: a clock that is an hour ahead does not reach it.
        world.launch(100, 1_000, Hours::Never).await?;
        world.launch(2_000, 1_000_000, Hours::Until(full_minute_in(210))).await?;
        let Hours::Until(end) = world.campaigns[1].rules.hours else { continue };
        // The server with the right clock shows that there is something to do, and leaves the other one alone with it.
        tokio::time::sleep(Duration::from_secs(20)).await;
        let held = world.api.get("/api/dialing").await?["clockHolds"].as_array().map_or(0, Vec::len);
        world.nodes[0].stop(Duration::from_secs(25)).await?;
        let (alone, together) = (now(), world.phones.ledger().await?.len());
        // Past the end by the true clock, and the wrong one would go on.
        tokio::time::sleep(Duration::from_secs_f64(seconds_between(now(), end).max(0.0) + 15.0)).await;
        let mut one = Findings::default();
        one.figure(if started { offset.to_owned() } else { format!("{offset} (refused to start)") });
        let rings = world.phones.ledger().await?;
        let by_itself = rings.iter().filter(|ring| ring.created_at > alone).count();
        one.figure(format!("{together} rings with the right clock beside it, {by_itself} by itself"));
        one.expect(together > 0, || "nobody was rung before, so nothing was shown".to_owned());
        one.expect(held == 1 || !started, || "nobody says that its clock is wrong".to_owned());
        one.expect(by_itself == 0, || "a server with a wrong clock rang people".to_owned());
        world.nodes[1].kill().await?;
        world.nodes[0].start().await?;
        world.pause_all().await;
        judge(&mut world, &mut one, PATIENCE).await?;
        let kept = one.all_kept();
        findings.absorb(offset, one);
        if !kept {
            findings.breach(format!("{offset}: logs and data are kept in {}", world.keep().display()));
        }
    }
    Ok(findings.into())
}
