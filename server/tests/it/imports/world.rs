//! A campaign on a new database, and files to send into it.

use std::fs::File;
use std::io::Write;

use domain::budget::Budgets;
use domain::calling_window::{CampaignZone, DailyWindow, WeeklyWindows};
use domain::campaign::{CampaignRules, LostCallPolicy};
use domain::ids::{CampaignId, ImportId};
use domain::limits::DailyLimit;
use domain::queue::DialOrder;
use domain::recording_consent::RecordingConsent;
use domain::retry::RetryPolicy;
use jiff::Timestamp;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::actions::imports::{ImportOptions, ImportRefused};
use prospectai::actions::nodes::Membership;
use prospectai::actions::{Actions, Actor, Installation};
use prospectai::clock::Clock;
use prospectai::live::Live;
use prospectai::store::imports::{ImportRecord, ImportStatus};
use prospectai::store::nodes::NodeRole;
use prospectai::store::prospects::{ProspectFilter, ProspectRecord};
use prospectai::store::{Location, Store};
use prospectai::wake::Wake;
use tempfile::TempDir;

use crate::support::bare::random_node;
use crate::support::postgres;

/// A database with one campaign.
pub struct World {
    pub actions: Actions,
    pub actor: Actor,
    pub campaign: CampaignId,
    /// Removed with the world.
    _folder: Option<TempDir>,
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_both(test: impl AsyncFn(World)) {
    test(World::on_sqlite().await).await;
    test(World::on_postgres().await).await;
}

/// A file as an upload leaves it.
pub fn file_of(content: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    file
}

impl World {
    pub async fn on_sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let location = Location::Folder(folder.path().to_owned());
        Self { _folder: Some(folder), ..Self::at(&location).await }
    }

    pub async fn on_postgres() -> Self {
        Self::at(&Location::Postgres(postgres::fresh_database().await)).await
    }

    /// The world at a place, made when there is none.
    pub async fn at(location: &Location) -> Self {
        let actions = open(location).await;
        let (workspace, new) = actions.first_workspace().await.unwrap();
        let actor = Actor { workspace, name: "console".into() };
        let campaign = if new {
            actions.create_campaign(actor.clone(), draft()).await.unwrap().id
        } else {
            actions.store.campaigns(workspace, None, 1).await.unwrap()[0].id
        };
        Self { actions, actor, campaign, _folder: None }
    }

    /// Closes what servers that are gone left open, as every start does.
    pub async fn a_server_starts(&self) {
        let lease = std::time::Duration::from_secs(600);
        let membership = Membership::of(NodeRole::All, "test".into(), lease, &self.actions.clock);
        self.actions.join(membership).await.unwrap();
    }

    pub async fn start(&self, content: &str) -> Result<ImportRecord, ImportRefused> {
        let (file, options) = (file_of(content.as_bytes()), ImportOptions::default());
        self.actions.start_import(self.actor.clone(), self.campaign, file, options).await
    }

    pub async fn import(&self, content: &str) -> ImportRecord {
        self.import_with(content, ImportOptions::default()).await
    }

    /// The import when it is over.
    pub async fn import_with(&self, content: &str, options: ImportOptions) -> ImportRecord {
        self.import_file(file_of(content.as_bytes()), options).await
    }

    pub async fn import_file(&self, file: File, options: ImportOptions) -> ImportRecord {
        let started =
            self.actions.start_import(self.actor.clone(), self.campaign, file, options).await.unwrap();
        self.actions.import_finished(self.actor.workspace, started.id).await.unwrap().unwrap()
    }

    /// `line code` of every refused row.
    pub async fn rejects(&self, import: &ImportRecord) -> Vec<String> {
        let rejects = self.actions.store.rejects(import.id, 0, 10_000).await.unwrap();
        rejects.iter().map(|reject| format!("{} {}", reject.line, reject.code)).collect()
    }

    pub async fn people(&self) -> Vec<ProspectRecord> {
        let all = ProspectFilter::default();
        self.actions.store.prospects(self.campaign, &all, None, 0, 1_000_000).await.unwrap()
    }

    pub async fn prospect(&self, number: &str) -> ProspectRecord {
        let people = self.people().await;
        people
            .into_iter()
            .find(|prospect| prospect.phone.as_str() == number)
            .expect("a prospect with this number")
    }

    pub async fn save(&self, prospect: ProspectRecord) {
        self.actions
            .store
            .transaction(move |tx| async move { tx.save_prospects(&[prospect]).await })
            .await
            .unwrap();
    }

    /// The row that another process, or one that was killed, leaves behind.
    pub async fn pretend_an_import_runs(&self) {
        let now = self.actions.clock.now();
        let import = ImportRecord {
            id: ImportId::from_uuid(uuid::Uuid::from_u128(1)),
            workspace: self.actor.workspace,
            campaign: self.campaign,
            status: ImportStatus::Running,
            problem: None,
            bytes: 1,
            bytes_read: 0,
            rows: 0,
            added: 0,
            merged: 0,
            rejected: 0,
            created_at: now,
            finished_at: None,
            undone_at: None,
            taken_out: 0,
        };
        let node = random_node();
        self.actions
            .store
            .transaction(move |tx| async move { tx.add_import(&import, node).await })
            .await
            .unwrap();
    }
}

async fn open(location: &Location) -> Actions {
    let store = Store::open(location).await.unwrap();
    let clock = Clock::settable("2027-03-01T15:00:00Z".parse::<Timestamp>().unwrap());
    let installation = Installation::of(random_node());
    Actions::new(store, clock, Wake::default(), Live::new("test"), installation)
}

pub fn draft() -> CampaignDraft {
    CampaignDraft {
        name: "Spring".into(),
        script: None,
        voice: None,
        audio_url: None,
        audio_duration: None,
        transfer_to: None,
        caller_id: None,
        default_region: "US".into(),
        rules: CampaignRules {
            zone: CampaignZone::parse("America/New_York").unwrap(),
            windows: WeeklyWindows::every_day(DailyWindow::parse("09:00", "17:00").unwrap()),
            daily_limit: DailyLimit::default(),
            retry: RetryPolicy::default(),
            lost_calls: LostCallPolicy::default(),
            budgets: Budgets::default(),
            pacing: None,
        },
        ring_timeout_seconds: 30,
        time_limit_seconds: 600,
        machine_detection: "off".into(),
        recording: "off".into(),
        recording_consent: RecordingConsent::default(),
        metadata: "{}".into(),
        dial_order: DialOrder::default(),
    }
}
