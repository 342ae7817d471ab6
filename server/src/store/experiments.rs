//! A/B tests: what is compared in a campaign, and what the people of each arm amount to.

mod arms;

use std::collections::BTreeMap;

use domain::experiment::Arm;
use domain::experiment::comparison::{Count, Results};
use domain::experiment::split::Split;
use domain::experiment::tally::{ArmTally, Goal};
use domain::ids::{CampaignId, ExperimentId, ProspectId, ScriptId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

pub use self::arms::{ArmChanges, DrawnCall};
use super::scripts::ScriptVersion;
use super::{Store, StoreError, Tx, millis, sql, time};

/// A test with everything we know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExperimentRecord {
    /// Which.
    pub id: ExperimentId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// What is hoped for.
    pub goal: Goal,
    /// What is compared, A first.
    pub arms: Vec<ArmRecord>,
    /// Who hears which of them.
    pub split: Split,
    /// When it began.
    pub started_at: Timestamp,
    /// Who began it, as in the audit trail.
    pub started_by: String,
    /// How it ended, once it has.
    pub ended: Option<Ended>,
}

/// One of the scripts and voices that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmRecord {
    /// Which.
    pub arm: Arm,
    /// What is said.
    pub said: ScriptVersion,
    /// The voice that reads it; the carrier's own where none is named.
    pub voice: Option<String>,
    /// Its share of the people, beside those of the others.
    pub weight: u32,
    /// What its people amount to.
    pub tally: ArmTally,
}

/// The end of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// By whom, as in the audit trail.
    pub by: String,
    /// The arm that the campaign went on with.
    pub adopted: Option<Arm>,
}

/// Which arm the person of a call was drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drawn {
    /// In which test.
    pub experiment: ExperimentId,
    /// Which arm.
    pub arm: Arm,
}

impl ExperimentRecord {
    /// What a prospect hears: the same at every attempt.
    pub fn arm_for(&self, prospect: ProspectId) -> Option<&ArmRecord> {
        self.arms.get(self.split.arm_of(self.id, prospect).place())
    }

    /// What its arms' people did, for comparing them.
    pub fn results(&self) -> Result<Results, StoreError> {
        let count = |arm: &ArmRecord| {
            let ArmTally { reached, successes, .. } = arm.tally;
            Count::new(successes.max(0).unsigned_abs(), reached.max(0).unsigned_abs())
        };
        let counts: Result<Vec<Count>, _> = self.arms.iter().map(count).collect();
        counts.and_then(Results::new).map_err(|_| corrupt("successes"))
    }

    /// One of its arms.
    pub fn arm(&self, arm: Arm) -> Option<&ArmRecord> {
        self.arms.get(arm.place())
    }
}

impl Store {
    /// Tests of a campaign, newest first.
    pub async fn experiments_of(
        &self,
        campaign: CampaignId,
        most: u64,
    ) -> Result<Vec<ExperimentRecord>, StoreError> {
        let latest = "SELECT id FROM experiments WHERE campaign_id = $1 ORDER BY id DESC LIMIT $2";
        let wanted = format!("{SELECT} WHERE e.id IN ({latest}) ORDER BY e.id DESC, a.arm");
        read(self.reader(), &wanted, vec![campaign.uuid().into(), (most as i64).into()]).await
    }

    /// Tests of all campaigns of a workspace, newest first.
    pub async fn experiments_in(
        &self,
        of: WorkspaceId,
        most: u64,
    ) -> Result<Vec<ExperimentRecord>, StoreError> {
        let latest = "SELECT id FROM experiments WHERE workspace_id = $1 ORDER BY id DESC LIMIT $2";
        let wanted = format!("{SELECT} WHERE e.id IN ({latest}) ORDER BY e.id DESC, a.arm");
        read(self.reader(), &wanted, vec![of.uuid().into(), (most as i64).into()]).await
    }

    /// What the person of a call was drawn for.
    pub async fn drawn_arm(&self, drawn: Drawn) -> Result<Option<ArmRecord>, StoreError> {
        let wanted = format!("{SELECT} WHERE e.id = $1 ORDER BY a.arm");
        let found = read(self.reader(), &wanted, vec![drawn.experiment.uuid().into()]).await?;
        Ok(found.first().and_then(|test| test.arm(drawn.arm)).cloned())
    }
}

impl Tx {
    /// These tests of any campaigns, as of this transaction.
    pub async fn experiments(&self, ids: &[ExperimentId]) -> Result<Vec<ExperimentRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let marks = sql::placeholders(1, ids.len());
        let wanted = format!("{SELECT} WHERE e.id IN ({marks}) ORDER BY e.id, a.arm");
        read(self.connection(), &wanted, ids.iter().map(|id| id.uuid().into()).collect()).await
    }

    /// Adds a test that begins.
    pub async fn add_experiment(&self, test: &ExperimentRecord) -> Result<(), StoreError> {
        let add = "INSERT INTO experiments (id, workspace_id, campaign_id, goal, started_at, started_by) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values: [Value; 6] = [
            test.id.uuid().into(),
            test.workspace.uuid().into(),
            test.campaign.uuid().into(),
            test.goal.as_str().into(),
            millis(test.started_at).into(),
            test.started_by.as_str().into(),
        ];
        sql::run(self.connection(), add, values).await?;
        for arm in &test.arms {
            let add = "INSERT INTO experiment_arms (experiment_id, arm, script_id, script_version, voice_id, weight) \
                       VALUES ($1, $2, $3, $4, $5, $6)";
            let values: [Value; 6] = [
                test.id.uuid().into(),
                arm.arm.to_string().into(),
                arm.said.script.uuid().into(),
                i64::from(arm.said.version).into(),
                arm.voice.clone().into(),
                i64::from(arm.weight).into(),
            ];
            sql::run(self.connection(), add, values).await?;
        }
        Ok(())
    }

    /// Writes down how a test ended.
    pub async fn end_experiment(&self, id: ExperimentId, ended: &Ended) -> Result<(), StoreError> {
        let change = "UPDATE experiments SET ended_at = $1, ended_by = $2, adopted = $3 WHERE id = $4";
        let values: [Value; 4] = [
            millis(ended.at).into(),
            ended.by.as_str().into(),
            ended.adopted.map(|arm| arm.to_string()).into(),
            id.uuid().into(),
        ];
        sql::run(self.connection(), change, values).await?;
        Ok(())
    }

    /// Whether a test that runs now says a script.
    pub async fn is_in_running_experiment(&self, script: ScriptId) -> Result<bool, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            #[expect(dead_code, reason = "only its presence counts")]
            id: Uuid,
        }
        let wanted = "SELECT e.id FROM experiment_arms a JOIN experiments e ON e.id = a.experiment_id \
                      WHERE a.script_id = $1 AND e.ended_at IS NULL LIMIT 1";
        let row: Option<Row> = sql::one(self.connection(), wanted, [script.uuid().into()]).await?;
        Ok(row.is_some())
    }
}

const SELECT: &str = "SELECT e.id, e.workspace_id, e.campaign_id, e.goal, e.started_at, e.started_by, e.ended_at, \
                      e.ended_by, e.adopted, a.arm, a.script_id, a.script_version, a.voice_id, a.weight, a.people, \
                      a.reached, a.successes FROM experiments e JOIN experiment_arms a ON a.experiment_id = e.id";

/// A test and one of its arms.
#[derive(sea_orm::FromQueryResult)]
struct Row {
    id: Uuid,
    workspace_id: Uuid,
    campaign_id: Uuid,
    goal: String,
    started_at: i64,
    started_by: String,
    ended_at: Option<i64>,
    ended_by: Option<String>,
    adopted: Option<String>,
    arm: String,
    script_id: Uuid,
    script_version: i64,
    voice_id: Option<String>,
    weight: i64,
    people: i64,
    reached: i64,
    successes: i64,
}

async fn read(
    db: &impl ConnectionTrait,
    wanted: &str,
    values: Vec<Value>,
) -> Result<Vec<ExperimentRecord>, StoreError> {
    let rows: Vec<Row> = sql::all(db, wanted, values).await?;
    let mut order: Vec<Uuid> = Vec::new();
    let mut tests: BTreeMap<Uuid, Vec<Row>> = BTreeMap::new();
    for row in rows {
        if !tests.contains_key(&row.id) {
            order.push(row.id);
        }
        tests.entry(row.id).or_default().push(row);
    }
    order.iter().filter_map(|id| tests.remove(id)).map(record).collect()
}

fn record(rows: Vec<Row>) -> Result<ExperimentRecord, StoreError> {
    let arms: Vec<ArmRecord> = rows.iter().map(arm_record).collect::<Result<_, StoreError>>()?;
    let in_order = arms.iter().enumerate().all(|(place, arm)| arm.arm.place() == place);
    let split = Split::new(arms.iter().map(|arm| arm.weight).collect());
    let split = split.ok().filter(|_| in_order).ok_or_else(|| corrupt("arm"))?;
    let Some(row) = rows.into_iter().next() else { return Err(corrupt("arm")) };
    let ended = match (row.ended_at, row.ended_by) {
        (Some(at), Some(by)) => {
            let adopted = row.adopted.as_deref().map(letter).transpose()?;
            Some(Ended { at: time(at), by, adopted })
        }
        _ => None,
    };
    Ok(ExperimentRecord {
        id: ExperimentId::from_uuid(row.id),
        workspace: WorkspaceId::from_uuid(row.workspace_id),
        campaign: CampaignId::from_uuid(row.campaign_id),
        goal: Goal::parse(&row.goal).ok_or_else(|| corrupt("goal"))?,
        arms,
        split,
        started_at: time(row.started_at),
        started_by: row.started_by,
        ended,
    })
}

fn arm_record(row: &Row) -> Result<ArmRecord, StoreError> {
    let whole = |column, number: i64| u32::try_from(number).map_err(|_| corrupt(column));
    Ok(ArmRecord {
        arm: letter(&row.arm)?,
        said: ScriptVersion {
            script: ScriptId::from_uuid(row.script_id),
            version: whole("script_version", row.script_version)?,
        },
        voice: row.voice_id.clone(),
        weight: whole("weight", row.weight)?,
        tally: ArmTally { people: row.people, reached: row.reached, successes: row.successes },
    })
}

/// An arm from its stored letter.
pub(super) fn letter(text: &str) -> Result<Arm, StoreError> {
    Arm::parse(text).ok_or_else(|| corrupt("arm"))
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "experiments", column }
}
