//! What the ledger of the phone network says about the promises: never twice, no number more often than the cap over all
//! campaigns, only inside hours, limits and budgets, never a number of the do-not-call list.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::report::Findings;
use crate::world::World;
use crate::world::campaigns::{self, Campaign, Hours, OPT_OUT_KEY};
use crate::world::phones::Ring;

/// A request that was committed before a number was forbidden may be on its way for as long: the server gives up one
/// that has not begun after five seconds.
pub const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(5);

/// Seconds after which the network has a price for every call that is over.
const PRICED_WITHIN: u32 = 60;

/// Holds every ring against every rule.
pub async fn judge(world: &World, findings: &mut Findings) -> anyhow::Result<()> {
    let ledger = world.phones.ledger().await?;
    findings.figure(format!("{} calls taken by the network", ledger.len()));
    findings.expect(!ledger.is_empty(), || "nobody was rung at all, so nothing was shown".to_owned());
    let mut whose: HashMap<&str, Vec<&Campaign>> = HashMap::new();
    for campaign in &world.campaigns {
        for number in &campaign.numbers {
            whose.entry(number).or_default().push(campaign);
        }
    }
    twice(world, &whose, &ledger, findings);
    let strangers = ledger.iter().filter(|ring| !whose.contains_key(ring.to.as_str())).count();
    findings.expect(strangers == 0, || format!("{strangers} rings to numbers of no campaign"));
    for campaign in &world.campaigns {
        // A ring to a number of several campaigns may be anyone's: those have no rules of their own.
        let rings = ledger.iter().filter(
            |ring| matches!(whose.get(ring.to.as_str()).map(Vec::as_slice), Some([it]) if it.id == campaign.id),
        );
        let rings: Vec<&Ring> = rings.collect();
        hours(campaign, &rings, findings);
        limit(campaign, &rings, findings);
        budget(world, campaign, &rings, findings).await?;
    }
    do_not_call(world, &ledger, findings);
    opt_outs(world, &ledger, findings);
    Ok(())
}

/// No campaign here rings anybody a second time, so a number is rung once by each that has it, within the cap; and an
/// attempt is made once in any case.
fn twice(world: &World, whose: &HashMap<&str, Vec<&Campaign>>, ledger: &[Ring], findings: &mut Findings) {
    let mut by_attempt: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_number: BTreeMap<&str, u64> = BTreeMap::new();
    for ring in ledger {
        *by_number.entry(&ring.to).or_default() += 1;
        match &ring.tag {
            Some(tag) => *by_attempt.entry(tag).or_default() += 1,
            None => findings.breach(format!("{} names no attempt", ring.call_sid)),
        }
    }
    let attempts = by_attempt.values().filter(|count| **count > 1).count();
    let campaigns_of = |number: &str| whose.get(number).map_or(0, Vec::len) as u64;
    let too_often = |(number, count): &(&&str, &u64)| **count > campaigns_of(number).min(world.cap);
    let numbers: Vec<_> = by_number.iter().filter(too_often).map(|(number, _)| *number).collect();
    findings.figure(format!("{} rung too often", numbers.len()));
    findings.expect(attempts == 0, || format!("{attempts} attempts reached the network more than once"));
    findings.expect(numbers.is_empty(), || {
        format!("{} numbers, such as {:?}", numbers.len(), &numbers[..numbers.len().min(3)])
    });
    if whose.values().any(|campaigns| campaigns.len() as u64 > world.cap) {
        let at_the_cap =
            |(number, count): &(&&str, &u64)| campaigns_of(number) > world.cap && **count == world.cap;
        let reached = by_number.iter().filter(at_the_cap).count();
        findings.figure(format!("{reached} numbers at their cap of {} rings in 24 h", world.cap));
        findings.expect(reached > 0, || "no number came to its cap, so nothing was shown of it".to_owned());
    }
}

fn hours(campaign: &Campaign, rings: &[&Ring], findings: &mut Findings) {
    let outside = rings.iter().filter_map(|ring| ring.started_at).filter(|at| match campaign.rules.hours {
        Hours::Always => false,
        Hours::Never => true,
        Hours::Until(end) => *at >= end,
    });
    let outside = outside.count();
    findings.expect(outside == 0, || format!("{outside} rings outside hours ({:?})", campaign.rules.hours));
}

fn limit(campaign: &Campaign, rings: &[&Ring], findings: &mut Findings) {
    let mut by_day: BTreeMap<_, u64> = BTreeMap::new();
    for ring in rings {
        *by_day.entry(ring.created_at.to_zoned(campaign.zone.clone()).date()).or_default() += 1;
    }
    for (day, count) in by_day {
        findings.expect(count <= campaign.rules.limit, || {
            format!("{count} rings on {day} with a daily limit of {}", campaign.rules.limit)
        });
    }
}

/// The sum of what the network charges, which is never more than the budget.
async fn budget(
    world: &World,
    campaign: &Campaign,
    rings: &[&Ring],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let Some(budget) = campaign.rules.budget else { return Ok(()) };
    let (mut sum, mut dearest) = (0, 0);
    for ring in rings {
        let price = price(world, ring).await?;
        sum += price;
        dearest = dearest.max(price);
    }
    findings.figure(format!(
        "{} calls cost ${} of ${}",
        rings.len(),
        campaigns::dollars(sum),
        campaigns::dollars(budget)
    ));
    findings.expect(sum <= budget, || "the budget was exceeded".to_owned());
    // A call that nobody knows of may have been made, and holds what it can cost.
    let unknown = world.api.calls(None).await?;
    let unknown = unknown.iter().filter(|call| {
        call.twilio_call_sid.is_none()
            && call.status == "unknown"
            && campaign.numbers.contains(&call.to_number)
    });
    let left = budget.saturating_sub(sum + unknown.count() as u64 * dearest);
    findings.expect(dearest > 0 && left < dearest, || {
        format!("${} of the budget were left, so its end was not shown", campaigns::dollars(left))
    });
    Ok(())
}

/// What the network charges for a call that is over; it may say so a little later.
async fn price(world: &World, ring: &Ring) -> anyhow::Result<u64> {
    for _ in 0..PRICED_WITHIN {
        match world.phones.price(&ring.call_sid).await? {
            Some(price) => return Ok(price),
            None if ring.status != "completed" => return Ok(0),
            None => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
    anyhow::bail!("the network has no price for {}", ring.call_sid)
}

fn do_not_call(world: &World, ledger: &[Ring], findings: &mut Findings) {
    if world.do_not_call.is_empty() {
        return;
    }
    let late = |ring: &&Ring| {
        let since = world.do_not_call.get(&ring.to);
        since.is_some_and(|since| ring.created_at > *since + ON_ITS_WAY)
    };
    let rung: Vec<_> = ledger.iter().filter(late).map(|ring| ring.to.as_str()).collect();
    findings.figure(format!("{} of {} forbidden numbers rung", rung.len(), world.do_not_call.len()));
    findings.expect(rung.is_empty(), || format!("forbidden numbers were rung, such as {:?}", rung.first()));
}

/// Whoever asked to be left alone on a call, and was answered, is never rung again.
fn opt_outs(world: &World, ledger: &[Ring], findings: &mut Findings) {
    if !world.campaigns.iter().any(|campaign| campaign.rules.opt_out) {
        return;
    }
    let mut asked: HashMap<&str, Timestamp> = HashMap::new();
    for ring in ledger.iter().filter(|ring| ring.pressed.contains(OPT_OUT_KEY)) {
        let since = asked.entry(&ring.to).or_insert(ring.created_at);
        *since = (*since).min(ring.created_at);
    }
    let late = |ring: &&Ring| asked.get(ring.to.as_str()).is_some_and(|since| ring.created_at > *since);
    let rung: Vec<_> = ledger.iter().filter(late).map(|ring| ring.to.as_str()).collect();
    findings.figure(format!(
        "{} people opted out with a key, {} of them rung later",
        asked.len(),
        rung.len()
    ));
    findings.expect(!asked.is_empty(), || "nobody opted out with a key, so nothing was shown".to_owned());
    findings.expect(rung.is_empty(), || {
        format!("people who had opted out were rung, such as {:?}", rung.first())
    });
}
