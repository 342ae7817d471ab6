//! F5: PostgreSQL is restarted without a checkpoint every twenty seconds under load.

use std::time::{Duration, Instant};

use super::Plan;
use crate::oracle::judge;
use crate::report::{Findings, Verdict, percentiles};
use crate::world::campaigns::Hours;
use crate::world::{Database, Setup, World};

const EVERY: Duration = Duration::from_secs(20);
/// From the database's first answer to the next ring, at most.
const RESUMED_WITHIN: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut world = World::build(Setup::new(&plan.program, database, plan.seed)).await?;
    world.launch(200, 30, Hours::Always).await?;
    world.launch(plan.people(50.0), 1_000_000, Hours::Always).await?;
    let began = Instant::now();
    let mut resumed = Vec::new();
    while resumed.is_empty() || began.elapsed() < plan.duration() {
        tokio::time::sleep(EVERY).await;
        if let Some(postgres) = &mut world.postgres {
            postgres.restart_at_once().await?;
        }
        let seen = world.phones.ledger().await?.len();
        let again = world.until_more_than(seen, PATIENCE).await?;
        findings.expect(again.is_some(), || "nobody was rung any more after a restart".to_owned());
        resumed.extend(again);
        if again.is_none() {
            break;
        }
    }
    findings.figure(format!("{} restarts, dialing again {}", resumed.len(), percentiles(&resumed)));
    let slow = resumed.iter().filter(|after| **after > RESUMED_WITHIN).count();
    findings.expect(slow == 0, || {
        format!("{slow} of {} times dialing resumed later than {} s", resumed.len(), RESUMED_WITHIN.as_secs())
    });
    findings.expect(world.nodes[0].is_running(), || "the server ended".to_owned());
    let panics = world.nodes[0].logged("panicked");
    findings.expect(panics == 0, || format!("{panics} panics in the log"));
    world.start_all().await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}
