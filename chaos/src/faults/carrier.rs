//! F20, F21 and F24: the phone network cannot be reached or stands still, its callbacks are lost, its lists are old.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde_json::json;

use super::Plan;
use crate::clock::now;
use crate::oracle::{calls, judge, ledger, pace};
use crate::report::{Findings, Verdict};
use crate::world::api::Call;
use crate::world::campaigns::{self, Hours, Rules};
use crate::world::link::Weather;
use crate::world::{Database, Setup, World};

const PATIENCE: Duration = Duration::from_secs(240);
/// A frozen network answers what it was asked before it froze all at once; that is not our burst.
const AFTER_THAW: SignedDuration = SignedDuration::from_secs(2);
/// The rate is kept when requests begin; on their way through a busy machine they may come closer together. Over this
/// long there is no more than a quarter above the rate.
const STRETCH: SignedDuration = SignedDuration::from_secs(5);
const JITTER: f64 = 1.25;
const RATE: f64 = 20.0;

/// F20: nobody listens for a while, then the network stands still for a while.
pub async fn outage(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.calls_per_second = RATE;
    let mut world = World::build(setup).await?;
    world.launch(200, 30, Hours::Always).await?;
    world.launch(plan.people(RATE).max(4_000), 1_000_000, Hours::Always).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let memory = world.nodes[0].memory();

    world.to_phones.set(Weather::Refusing);
    tokio::time::sleep(plan.duration() / 2).await;
    let (seen, back) = (world.phones.ledger().await?.len(), now());
    world.to_phones.set(Weather::Clear);
    let again = world.until_more_than(seen, PATIENCE).await?;
    findings.expect(again.is_some(), || "nobody was rung any more after the outage".to_owned());
    tokio::time::sleep(Duration::from_secs(10)).await;
    let burst = pace::most_within(&world.phones.ledger().await?, back, STRETCH);

    world.phones.freeze()?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.phones.thaw()?;
    let thawed = now() + AFTER_THAW;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let second = pace::most_within(&world.phones.ledger().await?, thawed, STRETCH);
    findings.figure(format!(
        "dialing {:.1} s after the return, at most {} in {} s with a rate of {RATE}",
        again.unwrap_or_default().as_secs_f64(),
        burst.max(second),
        STRETCH.as_secs()
    ));
    findings.expect(burst.max(second) as f64 <= RATE * JITTER * STRETCH.as_secs_f64(), || {
        "the return was a burst".to_owned()
    });
    if let Some((before, after)) = memory.zip(world.nodes[0].memory()) {
        findings.figure(format!("memory {before:.0} to {after:.0} MB"));
        findings.expect(after < before + 100.0, || "memory grew by more than 100 MB".to_owned());
    }
    world.pause_all().await;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// F21: no callback arrives at all; the server must ask.
pub async fn lost_callbacks(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.faults = json!({"callbacks": {"lost": 1.0}});
    let mut world = World::build(setup).await?;
    world.launch(300, 1_000_000, Hours::Always).await?;
    tokio::time::sleep(plan.duration().min(Duration::from_secs(30))).await;
    world.pause_all().await;
    judge(&mut world, &mut findings, Duration::from_secs(20 * 60)).await?;
    findings.expect(world.front.acknowledged().is_empty(), || {
        "callbacks arrived, so nothing was shown".to_owned()
    });
    plan.conclude(world, findings)
}

/// F24: answers are lost after the call was made, callbacks too, and lists show calls ten minutes late: whoever takes
/// an empty list for proof rings twice.
pub async fn stale_lists(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.faults = json!({
        "create": {"lost_after_effect": 0.5}, "callbacks": {"lost": 1.0}, "list_staleness_seconds": 600.0,
    });
    let mut world = World::build(setup).await?;
    let numbers = world.people(300)?;
    let campaign = campaigns::prepare(&world.api, numbers, Rules::NONE).await?;
    let path = format!("/api/campaigns/{}", campaign.id);
    let eager = json!({"retryPolicy": {"maxAttempts": 3, "rules": {"lost": {"delayMinutes": 1}}}});
    world.api.send(reqwest::Method::PATCH, &path, &eager).await?;
    world.api.send(reqwest::Method::POST, &format!("{path}/launch"), &json!({})).await?;
    world.campaigns.push(campaign);
    let began = Instant::now();
    // The first look into the list comes after a minute, the last one after fifteen.
    let length = plan.duration().max(Duration::from_secs(100));
    let unknown = |made: &[Call]| made.iter().filter(|call| call.status == "unknown").count();
    let mut most_unknown = 0;
    while began.elapsed() < length {
        tokio::time::sleep(Duration::from_secs(5)).await;
        most_unknown = most_unknown.max(unknown(&world.api.calls(None).await?));
    }
    world.pause_all().await;
    let rings = world.phones.ledger().await?;
    let made = world.api.calls(None).await?;
    findings.figure(format!(
        "{} rings, {most_unknown} unknown at the most, {} after {:.0} s",
        rings.len(),
        unknown(&made),
        began.elapsed().as_secs_f64()
    ));
    findings.expect(most_unknown > 0, || "no answer was lost, so nothing was shown".to_owned());
    calls::lost(&world.front.acknowledged(), &made, &mut findings);
    ledger::judge(&world, &mut findings).await?;
    if let Some(difference) = world.recount().await? {
        findings.breach(difference);
    }
    plan.conclude(world, findings)
}
