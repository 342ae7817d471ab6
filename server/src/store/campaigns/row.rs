//! A campaign between the database and the rules. What cannot be read is an error, and an error never dials.

use domain::budget::Budgets;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, CampaignStatus, LostCallPolicy};
use domain::disclosure::{CallPurpose, Disclosure};
use domain::disposition::Disposition;
use domain::ids::{CampaignId, ExperimentId, ScriptId, SoundId, WorkspaceId};
use domain::limits::DailyLimit;
use domain::money::Usd;
use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;
use domain::retry::{RetryPolicy, RetryRule};
use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};

use super::CampaignRecord;
use crate::store::entities::campaigns::Model;
use crate::store::{StoreError, millis, time};

/// Windows as stored: for Monday to Sunday, each window as its two times of day.
#[derive(Serialize, Deserialize)]
struct StoredWindows([Vec<(String, String)>; 7]);

#[derive(Serialize, Deserialize)]
struct StoredPolicy {
    max_attempts: u32,
    rules: Vec<StoredRule>,
}

#[derive(Serialize, Deserialize)]
struct StoredRule {
    disposition: String,
    delay_minutes: u32,
    growth_percent: u16,
    other_half_of_day: bool,
}

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn store_windows(windows: &WeeklyWindows) -> String {
    let stored = WEEK.map(|day| {
        windows.on(day).iter().map(|window| (window.start().to_string(), window.end().to_string())).collect()
    });
    // Strings and lists of them always serialise.
    serde_json::to_string(&StoredWindows(stored)).unwrap_or_default()
}

fn load_windows(text: &str) -> Option<WeeklyWindows> {
    let StoredWindows(stored) = serde_json::from_str(text).ok()?;
    let mut days = Vec::with_capacity(7);
    for (day, windows) in WEEK.into_iter().zip(stored) {
        let windows: Result<Vec<_>, _> =
            windows.iter().map(|(start, end)| DailyWindow::parse(start, end)).collect();
        days.push((day, windows.ok()?));
    }
    WeeklyWindows::from_days(days).ok()
}

fn store_policy(policy: &RetryPolicy) -> String {
    let rules = policy.rules().map(|(disposition, rule)| StoredRule {
        disposition: disposition.as_str().to_owned(),
        delay_minutes: rule.delay_minutes(),
        growth_percent: rule.growth_percent(),
        other_half_of_day: rule.other_half_of_day(),
    });
    let stored = StoredPolicy { max_attempts: policy.max_attempts(), rules: rules.collect() };
    serde_json::to_string(&stored).unwrap_or_default()
}

fn load_policy(text: &str) -> Option<RetryPolicy> {
    let stored: StoredPolicy = serde_json::from_str(text).ok()?;
    let mut rules = Vec::with_capacity(stored.rules.len());
    for rule in stored.rules {
        let loaded = RetryRule::new(rule.delay_minutes, rule.growth_percent, rule.other_half_of_day).ok()?;
        rules.push((Disposition::parse(&rule.disposition)?, loaded));
    }
    RetryPolicy::new(stored.max_attempts, rules).ok()
}

fn load_pacing(thousandths: Option<i64>, max_live: Option<i64>) -> Result<Option<Pacing>, StoreError> {
    let (Some(thousandths), Some(max_live)) = (thousandths, max_live) else { return Ok(None) };
    let max_live = u32::try_from(max_live).map_err(|_| corrupt("max_live_calls"))?;
    let pacing = Pacing::new(thousandths as f64 / 1_000.0, max_live);
    pacing.map(Some).map_err(|_| corrupt("calls_per_second_thousandths"))
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::CorruptRow { table: "campaigns", column }
}

impl TryFrom<Model> for CampaignRecord {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        // A zone or a window that cannot be read is an error, and an error never dials.
        let rules = CampaignRules {
            zone: CampaignZone::parse(&row.timezone).map_err(|_| corrupt("timezone"))?,
            windows: load_windows(&row.calling_windows).ok_or_else(|| corrupt("calling_windows"))?,
            daily_limit: DailyLimit::new(row.daily_call_limit).map_err(|_| corrupt("daily_call_limit"))?,
            retry: load_policy(&row.retry_policy).ok_or_else(|| corrupt("retry_policy"))?,
            lost_calls: LostCallPolicy::parse(&row.lost_calls).ok_or_else(|| corrupt("lost_calls"))?,
            budgets: Budgets {
                total: row.budget_micros.map(Usd::from_micros),
                per_day: row.daily_budget_micros.map(Usd::from_micros),
            },
            pacing: load_pacing(row.calls_per_second_thousandths, row.max_live_calls)?,
        };
        let seconds = |column, value: i64| u16::try_from(value).map_err(|_| corrupt(column));
        Ok(Self {
            id: CampaignId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            name: row.name,
            status: CampaignStatus::parse(&row.status).ok_or_else(|| corrupt("status"))?,
            pause_reason: row.pause_reason,
            script: row.script_id.map(ScriptId::from_uuid),
            voice: row.voice_id,
            sound: row.audio_id.map(SoundId::from_uuid),
            audio_url: row.audio_url,
            audio_duration: row.audio_duration.and_then(|seconds| u32::try_from(seconds).ok()),
            transfer_to: row.transfer_to.map(PhoneNumber::from_e164_unchecked),
            disclosure: Disclosure {
                // A word that this version does not know asks for as much as the strictest.
                purpose: row.purpose.map(|word| CallPurpose::parse(&word).unwrap_or(CallPurpose::Marketing)),
                caller_name: row.caller_name,
            },
            caller_id: row.caller_id.map(PhoneNumber::from_e164_unchecked),
            default_region: row.default_region,
            rules,
            ring_timeout_seconds: seconds("ring_timeout_seconds", row.ring_timeout_seconds)?,
            time_limit_seconds: seconds("time_limit_seconds", row.time_limit_seconds)?,
            machine_detection: row.machine_detection,
            recording: row.recording,
            recording_consent: RecordingConsent::parse(&row.recording_consent, row.recording_notice)
                .ok_or_else(|| corrupt("recording_consent"))?,
            metadata: row.metadata,
            dial_order: DialOrder::parse(&row.dial_order).ok_or_else(|| corrupt("dial_order"))?,
            experiment: row.experiment_id.map(ExperimentId::from_uuid),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            launched_at: row.launched_at.map(time),
            completed_at: row.completed_at.map(time),
        })
    }
}

impl From<&CampaignRecord> for Model {
    fn from(campaign: &CampaignRecord) -> Self {
        let CampaignRules { zone, windows, daily_limit, retry, lost_calls, budgets, pacing } =
            &campaign.rules;
        Self {
            id: campaign.id.uuid(),
            workspace_id: campaign.workspace.uuid(),
            name: campaign.name.clone(),
            status: campaign.status.as_str().to_owned(),
            pause_reason: campaign.pause_reason.clone(),
            script_id: campaign.script.map(ScriptId::uuid),
            voice_id: campaign.voice.clone(),
            audio_url: campaign.audio_url.clone(),
            audio_duration: campaign.audio_duration.map(Into::into),
            caller_id: campaign.caller_id.as_ref().map(|number| number.as_str().to_owned()),
            transfer_to: campaign.transfer_to.as_ref().map(|number| number.as_str().to_owned()),
            purpose: campaign.disclosure.purpose.map(|purpose| purpose.as_str().to_owned()),
            caller_name: campaign.disclosure.caller_name.clone(),
            default_region: campaign.default_region.clone(),
            timezone: zone.name().to_owned(),
            calling_windows: store_windows(windows),
            daily_call_limit: daily_limit.calls().into(),
            retry_policy: store_policy(retry),
            ring_timeout_seconds: campaign.ring_timeout_seconds.into(),
            time_limit_seconds: campaign.time_limit_seconds.into(),
            machine_detection: campaign.machine_detection.clone(),
            recording: campaign.recording.clone(),
            recording_consent: campaign.recording_consent.as_str().to_owned(),
            recording_notice: match &campaign.recording_consent {
                RecordingConsent::Announce { words } => words.clone(),
                RecordingConsent::OnlyWhereOnePartySuffices => None,
            },
            metadata: campaign.metadata.clone(),
            dial_order: campaign.dial_order.as_str().to_owned(),
            experiment_id: campaign.experiment.map(ExperimentId::uuid),
            created_at: millis(campaign.created_at),
            updated_at: millis(campaign.updated_at),
            launched_at: campaign.launched_at.map(millis),
            completed_at: campaign.completed_at.map(millis),
            budget_micros: budgets.total.map(Usd::micros),
            daily_budget_micros: budgets.per_day.map(Usd::micros),
            calls_per_second_thousandths: pacing
                .map(|pacing| (pacing.calls_per_second() * 1_000.0).round() as i64),
            max_live_calls: pacing.map(|pacing| pacing.max_live().into()),
            lost_calls: lost_calls.as_str().to_owned(),
            audio_id: campaign.sound.map(SoundId::uuid),
        }
    }
}
