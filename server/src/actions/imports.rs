//! Imports: a file of prospects becomes rows of a campaign, and every row has an answer.
//!
//! The file is looked through first (`preflight`), then read row by row in a task of its own. Each batch is one
//! transaction that holds its prospects, its refusals and the totals, so that at every committed instant
//! `rows = added + merged + rejected`, and the same file can be imported again after any kind of stop.

mod batch;
mod header;
mod numbers;
mod preflight;
mod reading;
pub mod rejects;
mod rows;
mod staged;
mod undo;
mod workbook;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{CampaignId, ImportId, WorkspaceId};
use domain::phone_number::Region;
use tokio::sync::{mpsc, watch};

pub use header::{Field, HeaderRefused, is_usable};
pub use numbers::NumbersListed;
pub use staged::{Fate, Judged, Look, PreviewRow, StagedFile};
pub use undo::UndoRefused;
pub use workbook::WorkbookRefused;

pub(super) use self::staged::Staging;

use self::preflight::Examined;
use self::reading::{Batch, End, Rules};
use super::{Actions, Actor, audit, new_uuid};
use crate::clock::Uptime;
use crate::live::Subject;
use crate::store::StoreError;
use crate::store::imports::{ImportRecord, ImportStatus};
use crate::supervised::caught;

/// Batches that are read ahead while one is being written.
const BATCHES_AHEAD: usize = 2;
/// How often a batch is tried. On PostgreSQL two writers of the same numbers can wait for each other; the database
/// then ends one of them, which may simply begin again.
const TRIES: u32 = 3;
/// An import of so many people changes what the database should know of the table.
const MANY: u64 = 1_000;

/// Open pages are told no more often than this how far an import is.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What a caller may say about a file.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Which field a column is, by its name in the file: `phone`, `firstName`, `lastName`, `email`, `company`,
    /// `title`, `ignore`, or any other name for a custom field. Columns that are not mentioned are guessed.
    pub mapping: Option<BTreeMap<String, String>>,
    /// How large a file may be.
    pub limits: ImportLimits,
}

/// How large and how broken a file may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportLimits {
    /// Bytes.
    pub bytes: u64,
    /// Rows below the header.
    pub rows: u64,
    /// Rows that cannot be read as CSV; one more stops the import.
    pub malformed: u64,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self { bytes: 200 * 1024 * 1024, rows: 1_000_000, malformed: 1_000 }
    }
}

/// Why a file is not imported. Nothing of it was added then.
#[derive(Debug, thiserror::Error)]
pub enum ImportRefused {
    /// The campaign is not there.
    #[error("there is no such campaign")]
    NoSuchCampaign,
    /// Another file is being imported into the campaign.
    #[error("another import into this campaign is running; wait for its end and send the file again")]
    AlreadyRunning,
    /// The first row does not say what the columns are.
    #[error(transparent)]
    Header(#[from] HeaderRefused),
    /// The file is not UTF-8.
    #[error(
        "the file is not text in UTF-8 (it may be {seems}): the first wrong byte is number {offset}, counted from 0. \
         Save it as \"CSV UTF-8\" and send it again"
    )]
    Encoding {
        /// Where the first byte is that cannot be UTF-8, from 0.
        offset: u64,
        /// What the file may be instead.
        seems: &'static str,
    },
    /// The workbook cannot be read.
    #[error(transparent)]
    Workbook(#[from] WorkbookRefused),
    /// The file was sent too long ago, to another server, or before this one was started anew.
    #[error("the file is not kept any more; send it again")]
    NotStaged,
    /// Too many bytes.
    #[error("the file is larger than {limit} bytes; split it and import the parts one after the other")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// Too many rows.
    #[error("the file has more than {limit} rows; split it and import the parts one after the other")]
    TooManyRows {
        /// Rows allowed.
        limit: u64,
    },
    /// The file we keep it in cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports that run in this process, and how far they are.
#[derive(Debug, Clone, Default)]
pub(super) struct InProgress(Arc<Mutex<HashMap<ImportId, watch::Receiver<ImportRecord>>>>);

impl Actions {
    /// Looks a file through and begins to import it; the import as it begins.
    ///
    /// `file` is CSV or a workbook, on disk, and belongs to the import from now on. Rows are added by a task that outlives the caller;
    /// `import_finished` waits for it.
    pub async fn start_import(
        &self,
        actor: Actor,
        campaign: CampaignId,
        file: File,
        options: ImportOptions,
    ) -> Result<ImportRecord, ImportRefused> {
        let limits = options.limits;
        let looked_through = tokio::task::spawn_blocking(move || {
            let mut file = workbook::as_csv(file, limits)?;
            let examined = preflight::examine(&mut file, &options)?;
            Ok::<_, ImportRefused>((file, examined))
        });
        let (file, examined) = looked_through.await.map_err(io::Error::other)??;
        let (import, region, same_file) = self.begin_import(actor, campaign, &examined).await?;
        let rules = self.row_rules(region, limits);
        let (progress, watched) = watch::channel(import.clone());
        self.imports.lock().insert(import.id, watched);
        tokio::spawn(
            Running { actions: self.clone(), import: import.clone(), same_file, progress, told_at: None }
                .run(file, examined, rules),
        );
        Ok(import)
    }

    fn row_rules(&self, region: Option<Region>, limits: ImportLimits) -> Rules {
        Rules { region, destinations: self.installation.destinations.clone(), malformed: limits.malformed }
    }

    async fn begin_import(
        &self,
        actor: Actor,
        campaign: CampaignId,
        examined: &Examined,
    ) -> Result<(ImportRecord, Option<Region>, Arc<HashSet<ImportId>>), ImportRefused> {
        let now = self.clock.now();
        let import = ImportRecord {
            id: ImportId::from_uuid(new_uuid(now)),
            workspace: actor.workspace,
            campaign,
            status: ImportStatus::Running,
            problem: None,
            bytes: examined.bytes,
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
        let (node, digest) = (self.installation.run, examined.digest);
        let header = rejects::content_of(examined.header.names.iter().map(String::as_str));
        self.store
            .transaction(move |tx| async move {
                let found = tx.campaign(campaign).await?.filter(|found| found.workspace == actor.workspace);
                let found = found.ok_or(ImportRefused::NoSuchCampaign)?;
                match tx.add_import(&import, node).await {
                    Err(StoreError::Conflict) => return Err(ImportRefused::AlreadyRunning),
                    added => added?,
                }
                tx.add_import_header(import.id, &header).await?;
                tx.note_digest(import.id, &digest).await?;
                let same_file = Arc::new(tx.imports_of_file(campaign, &digest).await?);
                let detail = serde_json::json!({ "import": import.id.to_string(), "bytes": import.bytes });
                audit::note(&tx, &actor, "import.start", campaign, detail, now).await?;
                Ok((import, Region::parse(&found.default_region).ok(), same_file))
            })
            .await
    }

    /// How far an import is, changing as it goes on; `None` when no such import runs in this process.
    pub fn import_progress(&self, id: ImportId) -> Option<watch::Receiver<ImportRecord>> {
        self.imports.lock().get(&id).cloned()
    }

    /// Waits until an import that runs in this process is over; the import as it is then.
    pub async fn import_finished(
        &self,
        of: WorkspaceId,
        id: ImportId,
    ) -> Result<Option<ImportRecord>, StoreError> {
        if let Some(mut progress) = self.import_progress(id) {
            // An error means that the task is gone; the database knows how far it came.
            let _ = progress.wait_for(|import| import.status != ImportStatus::Running).await;
        }
        self.store.import(of, id).await
    }
}

impl InProgress {
    fn lock(&self) -> MutexGuard<'_, HashMap<ImportId, watch::Receiver<ImportRecord>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An import at work.
struct Running {
    actions: Actions,
    import: ImportRecord,
    /// Every import of the same file, this one too.
    same_file: Arc<HashSet<ImportId>>,
    progress: watch::Sender<ImportRecord>,
    told_at: Option<Uptime>,
}

impl Running {
    async fn run(mut self, file: File, examined: Examined, rules: Rules) {
        let outcome = caught(self.take_all(file, examined, rules)).await;
        let outcome = outcome.unwrap_or_else(|panicked| Err(StoreError::from(panicked).into()));
        let (status, problem) = match outcome {
            Ok(End::Complete) => (ImportStatus::Completed, None),
            // Whoever closed it has written why.
            Ok(End::Unwanted) => return,
            Ok(End::TooManyMalformed) => (ImportStatus::Failed, Some(self.report_of_broken_rows())),
            Err(error) => {
                tracing::error!(import = %self.import.id, %error, "an import stopped");
                let why = "The server could not go on with the import. What was added until then stays; import the \
                           file again.";
                (ImportStatus::Failed, Some(why.to_owned()))
            }
        };
        // Before the end is told: whoever waits for it may launch the campaign.
        if self.import.added >= MANY
            && let Err(error) = self.actions.store.many_prospects_were_added().await
        {
            tracing::debug!(import = %self.import.id, %error, "the database was not told of many new prospects; it looks by itself");
        }
        if let Err(error) = self.close(status, problem).await {
            tracing::error!(import = %self.import.id, %error, "the end of an import could not be written");
        }
        self.actions.wake.dialer();
    }

    async fn take_all(&mut self, file: File, examined: Examined, rules: Rules) -> Result<End, StopCause> {
        let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD);
        let reader = tokio::task::spawn_blocking(move || {
            reading::read_all(file, &examined, &rules, |batch| sender.blocking_send(batch).is_ok())
        });
        while let Some(batch) = batches.recv().await {
            if !self.take(Arc::new(batch)).await? {
                return Ok(End::Unwanted);
            }
        }
        Ok(reader.await.map_err(io::Error::other)??)
    }

    /// Writes one batch; `false` when the import does not run any more.
    async fn take(&mut self, batch: Arc<Batch>) -> Result<bool, StoreError> {
        let mut tries = 0;
        let taken = loop {
            let (import, batch, now) = (self.import.clone(), batch.clone(), self.actions.clock.now());
            let same_file = self.same_file.clone();
            let taking = move |tx| async move { batch::take_in(&tx, import, &same_file, batch, now).await };
            tries += 1;
            match self.actions.store.transaction(taking).await {
                Err(StoreError::Database(_) | StoreError::Conflict) if tries < TRIES => {}
                taken => break taken?,
            }
        };
        let Some(import) = taken else { return Ok(false) };
        self.tell(import);
        Ok(true)
    }

    async fn close(&mut self, status: ImportStatus, problem: Option<String>) -> Result<(), StoreError> {
        let finished_at = Some(self.actions.clock.now());
        let import = ImportRecord { status, problem, finished_at, ..self.import.clone() };
        let closed = import.clone();
        let written = self
            .actions
            .store
            .transaction(move |tx| async move { tx.save_running_import(&closed).await })
            .await?;
        if written {
            self.tell(import);
        }
        Ok(())
    }

    fn tell(&mut self, import: ImportRecord) {
        self.import = import.clone();
        let is_over = import.status != ImportStatus::Running;
        if is_over || self.told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
            self.told_at = Some(Uptime::now());
            self.actions.live.publish(import.workspace, Subject::Import { import: import.id });
        }
        self.progress.send_replace(import);
    }

    fn report_of_broken_rows(&self) -> String {
        let ImportRecord { rows, added, merged, rejected, .. } = self.import;
        format!(
            "Too many rows cannot be read as CSV, so the import stopped after {rows} rows: {added} were added, \
             {merged} merged, {rejected} refused. Is it a CSV file with one row per person and as many cells as the \
             header? The refused rows say what is wrong with each. What was added stays; correct the file and import \
             it again."
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.actions.imports.lock().remove(&self.import.id);
    }
}

/// Why an import cannot go on.
#[derive(Debug, thiserror::Error)]
enum StopCause {
    #[error("its file: {0}")]
    File(#[from] io::Error),
    #[error("the database: {0}")]
    Store(#[from] StoreError),
}
