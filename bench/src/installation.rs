//! A throw-away installation of ProspectAI: a data folder, a database with rows in it, one active campaign.

use std::time::Duration;

use anyhow::Context as _;
use domain::budget::Budgets;
use domain::call_flow::Words;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::ids::{CampaignId, NodeId};
use domain::limits::DailyLimit;
use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use domain::retry::RetryPolicy;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::nodes::Membership;
use prospectai::actions::users::Role;
use prospectai::actions::{Actions, Actor};
use prospectai::clock::Clock;
use prospectai::live::Live;
use prospectai::store::nodes::NodeRole;
use prospectai::store::{Location, Store};
use prospectai::wake::Wake;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use crate::fill::{self, Contents, Owner};

/// The number calls are made from: of the range reserved for fiction.
pub const CALLER_ID: &str = "+16175550100";

/// One installation; its folder goes away with it.
pub struct Installation {
    /// The data folder.
    pub folder: TempDir,
    /// Where its database is.
    pub database: Location,
    /// Its only campaign, and what it was filled with.
    pub owner: Owner,
    /// Seals the callback addresses.
    pub callback_key: [u8; 32],
    /// Opens the API.
    pub api_key: SecretString,
}

impl Installation {
    /// On SQLite.
    pub async fn on_sqlite(contents: Contents) -> anyhow::Result<Self> {
        let folder = throw_away_folder()?;
        let database = Location::Folder(folder.path().to_owned());
        Self::prepare(folder, database, contents).await
    }

    /// On an empty PostgreSQL database.
    pub async fn on_postgres(url: String, contents: Contents) -> anyhow::Result<Self> {
        Self::prepare(throw_away_folder()?, Location::Postgres(url), contents).await
    }

    async fn prepare(folder: TempDir, database: Location, contents: Contents) -> anyhow::Result<Self> {
        let actions = open(&database).await?;
        let (workspace, _) = actions.first_workspace().await?;
        let callback_key = actions.installation_secret("callback_key").await?;
        let actor = Actor { workspace, name: "console".to_owned() };
        let (api_key, _) =
            actions.create_key(actor.clone(), Role::Owner, "bench".to_owned(), Role::Owner).await?;
        let campaign = make_campaign(&actions, actor).await?;
        let now = actions.clock.now().as_millisecond();
        actions.store.close().await?;
        drop(actions);
        let owner = Owner { workspace, campaign, now };
        fill::fill(&database, owner, contents).await.context("the database could not be filled")?;
        Ok(Self { folder, database, owner, callback_key, api_key })
    }

    /// The header that lets a request in.
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.api_key.expose_secret())
    }
}

/// The parts of the server that change something, in this process.
pub async fn open(database: &Location) -> anyhow::Result<Actions> {
    let store = Store::open(database).await?;
    let run = NodeId::from_uuid(uuid::Uuid::from_bytes(prospectai::actions::random_bytes()));
    let installation = prospectai::actions::Installation {
        caller_id: Some(PhoneNumber::from_e164_unchecked(CALLER_ID.to_owned())),
        pacing: Pacing::new(10_000.0, 100_000)?,
        ..prospectai::actions::Installation::of(run)
    };
    let actions = Actions::new(store, Clock::System, Wake::default(), Live::new("bench"), installation);
    let name = "bench".to_owned();
    actions.join(Membership::of(NodeRole::Command, name, Duration::from_secs(3_600), &actions.clock)).await?;
    Ok(actions)
}

fn throw_away_folder() -> anyhow::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("prospectai-bench.")
        .tempdir()
        .context("no throw-away folder could be made")
}

/// A campaign that may ring at any hour, as often as its pacing allows.
async fn make_campaign(actions: &Actions, actor: Actor) -> anyhow::Result<CampaignId> {
    let text =
        "Hello {{ firstName | default(\"there\") }}, this is a measurement. Nobody was called.".to_owned();
    let script = actions.create_script(actor.clone(), "Bench".to_owned(), Words::of_text(text)).await?;
    let draft = CampaignDraft {
        name: "Bench".to_owned(),
        script: Some(script.id),
        voice: None,
        audio_url: None,
        audio_duration: None,
        transfer_to: None,
        caller_id: None,
        default_region: "US".to_owned(),
        rules: CampaignRules {
            zone: CampaignZone::parse("America/New_York")?,
            windows: WeeklyWindows::every_day(DailyWindow::WHOLE_DAY),
            daily_limit: DailyLimit::MAX,
            retry: RetryPolicy::default(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 25,
        time_limit_seconds: 120,
        machine_detection: "off".to_owned(),
        recording: "off".to_owned(),
        recording_consent: domain::recording_consent::RecordingConsent::default(),
        metadata: "{}".to_owned(),
        dial_order: domain::queue::DialOrder::default(),
    };
    Ok(actions.create_campaign(actor, draft).await?.id)
}
