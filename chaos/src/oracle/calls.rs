//! The API held against the network: every acknowledged webhook had its effect, every call of ours is known on both
//! sides, and both say the same of its end.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use crate::report::Findings;
use crate::world::World;
use crate::world::api::Call;
use crate::world::front::{Acknowledged, OPTED_OUT};
use crate::world::phones::Ring;

/// States of a call that nothing follows.
const OVER: [&str; 5] = ["completed", "busy", "no-answer", "failed", "canceled"];

/// Waits until both sides agree, and reports what they do not agree on when patience ends.
pub async fn agree_within(world: &World, findings: &mut Findings, patience: Duration) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let ledger = world.phones.ledger().await?;
        let calls = world.api.calls(None).await?;
        let open = open(&ledger, &calls);
        if open.is_empty() || began.elapsed() > patience {
            findings.figure(format!("both sides agreed after {:.0} s", began.elapsed().as_secs_f64()));
            findings.expect(open.is_empty(), || {
                format!("{} calls are not settled, such as {}", open.len(), open[0])
            });
            return judge(world, &ledger, &calls, findings);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Calls that the network took and that are not over on both sides with the same end.
fn open(ledger: &[Ring], calls: &[Call]) -> Vec<String> {
    let known = by_sid(calls);
    let settled = |ring: &Ring| {
        let call = known.get(ring.call_sid.as_str());
        ring.ended_at.is_some() && call.is_some_and(|call| call.status == ring.status)
    };
    let open = ledger.iter().filter(|ring| !settled(ring));
    open.map(|ring| {
        let ours = known.get(ring.call_sid.as_str()).map_or("unknown to us", |call| call.status.as_str());
        format!("{} ({} there, {ours} here)", ring.call_sid, ring.status)
    })
    .collect()
}

fn judge(world: &World, ledger: &[Ring], calls: &[Call], findings: &mut Findings) -> anyhow::Result<()> {
    let theirs: BTreeSet<&str> = ledger.iter().map(|ring| ring.call_sid.as_str()).collect();
    let invented = calls.iter().filter_map(|call| call.twilio_call_sid.as_deref());
    let invented = invented.filter(|sid| !theirs.contains(sid)).count();
    findings.expect(invented == 0, || format!("{invented} calls name a call that the network never took"));
    let mut attempts = BTreeSet::new();
    let mut attempt =
        |call: &&Call| attempts.insert((call.campaign_id.clone(), call.to_number.clone(), call.attempt));
    let doubled = calls.iter().filter(|call| !attempt(call)).count();
    findings.expect(doubled == 0, || format!("{doubled} attempts exist twice in the API"));
    let unknown = calls.iter().filter(|call| call.status == "unknown").count();
    findings.figure(format!("{unknown} unknown and held"));
    let acknowledged = world.front.acknowledged();
    findings.figure(format!("{} webhooks acknowledged", acknowledged.len()));
    lost(&acknowledged, calls, findings);
    Ok(())
}

/// Reports acknowledged webhooks without effect. What is read soon after a webhook shows the webhook's own effect: the
/// server asks the network about a quiet call after more than a minute only.
pub fn lost(acknowledged: &[Acknowledged], calls: &[Call], findings: &mut Findings) {
    let known = by_sid(calls);
    let missing: Vec<_> = acknowledged
        .iter()
        .filter(|webhook| !known.get(webhook.call_sid.as_str()).is_some_and(|call| shows(call, webhook)))
        .collect();
    findings.expect(missing.is_empty(), || {
        format!("{} acknowledged webhooks are lost, such as {:?}", missing.len(), missing[0])
    });
}

fn shows(call: &Call, webhook: &Acknowledged) -> bool {
    let timeline = &call.timeline;
    match webhook.status.as_str() {
        "initiated" => timeline.initiated_at.is_some(),
        "ringing" => timeline.ringing_at.is_some(),
        "in-progress" => timeline.answered_at.is_some(),
        OPTED_OUT => call.reaction.as_deref() == Some(OPTED_OUT),
        over if OVER.contains(&over) => timeline.ended_at.is_some() && call.status == over,
        _ => true,
    }
}

fn by_sid(calls: &[Call]) -> HashMap<&str, &Call> {
    calls.iter().filter_map(|call| Some((call.twilio_call_sid.as_deref()?, call))).collect()
}
