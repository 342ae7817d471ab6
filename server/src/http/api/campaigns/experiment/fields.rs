//! What shall be compared, as it comes in: read whole, or refused with everything that is wrong.

use domain::experiment::tally::Goal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::actions::experiments::{ArmDraft, ExperimentDraft};
use crate::http::FieldError;
use crate::http::api::voices;
use crate::http::api::words::note;

/// What shall be compared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewExperiment)]
pub struct ExperimentFields {
    goal: GoalWord,
    /// 2 to 8 of them, A first.
    #[schema(min_items = 2, max_items = 8)]
    arms: Vec<ArmFields>,
}

/// What counts as a success, among those who pick up.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExperimentGoal)]
pub enum GoalWord {
    /// They press the key that says yes.
    Confirmed,
    /// They are put through to a person.
    Transferred,
    /// They say yes, leave a message or are put through.
    Responded,
    /// They do not ask for an end of all calls.
    NotOptedOut,
}

/// One of the things to compare. It may differ from the campaign in its script, its voice or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = NewArm)]
pub struct ArmFields {
    /// What is said: `scr_…`; the campaign's own script when null or left out.
    #[serde(default)]
    script_id: Option<String>,
    /// The voice that reads it, one of `/api/voices`; the campaign's own when null or left out.
    #[serde(default)]
    voice_id: Option<String>,
    /// Its share of the people, beside those of the others: any whole weights from 1 to 1000, such as 50 and 50 or 2 and 1.
    #[schema(example = 50, minimum = 1, maximum = 1000)]
    share: u32,
}

impl ExperimentFields {
    /// The test, or everything that is wrong.
    pub fn read(self) -> Result<ExperimentDraft, Vec<FieldError>> {
        let mut wrong = Vec::new();
        let arms = self.arms.into_iter().enumerate();
        let arms = arms.map(|(place, arm)| arm.read(&format!("/arms/{place}"), &mut wrong)).collect();
        if wrong.is_empty() { Ok(ExperimentDraft { goal: self.goal.into(), arms }) } else { Err(wrong) }
    }
}

impl ArmFields {
    fn read(self, pointer: &str, wrong: &mut Vec<FieldError>) -> ArmDraft {
        let script = self.script_id.and_then(|id| {
            let refused = |error: domain::ids::InvalidId| {
                FieldError::at(format!("{pointer}/scriptId"), "invalid_id", error.to_string())
            };
            note(wrong, id.parse().map_err(refused))
        });
        let voice =
            self.voice_id.and_then(|id| note(wrong, voices::known(&format!("{pointer}/voiceId"), id)));
        ArmDraft { script, voice, weight: self.share }
    }
}

impl From<GoalWord> for Goal {
    fn from(word: GoalWord) -> Self {
        match word {
            GoalWord::Confirmed => Self::Confirmed,
            GoalWord::Transferred => Self::Transferred,
            GoalWord::Responded => Self::Responded,
            GoalWord::NotOptedOut => Self::NotOptedOut,
        }
    }
}
