//! Campaigns: one row each, with the rules under which they ring.

use domain::budget::{Budgets, Quote, RateCard};
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, CampaignStatus, LostCallPolicy};
use domain::disposition::Disposition;
use domain::ids::{CampaignId, ScriptId, WorkspaceId};
use domain::limits::DailyLimit;
use domain::money::Usd;
use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;
use domain::retry::{RetryPolicy, RetryRule};
use jiff::Timestamp;
use jiff::civil::Weekday;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde::{Deserialize, Serialize};

use super::entities::campaigns::{Column, Entity, Model};
use super::{Store, StoreError, Tx, dialect, given, millis, sql, time};

/// A campaign with everything we know of it.
#[derive(Debug, Clone)]
pub struct CampaignRecord {
    /// Which campaign.
    pub id: CampaignId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Its name, for people.
    pub name: String,
    /// Where it stands.
    pub status: CampaignStatus,
    /// Why it is paused, where the server did it.
    pub pause_reason: Option<String>,
    /// The text people hear.
    pub script: Option<ScriptId>,
    /// The voice that reads it.
    pub voice: Option<String>,
    /// An audio file to play instead.
    pub audio_url: Option<String>,
    /// Its length in seconds.
    pub audio_duration: Option<u32>,
    /// Who is rung when somebody asks for a person.
    pub transfer_to: Option<PhoneNumber>,
    /// The number shown; the installation's own when absent.
    pub caller_id: Option<PhoneNumber>,
    /// The region of numbers that are written without a country code.
    pub default_region: String,
    /// When and how often it rings.
    pub rules: CampaignRules,
    /// How long the phone rings, in seconds.
    pub ring_timeout_seconds: u16,
    /// The longest call, in seconds.
    pub time_limit_seconds: u16,
    /// `off`, `enable`, `detect_message_end` or `async`.
    pub machine_detection: String,
    /// `off`, `mono` or `dual`.
    pub recording: String,
    /// What it does about those who must agree to a recording.
    pub recording_consent: RecordingConsent,
    /// The caller's own JSON.
    pub metadata: String,
    /// In which order it rings those of one priority.
    pub dial_order: DialOrder,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was first launched.
    pub launched_at: Option<Timestamp>,
    /// When its last prospect got a final answer.
    pub completed_at: Option<Timestamp>,
}

impl CampaignRecord {
    /// The worst that one of its calls to a number can cost, the call to whoever they are put through to included; `None`
    /// when a rate is not known.
    pub fn quote(&self, rates: &RateCard, to: &PhoneNumber) -> Option<Quote> {
        let (detects, records) = (self.machine_detection != "off", self.recording != "off");
        let seconds = self.time_limit_seconds.into();
        let call = rates.quote(to, seconds, detects, records)?;
        match &self.transfer_to {
            None => Some(call),
            Some(person) => Some(call.with_a_second_call(rates.quote(person, seconds, false, false)?)),
        }
    }
}

impl Store {
    /// One campaign of a workspace.
    pub async fn campaign(
        &self,
        of: WorkspaceId,
        id: CampaignId,
    ) -> Result<Option<CampaignRecord>, StoreError> {
        let found = Entity::find_by_id(id.uuid()).filter(Column::WorkspaceId.eq(of.uuid()));
        found.one(self.reader()).await?.map(CampaignRecord::try_from).transpose()
    }

    /// Any campaign, whoever owns it: for the engine, which works for all workspaces.
    pub async fn any_campaign(&self, id: CampaignId) -> Result<Option<CampaignRecord>, StoreError> {
        Entity::find_by_id(id.uuid()).one(self.reader()).await?.map(CampaignRecord::try_from).transpose()
    }

    /// Campaigns of a workspace, newest first, older than `before`.
    pub async fn campaigns(
        &self,
        of: WorkspaceId,
        before: Option<CampaignId>,
        most: u64,
    ) -> Result<Vec<CampaignRecord>, StoreError> {
        let mut wanted = Entity::find().filter(Column::WorkspaceId.eq(of.uuid()));
        if let Some(before) = before {
            wanted = wanted.filter(Column::Id.lt(before.uuid()));
        }
        let rows = wanted.order_by_desc(Column::Id).limit(most).all(self.reader()).await?;
        rows.into_iter().map(CampaignRecord::try_from).collect()
    }

    /// Campaigns of a workspace that stand somewhere, oldest first.
    pub async fn campaigns_with_status(
        &self,
        of: WorkspaceId,
        status: CampaignStatus,
    ) -> Result<Vec<CampaignRecord>, StoreError> {
        let wanted = Entity::find()
            .filter(Column::WorkspaceId.eq(of.uuid()))
            .filter(Column::Status.eq(status.as_str()));
        let rows = wanted.order_by_asc(Column::Id).all(self.reader()).await?;
        rows.into_iter().map(CampaignRecord::try_from).collect()
    }

    /// Every campaign that may ring, of all workspaces.
    pub async fn active_campaigns(&self) -> Result<Vec<CampaignRecord>, StoreError> {
        let active = Entity::find().filter(Column::Status.eq(CampaignStatus::Active.as_str()));
        let rows = active.order_by_asc(Column::Id).all(self.reader()).await?;
        rows.into_iter().map(CampaignRecord::try_from).collect()
    }
}

impl Tx {
    /// One campaign of a workspace, locked until the transaction ends.
    pub async fn lock_campaign(
        &self,
        of: WorkspaceId,
        id: CampaignId,
    ) -> Result<Option<CampaignRecord>, StoreError> {
        let found = self.lock_any_campaign(id).await?;
        Ok(found.filter(|campaign| campaign.workspace == of))
    }

    /// Any campaign, locked until the transaction ends.
    pub async fn lock_any_campaign(&self, id: CampaignId) -> Result<Option<CampaignRecord>, StoreError> {
        let db = self.connection();
        let wanted = format!(
            "SELECT {} FROM campaigns WHERE id = $1{}",
            sql::columns::<Entity>(),
            dialect::for_update(db.get_database_backend())
        );
        let row: Option<Model> = sql::one(db, &wanted, [id.uuid().into()]).await?;
        row.map(CampaignRecord::try_from).transpose()
    }

    /// Any campaigns, which nobody changes until the transaction ends; locked in id order.
    pub async fn hold_campaigns(&self, ids: &[CampaignId]) -> Result<Vec<CampaignRecord>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> =
            given::lock_by_id::<Entity>(self.connection(), ids, dialect::for_share).await?;
        rows.into_iter().map(CampaignRecord::try_from).collect()
    }

    /// Any campaign as it is now, without a lock.
    pub async fn campaign(&self, id: CampaignId) -> Result<Option<CampaignRecord>, StoreError> {
        Entity::find_by_id(id.uuid()).one(self.connection()).await?.map(CampaignRecord::try_from).transpose()
    }

    /// Campaigns as they are now, without a lock.
    pub async fn campaigns(&self, ids: &[CampaignId]) -> Result<Vec<CampaignRecord>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid()).collect();
        let rows: Vec<Model> = given::lock_by_id::<Entity>(self.connection(), ids, |_| "").await?;
        rows.into_iter().map(CampaignRecord::try_from).collect()
    }

    /// Adds a campaign.
    pub async fn add_campaign(&self, campaign: &CampaignRecord) -> Result<(), StoreError> {
        Model::from(campaign).into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// Writes a campaign back.
    pub async fn save_campaign(&self, campaign: &CampaignRecord) -> Result<(), StoreError> {
        Model::from(campaign).into_active_model().reset_all().update(self.connection()).await?;
        Ok(())
    }

    /// Removes a campaign that never rang anybody, with its prospects.
    pub async fn remove_campaign(&self, id: CampaignId) -> Result<(), StoreError> {
        let db = self.connection();
        for owned in [
            "DELETE FROM import_rejects WHERE import_id IN (SELECT id FROM imports WHERE campaign_id = $1)",
            "DELETE FROM imports WHERE campaign_id = $1",
            "DELETE FROM campaign_days WHERE campaign_id = $1",
            "DELETE FROM campaign_counters WHERE campaign_id = $1",
            "DELETE FROM campaign_totals WHERE campaign_id = $1",
            "DELETE FROM prospects WHERE campaign_id = $1",
            "DELETE FROM campaigns WHERE id = $1",
        ] {
            sql::run(db, owned, [id.uuid().into()]).await?;
        }
        Ok(())
    }

    /// Pauses every active campaign of a workspace, with the reason.
    pub async fn pause_all(&self, of: WorkspaceId, reason: &str, now: Timestamp) -> Result<u64, StoreError> {
        let change = "UPDATE campaigns SET status = 'paused', pause_reason = $1, updated_at = $2 \
                      WHERE workspace_id = $3 AND status = 'active'";
        Ok(sql::run(self.connection(), change, [reason.into(), millis(now).into(), of.uuid().into()]).await?)
    }
}

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
            audio_url: row.audio_url,
            audio_duration: row.audio_duration.and_then(|seconds| u32::try_from(seconds).ok()),
            transfer_to: row.transfer_to.map(PhoneNumber::from_e164_unchecked),
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
        }
    }
}
