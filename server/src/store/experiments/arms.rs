//! The counts of arms: which calls they follow from, and their change in the transaction that changes those.

use std::collections::BTreeMap;

use domain::disposition::Disposition;
use domain::experiment::tally::{ArmTally, Goal};
use domain::ids::{CallId, ExperimentId, ProspectId};
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::{Drawn, letter};
use crate::store::calls::CallRecord;
use crate::store::given::{self, Given};
use crate::store::{StoreError, Tx, sql};

/// A call whose person was drawn for an arm, as far as the arm's counts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawnCall {
    /// Which.
    pub id: CallId,
    /// To whom.
    pub prospect: ProspectId,
    /// For which arm.
    pub drawn: Drawn,
    /// The how-many-eth attempt.
    pub attempt: u32,
    /// How it ended.
    pub disposition: Option<Disposition>,
}

impl DrawnCall {
    /// The call, where its person was drawn.
    pub fn of(record: &CallRecord) -> Option<Self> {
        Some(Self {
            id: record.id,
            prospect: record.prospect,
            drawn: record.drawn?,
            attempt: record.attempt,
            disposition: record.call.disposition(),
        })
    }
}

/// Changes of arms' counts that one transaction collects before it writes them.
#[derive(Debug, Default)]
pub struct ArmChanges(BTreeMap<Drawn, ArmTally>);

impl ArmChanges {
    /// Notes that an arm counted `before` for some people, and counts `after` from now on.
    pub fn note(&mut self, arm: Drawn, before: ArmTally, after: ArmTally) {
        *self.0.entry(arm).or_default() += after - before;
    }
}

#[derive(sea_orm::FromQueryResult)]
struct Row {
    id: Uuid,
    prospect_id: Uuid,
    experiment_id: Uuid,
    arm: String,
    attempt: i64,
    disposition: Option<String>,
}

impl Tx {
    /// Every call of these people that was drawn for an arm of any test, as it is stored.
    pub async fn drawn_calls_of(&self, people: &[ProspectId]) -> Result<Vec<DrawnCall>, StoreError> {
        let db = self.connection();
        let mut found = Vec::new();
        for some in people.chunks(given::MOST) {
            let wanted =
                Given::rows(db.get_database_backend(), &["person"], sql::one_each(some, |id| id.uuid()));
            let (wanted, values) = wanted.statement(
                "SELECT id, prospect_id, experiment_id, arm, attempt, disposition FROM calls \
                 WHERE prospect_id IN (SELECT person FROM given) AND arm IS NOT NULL",
            );
            let rows: Vec<Row> = sql::all(db, &wanted, values).await?;
            for row in rows {
                found.push(DrawnCall::try_from(row)?);
            }
        }
        Ok(found)
    }

    /// What is hoped for in each of these tests.
    pub async fn goals_of(&self, tests: &[ExperimentId]) -> Result<BTreeMap<ExperimentId, Goal>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            id: Uuid,
            goal: String,
        }
        if tests.is_empty() {
            return Ok(BTreeMap::new());
        }
        let wanted =
            format!("SELECT id, goal FROM experiments WHERE id IN ({})", sql::placeholders(1, tests.len()));
        let values = tests.iter().map(|id| id.uuid().into());
        let rows: Vec<Row> = sql::all(self.connection(), &wanted, values).await?;
        let goal = |row: Row| {
            let corrupt = StoreError::CorruptRow { table: "experiments", column: "goal" };
            Ok((ExperimentId::from_uuid(row.id), Goal::parse(&row.goal).ok_or(corrupt)?))
        };
        rows.into_iter().map(goal).collect()
    }

    /// Writes collected changes, arms in order so that two transactions cannot wait for each other.
    pub async fn change_arms(&self, changes: ArmChanges) -> Result<(), StoreError> {
        for (arm, by) in changes.0.into_iter().filter(|(_, by)| !by.is_zero()) {
            let change = "UPDATE experiment_arms SET people = people + $1, reached = reached + $2, \
                          successes = successes + $3 WHERE experiment_id = $4 AND arm = $5";
            let values: [Value; 5] = [
                by.people.into(),
                by.reached.into(),
                by.successes.into(),
                arm.experiment.uuid().into(),
                arm.arm.to_string().into(),
            ];
            sql::run(self.connection(), change, values).await?;
        }
        Ok(())
    }
}

impl TryFrom<Row> for DrawnCall {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = |column| StoreError::CorruptRow { table: "calls", column };
        let disposition =
            row.disposition.map(|it| Disposition::parse(&it).ok_or_else(|| corrupt("disposition")));
        Ok(Self {
            id: CallId::from_uuid(row.id),
            prospect: ProspectId::from_uuid(row.prospect_id),
            drawn: Drawn { experiment: ExperimentId::from_uuid(row.experiment_id), arm: letter(&row.arm)? },
            attempt: u32::try_from(row.attempt).map_err(|_| corrupt("attempt"))?,
            disposition: disposition.transpose()?,
        })
    }
}
