//! The campaign of the demo: made-up people from the example file, one script, quick retries.

use anyhow::Context as _;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::CampaignRules;
use domain::disposition::Disposition;
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use domain::pacing::Pacing;
use domain::phone_number::{PhoneNumber, Region};
use domain::retry::{RetryPolicy, RetryRule};

use crate::actions::campaigns::CampaignDraft;
use crate::actions::prospects::Person;
use crate::actions::{Actions, Actor};

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

/// Makes the campaign and takes its people in.
pub(super) async fn prepare(actions: &Actions, actor: &Actor, people: u32) -> anyhow::Result<CampaignId> {
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
        },
        ring_timeout_seconds: 25,
        time_limit_seconds: 120,
        machine_detection: "enable".to_owned(),
        recording: "off".to_owned(),
        metadata: "{}".to_owned(),
    };
    let campaign = actions.create_campaign(actor.clone(), draft).await?;
    actions.add_prospects(actor.clone(), campaign.id, read_people(people as usize)?).await?;
    Ok(campaign.id)
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

fn read_people(most: usize) -> anyhow::Result<Vec<Person>> {
    let us = Region::parse("US").ok();
    let mut people = Vec::with_capacity(most);
    for row in csv::Reader::from_reader(PEOPLE.as_bytes()).into_records().take(most) {
        let row = row.context("the example file cannot be read")?;
        let field = |at: usize| row.get(at).unwrap_or_default().to_owned();
        people.push(Person {
            first_name: field(0),
            last_name: field(1),
            email: field(2),
            phone: PhoneNumber::parse(&field(3), us).context("a number of the example file is not one")?,
            company: field(4),
            title: field(5),
            metadata: serde_json::json!({ "city": field(6) }).to_string(),
        });
    }
    Ok(people)
}
