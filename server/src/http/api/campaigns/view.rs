//! A campaign as the API shows it.

use std::collections::BTreeMap;

use domain::prospect::ProspectStatus;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::hours::{Week, same_every_day};
use super::retry::RetryFields;
use super::spending::PacingFields;
use crate::http::api::words::{maybe_time, stored_json, time};
use crate::store::campaigns::CampaignRecord;

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Campaign)]
pub struct CampaignView {
    /// `cmp_…`
    id: String,
    /// For people.
    name: String,
    /// The script people hear.
    script_id: Option<String>,
    /// The voice that reads it.
    voice_id: Option<String>,
    /// The audio file played instead.
    audio_url: Option<String>,
    /// Its length in seconds.
    audio_duration: Option<u32>,
    /// `draft`, `active`, `paused` or `completed`.
    status: &'static str,
    /// Why the server paused it, where it did.
    pause_reason: Option<String>,
    /// Calls on one of its days.
    daily_call_limit: u32,
    /// When calling begins, where every day is alike.
    call_window_start: Option<String>,
    /// When calling ends, where every day is alike.
    call_window_end: Option<String>,
    /// The windows of each weekday.
    calling_windows: Week,
    /// The zone of its hours and its days.
    timezone: String,
    /// Which outcomes are tried again.
    retry_policy: RetryFields,
    /// The number shown; the installation's own when null.
    caller_id: Option<String>,
    /// Who is rung when somebody asks for a person; null when nobody is.
    transfer_to: Option<String>,
    /// The country of numbers written without a country code.
    default_region: String,
    /// How long the phone rings.
    ring_timeout_seconds: u16,
    /// The longest call.
    time_limit_seconds: u16,
    /// `off`, `enable`, `detect_message_end` or `async`.
    machine_detection: String,
    /// `off`, `mono` or `dual`.
    recording: String,
    /// `announce` or `record_only_where_one_party_suffices`.
    recording_consent: &'static str,
    /// What people are told at the beginning of a recorded call; null when nobody is.
    recording_notice: Option<String>,
    /// Your own JSON.
    #[schema(value_type = Object)]
    metadata: Value,
    /// Dollars it may cost in all.
    budget: Option<String>,
    /// Dollars it may cost on one of its days.
    daily_budget: Option<String>,
    /// Its own pace, within that of the account.
    #[schema(value_type = Option<PacingFields>)]
    pacing: Option<PacingFields>,
    /// What happens to a prospect whose call was lost for good: `count_as_attempt`, `hold` or `assume_placed`.
    lost_calls: &'static str,
    /// Who of one priority is rung first: `due`, `fresh_first` or `retries_first`.
    dial_order: &'static str,
    /// What may surprise you: `overlapping_windows`, `paused_by_limit`.
    notices: Vec<&'static str>,
    /// How many prospects stand where; only when one campaign is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    prospects: Option<BTreeMap<&'static str, u64>>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it was first launched.
    #[schema(format = DateTime)]
    launched_at: Option<String>,
    /// When its last prospect got a final answer.
    #[schema(format = DateTime)]
    completed_at: Option<String>,
}

impl CampaignView {
    /// A campaign, with how many prospects stand where.
    pub fn with_prospects(campaign: CampaignRecord, counted: Vec<(ProspectStatus, u64)>) -> Self {
        let mut prospects: BTreeMap<_, _> =
            ProspectStatus::ALL.into_iter().map(|it| (it.as_str(), 0)).collect();
        prospects.extend(counted.into_iter().map(|(status, count)| (status.as_str(), count)));
        Self { prospects: Some(prospects), ..campaign.into() }
    }
}

impl From<CampaignRecord> for CampaignView {
    fn from(campaign: CampaignRecord) -> Self {
        let rules = &campaign.rules;
        let every_day = same_every_day(&rules.windows);
        let (start, end) = every_day.map(|window| (window.start, window.end)).unzip();
        let notices = [
            rules.windows.has_overlaps().then_some("overlapping_windows"),
            rules.daily_limit.is_paused().then_some("paused_by_limit"),
        ];
        Self {
            id: campaign.id.to_string(),
            script_id: campaign.script.map(|id| id.to_string()),
            status: campaign.status.as_str(),
            daily_call_limit: rules.daily_limit.calls(),
            call_window_start: start,
            call_window_end: end,
            calling_windows: Week::of(&rules.windows),
            timezone: rules.zone.name().to_owned(),
            retry_policy: RetryFields::of(&rules.retry),
            caller_id: campaign.caller_id.map(|number| number.to_string()),
            transfer_to: campaign.transfer_to.map(|number| number.to_string()),
            metadata: stored_json(&campaign.metadata),
            budget: rules.budgets.total.map(|budget| budget.to_string()),
            daily_budget: rules.budgets.per_day.map(|budget| budget.to_string()),
            pacing: rules.pacing.map(PacingFields::from),
            lost_calls: rules.lost_calls.as_str(),
            dial_order: campaign.dial_order.as_str(),
            notices: notices.into_iter().flatten().collect(),
            prospects: None,
            created_at: time(campaign.created_at),
            updated_at: time(campaign.updated_at),
            launched_at: maybe_time(campaign.launched_at),
            completed_at: maybe_time(campaign.completed_at),
            name: campaign.name,
            voice_id: campaign.voice,
            audio_url: campaign.audio_url,
            audio_duration: campaign.audio_duration,
            pause_reason: campaign.pause_reason,
            default_region: campaign.default_region,
            ring_timeout_seconds: campaign.ring_timeout_seconds,
            time_limit_seconds: campaign.time_limit_seconds,
            machine_detection: campaign.machine_detection,
            recording: campaign.recording,
            recording_consent: campaign.recording_consent.as_str(),
            recording_notice: campaign.recording_consent.notice().map(str::to_owned),
        }
    }
}
