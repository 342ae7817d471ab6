//! Files that were sent and wait for somebody to say what their columns are.
//!
//! They are kept by this server alone, without a name on the disk: for half an hour, a handful at most, each for whoever
//! sent it. On another server, and after a restart, the file is sent again.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{CampaignId, WorkspaceId};
use domain::phone_number::{PhoneNumber, Region};
use tokio::sync::Mutex as AsyncMutex;

use super::header::{self, Field, Header, HeaderRefused};
use super::preflight::{self, Outline};
use super::reading::{self, Rules};
use super::rows::Row;
use super::workbook;
use crate::actions::imports::{ImportLimits, ImportOptions, ImportRefused};
use crate::actions::prospects::Person;
use crate::actions::{Actions, Actor, random_bytes};
use crate::clock::Uptime;
use crate::store::StoreError;
use crate::store::campaigns::CampaignRecord;
use crate::store::imports::{ImportRecord, RejectRecord};

/// Files that are kept at a time.
const MOST: usize = 8;
const KEPT_FOR: Duration = Duration::from_secs(30 * 60);
/// Rows that are shown before anything is imported.
const ROWS_SHOWN: usize = 20;

/// The files of this server.
#[derive(Debug, Clone, Default)]
pub(in crate::actions) struct Staging(Arc<Mutex<VecDeque<Waiting>>>);

#[derive(Debug)]
struct Waiting {
    token: String,
    at: Uptime,
    workspace: WorkspaceId,
    campaign: CampaignId,
    sender: String,
    file: StagedFile,
}

/// A file that waits, as CSV.
#[derive(Debug, Clone)]
pub struct StagedFile(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    name: String,
    outline: Outline,
    /// One reads at a time: the place at which it is read is the file's own. Gone when it is imported.
    file: AsyncMutex<Option<File>>,
}

/// The first rows of a file and what would become of them.
#[derive(Debug)]
pub struct Look {
    /// The cells of the first rows that can be read.
    pub samples: Vec<Vec<String>>,
    /// What would become of the first rows; or why these columns cannot be imported.
    pub judged: Result<Judged, HeaderRefused>,
}

/// What would become of rows.
#[derive(Debug)]
pub struct Judged {
    /// What each column is.
    pub fields: Vec<Field>,
    /// The first rows.
    pub rows: Vec<PreviewRow>,
}

/// A row and what would become of it.
#[derive(Debug)]
pub struct PreviewRow {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// What would become of it.
    pub fate: Fate,
}

/// What would become of a row.
#[derive(Debug)]
pub enum Fate {
    /// A new prospect.
    Added(Person),
    /// A new prospect whom nobody rings: the number is on the do-not-call list.
    NeverRung(Person),
    /// The campaign has the number, or an earlier row does: gaps are filled in.
    Merged(Person),
    /// Refused.
    Rejected(RejectRecord),
}

impl StagedFile {
    /// What its sender calls it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The names of its columns.
    pub fn columns(&self) -> &[String] {
        &self.0.outline.names
    }

    /// What its columns are by their names alone.
    pub fn guesses(&self) -> Vec<Field> {
        header::guesses(self.columns())
    }

    /// Rows below the names.
    pub fn rows(&self) -> u64 {
        self.0.outline.rows
    }
}

impl Actions {
    /// Keeps a file until somebody says what its columns are; the word by which they find it again.
    ///
    /// `file` is CSV or a workbook, on disk.
    pub async fn stage_import(
        &self,
        actor: Actor,
        campaign: CampaignId,
        file: File,
        name: String,
        limits: ImportLimits,
    ) -> Result<String, ImportRefused> {
        let looked_through = tokio::task::spawn_blocking(move || {
            let mut file = workbook::as_csv(file, limits)?;
            let outline = preflight::outline(&mut file, limits)?;
            Ok::<_, ImportRefused>((file, outline))
        });
        let (file, outline) = looked_through.await.map_err(io::Error::other)??;
        let token = format!("{:032x}", u128::from_be_bytes(random_bytes()));
        self.staged.keep(Waiting {
            token: token.clone(),
            at: Uptime::now(),
            workspace: actor.workspace,
            campaign,
            sender: actor.name,
            file: StagedFile(Arc::new(Kept { name, outline, file: AsyncMutex::new(Some(file)) })),
        });
        Ok(token)
    }

    /// The file that somebody sent for a campaign, if it is still kept.
    pub fn staged_import(&self, actor: &Actor, campaign: CampaignId, token: &str) -> Option<StagedFile> {
        self.staged.find(actor, campaign, token, Uptime::now())
    }

    /// The first rows of a file and what would become of them, by the very rules of the import.
    pub async fn look_at_staged(
        &self,
        staged: &StagedFile,
        campaign: &CampaignRecord,
        mapping: Option<BTreeMap<String, String>>,
    ) -> Result<Look, ImportRefused> {
        let region = Region::parse(&campaign.default_region).ok();
        let rules = self.row_rules(region, ImportLimits::default());
        let mut place = staged.0.file.lock().await;
        let mut file = place.take().ok_or(ImportRefused::NotStaged)?;
        let kept = staged.0.clone();
        let reading = tokio::task::spawn_blocking(move || {
            let look = first_rows(&mut file, &kept.outline, mapping.as_ref(), &rules);
            (file, look)
        });
        let (file, look) = reading.await.map_err(io::Error::other)?;
        *place = Some(file);
        drop(place);
        let mut look = look?;
        if let Ok(judged) = &mut look.judged {
            self.look_up(campaign, &mut judged.rows).await?;
        }
        Ok(look)
    }

    /// Begins to import a file that was kept; it is not kept any longer then. When it is refused, it is.
    pub async fn import_staged(
        &self,
        actor: Actor,
        campaign: CampaignId,
        token: &str,
        mapping: BTreeMap<String, String>,
    ) -> Result<ImportRecord, ImportRefused> {
        let staged = self.staged_import(&actor, campaign, token).ok_or(ImportRefused::NotStaged)?;
        let mut place = staged.0.file.lock().await;
        // The copy has its place in common with ours, which nobody reads any more once the import has begun.
        let copy = place.as_ref().ok_or(ImportRefused::NotStaged)?.try_clone()?;
        let options = ImportOptions { mapping: Some(mapping), ..ImportOptions::default() };
        let import = self.start_import(actor, campaign, copy, options).await?;
        *place = None;
        self.staged.forget(token);
        Ok(import)
    }

    /// What the row alone does not show: whether the campaign has the number, and whether it is never to be rung.
    async fn look_up(&self, campaign: &CampaignRecord, rows: &mut [PreviewRow]) -> Result<(), StoreError> {
        let phones: Vec<PhoneNumber> = rows.iter().filter_map(|row| row.fate.phone().cloned()).collect();
        let mut known = self.store.numbers_known(campaign.id, &phones).await?;
        for row in rows {
            let Fate::Added(person) = &row.fate else { continue };
            let person = person.clone();
            row.fate = if !known.insert(person.phone.clone()) {
                Fate::Merged(person)
            } else if self.store.is_do_not_call(campaign.workspace, &person.phone).await? {
                Fate::NeverRung(person)
            } else {
                continue;
            };
        }
        Ok(())
    }
}

fn first_rows(
    file: &mut File,
    outline: &Outline,
    mapping: Option<&BTreeMap<String, String>>,
    rules: &Rules,
) -> Result<Look, ImportRefused> {
    let header = Header::of(outline.names.clone(), mapping);
    let mut rows = preflight::open(file, outline.delimiter)?;
    rows.next()?;
    rows.expect_columns(outline.names.len());
    let (mut samples, mut judged) = (Vec::new(), Vec::new());
    for _ in 0..ROWS_SHOWN {
        let Some(row) = rows.next()? else { break };
        if let Ok(cells) = &row.cells {
            samples.push(cells.iter().map(str::to_owned).collect());
        }
        if let Ok(header) = &header {
            judged.push(preview(&row, header, rules, outline.delimiter));
        }
    }
    Ok(Look { samples, judged: header.map(|header| Judged { fields: header.fields, rows: judged }) })
}

fn preview(row: &Row<'_>, header: &Header, rules: &Rules, delimiter: u8) -> PreviewRow {
    let judged = reading::judge(row, &header.fields, rules, delimiter);
    PreviewRow { line: row.line, fate: judged.map_or_else(Fate::Rejected, Fate::Added) }
}

impl Fate {
    fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Added(person) | Self::NeverRung(person) | Self::Merged(person) => Some(&person.phone),
            Self::Rejected(_) => None,
        }
    }
}

impl Staging {
    fn keep(&self, new: Waiting) {
        let mut files = self.lock();
        files.retain(|waiting| !waiting.is_over(new.at));
        if files.len() == MOST {
            files.pop_front();
        }
        files.push_back(new);
    }

    fn find(&self, actor: &Actor, campaign: CampaignId, token: &str, now: Uptime) -> Option<StagedFile> {
        let mut files = self.lock();
        files.retain(|waiting| !waiting.is_over(now));
        let theirs = |waiting: &&Waiting| {
            waiting.token == token
                && (waiting.workspace, waiting.campaign) == (actor.workspace, campaign)
                && waiting.sender == actor.name
        };
        files.iter().find(theirs).map(|waiting| waiting.file.clone())
    }

    fn forget(&self, token: &str) {
        self.lock().retain(|waiting| waiting.token != token);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_over(&self, now: Uptime) -> bool {
        now.since(self.at) >= KEPT_FOR
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(name: &str) -> Actor {
        Actor { workspace: WorkspaceId::from_uuid(uuid::Uuid::from_u128(1)), name: name.to_owned() }
    }

    fn campaign(number: u128) -> CampaignId {
        CampaignId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn waiting(token: &str, at: Uptime) -> Waiting {
        let outline = Outline { bytes: 0, delimiter: b',', names: Vec::new(), rows: 0, digest: [0; 32] };
        let kept = Kept { name: token.to_owned(), outline, file: AsyncMutex::new(None) };
        Waiting {
            token: token.to_owned(),
            at,
            workspace: actor("ada").workspace,
            campaign: campaign(1),
            sender: "ada".to_owned(),
            file: StagedFile(Arc::new(kept)),
        }
    }

    #[test]
    fn a_file_is_there_for_whoever_sent_it_and_for_half_an_hour() {
        let (staging, now) = (Staging::default(), Uptime::now());
        staging.keep(waiting("a", now));
        assert!(staging.find(&actor("ada"), campaign(1), "a", now).is_some());
        assert!(staging.find(&actor("eve"), campaign(1), "a", now).is_none());
        assert!(staging.find(&actor("ada"), campaign(2), "a", now).is_none());
        assert!(staging.find(&actor("ada"), campaign(1), "b", now).is_none());
        let stranger = Actor { workspace: WorkspaceId::from_uuid(uuid::Uuid::from_u128(2)), ..actor("ada") };
        assert!(staging.find(&stranger, campaign(1), "a", now).is_none());
        assert!(staging.find(&actor("ada"), campaign(1), "a", now.after(KEPT_FOR)).is_none());
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let (staging, now) = (Staging::default(), Uptime::now());
        for number in 0..=MOST {
            staging.keep(waiting(&number.to_string(), now));
        }
        assert!(staging.find(&actor("ada"), campaign(1), "0", now).is_none());
        assert!(staging.find(&actor("ada"), campaign(1), "1", now).is_some());
        staging.forget("1");
        assert!(staging.find(&actor("ada"), campaign(1), "1", now).is_none());
    }
}
