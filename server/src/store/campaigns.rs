//! Campaigns: one row each, with the rules under which they ring.

mod row;

use super::entities::campaigns::{Column, Entity, Model};
use super::experiments::ArmRecord;
use super::{Store, StoreError, Tx, dialect, given, millis, sql};
use domain::budget::{Quote, RateCard};
use domain::campaign::{CampaignRules, CampaignStatus};
use domain::disclosure::Disclosure;
use domain::ids::{CampaignId, ExperimentId, ScriptId, SoundId, WorkspaceId};
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;
use domain::voice::ServiceVoice;
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

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
    /// A sound that is kept here, to play instead.
    pub sound: Option<SoundId>,
    /// An audio file elsewhere, to play instead.
    pub audio_url: Option<String>,
    /// Its length in seconds.
    pub audio_duration: Option<u32>,
    /// Who is rung when somebody asks for a person.
    pub transfer_to: Option<PhoneNumber>,
    /// What it calls for and in whose name.
    pub disclosure: Disclosure,
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
    /// The A/B test that runs now.
    pub experiment: Option<ExperimentId>,
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
    /// What one of its calls to a number costs that lasts so many seconds, by our rates; `None` when a rate is not known.
    pub fn estimate(&self, rates: &RateCard, to: &PhoneNumber, seconds: u32) -> Option<Usd> {
        let (detects, records) = (self.machine_detection != "off", self.recording != "off");
        let seconds = seconds.min(self.time_limit_seconds.into());
        Some(rates.quote(to, seconds, detects, records)?.worst_case)
    }

    /// The voice of a service that speaks its words beforehand.
    pub fn narrated_by(&self) -> Option<ServiceVoice> {
        if self.plays_a_sound() {
            return None;
        }
        ServiceVoice::of(self.voice.as_deref()?)?.ok()
    }

    /// Nobody is rung before a service has spoken its words.
    pub fn needs_narration(&self) -> bool {
        self.narrated_by().is_some()
    }

    /// The carrier's voice that says what is not spoken beforehand; the account's default when absent.
    pub fn carrier_voice(&self) -> Option<&str> {
        self.voice.as_deref().filter(|voice| ServiceVoice::of(voice).is_none())
    }

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

impl CampaignRecord {
    /// The campaign as those hear it who were drawn for an arm of its A/B test.
    #[must_use]
    pub fn as_heard_in(&self, arm: &ArmRecord) -> Self {
        Self { script: Some(arm.said.script), voice: arm.voice.clone(), ..self.clone() }
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
            "DELETE FROM experiment_arms WHERE experiment_id IN (SELECT id FROM experiments WHERE campaign_id = $1)",
            "DELETE FROM experiments WHERE campaign_id = $1",
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

impl CampaignRecord {
    /// People hear a sound instead of its script.
    pub const fn plays_a_sound(&self) -> bool {
        self.sound.is_some() || self.audio_url.is_some()
    }
}
