//! The campaign of the demo: made-up people from the example file, one script, quick retries.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use domain::budget::Budgets;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::disposition::Disposition;
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use domain::pacing::Pacing;
use domain::queue::DialOrder;
use domain::retry::{RetryPolicy, RetryRule};

use crate::actions::campaigns::CampaignDraft;
use crate::actions::imports::ImportOptions;
use crate::actions::{Actions, Actor};
use crate::store::imports::ImportStatus;

/// Where the campaign is at home.
pub(super) const ZONE: &str = "America/New_York";
/// New calls per virtual second.
pub(super) const CALLS_PER_SECOND: f64 = 1.0;
const MAX_LIVE: u32 = 100;
const PEOPLE: &str = include_str!("../../../../examples/prospects.csv");
const SCRIPT: &str = "Hello {{ firstName | default(\"there\") }}, this is the ProspectAI demo calling \
    {{ company | default(\"your company\") }}. Nobody real was called. Have a good day!";

/// How fast the demo dials.
pub(super) fn pacing() -> anyhow::Result<Pacing> {
    Ok(Pacing::new(CALLS_PER_SECOND, MAX_LIVE)?)
}

/// Makes the campaign and imports its people, from a file in `folder`.
pub(super) async fn prepare(
    actions: &Actions,
    actor: &Actor,
    people: u32,
    folder: &Path,
) -> anyhow::Result<CampaignId> {
    let script = actions.create_script(actor.clone(), "Demo".to_owned(), SCRIPT.to_owned()).await?;
    let draft = CampaignDraft {
        name: "Demo".to_owned(),
        script: Some(script.id),
        voice: Some("Polly.Joanna".to_owned()),
        audio_url: None,
        audio_duration: None,
        caller_id: None,
        default_region: "US".to_owned(),
        rules: CampaignRules {
            zone: CampaignZone::parse(ZONE)?,
            windows: WeeklyWindows::every_day(DailyWindow::parse("09:00", "21:00")?),
            daily_limit: DailyLimit::new(10_000)?,
            retry: quick_retries()?,
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 25,
        time_limit_seconds: 120,
        machine_detection: "enable".to_owned(),
        recording: "off".to_owned(),
        metadata: "{}".to_owned(),
        dial_order: DialOrder::default(),
    };
    let campaign = actions.create_campaign(actor.clone(), draft).await?;
    import(actions, actor, campaign.id, people, folder).await?;
    Ok(campaign.id)
}

/// Imports the first rows of the example file, the way every file comes in.
async fn import(
    actions: &Actions,
    actor: &Actor,
    campaign: CampaignId,
    people: u32,
    folder: &Path,
) -> anyhow::Result<()> {
    let path = folder.join("prospects.csv");
    let rows: String = PEOPLE.split_inclusive('\n').take(people as usize + 1).collect();
    let file = std::fs::write(&path, rows).and_then(|()| File::open(&path));
    let file = file.context("the example file cannot be written to the throw-away folder")?;
    let begun = actions.start_import(actor.clone(), campaign, file, ImportOptions::default()).await?;
    let import = actions.import_finished(actor.workspace, begun.id).await?.unwrap_or(begun);
    anyhow::ensure!(
        import.status == ImportStatus::Completed && import.added == u64::from(people),
        "of {people} people only {} came in: {}",
        import.added,
        import.problem.unwrap_or_default()
    );
    Ok(())
}

/// Minutes instead of hours: the demo shows retries without making anybody wait.
fn quick_retries() -> anyhow::Result<RetryPolicy> {
    let rules = [
        (Disposition::Busy, RetryRule::after_minutes(5)?),
        (Disposition::NoAnswer, RetryRule::after_minutes(10)?),
        (Disposition::Failed, RetryRule::after_minutes(10)?),
        (Disposition::Lost, RetryRule::after_minutes(60)?),
    ];
    Ok(RetryPolicy::new(3, rules)?)
}
