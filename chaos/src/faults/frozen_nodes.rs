//! F3: servers that share a database are frozen at random moments for as long as a bad pause of a machine, and go on as
//! if nothing had happened. What a frozen one had reserved is rung by the others, when its lease is over at the latest;
//! what it had armed is in doubt then, and rung by nobody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::bail;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::Plan;
use crate::clock::now;
use crate::dice::Dice;
use crate::oracle::judge;
use crate::report::{Findings, Verdict};
use crate::world::api::{Api, Call};
use crate::world::campaigns::{self, Campaign, Hours, Rules};
use crate::world::link::Weather;
use crate::world::{Database, Setup, World};

const NODES: usize = 5;
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(20);
/// Everybody runs for a moment between two freezes.
const BETWEEN: Duration = Duration::from_millis(500);
/// Before that, one server after the other is frozen for longer than its lease, with calls armed and calls reserved.
const TAKEOVERS: usize = 3;
/// People of its campaign, all of them called by hand, and how many must be armed and left at the least.
const SMALL: usize = 100;
const ENOUGH: usize = 5;
/// The lease of 15 seconds and one more, from the frozen server's last breath.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(16);
/// Each way between the server and the database, for each piece.
const PER_PIECE: Duration = Duration::from_millis(5);
/// Longer than the server is frozen for.
const ANSWER_AFTER_MS: u64 = 25_000;
const ON_THE_LINE: Duration = Duration::from_millis(300);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(180);

pub async fn run(plan: &Plan, database: Database) -> anyhow::Result<Verdict> {
    let mut findings = Findings::default();
    let mut setup = Setup::new(&plan.program, database, plan.seed);
    setup.nodes = NODES;
    setup.calls_per_second = 50.0;
    let mut world = World::build(setup).await?;
    for nth in 0..TAKEOVERS {
        takeover(&mut world, nth, &mut findings).await?;
    }
    world.launch(200, 30, Hours::Always).await?;
    world.launch(plan.people(50.0), 1_000_000, Hours::Always).await?;
    let mut dice = Dice::new(plan.seed);
    let (began, mut freezes, mut frozen_for) = (Instant::now(), 0, Duration::ZERO);
    while began.elapsed() < plan.duration() {
        // At least one stays awake; which ones freeze is left to chance, one of them always in the middle of its work.
        let first = dice.below(NODES);
        let count = 1 + dice.below(NODES - 1);
        let length = dice.between(SHORTEST, LONGEST);
        let chosen: Vec<usize> = (0..count).map(|nth| (first + nth) % NODES).collect();
        for nth in &chosen {
            world.nodes[*nth].freeze()?;
        }
        tokio::time::sleep(length).await;
        for nth in &chosen {
            world.nodes[*nth].thaw()?;
        }
        freezes += count;
        frozen_for += length * u32::try_from(count)?;
        tokio::time::sleep(BETWEEN).await;
    }
    let dead = world.nodes.iter_mut().map(|node| usize::from(!node.is_running())).sum::<usize>();
    findings.expect(dead == 0, || format!("{dead} servers did not survive being frozen"));
    world.start_all().await?;
    world.pause_all().await;
    findings
        .figure(format!("{freezes} freezes of {NODES} servers, {:.0} s in all", frozen_for.as_secs_f64()));
    judge(&mut world, &mut findings, PATIENCE).await?;
    plan.conclude(world, findings)
}

/// Freezes a server that is alone with a small campaign, when it has armed some of its calls and reserved the others, and
/// holds what became of each against what must.
async fn takeover(world: &mut World, nth: usize, findings: &mut Findings) -> anyhow::Result<()> {
    let numbers = world.people(SMALL)?;
    let campaign = campaigns::prepare(&world.api, numbers, Rules::NONE).await?;
    // Its requests get no answer meanwhile, and no callback tells the others of them.
    world
        .phones
        .set_faults(&json!({"create": {"slow": 1.0, "slow_ms": ANSWER_AFTER_MS}, "callbacks": {"lost": 1.0}}))
        .await?;
    let others: Vec<usize> = (0..NODES).filter(|other| *other != nth).collect();
    for other in &others {
        world.nodes[*other].freeze()?;
    }
    let since = now();
    let alone = world.api.by_way_of(vec![world.nodes[nth].address])?;
    let path = format!("/api/campaigns/{}", campaign.id);
    alone.send(Method::POST, &format!("{path}/launch"), &json!({})).await?;
    alone.send(Method::POST, &format!("{path}/calls"), &json!({"maxCalls": SMALL})).await?;
    // Its transactions take their time from now on, so that it is likely to be frozen within one.
    world.to_database[nth].set(Weather::Slow(PER_PIECE));
    until_some_are_armed(&alone, &campaign, since).await?;
    world.nodes[nth].freeze()?;
    let (frozen_at, began) = (now(), Instant::now());
    // The requests that had left arrive.
    tokio::time::sleep(ON_THE_LINE).await;
    world.phones.set_faults(&json!({"callbacks": {"lost": 1.0}})).await?;
    for other in &others {
        world.nodes[*other].thaw()?;
    }
    let awake = world.api.by_way_of(others.iter().map(|other| world.nodes[*other].address).collect())?;
    let (mut rung_after, mut doubted_after, mut armed) = (None, None, 0);
    while (rung_after.is_none() || doubted_after.is_none()) && began.elapsed() < PATIENCE {
        let calls = awake.calls(Some(since)).await?;
        let calls = calls.into_iter().filter(|call| call.campaign_id == campaign.id);
        // Nobody else was awake before that instant.
        let of_frozen = |call: &Call| call.timeline.armed_at.is_some_and(|at| at < frozen_at);
        let (by_frozen, by_others): (Vec<Call>, Vec<Call>) = calls.partition(of_frozen);
        armed = by_frozen.len();
        let rung = world.phones.ledger().await?.into_iter().map(|ring| ring.to).collect::<BTreeSet<_>>();
        if by_others.iter().all(|call| rung.contains(&call.to_number)) {
            rung_after.get_or_insert(began.elapsed());
        }
        if by_frozen.iter().all(|call| call.status == "unknown") {
            doubted_after.get_or_insert(began.elapsed());
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    world.nodes[nth].thaw()?;
    world.to_database[nth].set(Weather::Clear);
    world.phones.set_faults(&json!({})).await?;
    world.campaigns.push(campaign);
    let reserved = SMALL - armed;
    let seconds =
        |after: Option<Duration>| after.map_or("never".to_owned(), |it| format!("{:.1} s", it.as_secs_f64()));
    findings.figure(format!(
        "frozen with {armed} calls armed and {reserved} reserved: the armed unknown after {}, the reserved rung by others after {}",
        seconds(doubted_after),
        seconds(rung_after)
    ));
    findings.expect(armed > 0 && reserved > 0, || {
        "nothing was left to take over, so nothing was shown".to_owned()
    });
    for (after, what) in [(doubted_after, "armed"), (rung_after, "reserved")] {
        findings.expect(after.is_some_and(|after| after <= TAKEN_OVER_WITHIN), || {
            format!(
                "what a frozen server had {what} was not taken over within {} s",
                TAKEN_OVER_WITHIN.as_secs()
            )
        });
    }
    Ok(())
}

/// Waits until a server has armed enough of its calls, and has left enough of them.
async fn until_some_are_armed(alone: &Api, campaign: &Campaign, since: Timestamp) -> anyhow::Result<()> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let calls = alone.calls(Some(since)).await?;
        let armed =
            calls.iter().filter(|call| call.campaign_id == campaign.id && call.timeline.armed_at.is_some());
        let armed = armed.count();
        if armed >= ENOUGH && armed + ENOUGH <= SMALL {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bail!("a server never had calls armed and calls reserved at the same time")
}
