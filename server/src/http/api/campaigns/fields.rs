//! What a person may say about a campaign, and how it is read: everything wrong is told at once.

use domain::budget::Budgets;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::ids::ScriptId;
use domain::limits::DailyLimit;
use domain::phone_number::{PhoneNumber, Region};
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;
use domain::retry::RetryPolicy;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::consent::{self, Consent};
use super::hours::{self, Week};
use super::retry::RetryFields;
use super::spending::{LostCalls, PacingFields, Spoken};
use crate::actions::campaigns::CampaignDraft;
use crate::http::api::voices;
use crate::http::api::words::{given, given_or_null, metadata, note};
use crate::http::outside_url::{UrlRules, outside_url};
use crate::http::state::ServerFacts;
use crate::http::{FieldError, text};
use crate::store::campaigns::CampaignRecord;

const LONGEST_NAME: usize = 200;
/// Seconds of an audio file, at most: a call may not be longer.
const LONGEST_AUDIO: u32 = 3_600;

/// What a campaign shall be. When creating, `name` is required and everything else has a default; when changing,
/// what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct CampaignFields {
    /// For people, at most 200 characters.
    #[serde(deserialize_with = "given")]
    #[schema(example = "Spring renewals")]
    name: Option<String>,
    /// The script people hear.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>)]
    script_id: Option<Option<String>>,
    /// The voice that reads it, one of `/api/voices`.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>, example = "Polly.Joanna-Neural")]
    voice_id: Option<Option<String>>,
    /// An audio file to play instead, at a public https address.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>)]
    audio_url: Option<Option<String>>,
    /// Its length in seconds.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<u32>)]
    audio_duration: Option<Option<u32>>,
    /// The number shown, one of the carrier account; the installation's own when absent.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>)]
    caller_id: Option<Option<String>>,
    /// Who is rung when somebody asks for a person, in international form.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>)]
    transfer_to: Option<Option<String>>,
    /// The country of numbers written without a country code, as two letters. Default `US`.
    #[serde(deserialize_with = "given")]
    #[schema(example = "US")]
    default_region: Option<String>,
    /// Calls on one of the campaign's days, 0 (none at all) to 1000000. Default 50.
    #[serde(deserialize_with = "given")]
    #[schema(example = 50)]
    daily_call_limit: Option<i64>,
    /// When calling begins on every day, `HH:MM`. Default `09:00`.
    #[serde(deserialize_with = "given")]
    #[schema(example = "09:00")]
    call_window_start: Option<String>,
    /// When calling ends on every day, `HH:MM`. Default `17:00`.
    #[serde(deserialize_with = "given")]
    #[schema(example = "17:00")]
    call_window_end: Option<String>,
    /// Windows per weekday, instead of the two fields above.
    #[serde(deserialize_with = "given")]
    calling_windows: Option<Week>,
    /// A region of the IANA time zone database. Default `America/New_York`.
    #[serde(deserialize_with = "given")]
    #[schema(example = "America/New_York")]
    timezone: Option<String>,
    /// Which outcomes are tried again.
    #[serde(deserialize_with = "given")]
    retry_policy: Option<RetryFields>,
    /// How long the phone rings, 15 to 60 seconds. Default 30.
    #[serde(deserialize_with = "given")]
    #[schema(minimum = 15, maximum = 60)]
    ring_timeout_seconds: Option<u32>,
    /// The longest call, 30 to 3600 seconds. Default 600.
    #[serde(deserialize_with = "given")]
    #[schema(minimum = 30, maximum = 3600)]
    time_limit_seconds: Option<u32>,
    /// Whether the carrier tells people from machines. Default `off`.
    #[serde(deserialize_with = "given")]
    machine_detection: Option<MachineDetection>,
    /// Whether calls are recorded. Default `off`.
    #[serde(deserialize_with = "given")]
    recording: Option<Recording>,
    /// What is done about those who must agree to a recording. Default `announce`.
    #[serde(deserialize_with = "given")]
    recording_consent: Option<Consent>,
    /// What people are told at the beginning of a recorded call, at most 300 characters; null for our own sentence.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>, example = "This call is recorded.")]
    recording_notice: Option<Option<String>>,
    /// Your own JSON object, at most 16 KiB.
    #[serde(deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Dollars that the campaign may cost in all, 0 to 10000000; null for no bound. The worst case of each call is held
    /// before it is dialed.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>, example = "100.00")]
    budget: Option<Option<String>>,
    /// Dollars that it may cost on one of its days.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<String>, example = "10.00")]
    daily_budget: Option<Option<String>>,
    /// Its own pace, within that of the account; null for none.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(value_type = Option<PacingFields>)]
    pacing: Option<Option<PacingFields>>,
    /// What happens to a prospect whose call was lost for good. Default `count_as_attempt`.
    #[serde(deserialize_with = "given")]
    lost_calls: Option<LostCalls>,
    /// Who of one priority comes first. Default `due`.
    #[serde(deserialize_with = "given")]
    dial_order: Option<Order>,
}

/// In which order those of one priority are rung.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DialOrder)]
pub enum Order {
    /// Whose time came first.
    Due,
    /// Those who are `ready` before those who are `waiting` for another attempt.
    FreshFirst,
    /// Those who are `waiting` for another attempt before those who are `ready`.
    RetriesFirst,
}

impl From<Order> for DialOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Due => Self::Due,
            Order::FreshFirst => Self::FreshFirst,
            Order::RetriesFirst => Self::RetriesFirst,
        }
    }
}

/// Whether and how the carrier tells people from machines.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MachineDetection {
    /// Not at all.
    Off,
    /// Before the call begins.
    Enable,
    /// Before the call begins, waiting for the end of a machine's greeting.
    DetectMessageEnd,
    /// While the call goes on.
    Async,
}

/// Whether and how calls are recorded.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    /// Not at all.
    Off,
    /// Both sides in one channel.
    Mono,
    /// Each side in a channel of its own.
    Dual,
}

impl CampaignFields {
    /// A new campaign.
    pub fn new_draft(self, server: &ServerFacts) -> Result<CampaignDraft, Vec<FieldError>> {
        let named = self.name.is_some();
        let mut drafted = self.changed(defaults(), server);
        if !named {
            let missing = FieldError::at("/name", "required", "this field is required");
            drafted = Err(drafted.err().into_iter().flatten().chain([missing]).collect());
        }
        drafted
    }

    /// A campaign as it shall be from now on, or everything that is wrong.
    pub fn changed(
        self,
        mut draft: CampaignDraft,
        server: &ServerFacts,
    ) -> Result<CampaignDraft, Vec<FieldError>> {
        let mut errors = Vec::new();
        let wrong = &mut errors;
        if let Some(name) = &self.name {
            draft.name = note(wrong, text::name("/name", name, LONGEST_NAME)).unwrap_or_default();
        }
        if let Some(script) = &self.script_id {
            draft.script = script.as_deref().and_then(|id| note(wrong, script_id(id)));
        }
        if let Some(voice) = &self.voice_id {
            draft.voice = voice.clone().and_then(|voice| note(wrong, voices::known("/voiceId", voice)));
        }
        if let Some(url) = &self.audio_url {
            let rules =
                UrlRules { allow_http: server.allow_http_audio, own_host: server.public_url.host_str() };
            let url = url.as_deref().and_then(|url| note(wrong, outside_url("/audioUrl", url, rules)));
            draft.audio_url = url.map(String::from);
        }
        if let Some(seconds) = self.audio_duration {
            draft.audio_duration =
                seconds.and_then(|it| note(wrong, within("/audioDuration", it, 1, LONGEST_AUDIO)));
        }
        if let Some(number) = &self.caller_id {
            draft.caller_id = number.as_deref().and_then(|it| note(wrong, own_number("/callerId", it)));
        }
        if let Some(number) = &self.transfer_to {
            draft.transfer_to = number.as_deref().and_then(|it| note(wrong, own_number("/transferTo", it)));
        }
        if let Some(region) = &self.default_region {
            let read = Region::parse(region);
            let read =
                read.map_err(|error| FieldError::at("/defaultRegion", "unknown_region", error.to_string()));
            draft.default_region = note(wrong, read).map(|it| it.as_str().to_owned()).unwrap_or_default();
        }
        if let Some(seconds) = self.ring_timeout_seconds {
            let read = note(wrong, within("/ringTimeoutSeconds", seconds, 15, 60));
            draft.ring_timeout_seconds = read.unwrap_or_default() as u16;
        }
        if let Some(seconds) = self.time_limit_seconds {
            let read = note(wrong, within("/timeLimitSeconds", seconds, 30, 3_600));
            draft.time_limit_seconds = read.unwrap_or_default() as u16;
        }
        if let Some(mode) = self.machine_detection {
            draft.machine_detection = mode.as_str().to_owned();
        }
        if let Some(mode) = self.recording {
            draft.recording = mode.as_str().to_owned();
        }
        consent::change(&mut draft.recording_consent, self.recording_consent, &self.recording_notice, wrong);
        if let Some(object) = &self.metadata {
            draft.metadata = note(wrong, metadata("/metadata", object)).unwrap_or_default();
        }
        draft.dial_order = self.dial_order.map_or(draft.dial_order, DialOrder::from);
        self.change_rules(&mut draft.rules, wrong);
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }

    fn change_rules(&self, rules: &mut CampaignRules, errors: &mut Vec<FieldError>) {
        if let Some(name) = &self.timezone {
            let read = CampaignZone::parse(name);
            let read =
                read.map_err(|error| FieldError::at("/timezone", "unknown_timezone", error.to_string()));
            rules.zone = note(errors, read).unwrap_or_else(|| rules.zone.clone());
        }
        if let Some(calls) = self.daily_call_limit {
            let read = DailyLimit::new(calls);
            let read =
                read.map_err(|error| FieldError::at("/dailyCallLimit", "out_of_range", error.to_string()));
            rules.daily_limit = note(errors, read).unwrap_or(rules.daily_limit);
        }
        if let Some(policy) = &self.retry_policy {
            match policy.read("/retryPolicy") {
                Ok(policy) => rules.retry = policy,
                Err(wrong) => errors.extend(wrong),
            }
        }
        let spoken = Spoken {
            budget: &self.budget,
            daily_budget: &self.daily_budget,
            pacing: self.pacing,
            lost_calls: self.lost_calls,
        };
        spoken.change(rules, errors);
        match self.windows(&rules.windows) {
            Ok(Some(windows)) => rules.windows = windows,
            Ok(None) => {}
            Err(wrong) => errors.extend(wrong),
        }
    }

    fn windows(&self, before: &WeeklyWindows) -> Result<Option<WeeklyWindows>, Vec<FieldError>> {
        let simple = self.call_window_start.is_some() || self.call_window_end.is_some();
        match &self.calling_windows {
            Some(_) if simple => {
                let what = "give either callWindowStart and callWindowEnd, or callingWindows";
                Err(vec![FieldError::at("/callingWindows", "conflict", what)])
            }
            Some(week) => week.read("/callingWindows").map(Some),
            None if simple => {
                let now = hours::same_every_day(before);
                let kept = |given: &Option<String>, kept: fn(hours::Window) -> String| {
                    given.clone().or_else(|| now.clone().map(kept))
                };
                let start = kept(&self.call_window_start, |window| window.start);
                let end = kept(&self.call_window_end, |window| window.end);
                let missing = |field: &str| {
                    let what =
                        "the days have different windows now: give both callWindowStart and callWindowEnd";
                    vec![FieldError::at(field, "required", what)]
                };
                let start = start.ok_or_else(|| missing("/callWindowStart"))?;
                let end = end.ok_or_else(|| missing("/callWindowEnd"))?;
                hours::every_day(&start, &end).map(Some).map_err(|error| vec![error])
            }
            None => Ok(None),
        }
    }
}

impl MachineDetection {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Enable => "enable",
            Self::DetectMessageEnd => "detect_message_end",
            Self::Async => "async",
        }
    }
}

impl Recording {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Mono => "mono",
            Self::Dual => "dual",
        }
    }
}

/// What a campaign is, as a person could have said it.
pub fn draft_of(campaign: &CampaignRecord) -> CampaignDraft {
    CampaignDraft {
        name: campaign.name.clone(),
        script: campaign.script,
        voice: campaign.voice.clone(),
        audio_url: campaign.audio_url.clone(),
        audio_duration: campaign.audio_duration,
        transfer_to: campaign.transfer_to.clone(),
        caller_id: campaign.caller_id.clone(),
        default_region: campaign.default_region.clone(),
        rules: campaign.rules.clone(),
        ring_timeout_seconds: campaign.ring_timeout_seconds,
        time_limit_seconds: campaign.time_limit_seconds,
        machine_detection: campaign.machine_detection.clone(),
        recording: campaign.recording.clone(),
        recording_consent: campaign.recording_consent.clone(),
        metadata: campaign.metadata.clone(),
        dial_order: campaign.dial_order,
    }
}

/// What holds where nothing was said: the defaults of the contract.
fn defaults() -> CampaignDraft {
    let zone = CampaignZone::parse("America/New_York").unwrap_or_else(|_| CampaignZone::utc());
    let window = DailyWindow::parse("09:00", "17:00").unwrap_or(DailyWindow::WHOLE_DAY);
    CampaignDraft {
        name: String::new(),
        script: None,
        voice: None,
        audio_url: None,
        audio_duration: None,
        transfer_to: None,
        caller_id: None,
        default_region: "US".to_owned(),
        rules: CampaignRules {
            zone,
            windows: WeeklyWindows::every_day(window),
            daily_limit: DailyLimit::default(),
            retry: RetryPolicy::default(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 30,
        time_limit_seconds: 600,
        machine_detection: MachineDetection::Off.as_str().to_owned(),
        recording: Recording::Off.as_str().to_owned(),
        recording_consent: RecordingConsent::default(),
        metadata: "{}".to_owned(),
        dial_order: DialOrder::default(),
    }
}

fn script_id(id: &str) -> Result<ScriptId, FieldError> {
    id.parse().map_err(|_| {
        FieldError::at("/scriptId", "not_found", "there is no such script; list them at /api/scripts")
    })
}

fn own_number(pointer: &str, number: &str) -> Result<PhoneNumber, FieldError> {
    PhoneNumber::parse(number, None).map_err(|error| FieldError::at(pointer, error.code(), error.to_string()))
}

fn within(pointer: &str, value: u32, least: u32, most: u32) -> Result<u32, FieldError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(FieldError::at(pointer, "out_of_range", format!("expected a whole number from {least} to {most}")))
}
