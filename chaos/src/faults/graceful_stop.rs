//! F44: the server is asked to end while hundreds of requests to the phone network have no answer yet.

use std::time::Duration;

use serde_json::json;

use super::Plan;
use crate::clock::now;
use crate::oracle::{judge, ledger, pace};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::{Database, Setup, World};

const IN_FLIGHT: usize = 200;
/// So long the network keeps its answer to itself.
const ANSWER_AFTER_MS: u64 = 8_000;
const STOP_WITHIN: Duration = Duration::from_secs(25);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.faults = json!({"create": {"slow": 1.0, "slow_ms": ANSWER_AFTER_MS}});
    setup.calls_per_second = 60.0;
    let mut world = World::build(setup).await?;
    world.launch(5_000, 1_000_000, Hours::Always).await?;
    // The network takes a call at once and answers late: what it took within the last seconds is in flight.
    let enough = world.until_more_than(IN_FLIGHT, Duration::from_secs(30)).await?;
    findings.expect(enough.is_some(), || format!("there were never {IN_FLIGHT} requests in flight"));
    let in_flight = world.phones.ledger().await?;
    let answered_by = now() - jiff::SignedDuration::from_millis(i64::try_from(ANSWER_AFTER_MS)?);
    let in_flight = in_flight.iter().filter(|ring| ring.created_at > answered_by).count();
    let asked = now();
    let (status, took) = world.nodes[0].stop(STOP_WITHIN).await?;
    findings.figure(format!("{in_flight} in flight, ended after {:.1} s with {status}", took.as_secs_f64()));
    findings.expect(status.success(), || "it did not end by itself with 0".to_owned());
    let rings = world.phones.ledger().await?;
    let late = pace::per_second(&rings, asked + ledger::ON_ITS_WAY, now());
    findings.expect(late == 0.0, || "calls were armed after it was asked to end".to_owned());
    world.phones.set_faults(&json!({})).await?;
    world.start_all().await?;
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}
