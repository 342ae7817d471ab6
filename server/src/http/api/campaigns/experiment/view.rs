//! A test as the API shows it, with what may be concluded from it.

use domain::experiment::comparison::{ArmResult, Results, Verdict};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::words::{maybe_time, time};
use crate::store::StoreError;
use crate::store::experiments::{ArmRecord, ExperimentRecord};

/// An A/B test of a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Experiment)]
pub struct ExperimentView {
    /// `exp_…`
    id: String,
    campaign_id: String,
    /// What counts as a success: `confirmed`, `transferred`, `responded` or `not_opted_out`.
    goal: &'static str,
    /// What is compared, A first.
    arms: Vec<ArmView>,
    verdict: VerdictView,
    #[schema(format = DateTime)]
    started_at: String,
    /// A user (`usr_…`), a key (`key_…`) or `console`.
    started_by: String,
    /// Null while it runs.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    ended_by: Option<String>,
    /// The arm that the campaign went on with.
    adopted: Option<String>,
}

/// One of the scripts and voices that are compared, and what its people did. Each person counts once, by the first of their
/// calls that was picked up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExperimentArm)]
pub struct ArmView {
    /// `A` to `H`.
    arm: String,
    /// What is said: `scr_…`.
    script_id: String,
    /// In this version.
    script_version: u32,
    /// The voice that reads it; null for the carrier's own.
    voice_id: Option<String>,
    /// Its weight beside those of the others.
    share: u32,
    /// People who were drawn for it and rung.
    people: i64,
    /// Those of them who picked up, as far as is known: machines are left out where they are told from people.
    reached: u64,
    /// Those of them who did what is hoped for.
    successes: u64,
    /// `successes` of `reached`, 0 to 1; null before the first.
    rate: Option<f64>,
    /// The lowest rate that is not ruled out. The chance that any rate of the test ever lies outside its bounds is at most 5 %,
    /// however often you look.
    lowest: f64,
    /// The highest rate that is not ruled out.
    highest: f64,
}

/// What may be concluded. The chance that a winner is ever named that is not better is at most 5 %, however often you look.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExperimentVerdict)]
pub struct VerdictView {
    /// `winner` when one arm is better than every other, else `no_winner_yet`.
    outcome: &'static str,
    /// The winner, or the arm that is ahead; null where none is.
    arm: Option<String>,
    /// By how much the winner's rate is higher than every other, at least, in fractions of one.
    at_least: Option<f64>,
    /// About how many more people must pick up before there is a winner, if all rates stay as they are; null where nobody can
    /// say.
    more_needed: Option<u64>,
    /// The same in a sentence or two.
    words: String,
}

impl ExperimentView {
    /// A test as it stands.
    pub fn of(test: &ExperimentRecord) -> Result<Self, StoreError> {
        let results = test.results()?;
        let comparison = results.compare();
        let arms = test.arms.iter().zip(&comparison.arms).map(|(arm, result)| ArmView::of(arm, result));
        let ended = test.ended.as_ref();
        Ok(Self {
            id: test.id.to_string(),
            campaign_id: test.campaign.to_string(),
            goal: test.goal.as_str(),
            arms: arms.collect(),
            verdict: VerdictView::of(&results, comparison.in_words(&[])),
            started_at: time(test.started_at),
            started_by: test.started_by.clone(),
            ended_at: maybe_time(ended.map(|it| it.at)),
            ended_by: ended.map(|it| it.by.clone()),
            adopted: ended.and_then(|it| it.adopted).map(|arm| arm.to_string()),
        })
    }
}

impl ArmView {
    fn of(arm: &ArmRecord, result: &ArmResult) -> Self {
        Self {
            arm: arm.arm.to_string(),
            script_id: arm.said.script.to_string(),
            script_version: arm.said.version,
            voice_id: arm.voice.clone(),
            share: arm.weight,
            people: arm.tally.people,
            reached: result.count.trials(),
            successes: result.count.successes(),
            rate: result.count.rate(),
            lowest: result.lowest,
            highest: result.highest,
        }
    }
}

impl VerdictView {
    fn of(results: &Results, words: String) -> Self {
        let (outcome, arm, at_least) = match results.verdict() {
            Verdict::Winner { arm, at_least } => ("winner", Some(arm), Some(at_least)),
            Verdict::NoWinnerYet { ahead } => ("no_winner_yet", ahead, None),
        };
        let more_needed = results.more_needed();
        Self { outcome, arm: arm.map(|arm| arm.to_string()), at_least, more_needed, words }
    }
}
