//! Campaigns and people of tests: fictional numbers, quick retries, a window that is always open.

use domain::budget::Budgets;
use domain::call_flow::Words;
use domain::calling_window::{CampaignZone, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::disposition::Disposition;
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use domain::phone_number::PhoneNumber;
use domain::queue::{DialOrder, Priority};
use domain::recording_consent::RecordingConsent;
use domain::retry::{RetryPolicy, RetryRule};
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::prospects::Person;
use prospectai::actions::{Actions, Actor};

/// Area codes in which 555-0100 to 555-0199 are kept for fiction, as in all of them.
const AREAS: [&str; 5] = ["212", "312", "415", "713", "202"];

/// How many attempts a prospect of a test campaign has.
pub const ATTEMPTS: u32 = 3;
/// After how many minutes an engaged line is rung again.
pub const AFTER_BUSY: u32 = 5;
/// After how many minutes somebody who did not pick up is rung again, or whose machine did.
pub const AFTER_NO_ANSWER: u32 = 10;

/// The `nth` fictional number, from 0 to 499.
pub fn number(nth: usize) -> String {
    format!("+1{}55501{:02}", AREAS[nth / 100], nth % 100)
}

/// The `nth` person.
pub fn person(nth: usize) -> Person {
    Person {
        first_name: format!("Person {nth}"),
        last_name: String::new(),
        email: String::new(),
        phone: PhoneNumber::parse(&number(nth), None).expect("a fictional number"),
        company: "Example Ltd".to_owned(),
        title: String::new(),
        metadata: "{}".to_owned(),
        priority: Priority::default(),
    }
}

/// A draft that may ring at any hour, three times each, and says one sentence.
pub fn draft() -> CampaignDraft {
    CampaignDraft {
        name: "Test".to_owned(),
        script: None,
        voice: None,
        audio_url: None,
        audio_duration: None,
        transfer_to: None,
        caller_id: None,
        default_region: "US".to_owned(),
        rules: CampaignRules {
            zone: CampaignZone::parse("America/New_York").expect("a zone"),
            windows: WeeklyWindows::around_the_clock(),
            daily_limit: DailyLimit::new(10_000).expect("a limit"),
            retry: retries(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 25,
        time_limit_seconds: 120,
        machine_detection: "enable".to_owned(),
        recording: "off".to_owned(),
        recording_consent: RecordingConsent::default(),
        metadata: "{}".to_owned(),
        dial_order: DialOrder::default(),
    }
}

/// Makes a campaign of `people` people; a draft without a script gets one.
pub async fn prepare(actions: &Actions, actor: &Actor, people: usize, draft: CampaignDraft) -> CampaignId {
    let text = "Hello {{ firstName | default(\"there\") }}, nobody real was called.".to_owned();
    let script = actions
        .create_script(actor.clone(), "Test".to_owned(), Words::of_text(text))
        .await
        .expect("a script");
    let draft = CampaignDraft { script: draft.script.or(Some(script.id)), ..draft };
    let campaign = actions.create_campaign(actor.clone(), draft).await.expect("a campaign");
    let people = (0..people).map(person).collect();
    actions.add_prospects(actor.clone(), campaign.id, people).await.expect("prospects");
    campaign.id
}

fn retries() -> RetryPolicy {
    let after = |minutes| RetryRule::after_minutes(minutes).expect("a rule");
    let rules = [
        (Disposition::Busy, after(AFTER_BUSY)),
        (Disposition::NoAnswer, after(AFTER_NO_ANSWER)),
        (Disposition::MachineAnswered, after(AFTER_NO_ANSWER)),
        (Disposition::Failed, after(AFTER_NO_ANSWER)),
        // Less than the rules allow after a lost call: they make an hour of it.
        (Disposition::Lost, after(1)),
    ];
    RetryPolicy::new(ATTEMPTS, rules).expect("a policy")
}
