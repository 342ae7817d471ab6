//! Campaigns: make, change, launch, pause, resume, finish, remove.

mod blockers;

use domain::campaign::{CampaignRules, CampaignStatus, LaunchBlocker, TransitionRefused};
use domain::disclosure::Disclosure;
use domain::ids::{CampaignId, ScriptId, SoundId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;

use self::blockers::launch_blockers;
pub(super) use self::blockers::obstacles_of;
use super::calls::end_queued;
use super::{Actions, Actor, audit, new_uuid};
use crate::live::Subject;
use crate::store::campaigns::CampaignRecord;
use crate::store::{StoreError, Tx};

/// What a person decides about a campaign.
#[derive(Debug, Clone)]
pub struct CampaignDraft {
    /// Its name.
    pub name: String,
    /// The text people hear.
    pub script: Option<ScriptId>,
    /// The voice that reads it.
    pub voice: Option<String>,
    /// A sound that is kept here, to play instead.
    pub sound: Option<SoundId>,
    /// An audio file elsewhere, to play instead.
    pub audio_url: Option<String>,
    /// Its length in seconds; of a sound that is kept here, its own.
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
    /// How long the phone rings, 15 to 60 seconds.
    pub ring_timeout_seconds: u16,
    /// The longest call, 30 to 3,600 seconds.
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
}

/// Why a campaign is not changed.
#[derive(Debug, thiserror::Error)]
pub enum CampaignRefused {
    /// The campaign is not there.
    #[error("there is no such campaign")]
    NotFound,
    /// Its script is not there.
    #[error("there is no such script")]
    NoSuchScript,
    /// Its sound is not there.
    #[error("there is no such sound")]
    NoSuchSound,
    /// A test that runs compares what is said.
    #[error("an A/B test runs: script, voice and sound cannot be changed before it has ended")]
    Compared,
    /// It stands where this cannot be done, or something is missing.
    #[error(transparent)]
    Transition(#[from] TransitionRefused),
    /// It has rung somebody: what happened is kept.
    #[error("the campaign has made calls; they are kept. Pause it instead")]
    HasCalls,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Makes a campaign, as a draft that rings nobody.
    pub async fn create_campaign(
        &self,
        actor: Actor,
        draft: CampaignDraft,
    ) -> Result<CampaignRecord, CampaignRefused> {
        let now = self.clock.now();
        let mut campaign = CampaignRecord {
            id: CampaignId::from_uuid(new_uuid(now)),
            workspace: actor.workspace,
            name: String::new(),
            status: CampaignStatus::Draft,
            pause_reason: None,
            script: None,
            voice: None,
            sound: None,
            audio_url: None,
            audio_duration: None,
            transfer_to: None,
            disclosure: Disclosure::default(),
            caller_id: None,
            default_region: String::new(),
            rules: draft.rules.clone(),
            ring_timeout_seconds: 0,
            time_limit_seconds: 0,
            machine_detection: String::new(),
            recording: String::new(),
            recording_consent: RecordingConsent::default(),
            metadata: String::new(),
            dial_order: DialOrder::default(),
            experiment: None,
            created_at: now,
            updated_at: now,
            launched_at: None,
            completed_at: None,
        };
        fill_in(&mut campaign, draft);
        self.store
            .transaction(move |tx| async move {
                script_exists(&tx, &campaign).await?;
                sound_exists(&tx, &mut campaign).await?;
                tx.add_campaign(&campaign).await?;
                let detail = serde_json::json!({ "name": campaign.name });
                audit::note(&tx, &actor, "campaign.create", campaign.id, detail, now).await?;
                Ok(campaign)
            })
            .await
    }

    /// Changes a campaign. `change` sees it as it is at this instant and says what it shall be, or refuses. What is
    /// changed holds for every call that is armed from now on.
    pub async fn change_campaign<E>(
        &self,
        actor: Actor,
        id: CampaignId,
        change: impl FnOnce(&CampaignRecord) -> Result<CampaignDraft, E> + Send + 'static,
    ) -> Result<CampaignRecord, E>
    where
        E: From<CampaignRefused> + From<StoreError> + Send + 'static,
    {
        let now = self.clock.now();
        let campaign = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_campaign(actor.workspace, id).await?;
                let mut campaign = found.ok_or(CampaignRefused::NotFound)?;
                let draft = change(&campaign)?;
                let said = said_by(&campaign);
                fill_in(&mut campaign, draft);
                if campaign.experiment.is_some() && said_by(&campaign) != said {
                    return Err(CampaignRefused::Compared.into());
                }
                campaign.updated_at = now;
                script_exists(&tx, &campaign).await?;
                sound_exists(&tx, &mut campaign).await?;
                tx.save_campaign(&campaign).await?;
                audit::note(&tx, &actor, "campaign.change", id, serde_json::json!({}), now).await?;
                Ok::<_, E>(campaign)
            })
            .await?;
        self.told_of(&campaign);
        Ok(campaign)
    }

    /// Launches a campaign, or says everything that is missing. Launching an active one changes nothing.
    pub async fn launch(&self, actor: Actor, id: CampaignId) -> Result<CampaignRecord, CampaignRefused> {
        let installation = self.installation.clone();
        self.move_campaign(actor, id, "campaign.launch", move |tx, campaign| {
            Box::pin(async move {
                let blockers = launch_blockers(tx, campaign, &installation).await?;
                Ok(campaign.status.launch(blockers)?)
            })
        })
        .await
    }

    /// Stops a campaign from ringing; calls under way go on to their end, apart from those that the carrier has not begun
    /// to dial: they are ended.
    pub async fn pause(&self, actor: Actor, id: CampaignId) -> Result<CampaignRecord, CampaignRefused> {
        self.move_campaign(actor, id, "campaign.pause", |_, campaign| {
            Box::pin(async move { Ok(campaign.status.pause()?) })
        })
        .await
    }

    /// Lets a paused campaign ring again.
    pub async fn resume(&self, actor: Actor, id: CampaignId) -> Result<CampaignRecord, CampaignRefused> {
        self.move_campaign(actor, id, "campaign.resume", |_, campaign| {
            Box::pin(async move { Ok(campaign.status.resume()?) })
        })
        .await
    }

    /// What would stand in the way of a launch now.
    pub async fn blockers(
        &self,
        of: WorkspaceId,
        id: CampaignId,
    ) -> Result<Vec<LaunchBlocker>, CampaignRefused> {
        let installation = self.installation.clone();
        self.store
            .transaction(move |tx| async move {
                let campaign = tx.campaign(id).await?.filter(|campaign| campaign.workspace == of);
                launch_blockers(&tx, &campaign.ok_or(CampaignRefused::NotFound)?, &installation).await
            })
            .await
            .map_err(|error: CampaignRefused| error)
    }

    /// Completes an active campaign in which every prospect has a final answer; whether it was completed.
    pub async fn complete_if_done(&self, id: CampaignId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let completed = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_any_campaign(id).await?;
                let Some(mut campaign) = found.filter(|campaign| campaign.status == CampaignStatus::Active)
                else {
                    return Ok(None);
                };
                if tx.has_unfinished_prospects(id).await? {
                    return Ok(None);
                }
                campaign.status = CampaignStatus::Completed;
                campaign.completed_at = Some(now);
                campaign.updated_at = now;
                tx.save_campaign(&campaign).await?;
                let server = Actor::server(campaign.workspace);
                audit::note(&tx, &server, "campaign.complete", id, serde_json::json!({}), now).await?;
                Ok::<_, StoreError>(Some(campaign))
            })
            .await?;
        if let Some(campaign) = &completed {
            self.told_of(campaign);
        }
        Ok(completed.is_some())
    }

    /// Removes a campaign that never rang anybody.
    pub async fn remove_campaign(&self, actor: Actor, id: CampaignId) -> Result<(), CampaignRefused> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let found = tx.lock_campaign(actor.workspace, id).await?;
                let campaign = found.ok_or(CampaignRefused::NotFound)?;
                if campaign.status == CampaignStatus::Active {
                    return Err(TransitionRefused::NotFrom(campaign.status).into());
                }
                if tx.has_calls(id).await? {
                    return Err(CampaignRefused::HasCalls);
                }
                tx.remove_campaign(id).await?;
                let detail = serde_json::json!({ "name": campaign.name });
                audit::note(&tx, &actor, "campaign.remove", id, detail, now).await?;
                Ok(())
            })
            .await
    }

    async fn move_campaign<Decide>(
        &self,
        actor: Actor,
        id: CampaignId,
        action: &'static str,
        decide: Decide,
    ) -> Result<CampaignRecord, CampaignRefused>
    where
        Decide: for<'a> FnOnce(&'a Tx, &'a CampaignRecord) -> Deciding<'a> + Send + 'static,
    {
        let now = self.clock.now();
        let (campaign, ending) = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_campaign(actor.workspace, id).await?;
                let mut campaign = found.ok_or(CampaignRefused::NotFound)?;
                let status = decide(&tx, &campaign).await?;
                if status != campaign.status {
                    campaign.status = status;
                    campaign.pause_reason = None;
                    campaign.updated_at = now;
                    if status == CampaignStatus::Active {
                        campaign.launched_at = campaign.launched_at.or(Some(now));
                        campaign.completed_at = None;
                    }
                    tx.save_campaign(&campaign).await?;
                    audit::note(&tx, &actor, action, id, serde_json::json!({}), now).await?;
                }
                let ending = match status {
                    CampaignStatus::Paused => end_queued(&tx, actor.workspace, Some(id), now).await?,
                    _ => Vec::new(),
                };
                Ok::<_, CampaignRefused>((campaign, ending))
            })
            .await?;
        self.told_of(&campaign);
        self.told_of_ending(&ending);
        self.wake.dialer();
        Ok(campaign)
    }

    fn told_of(&self, campaign: &CampaignRecord) {
        self.live.publish(campaign.workspace, Subject::Campaign { campaign: campaign.id });
    }
}

type Deciding<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<CampaignStatus, CampaignRefused>> + Send + 'a>>;

fn fill_in(campaign: &mut CampaignRecord, draft: CampaignDraft) {
    campaign.name = draft.name;
    campaign.script = draft.script;
    campaign.voice = draft.voice;
    campaign.sound = draft.sound;
    campaign.audio_url = draft.audio_url;
    campaign.audio_duration = draft.audio_duration;
    campaign.transfer_to = draft.transfer_to;
    campaign.disclosure = draft.disclosure;
    campaign.caller_id = draft.caller_id;
    campaign.default_region = draft.default_region;
    campaign.rules = draft.rules;
    campaign.ring_timeout_seconds = draft.ring_timeout_seconds;
    campaign.time_limit_seconds = draft.time_limit_seconds;
    campaign.machine_detection = draft.machine_detection;
    campaign.recording = draft.recording;
    campaign.recording_consent = draft.recording_consent;
    campaign.metadata = draft.metadata;
    campaign.dial_order = draft.dial_order;
}

/// What a test compares, which nobody may change beside it.
fn said_by(campaign: &CampaignRecord) -> (Option<ScriptId>, Option<String>, Option<String>, Option<SoundId>) {
    (campaign.script, campaign.voice.clone(), campaign.audio_url.clone(), campaign.sound)
}

async fn script_exists(tx: &Tx, campaign: &CampaignRecord) -> Result<(), CampaignRefused> {
    match campaign.script {
        Some(id) if tx.script(campaign.workspace, id).await?.is_none() => Err(CampaignRefused::NoSuchScript),
        _ => Ok(()),
    }
}

/// The sound is there, stays as long as it is played here, and says itself how long it is.
async fn sound_exists(tx: &Tx, campaign: &mut CampaignRecord) -> Result<(), CampaignRefused> {
    let Some(id) = campaign.sound else { return Ok(()) };
    let sound = tx.lock_sound(campaign.workspace, id).await?.ok_or(CampaignRefused::NoSuchSound)?;
    campaign.audio_duration = u32::try_from(sound.duration_ms.div_ceil(1_000)).ok();
    Ok(())
}
