//! The example campaign: made-up people, one script, quick retries. For looking around; nobody is rung before a launch.

use std::fs::File;
use std::io::{self, Write as _};

use domain::budget::Budgets;
use domain::call_flow::{Means, Menu, MenuKey, Words};
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::disposition::Disposition;
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use domain::phone_number::PhoneNumber;
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;
use domain::retry::{RetryPolicy, RetryRule};

use super::campaigns::{CampaignDraft, CampaignRefused};
use super::imports::{ImportOptions, ImportRefused};
use super::{Actions, Actor};
use crate::store::StoreError;
use crate::store::imports::ImportStatus;

/// Where the campaign is at home.
pub const ZONE: &str = "America/New_York";
/// People there are, at most.
pub const MOST_PEOPLE: u32 = 2_000;
const PEOPLE: &str = include_str!("../../../examples/prospects.csv");
const SCRIPT: &str = "Hello {{ firstName | default(\"there\") }}, this is the ProspectAI demo calling \
    {{ company | default(\"your company\") }}. Nobody real was called.";
const VOICEMAIL: &str = "Hello {{ firstName | default(\"there\") }}, this is the ProspectAI demo. Nobody real was called. \
    Have a good day!";
/// The key that ends it for good.
pub const OPT_OUT_KEY: char = '9';
const KEYS: [(char, Means); 5] = [
    ('1', Means::Confirm),
    ('2', Means::Transfer),
    ('3', Means::LeaveMessage),
    ('*', Means::HearAgain),
    (OPT_OUT_KEY, Means::OptOut),
];
/// Kept for fiction, like the numbers of the people, and none of theirs.
const PERSON_TO_TALK_TO: &str = "+12025550142";

/// Why the example is not there.
#[derive(Debug, thiserror::Error)]
pub enum ExampleRefused {
    /// The campaign was not made.
    #[error(transparent)]
    Campaign(#[from] CampaignRefused),
    /// Its people did not come in.
    #[error(transparent)]
    Import(#[from] ImportRefused),
    /// Some of its people did not come in.
    #[error("only {added} people came in: {problem}")]
    Incomplete {
        /// Those who did.
        added: u64,
        /// What the import says.
        problem: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Makes the example campaign with the first `people` rows of the example file, imported the way every file is. `recorded`:
    /// its calls are recorded, each side by itself.
    pub async fn make_example(
        &self,
        actor: Actor,
        name: &str,
        people: u32,
        recorded: bool,
    ) -> Result<CampaignId, ExampleRefused> {
        let script = self.create_script(actor.clone(), name.to_owned(), words()).await?;
        let recording = if recorded { "dual" } else { "off" }.to_owned();
        let draft = CampaignDraft { script: Some(script.id), recording, ..draft(name) };
        let campaign = self.create_campaign(actor.clone(), draft).await?;
        let file = people_file(people).map_err(ImportRefused::File)?;
        let begun = self.start_import(actor.clone(), campaign.id, file, ImportOptions::default()).await?;
        let import = self.import_finished(actor.workspace, begun.id).await?.unwrap_or(begun);
        if import.status != ImportStatus::Completed || import.added != u64::from(people) {
            let problem = import.problem.unwrap_or_default();
            return Err(ExampleRefused::Incomplete { added: import.added, problem });
        }
        Ok(campaign.id)
    }
}

fn people_file(people: u32) -> io::Result<File> {
    let rows: String = PEOPLE.split_inclusive('\n').take(people as usize + 1).collect();
    let mut file = tempfile::tempfile()?;
    file.write_all(rows.as_bytes())?;
    file.flush()?;
    Ok(file)
}

fn words() -> Words {
    let keys = KEYS.map(|(key, means)| MenuKey { key, means, offer: None, reply: None });
    Words {
        text: SCRIPT.to_owned(),
        menu: Menu { keys: keys.to_vec() },
        voicemail: Some(VOICEMAIL.to_owned()),
        steps: None,
    }
}

fn draft(name: &str) -> CampaignDraft {
    let window = DailyWindow::parse("09:00", "21:00").unwrap_or(DailyWindow::WHOLE_DAY);
    CampaignDraft {
        name: name.to_owned(),
        script: None,
        voice: Some("Polly.Joanna".to_owned()),
        audio_url: None,
        audio_duration: None,
        transfer_to: PhoneNumber::parse(PERSON_TO_TALK_TO, None).ok(),
        caller_id: None,
        default_region: "US".to_owned(),
        rules: CampaignRules {
            zone: CampaignZone::parse(ZONE).unwrap_or_else(|_| CampaignZone::utc()),
            windows: WeeklyWindows::every_day(window),
            daily_limit: DailyLimit::new(10_000).unwrap_or_default(),
            retry: quick_retries(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 25,
        time_limit_seconds: 120,
        machine_detection: "detect_message_end".to_owned(),
        recording: "off".to_owned(),
        recording_consent: RecordingConsent::default(),
        metadata: "{}".to_owned(),
        dial_order: DialOrder::default(),
    }
}

/// Minutes instead of hours: retries show without making anybody wait.
fn quick_retries() -> RetryPolicy {
    let minutes = [
        (Disposition::Busy, 5),
        (Disposition::NoAnswer, 10),
        (Disposition::Failed, 10),
        (Disposition::Lost, 60),
    ];
    let rules = minutes
        .into_iter()
        .filter_map(|(outcome, minutes)| Some((outcome, RetryRule::after_minutes(minutes).ok()?)));
    RetryPolicy::new(3, rules.collect::<Vec<_>>()).unwrap_or_default()
}
