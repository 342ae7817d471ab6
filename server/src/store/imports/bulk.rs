//! Prospects by the thousand: as few statements as possible, and the same text each time so that both databases
//! prepare it once.

use domain::ids::{CampaignId, ImportId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult, Value};

use super::ImportRecord;
use crate::store::prospects::ProspectRecord;
use crate::store::{StoreError, Tx, dialect, millis, sql};

/// What is the same for all prospects that are added together.
#[derive(Debug, Clone, Copy)]
pub struct NewProspects {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// With which file they come.
    pub import: ImportId,
    /// Where they stand.
    pub status: ProspectStatus,
    /// When they may be rung.
    pub due_at: Option<Timestamp>,
    /// When they are added.
    pub now: Timestamp,
}

/// What differs from prospect to prospect.
#[derive(Debug, Clone, Copy)]
pub struct NewProspect<'a> {
    /// Who.
    pub id: ProspectId,
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// E-mail address.
    pub email: &'a str,
    /// The number to ring.
    pub phone: &'a PhoneNumber,
    /// Company.
    pub company: &'a str,
    /// Title.
    pub title: &'a str,
    /// Custom fields as a JSON object.
    pub metadata: &'a str,
}

/// Values of a `NewProspect`.
const COLUMNS: usize = 8;

impl Tx {
    /// The prospects of a campaign with one of these numbers, in id order, locked.
    pub async fn lock_prospects_among(
        &self,
        of: WorkspaceId,
        campaign: CampaignId,
        phones: &[&PhoneNumber],
    ) -> Result<Vec<ProspectRecord>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
        }
        if phones.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.connection();
        let backend = db.get_database_backend();
        let numbers: Vec<String> =
            (0..phones.len()).map(|at| dialect::value_row(backend, at + 3, 1)).collect();
        // One look at an index of numbers for each. PostgreSQL takes a campaign that its statistics have not met for an
        // empty one, and would read all of it for each number: for these words it has no index of campaigns.
        let wanted = format!(
            "SELECT id FROM (SELECT (SELECT id FROM prospects WHERE workspace_id = {} \
             AND campaign_id IS NOT DISTINCT FROM {} AND phone = column1) AS id \
             FROM (VALUES {}) AS numbers) AS found WHERE id IS NOT NULL",
            dialect::placeholder(backend, 1),
            dialect::placeholder(backend, 2),
            numbers.join(", "),
        );
        let shared = [of.uuid().into(), campaign.uuid().into()];
        let numbers = phones.iter().map(|phone| phone.as_str().into());
        let found: Vec<Row> = sql::all(db, &wanted, shared.into_iter().chain(numbers)).await?;
        let ids: Vec<ProspectId> = found.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect();
        self.lock_prospects(&ids).await
    }

    /// Those of the numbers that are on the do-not-call list.
    pub async fn do_not_call_in(
        &self,
        of: WorkspaceId,
        phones: &[&PhoneNumber],
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            phone: String,
        }
        if phones.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.connection();
        let wanted = format!(
            "SELECT phone FROM do_not_call WHERE workspace_id = {} AND phone IN {}",
            dialect::placeholder(db.get_database_backend(), 1),
            dialect::value_row(db.get_database_backend(), 2, phones.len()),
        );
        let numbers = phones.iter().map(|phone| phone.as_str().into());
        let rows: Vec<Row> = sql::all(db, &wanted, std::iter::once(of.uuid().into()).chain(numbers)).await?;
        Ok(rows.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.phone)).collect())
    }

    /// Adds at most a few thousand prospects whose number the campaign does not have; how many were added.
    pub async fn insert_prospects(
        &self,
        shared: NewProspects,
        new: &[NewProspect<'_>],
    ) -> Result<u64, StoreError> {
        if new.is_empty() {
            return Ok(0);
        }
        let db = self.connection();
        let backend = db.get_database_backend();
        let shared_values: [Value; 7] = [
            shared.workspace.uuid().into(),
            shared.campaign.uuid().into(),
            shared.status.as_str().into(),
            shared.due_at.map(millis).into(),
            millis(shared.now).into(),
            millis(shared.now).into(),
            shared.import.uuid().into(),
        ];
        let given: Vec<String> =
            (1..=shared_values.len()).map(|number| dialect::placeholder(backend, number)).collect();
        let rows: Vec<String> = (0..new.len())
            .map(|row| dialect::value_row(backend, shared_values.len() + 1 + row * COLUMNS, COLUMNS))
            .collect();
        // `WHERE TRUE`: without it SQLite takes the ON of ON CONFLICT for a join's.
        let insert = format!(
            "INSERT INTO prospects (workspace_id, campaign_id, status, due_at, created_at, updated_at, \
             import_id, attempts, attempts_spent, id, first_name, last_name, email, phone, company, title, metadata) \
             SELECT {}, 0, 0, column1, column2, column3, column4, column5, column6, column7, column8 \
             FROM (VALUES {}) AS new_rows WHERE TRUE ON CONFLICT (campaign_id, phone) DO NOTHING",
            given.join(", "),
            rows.join(", ")
        );
        let values = new.iter().flat_map(|prospect| -> [Value; COLUMNS] {
            [
                prospect.id.uuid().into(),
                prospect.first_name.into(),
                prospect.last_name.into(),
                prospect.email.into(),
                prospect.phone.as_str().into(),
                prospect.company.into(),
                prospect.title.into(),
                prospect.metadata.into(),
            ]
        });
        Ok(sql::run(db, &insert, shared_values.into_iter().chain(values)).await?)
    }

    /// Writes how far a running import is, or how it ended. `false` when it does not run any more: somebody else
    /// closed it, and nothing more may be added in its name.
    pub async fn save_running_import(&self, import: &ImportRecord) -> Result<bool, StoreError> {
        let change = "UPDATE imports SET status = $1, problem = $2, bytes_read = $3, rows = $4, added = $5, \
                      merged = $6, rejected = $7, finished_at = $8 WHERE id = $9 AND status = 'running'";
        let values: [Value; 9] = [
            import.status.as_str().into(),
            import.problem.clone().into(),
            (import.bytes_read as i64).into(),
            (import.rows as i64).into(),
            (import.added as i64).into(),
            (import.merged as i64).into(),
            (import.rejected as i64).into(),
            import.finished_at.map(millis).into(),
            import.id.uuid().into(),
        ];
        Ok(sql::run(self.connection(), change, values).await? > 0)
    }
}
