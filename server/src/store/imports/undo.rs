//! Taking out again what an import added: whoever was never rung and is still as they came.

use std::collections::HashSet;

use domain::ids::{CampaignId, ImportId, ProspectId};
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};

use crate::store::given::{self, Given};
use crate::store::{Store, StoreError, Tx, millis, sql};

/// Nobody rang them and nobody changed them since they came. Whoever has a call, even one that was given up, stays: the call
/// names them.
const UNTOUCHED: &str = "attempts = 0 AND last_call_id IS NULL AND status NOT IN ('in_call', 'held') \
                         AND updated_at = created_at";

/// What undoing an import would do with the prospects that came with it and with no other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UndoOutlook {
    /// They would be taken out.
    pub untouched: u64,
    /// They would stay: a call was made to them, or is being made.
    pub rung: u64,
    /// They would stay: somebody changed them since.
    pub changed: u64,
}

impl Store {
    /// What undoing an import would do at this instant.
    pub async fn undo_outlook(&self, import: ImportId) -> Result<UndoOutlook, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            everybody: i64,
            untouched: i64,
            rung: i64,
        }
        let count = |condition: &str| format!("COUNT(CASE WHEN {condition} THEN 1 END)");
        let wanted = format!(
            "SELECT COUNT(*) AS everybody, {} AS untouched, {} AS rung FROM prospects WHERE import_id = $1",
            count(UNTOUCHED),
            count("attempts > 0 OR last_call_id IS NOT NULL OR status IN ('in_call', 'held')"),
        );
        let found: Option<Row> = sql::one(self.reader(), &wanted, [import.uuid().into()]).await?;
        let outlook = |row: Row| UndoOutlook {
            untouched: row.untouched.unsigned_abs(),
            rung: row.rung.unsigned_abs(),
            changed: (row.everybody - row.untouched - row.rung).unsigned_abs(),
        };
        Ok(found.map(outlook).unwrap_or_default())
    }
}

impl Tx {
    /// Some of those whom undoing an import takes out, not locked.
    pub async fn untouched_of(&self, import: ImportId) -> Result<Vec<ProspectId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
        }
        let wanted = format!(
            "SELECT id FROM prospects WHERE import_id = $1 AND {UNTOUCHED} ORDER BY id LIMIT {}",
            given::MOST
        );
        let rows: Vec<Row> = sql::all(self.connection(), &wanted, [import.uuid().into()]).await?;
        Ok(rows.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect())
    }

    /// Takes out those of some locked prospects who are still untouched; how many.
    pub async fn take_out_untouched(&self, import: ImportId, ids: &[ProspectId]) -> Result<u64, StoreError> {
        let db = self.connection();
        let rows = sql::one_each(ids, |id| id.uuid());
        let mut wanted = Given::rows(db.get_database_backend(), &["id"], rows);
        let of = wanted.value(import.uuid());
        let (change, values) = wanted.statement(&format!(
            "DELETE FROM prospects WHERE id IN (SELECT id FROM given) AND import_id = {of} AND {UNTOUCHED}"
        ));
        let taken_out = sql::run(db, &change, values).await?;
        let count = "UPDATE imports SET taken_out = taken_out + $1 WHERE id = $2";
        sql::run(db, count, [(taken_out as i64).into(), import.uuid().into()]).await?;
        Ok(taken_out)
    }

    /// Writes down that an import is undone; `false` when it was already.
    pub async fn close_undo(&self, import: ImportId, now: Timestamp) -> Result<bool, StoreError> {
        let change = "UPDATE imports SET undone_at = $1 WHERE id = $2 AND undone_at IS NULL";
        Ok(sql::run(self.connection(), change, [millis(now).into(), import.uuid().into()]).await? > 0)
    }

    /// How many prospects undoing an import has taken out so far.
    pub async fn taken_out_of(&self, import: ImportId) -> Result<u64, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            taken_out: i64,
        }
        let wanted = "SELECT taken_out FROM imports WHERE id = $1";
        let found: Option<Row> = sql::one(self.connection(), wanted, [import.uuid().into()]).await?;
        Ok(found.map_or(0, |row| row.taken_out.unsigned_abs()))
    }

    /// Keeps what an import's file is known by.
    pub async fn note_digest(&self, import: ImportId, digest: &[u8; 32]) -> Result<(), StoreError> {
        let change = "UPDATE imports SET digest = $1 WHERE id = $2";
        sql::run(self.connection(), change, [digest.to_vec().into(), import.uuid().into()]).await?;
        Ok(())
    }

    /// Every import of this very file into a campaign.
    pub async fn imports_of_file(
        &self,
        campaign: CampaignId,
        digest: &[u8; 32],
    ) -> Result<HashSet<ImportId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
        }
        let wanted = "SELECT id FROM imports WHERE campaign_id = $1 AND digest = $2";
        let values = [campaign.uuid().into(), digest.to_vec().into()];
        let rows: Vec<Row> = sql::all(self.connection(), wanted, values).await?;
        Ok(rows.into_iter().map(|row| ImportId::from_uuid(row.id)).collect())
    }

    /// A later file has these people too: undoing the first one must leave them.
    pub async fn keep_beyond_their_import(&self, ids: &[ProspectId]) -> Result<(), StoreError> {
        let db = self.connection();
        for some in ids.chunks(given::MOST) {
            let rows = sql::one_each(some, |id| id.uuid());
            let (change, values) = Given::rows(db.get_database_backend(), &["id"], rows)
                .statement("UPDATE prospects SET import_id = NULL WHERE id IN (SELECT id FROM given)");
            sql::run(db, &change, values).await?;
        }
        Ok(())
    }
}
