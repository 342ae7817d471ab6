//! What a change of calls means for the arms of an A/B test: the difference in what their people amount to.

use std::collections::{BTreeMap, HashSet};

use domain::experiment::tally::ArmTally;
use domain::ids::{CallId, ExperimentId, ProspectId};

use super::settle::Changed;
use crate::store::calls::CallRecord;
use crate::store::experiments::{ArmChanges, Drawn, DrawnCall};
use crate::store::{StoreError, Tx};

/// The calls of one person in one arm, before and after the change.
#[derive(Default)]
struct Calls {
    before: Vec<DrawnCall>,
    after: Vec<DrawnCall>,
}

/// Counts the people anew whose calls changed. They are locked by then: whatever changes an end moves its prospect.
pub(super) async fn settle_arms(tx: &Tx, changes: &[Changed]) -> Result<(), StoreError> {
    let bearing = |call: &CallRecord| (call.drawn, call.call.disposition());
    let drawn = changes.iter().filter(|it| it.before.drawn.is_some() || it.after.drawn.is_some());
    let moved: Vec<&Changed> = drawn.filter(|it| bearing(&it.before) != bearing(&it.after)).collect();
    if moved.is_empty() {
        return Ok(());
    }
    let mut people: Vec<ProspectId> = moved.iter().map(|it| it.after.prospect).collect();
    people.sort_unstable();
    people.dedup();
    let changed: HashSet<CallId> = changes.iter().map(|it| it.after.id).collect();
    let mut calls: BTreeMap<(Drawn, ProspectId), Calls> = BTreeMap::new();
    for other in tx.drawn_calls_of(&people).await?.into_iter().filter(|it| !changed.contains(&it.id)) {
        let of_person = calls.entry((other.drawn, other.prospect)).or_default();
        of_person.before.push(other);
        of_person.after.push(other);
    }
    for Changed { before, after } in changes.iter().filter(|it| people.contains(&it.after.prospect)) {
        if let Some(call) = DrawnCall::of(before) {
            calls.entry((call.drawn, call.prospect)).or_default().before.push(call);
        }
        if let Some(call) = DrawnCall::of(after) {
            calls.entry((call.drawn, call.prospect)).or_default().after.push(call);
        }
    }
    let mut tests: Vec<ExperimentId> = calls.keys().map(|(drawn, _)| drawn.experiment).collect();
    tests.dedup();
    let goals = tx.goals_of(&tests).await?;
    let mut counts = ArmChanges::default();
    for ((drawn, _), Calls { before, after }) in calls {
        let Some(goal) = goals.get(&drawn.experiment) else { continue };
        let tally = |calls: Vec<DrawnCall>| {
            ArmTally::of_person(calls.into_iter().map(|it| (it.attempt, it.disposition)), *goal)
        };
        counts.note(drawn, tally(before), tally(after));
    }
    tx.change_arms(counts).await
}
