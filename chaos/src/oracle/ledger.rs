//! What the ledger of the phone network says about the promises: never twice, only inside hours and limits, never a
//! number of the do-not-call list.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;

use crate::report::Findings;
use crate::world::World;
use crate::world::campaigns::{Campaign, Hours};
use crate::world::phones::Ring;

/// A request that was committed before a number was forbidden may be on its way for as long: the server gives up one
/// that has not begun after five seconds.
pub const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(5);

/// Holds every ring against every rule.
pub async fn judge(world: &World, findings: &mut Findings) -> anyhow::Result<()> {
    let ledger = world.phones.ledger().await?;
    findings.figure(format!("{} calls taken by the network", ledger.len()));
    findings.expect(!ledger.is_empty(), || "nobody was rung at all, so nothing was shown".to_owned());
    twice(&ledger, findings);
    let whose: HashMap<&str, &Campaign> = world
        .campaigns
        .iter()
        .flat_map(|campaign| campaign.numbers.iter().map(move |number| (number.as_str(), campaign)))
        .collect();
    let strangers = ledger.iter().filter(|ring| !whose.contains_key(ring.to.as_str())).count();
    findings.expect(strangers == 0, || format!("{strangers} rings to numbers of no campaign"));
    for campaign in &world.campaigns {
        let rings =
            ledger.iter().filter(|ring| whose.get(ring.to.as_str()).is_some_and(|it| it.id == campaign.id));
        let rings: Vec<&Ring> = rings.collect();
        hours(campaign, &rings, findings);
        limit(campaign, &rings, findings);
    }
    do_not_call(world, &ledger, findings);
    Ok(())
}

/// Nobody in these campaigns is rung again, so a number is rung once, and an attempt in any case.
pub fn twice(ledger: &[Ring], findings: &mut Findings) {
    let mut by_attempt: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_number: BTreeMap<&str, usize> = BTreeMap::new();
    for ring in ledger {
        *by_number.entry(&ring.to).or_default() += 1;
        match &ring.tag {
            Some(tag) => *by_attempt.entry(tag).or_default() += 1,
            None => findings.breach(format!("{} names no attempt", ring.call_sid)),
        }
    }
    let attempts = by_attempt.values().filter(|count| **count > 1).count();
    let numbers: Vec<_> =
        by_number.iter().filter(|(_, count)| **count > 1).map(|(number, _)| *number).collect();
    findings.figure(format!("{} rung twice", numbers.len()));
    findings.expect(attempts == 0, || format!("{attempts} attempts reached the network more than once"));
    findings.expect(numbers.is_empty(), || {
        format!(
            "{} numbers were rung more than once, such as {:?}",
            numbers.len(),
            &numbers[..numbers.len().min(3)]
        )
    });
}

fn hours(campaign: &Campaign, rings: &[&Ring], findings: &mut Findings) {
    let outside = rings.iter().filter_map(|ring| ring.started_at).filter(|at| match campaign.hours {
        Hours::Always => false,
        Hours::Never => true,
        Hours::Until(end) => *at >= end,
    });
    let outside = outside.count();
    findings.expect(outside == 0, || format!("{outside} rings outside hours ({:?})", campaign.hours));
}

fn limit(campaign: &Campaign, rings: &[&Ring], findings: &mut Findings) {
    let mut by_day: BTreeMap<_, u64> = BTreeMap::new();
    for ring in rings {
        *by_day.entry(ring.created_at.to_zoned(campaign.zone.clone()).date()).or_default() += 1;
    }
    for (day, count) in by_day {
        findings.expect(count <= campaign.limit, || {
            format!("{count} rings on {day} with a daily limit of {}", campaign.limit)
        });
    }
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
