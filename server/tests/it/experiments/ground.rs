//! A campaign that compares two scripts, whose people say yes to one of them more often.

use domain::call_flow::{Means, Menu, MenuKey, Words};
use domain::experiment::tally::Goal;
use domain::ids::{CampaignId, ScriptId};
use prospectai::actions::experiments::{ArmDraft, ExperimentDraft};
use prospectai::actions::{Actions, Actor};
use prospectai::store::experiments::ExperimentRecord;

/// A script that is said yes to by this key.
pub fn asking(text: &str, yes: char) -> Words {
    let key = |key, means| MenuKey { key, means, offer: None, reply: None };
    let menu = Menu { keys: vec![key(yes, Means::Confirm), key('9', Means::OptOut)] };
    Words { text: text.to_owned(), menu, ..Words::default() }
}

/// An arm that says a script in a voice.
pub fn arm(script: Option<ScriptId>, voice: Option<&str>, weight: u32) -> ArmDraft {
    ArmDraft { script, voice: voice.map(str::to_owned), weight }
}

/// Starts a test.
pub async fn start(
    actions: &Actions,
    actor: &Actor,
    campaign: CampaignId,
    arms: Vec<ArmDraft>,
) -> ExperimentRecord {
    let draft = ExperimentDraft { goal: Goal::Confirmed, arms };
    actions.start_experiment(actor.clone(), campaign, draft).await.expect("a test").0
}

/// Starts a test of what the campaign says against another script.
pub async fn against(
    actions: &Actions,
    actor: &Actor,
    campaign: CampaignId,
    words: Words,
    weights: [u32; 2],
) -> ExperimentRecord {
    let other = actions.create_script(actor.clone(), "Other".to_owned(), words).await.expect("a script").id;
    let arms = vec![arm(None, None, weights[0]), arm(Some(other), Some("Polly.Amy-Neural"), weights[1])];
    start(actions, actor, campaign, arms).await
}

/// The test of a campaign as it stands.
pub async fn now(actions: &Actions, campaign: CampaignId) -> ExperimentRecord {
    let mut tests = actions.store.experiments_of(campaign, 1).await.expect("read");
    tests.pop().expect("a test")
}
