//! F41: an operator pauses, stops everything and lowers the limit a hundred times under load.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::Plan;
use crate::clock::now;
use crate::dice::Dice;
use crate::oracle::{judge, ledger};
use crate::report::{Findings, Verdict};
use crate::world::campaigns::Hours;
use crate::world::{Database, Setup, World};

const FLIPS: usize = 100;
/// Most stops are short; one in so many lasts long enough for the ledger alone to show it.
const LONG_STOPS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(180);

/// Nothing may be armed from the answer to the stop until the request to go on.
struct Stop {
    from: Timestamp,
    until: Timestamp,
}

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = if database == Database::Postgres { 3 } else { 1 };
    setup.calls_per_second = if database == Database::Postgres { 15.0 } else { 50.0 };
    let mut world = World::build(setup).await?;
    world.launch(9_000, 1_000_000, Hours::Always).await?;
    let campaign = format!("/api/campaigns/{}", world.campaigns[0].id);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut dice = Dice::new(plan.seed);
    let mut stops = Vec::new();
    for flip in 1..=FLIPS {
        let (method, stop, stop_with, go, go_with) = match flip % 3 {
            0 => (
                Method::POST,
                format!("{campaign}/pause"),
                json!({}),
                format!("{campaign}/resume"),
                json!({}),
            ),
            1 => (
                Method::POST,
                "/api/dialing/stop".to_owned(),
                json!({}),
                "/api/dialing/resume".to_owned(),
                json!({}),
            ),
            _ => {
                let limit = |calls: u32| json!({"dailyCallLimit": calls});
                // Lower than what was rung already: nothing more today.
                (Method::PATCH, campaign.clone(), limit(1), campaign.clone(), limit(1_000_000))
            }
        };
        stopped(&world, method.clone(), &stop, &stop_with).await?;
        let from = now();
        let length = dice.between(Duration::from_millis(50), Duration::from_millis(400));
        tokio::time::sleep(if flip % LONG_STOPS == 0 { Duration::from_secs(7) } else { length }).await;
        stops.push(Stop { from, until: now() });
        stopped(&world, method, &go, &go_with).await?;
        tokio::time::sleep(dice.between(Duration::from_millis(100), Duration::from_millis(400))).await;
    }
    world.pause_all().await;
    judge_stops(&world, &stops, &mut findings).await?;
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

async fn stopped(world: &World, method: Method, path: &str, body: &Value) -> anyhow::Result<()> {
    world.api.send(method, path, body).await.map(|_| ())
}

async fn judge_stops(world: &World, stops: &[Stop], findings: &mut Findings) -> anyhow::Result<()> {
    let armed: Vec<Timestamp> =
        world.api.calls(None).await?.iter().filter_map(|call| call.timeline.armed_at).collect();
    // Times of the API are whole milliseconds, rounded down.
    let moment = jiff::SignedDuration::from_millis(1);
    let inside =
        |at: &Timestamp| stops.iter().any(|stop| *at > stop.from + moment && *at + moment < stop.until);
    let late = armed.iter().filter(|at| inside(at)).count();
    let rings = world.phones.ledger().await?;
    let rung = |stop: &Stop| {
        rings
            .iter()
            .filter(|ring| ring.created_at > stop.from + ledger::ON_ITS_WAY && ring.created_at < stop.until)
            .count()
    };
    let rung: usize = stops.iter().map(rung).sum();
    findings.figure(format!("{} stops, {late} calls armed and {rung} rings in them", stops.len()));
    findings.expect(late == 0, || format!("{late} calls were armed after the answer to a stop"));
    findings.expect(rung == 0, || format!("{rung} rings later than 5 s after the answer to a stop"));
    Ok(())
}
