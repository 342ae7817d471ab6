//! Files of prospects taken in: progress and totals by bucket, and the rows that were refused.

mod bulk;
mod undo;

use domain::ids::{CampaignId, ImportId, NodeId, WorkspaceId};
use jiff::Timestamp;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entities::{import_rejects, imports};
use super::{Store, StoreError, Tx, millis, sql, time};

pub use bulk::{NewProspect, NewProspects};
pub use undo::UndoOutlook;

/// Where the header is kept among the refused rows, whose lines count from 1.
const HEADER_LINE: i64 = 0;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportStatus {
    /// Rows are being read.
    Running,
    /// Every row ended in a bucket.
    Completed,
    /// Stopped; what was added until then stays.
    Failed,
}

impl ImportStatus {
    /// The word of our API and database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// One file taken in. At every committed instant `rows = added + merged + rejected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Which.
    pub id: ImportId,
    /// Whose.
    pub workspace: WorkspaceId,
    /// Into which campaign.
    pub campaign: CampaignId,
    /// How far.
    pub status: ImportStatus,
    /// Why it failed.
    pub problem: Option<String>,
    /// Length of the file.
    pub bytes: u64,
    /// How much of it was read.
    pub bytes_read: u64,
    /// Rows read, without the header.
    pub rows: u64,
    /// Rows that became new prospects.
    pub added: u64,
    /// Rows whose number the campaign had already.
    pub merged: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When undoing it came to its end.
    pub undone_at: Option<Timestamp>,
    /// Prospects that undoing it has taken out so far.
    pub taken_out: u64,
}

impl ImportRecord {
    /// Prospects it added that undoing it has not taken out.
    pub const fn kept(&self) -> u64 {
        self.added.saturating_sub(self.taken_out)
    }
}

/// A row that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectRecord {
    /// The line of the file on which the row begins, from 1.
    pub line: u64,
    /// A word for the reason.
    pub code: String,
    /// The reason, in plain words.
    pub reason: String,
    /// The row as it was, as CSV.
    pub content: String,
}

impl Store {
    /// One import of a workspace.
    pub async fn import(&self, of: WorkspaceId, id: ImportId) -> Result<Option<ImportRecord>, StoreError> {
        let found = imports::Entity::find_by_id(id.uuid()).filter(imports::Column::WorkspaceId.eq(of.uuid()));
        found.one(self.reader()).await?.map(ImportRecord::try_from).transpose()
    }

    /// The latest imports into a campaign, the newest first.
    pub async fn imports_of(&self, campaign: CampaignId, most: u64) -> Result<Vec<ImportRecord>, StoreError> {
        let found = imports::Entity::find().filter(imports::Column::CampaignId.eq(campaign.uuid()));
        let rows = found.order_by_desc(imports::Column::Id).limit(most).all(self.reader()).await?;
        rows.into_iter().map(ImportRecord::try_from).collect()
    }

    /// How many rows of an import were refused for which reason, the most frequent first.
    pub async fn reject_codes(&self, import: ImportId) -> Result<Vec<(String, u64)>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            code: String,
            count: i64,
        }
        let wanted = "SELECT code, COUNT(*) AS count FROM import_rejects WHERE import_id = $1 AND line > $2 \
                      GROUP BY code ORDER BY COUNT(*) DESC, code";
        let rows: Vec<Row> =
            sql::all(self.reader(), wanted, [import.uuid().into(), HEADER_LINE.into()]).await?;
        Ok(rows.into_iter().map(|row| (row.code, row.count.unsigned_abs())).collect())
    }

    /// The header of an import's file, as CSV.
    pub async fn import_header(&self, import: ImportId) -> Result<Option<String>, StoreError> {
        let header = import_rejects::Entity::find_by_id((import.uuid(), HEADER_LINE));
        Ok(header.one(self.reader()).await?.map(|row| row.content))
    }

    /// Refused rows of an import in the order of the file, behind line `after`.
    pub async fn rejects(
        &self,
        import: ImportId,
        after: u64,
        most: u64,
    ) -> Result<Vec<RejectRecord>, StoreError> {
        let of_import = import_rejects::Entity::find()
            .filter(import_rejects::Column::ImportId.eq(import.uuid()))
            .filter(import_rejects::Column::Line.gt(after as i64));
        let rows =
            of_import.order_by_asc(import_rejects::Column::Line).limit(most).all(self.reader()).await?;
        let reject = |row: import_rejects::Model| RejectRecord {
            line: row.line.unsigned_abs(),
            code: row.code,
            reason: row.reason,
            content: row.content,
        };
        Ok(rows.into_iter().map(reject).collect())
    }
}

impl Tx {
    /// Adds an import that `node` reads; a conflict when one is running for the campaign already.
    pub async fn add_import(&self, import: &ImportRecord, node: NodeId) -> Result<(), StoreError> {
        let row = imports::Model { node_id: Some(node.uuid()), ..imports::Model::from(import) };
        row.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// Keeps the header of an import's file, so that refused rows can be shown under it.
    pub async fn add_import_header(&self, import: ImportId, header: &str) -> Result<(), StoreError> {
        let row = import_rejects::Model {
            import_id: import.uuid(),
            line: HEADER_LINE,
            code: "header".to_owned(),
            reason: String::new(),
            content: header.to_owned(),
        };
        row.into_active_model().reset_all().insert(self.connection()).await?;
        Ok(())
    }

    /// Adds refused rows.
    pub async fn add_rejects(&self, import: ImportId, rejects: &[RejectRecord]) -> Result<(), StoreError> {
        for batch in rejects.chunks(1_000) {
            let rows = batch.iter().map(|reject| {
                let row = import_rejects::Model {
                    import_id: import.uuid(),
                    line: reject.line as i64,
                    code: reject.code.clone(),
                    reason: reject.reason.clone(),
                    content: reject.content.clone(),
                };
                row.into_active_model().reset_all()
            });
            import_rejects::Entity::insert_many(rows).exec_without_returning(self.connection()).await?;
        }
        Ok(())
    }

    /// Closes the running imports of servers that ended.
    pub async fn fail_abandoned_imports(&self, problem: &str, now: Timestamp) -> Result<u64, StoreError> {
        let change = "UPDATE imports SET status = 'failed', problem = $1, finished_at = $2 \
                      WHERE status = 'running' AND NOT EXISTS \
                      (SELECT 1 FROM nodes n WHERE n.id = imports.node_id AND n.stopped_at IS NULL)";
        Ok(sql::run(self.connection(), change, [problem.into(), millis(now).into()]).await?)
    }
}

impl TryFrom<imports::Model> for ImportRecord {
    type Error = StoreError;

    fn try_from(row: imports::Model) -> Result<Self, StoreError> {
        let status = match row.status.as_str() {
            "running" => ImportStatus::Running,
            "completed" => ImportStatus::Completed,
            "failed" => ImportStatus::Failed,
            _ => return Err(StoreError::CorruptRow { table: "imports", column: "status" }),
        };
        Ok(Self {
            id: ImportId::from_uuid(row.id),
            workspace: WorkspaceId::from_uuid(row.workspace_id),
            campaign: CampaignId::from_uuid(row.campaign_id),
            status,
            problem: row.problem,
            bytes: row.bytes.unsigned_abs(),
            bytes_read: row.bytes_read.unsigned_abs(),
            rows: row.rows.unsigned_abs(),
            added: row.added.unsigned_abs(),
            merged: row.merged.unsigned_abs(),
            rejected: row.rejected.unsigned_abs(),
            created_at: time(row.created_at),
            finished_at: row.finished_at.map(time),
            undone_at: row.undone_at.map(time),
            taken_out: row.taken_out.unsigned_abs(),
        })
    }
}

impl From<&ImportRecord> for imports::Model {
    fn from(import: &ImportRecord) -> Self {
        Self {
            id: import.id.uuid(),
            workspace_id: import.workspace.uuid(),
            campaign_id: import.campaign.uuid(),
            status: import.status.as_str().to_owned(),
            problem: import.problem.clone(),
            bytes: import.bytes as i64,
            bytes_read: import.bytes_read as i64,
            rows: import.rows as i64,
            added: import.added as i64,
            merged: import.merged as i64,
            rejected: import.rejected as i64,
            created_at: millis(import.created_at),
            finished_at: import.finished_at.map(millis),
            node_id: None,
            undone_at: import.undone_at.map(millis),
            taken_out: import.taken_out as i64,
        }
    }
}
