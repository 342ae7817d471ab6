//! Recounts the arms of A/B tests from the calls of the people who were drawn for them.

use std::collections::BTreeMap;

use domain::disposition::Disposition;
use domain::experiment::tally::{ArmTally, Goal};
use domain::ids::{ExperimentId, ProspectId};
use uuid::Uuid;

use super::{Instant, Recount};
use crate::store::calls::CallRecord;
use crate::store::experiments::{Drawn, DrawnCall, letter};
use crate::store::{StoreError, sql};

/// The attempts of one person in one arm, and how they ended.
type Attempts = Vec<(u32, Option<Disposition>)>;

/// The attempts of each person in each arm.
#[derive(Default)]
pub(super) struct DrawnCalls(BTreeMap<(Drawn, ProspectId), Attempts>);

impl DrawnCalls {
    /// One more call.
    pub fn add(&mut self, record: &CallRecord) {
        if let Some(call) = DrawnCall::of(record) {
            let of_person = self.0.entry((call.drawn, call.prospect)).or_default();
            of_person.push((call.attempt, call.disposition));
        }
    }
}

#[derive(sea_orm::FromQueryResult)]
struct Row {
    experiment_id: Uuid,
    goal: String,
    arm: String,
    people: i64,
    reached: i64,
    successes: i64,
}

impl Instant<'_> {
    pub(super) async fn compare_arms(
        &self,
        found: &mut Recount,
        calls: &DrawnCalls,
    ) -> Result<(), StoreError> {
        let wanted = "SELECT a.experiment_id, e.goal, a.arm, a.people, a.reached, a.successes \
                      FROM experiment_arms a JOIN experiments e ON e.id = a.experiment_id";
        let rows: Vec<Row> = sql::all(self.0, wanted, []).await?;
        let mut stored: BTreeMap<Drawn, (Goal, ArmTally)> = BTreeMap::new();
        for row in rows {
            let corrupt = StoreError::CorruptRow { table: "experiments", column: "goal" };
            let goal = Goal::parse(&row.goal).ok_or(corrupt)?;
            let arm =
                Drawn { experiment: ExperimentId::from_uuid(row.experiment_id), arm: letter(&row.arm)? };
            let tally = ArmTally { people: row.people, reached: row.reached, successes: row.successes };
            stored.insert(arm, (goal, tally));
        }
        let mut counted: BTreeMap<Drawn, ArmTally> = BTreeMap::new();
        for ((arm, prospect), attempts) in &calls.0 {
            match stored.get(arm) {
                Some((goal, _)) => {
                    *counted.entry(*arm).or_default() += ArmTally::of_person(attempts.iter().copied(), *goal);
                }
                None => {
                    found.differ(|| format!("prospect {prospect} was drawn for an arm that is not there"))
                }
            }
        }
        for (Drawn { experiment, arm }, (_, tally)) in &stored {
            let drawn = Drawn { experiment: *experiment, arm: *arm };
            let ours = counted.get(&drawn).copied().unwrap_or_default();
            if ours != *tally {
                found.differ(|| {
                    format!(
                        "test {experiment}, arm {arm}: {tally:?} is stored, its people amount to {ours:?}"
                    )
                });
            }
        }
        Ok(())
    }
}
