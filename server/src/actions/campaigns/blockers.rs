//! What stands in the way of a launch.

use domain::call_flow::{CallFlow, Words};
use domain::campaign::LaunchBlocker;
use domain::ids::{ScriptId, SoundId};

use super::CampaignRefused;
use crate::actions::Installation;
use crate::speech;
use crate::store::campaigns::CampaignRecord;
use crate::store::scripts::ScriptRecord;
use crate::store::{StoreError, Tx};

/// What stands in the way of a launch, in the order in which people meet it.
pub(super) async fn launch_blockers(
    tx: &Tx,
    campaign: &CampaignRecord,
    installation: &Installation,
) -> Result<Vec<LaunchBlocker>, CampaignRefused> {
    let mut blockers = Vec::new();
    if !tx.has_unfinished_prospects(campaign.id).await? {
        blockers.push(LaunchBlocker::NoProspects);
    }
    if campaign.caller_id.is_none() && installation.caller_id.is_none() {
        blockers.push(LaunchBlocker::NoCallerId);
    }
    let mut sounds: Vec<SoundId> = campaign.sound.into_iter().collect();
    if campaign.plays_a_sound() {
        blockers.extend(campaign.disclosure.lacks_of_a_sound());
    } else {
        let scripts = scripts_of(tx, campaign).await?;
        if scripts.is_empty() {
            blockers.push(LaunchBlocker::NothingToSay);
        }
        for script in &scripts {
            let new = obstacles_of(&script.words, campaign).into_iter();
            let new: Vec<_> = new.filter(|it| !blockers.contains(it)).collect();
            blockers.extend(new);
            sounds.extend(script.words.flow().iter().flat_map(CallFlow::sounds));
        }
    }
    if tx.missing_sound(campaign.workspace, &sounds).await?.is_some() {
        blockers.push(LaunchBlocker::SoundMissing);
    }
    if campaign.needs_narration() && installation.narrator.is_none() {
        blockers.push(LaunchBlocker::VoiceOff);
    }
    Ok(blockers)
}

/// Everything that somebody may hear: the script, or those of all arms while a test runs.
async fn scripts_of(tx: &Tx, campaign: &CampaignRecord) -> Result<Vec<ScriptRecord>, StoreError> {
    let ids: Vec<ScriptId> = match campaign.experiment {
        Some(test) => {
            let tests = tx.experiments(&[test]).await?;
            tests.iter().flat_map(|test| test.arms.iter().map(|arm| arm.said.script)).collect()
        }
        None => campaign.script.into_iter().collect(),
    };
    let mut scripts = tx.scripts(&ids).await?;
    scripts.retain(|script| script.workspace == campaign.workspace);
    Ok(scripts)
}

/// What keeps these words from being said in the campaign.
pub(in crate::actions) fn obstacles_of(words: &Words, campaign: &CampaignRecord) -> Vec<LaunchBlocker> {
    let mut obstacles = campaign.disclosure.lacks_of(words);
    // What can be said to somebody of whom nothing is known can be said to anybody.
    if speech::check_for_everybody(words).is_err() {
        obstacles.push(LaunchBlocker::ScriptBroken);
    }
    if campaign.transfer_to.is_none() && words.flow().is_ok_and(|flow| flow.transfers()) {
        obstacles.push(LaunchBlocker::NobodyToTransferTo);
    }
    let hears_tones = matches!(campaign.machine_detection.as_str(), "detect_message_end" | "async");
    if words.voicemail.is_some() && !hears_tones {
        obstacles.push(LaunchBlocker::VoicemailUndetected);
    }
    obstacles
}
