//! A/B tests of a campaign: start one, end it, go on with an arm.

use domain::campaign::LaunchBlocker;
use domain::experiment::Arm;
use domain::experiment::split::{InvalidSplit, Split};
use domain::experiment::tally::{ArmTally, Goal};
use domain::ids::{CampaignId, ExperimentId, ScriptId};
use serde_json::json;

use super::campaigns::obstacles_of;
use super::{Actions, Actor, audit, new_uuid};
use crate::live::Subject;
use crate::store::campaigns::CampaignRecord;
use crate::store::experiments::{ArmRecord, Ended, ExperimentRecord};
use crate::store::{StoreError, Tx};

/// What a person wants to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentDraft {
    /// What is hoped for.
    pub goal: Goal,
    /// What is compared, A first.
    pub arms: Vec<ArmDraft>,
}

/// One arm as a person wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmDraft {
    /// What is said; the campaign's own script where none is named.
    pub script: Option<ScriptId>,
    /// The voice that reads it; the campaign's own where none is named.
    pub voice: Option<String>,
    /// Its share of the people, beside those of the others.
    pub weight: u32,
}

/// Why a test is not started or ended.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentRefused {
    /// The campaign is not there.
    #[error("there is no such campaign")]
    NoSuchCampaign,
    /// Another one runs.
    #[error("an A/B test runs in this campaign")]
    Running,
    /// There is none to end.
    #[error("no A/B test runs in this campaign")]
    NoneRuns,
    /// The test has no such arm.
    #[error("the test has no such arm")]
    NoSuchArm,
    /// The campaign plays a sound file instead of a script.
    #[error("the campaign plays a sound file; a test compares scripts and voices")]
    PlaysASound,
    /// The shares are none.
    #[error(transparent)]
    Shares(#[from] InvalidSplit),
    /// The script of an arm is not there.
    #[error("there is no such script as that of arm {0}")]
    NoSuchScript(Arm),
    /// An arm has no script, and the campaign has none either.
    #[error("arm {0} has nothing to say")]
    NothingToSay(Arm),
    /// Nobody could tell two arms apart.
    #[error("arm {1} would sound exactly like arm {0}")]
    Same(Arm, Arm),
    /// An arm could not be said to everybody.
    #[error("something is missing for arm {0}")]
    Unsayable(Arm, Vec<LaunchBlocker>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Starts a test: whoever is called from now on hears one of the arms, and the same one at every attempt. Starting the
    /// very test that runs changes nothing. The second of the pair: whether it is new.
    pub async fn start_experiment(
        &self,
        actor: Actor,
        campaign: CampaignId,
        draft: ExperimentDraft,
    ) -> Result<(ExperimentRecord, bool), ExperimentRefused> {
        let now = self.clock.now();
        let workspace = actor.workspace;
        let started = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_campaign(actor.workspace, campaign).await?;
                let mut campaign = found.ok_or(ExperimentRefused::NoSuchCampaign)?;
                if campaign.audio_url.is_some() {
                    return Err(ExperimentRefused::PlaysASound);
                }
                let split = Split::new(draft.arms.iter().map(|arm| arm.weight).collect())?;
                let arms = arms_of(&tx, &campaign, &draft).await?;
                if let Some(id) = campaign.experiment {
                    let running = tx.experiments(&[id]).await?.pop();
                    let same = running.filter(|it| it.goal == draft.goal && same_arms(&it.arms, &arms));
                    return same.map(|it| (it, false)).ok_or(ExperimentRefused::Running);
                }
                let test = ExperimentRecord {
                    id: ExperimentId::from_uuid(new_uuid(now)),
                    workspace: campaign.workspace,
                    campaign: campaign.id,
                    goal: draft.goal,
                    arms,
                    split,
                    started_at: now,
                    started_by: actor.name.clone(),
                    ended: None,
                };
                tx.add_experiment(&test).await?;
                campaign.experiment = Some(test.id);
                campaign.updated_at = now;
                tx.save_campaign(&campaign).await?;
                let detail = json!({ "goal": test.goal.as_str(), "arms": test.arms.len() });
                audit::note(&tx, &actor, "experiment.start", campaign.id, detail, now).await?;
                Ok((test, true))
            })
            .await?;
        self.live.publish(workspace, Subject::Campaign { campaign });
        Ok(started)
    }

    /// Ends the test that runs. With an arm to adopt, the campaign goes on with its script and voice; without, with its own.
    pub async fn end_experiment(
        &self,
        actor: Actor,
        campaign: CampaignId,
        adopt: Option<Arm>,
    ) -> Result<ExperimentRecord, ExperimentRefused> {
        let now = self.clock.now();
        let workspace = actor.workspace;
        let ended = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_campaign(actor.workspace, campaign).await?;
                let mut campaign = found.ok_or(ExperimentRefused::NoSuchCampaign)?;
                let id = campaign.experiment.ok_or(ExperimentRefused::NoneRuns)?;
                let mut test = tx.experiments(&[id]).await?.pop().ok_or(ExperimentRefused::NoneRuns)?;
                if let Some(arm) = adopt {
                    campaign = campaign.as_heard_in(test.arm(arm).ok_or(ExperimentRefused::NoSuchArm)?);
                }
                let ended = Ended { at: now, by: actor.name.clone(), adopted: adopt };
                tx.end_experiment(id, &ended).await?;
                test.ended = Some(ended);
                campaign.experiment = None;
                campaign.updated_at = now;
                tx.save_campaign(&campaign).await?;
                let detail = json!({ "adopted": adopt.map(|arm| arm.to_string()) });
                audit::note(&tx, &actor, "experiment.end", campaign.id, detail, now).await?;
                Ok::<_, ExperimentRefused>(test)
            })
            .await?;
        self.live.publish(workspace, Subject::Campaign { campaign });
        Ok(ended)
    }
}

/// The arms with what each of them says, held so that nobody changes it before the test has begun.
async fn arms_of(
    tx: &Tx,
    campaign: &CampaignRecord,
    draft: &ExperimentDraft,
) -> Result<Vec<ArmRecord>, ExperimentRefused> {
    let wanted = draft.arms.iter().filter_map(|arm| arm.script.or(campaign.script));
    let scripts = tx.hold_scripts(&wanted.collect::<Vec<_>>()).await?;
    let mut arms: Vec<ArmRecord> = Vec::with_capacity(draft.arms.len());
    for (place, wanted) in draft.arms.iter().enumerate() {
        let arm = Arm::at(place).ok_or(InvalidSplit::Arms)?;
        let id = wanted.script.or(campaign.script).ok_or(ExperimentRefused::NothingToSay(arm))?;
        let script = scripts.iter().find(|it| it.id == id && it.workspace == campaign.workspace);
        let script = script.ok_or(ExperimentRefused::NoSuchScript(arm))?;
        let obstacles = obstacles_of(&script.words, campaign);
        if !obstacles.is_empty() {
            return Err(ExperimentRefused::Unsayable(arm, obstacles));
        }
        let voice = wanted.voice.clone().or_else(|| campaign.voice.clone());
        let said = script.said_now();
        if let Some(same) = arms.iter().find(|it| it.said == said && it.voice == voice) {
            return Err(ExperimentRefused::Same(same.arm, arm));
        }
        arms.push(ArmRecord { arm, said, voice, weight: wanted.weight, tally: ArmTally::default() });
    }
    Ok(arms)
}

/// Whether two tests compare the same, whatever was counted so far.
fn same_arms(one: &[ArmRecord], other: &[ArmRecord]) -> bool {
    let compared = |arms: &[ArmRecord]| -> Vec<_> {
        arms.iter().map(|it| (it.said.script, it.said.version, it.voice.clone(), it.weight)).collect()
    };
    compared(one) == compared(other)
}
