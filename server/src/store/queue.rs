//! The line of those who wait: the order in which they are rung, read from the front of one index, and the changes that
//! people make to it.
//!
//! Everybody who waits stands in one of eight ranges, by standing and priority. Within a range the index is in the order
//! of time, so the front of the line is the front of a few ranges, however many people wait behind.

use domain::ids::{CampaignId, ClearingId, ProspectId, WorkspaceId};
use domain::prospect::ProspectStatus;
use domain::queue::{DialOrder, Priority};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::calls::CallRecord;
use super::campaigns::CampaignRecord;
use super::entities::{calls, prospects};
use super::prospects::ProspectRecord;
use super::{Store, StoreError, Tx, dialect, millis, sql, time};

/// Where somebody stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Their time has not come: they stand behind all whose has.
    pub later: bool,
    /// Their turn; the smaller is rung first.
    pub turn: i64,
    /// When they are due, in UTC milliseconds.
    pub due_at: i64,
    /// Who.
    pub prospect: ProspectId,
}

/// How many prospects of a campaign stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// To be rung as soon as may be.
    pub ready: u64,
    /// Waiting for another attempt.
    pub waiting: u64,
    /// In a call.
    pub in_call: u64,
    /// What became of their last call is being looked for.
    pub held: u64,
    /// Passed over for now; counted neither as ready nor as waiting.
    pub skipped: u64,
}

/// The ids of those who are due, in the order in which they are rung, with `turn` and `due_at`. Values: campaign, now, and
/// what `most` says: how many at most.
pub(super) fn front_of_line(order: DialOrder, most: &str) -> String {
    stretch(order, false, None, most)
}

/// A stretch of the line: of those who are due, or of the others. Values: campaign, now, how many at most; behind a place
/// also its time and its id.
fn stretch(order: DialOrder, later: bool, behind: Option<Place>, most: &str) -> String {
    let time = if later { "due_at > $2" } else { "due_at <= $2" };
    let ranges = ranges(order).filter_map(|(range, turn)| {
        let behind = match behind {
            None => "",
            Some(place) if turn == place.turn => " AND (due_at, id) > ($4, $5)",
            // Those who are due come turn by turn, the others by their time and only then by turn.
            Some(place) if !later && turn < place.turn => return None,
            Some(_) if !later => "",
            Some(place) if turn > place.turn => " AND due_at >= $4",
            Some(_) => " AND due_at > $4",
        };
        Some(format!(
            "SELECT id, due_at, turn FROM (SELECT id, due_at, CAST({turn} AS BIGINT) AS turn FROM prospects \
             WHERE campaign_id = $1 AND {range} AND {time}{behind} ORDER BY due_at, id LIMIT {most}) AS one_range"
        ))
    });
    let by = if later { "due_at, turn, id" } else { "turn, due_at, id" };
    format!(
        "SELECT id, due_at, turn FROM ({}) AS ranges ORDER BY {by} LIMIT {most}",
        ranges.collect::<Vec<_>>().join(" UNION ALL ")
    )
}

/// Each range of the index with its turn. The first condition is the index's own: SQLite looks for it to the letter.
fn ranges(order: DialOrder) -> impl Iterator<Item = (String, i64)> {
    let standings = [ProspectStatus::Ready, ProspectStatus::Waiting];
    let each = Priority::ALL.into_iter().flat_map(move |priority| standings.map(|status| (priority, status)));
    each.map(move |(priority, status)| {
        let range = format!(
            "status IN ('ready', 'waiting') AND status = '{}' AND priority = {}",
            status.as_str(),
            priority.rank()
        );
        (range, i64::from(order.turn(priority, status)))
    })
}

#[derive(sea_orm::FromQueryResult)]
struct PlaceRow {
    id: uuid::Uuid,
    due_at: i64,
    turn: i64,
}

#[derive(sea_orm::FromQueryResult)]
struct IdRow {
    id: uuid::Uuid,
}

impl Store {
    /// The next `most` in the line as it is at `now`, behind a place: first those who are due in the order in which they
    /// are rung, then the others in the order in which they become due.
    pub async fn line(
        &self,
        campaign: &CampaignRecord,
        now: Timestamp,
        behind: Option<Place>,
        most: u64,
    ) -> Result<Vec<Place>, StoreError> {
        let mut found = Vec::new();
        for later in [false, true] {
            if behind.is_some_and(|place| place.later && !later) {
                continue;
            }
            let behind = behind.filter(|place| place.later == later);
            let wanted = stretch(campaign.dial_order, later, behind, "$3");
            let left = (most - found.len() as u64) as i64;
            let mut values = vec![campaign.id.uuid().into(), millis(now).into(), left.into()];
            if let Some(place) = behind {
                values.extend([place.due_at.into(), place.prospect.uuid().into()]);
            }
            let rows: Vec<PlaceRow> = sql::all(self.reader(), &wanted, values).await?;
            found.extend(rows.into_iter().map(|row| Place {
                later,
                turn: row.turn,
                due_at: row.due_at,
                prospect: ProspectId::from_uuid(row.id),
            }));
            if found.len() as u64 >= most {
                break;
            }
        }
        Ok(found)
    }

    /// These prospects in this order; who is gone is left out.
    pub async fn prospects_in_order(&self, ids: &[ProspectId]) -> Result<Vec<ProspectRecord>, StoreError> {
        let wanted = prospects::Entity::find()
            .filter(prospects::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
            .all(self.reader())
            .await?;
        let found: Result<Vec<_>, _> = wanted.into_iter().map(ProspectRecord::try_from).collect();
        let mut found = found?;
        found.sort_by_key(|prospect| ids.iter().position(|id| *id == prospect.id));
        Ok(found)
    }

    /// The first prospects of a campaign who may be rung, for placing the next few by hand.
    pub async fn next_due(
        &self,
        campaign: &CampaignRecord,
        now: Timestamp,
        most: u64,
    ) -> Result<Vec<ProspectId>, StoreError> {
        let values = [campaign.id.uuid().into(), millis(now).into(), (most as i64).into()];
        let rows: Vec<PlaceRow> =
            sql::all(self.reader(), &front_of_line(campaign.dial_order, "$3"), values).await?;
        Ok(rows.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect())
    }

    /// When the first of those who are not due yet becomes so.
    pub(super) async fn next_due_at(
        &self,
        campaign: &CampaignRecord,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            at: Option<i64>,
        }
        let ranges = ranges(campaign.dial_order).map(|(range, _)| {
            format!(
                "SELECT MIN(due_at) AS at FROM prospects WHERE campaign_id = $1 AND {range} AND due_at > $2"
            )
        });
        let wanted = format!(
            "SELECT MIN(at) AS at FROM ({}) AS ranges",
            ranges.collect::<Vec<_>>().join(" UNION ALL ")
        );
        let values = [campaign.id.uuid().into(), millis(after).into()];
        let row: Option<Row> = sql::one(&self.plan, &wanted, values).await?;
        Ok(row.and_then(|row| row.at).map(time))
    }

    /// How many prospects of a campaign were taken out by a clearing and not put back since.
    pub async fn count_cleared(&self, campaign: CampaignId) -> Result<u64, StoreError> {
        use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
        let cleared = prospects::Entity::find()
            .filter(prospects::Column::CampaignId.eq(campaign.uuid()))
            .filter(prospects::Column::ClearedBy.is_not_null());
        Ok(cleared.count(self.reader()).await?)
    }

    /// How many prospects of a campaign stand where in its queue.
    pub async fn queue_counts(
        &self,
        campaign: CampaignId,
        now: Timestamp,
    ) -> Result<QueueCounts, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            status: String,
            count: i64,
        }
        let standing = "SELECT status, COUNT(*) AS count FROM prospects WHERE campaign_id = $1 \
                        AND status IN ('ready', 'waiting', 'in_call', 'held') GROUP BY status";
        let skipped = "SELECT status, COUNT(*) AS count FROM prospects WHERE campaign_id = $1 \
                       AND due_before_skip IS NOT NULL AND due_at > $2 AND status IN ('ready', 'waiting') \
                       GROUP BY status";
        let standing: Vec<Row> = sql::all(self.reader(), standing, [campaign.uuid().into()]).await?;
        let skipped: Vec<Row> =
            sql::all(self.reader(), skipped, [campaign.uuid().into(), millis(now).into()]).await?;
        let of = |rows: &[Row], status: ProspectStatus| {
            let found = rows.iter().find(|row| row.status == status.as_str());
            found.map_or(0, |row| row.count.unsigned_abs())
        };
        let (ready, waiting) = (ProspectStatus::Ready, ProspectStatus::Waiting);
        Ok(QueueCounts {
            ready: of(&standing, ready).saturating_sub(of(&skipped, ready)),
            waiting: of(&standing, waiting).saturating_sub(of(&skipped, waiting)),
            in_call: of(&standing, ProspectStatus::InCall),
            held: of(&standing, ProspectStatus::Held),
            skipped: of(&skipped, ready) + of(&skipped, waiting),
        })
    }
}

impl Tx {
    /// Those of these prospects that belong to a campaign.
    pub async fn prospects_of(
        &self,
        campaign: CampaignId,
        ids: &[ProspectId],
    ) -> Result<Vec<ProspectId>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = format!(
            "SELECT id FROM prospects WHERE campaign_id = $1 AND id IN ({})",
            sql::placeholders(2, ids.len())
        );
        let values = std::iter::once(campaign.uuid().into()).chain(ids.iter().map(|id| id.uuid().into()));
        let rows: Vec<IdRow> = sql::all(self.connection(), &wanted, values).await?;
        Ok(rows.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect())
    }

    /// Calls to these prospects that were not armed yet, locked.
    pub async fn lock_reserved_calls_to(&self, to: &[ProspectId]) -> Result<Vec<CallRecord>, StoreError> {
        if to.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = format!(
            "live AND placement = 'reserved' AND prospect_id IN ({})",
            sql::placeholders(1, to.len())
        );
        self.locked_calls(&wanted, to.iter().map(|id| id.uuid().into()).collect(), None).await
    }

    /// The first `most` calls of a campaign that were not armed yet, locked.
    pub async fn lock_reserved_calls_of(
        &self,
        campaign: CampaignId,
        most: usize,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let wanted = "campaign_id = $1 AND placement = 'reserved'";
        self.locked_calls(wanted, vec![campaign.uuid().into()], Some(most)).await
    }

    /// Calls of a workspace, or of one campaign of it, that the carrier took and has not begun to dial, locked.
    pub async fn lock_calls_queued_at_carrier(
        &self,
        of: WorkspaceId,
        campaign: Option<CampaignId>,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let mut wanted = "workspace_id = $1 AND live AND placement = 'placed' \
                          AND initiated_at IS NULL AND ringing_at IS NULL AND answered_at IS NULL"
            .to_owned();
        let mut values = vec![of.uuid().into()];
        if let Some(campaign) = campaign {
            wanted += " AND campaign_id = $2";
            values.push(campaign.uuid().into());
        }
        self.locked_calls(&wanted, values, None).await
    }

    async fn locked_calls(
        &self,
        wanted: &str,
        values: Vec<sea_orm::Value>,
        most: Option<usize>,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let db = self.connection();
        let most = most.map(|most| format!(" LIMIT {most}")).unwrap_or_default();
        let locked = dialect::for_update(db.get_database_backend());
        let columns = sql::columns::<calls::Entity>();
        let wanted = format!("SELECT {columns} FROM calls WHERE {wanted} ORDER BY id{most}{locked}");
        let rows: Vec<calls::Model> = sql::all(db, &wanted, values).await?;
        rows.into_iter().map(CallRecord::try_from).collect()
    }

    /// The next `most` who wait in a campaign's line, by id, behind one; locked.
    pub async fn lock_waiting(
        &self,
        campaign: CampaignId,
        after: Option<ProspectId>,
        most: usize,
    ) -> Result<Vec<ProspectId>, StoreError> {
        let wanted = "SELECT id FROM prospects WHERE campaign_id = $1 AND status IN ('ready', 'waiting') \
                      AND id > $2 ORDER BY id LIMIT $3";
        let after = after.map_or(uuid::Uuid::nil(), ProspectId::uuid);
        self.locked_ids(wanted, vec![campaign.uuid().into(), after.into(), (most as i64).into()]).await
    }

    /// The next `most` whom a clearing took out of a campaign's line, or any clearing, by id; locked.
    pub async fn lock_cleared(
        &self,
        campaign: CampaignId,
        by: Option<ClearingId>,
        most: usize,
    ) -> Result<Vec<ProspectId>, StoreError> {
        let mut wanted = "SELECT id FROM prospects WHERE campaign_id = $1 AND cleared_by IS NOT NULL \
                          AND status = 'removed'"
            .to_owned();
        let mut values = vec![campaign.uuid().into(), (most as i64).into()];
        if let Some(by) = by {
            wanted += " AND cleared_by = $3";
            values.push(by.uuid().into());
        }
        wanted += " ORDER BY id LIMIT $2";
        self.locked_ids(&wanted, values).await
    }

    async fn locked_ids(
        &self,
        wanted: &str,
        values: Vec<sea_orm::Value>,
    ) -> Result<Vec<ProspectId>, StoreError> {
        let db = self.connection();
        let wanted = format!("{wanted}{}", dialect::for_update(db.get_database_backend()));
        let rows: Vec<IdRow> = sql::all(db, &wanted, values).await?;
        Ok(rows.into_iter().map(|row| ProspectId::from_uuid(row.id)).collect())
    }

    /// Takes these people, whom the transaction has locked, out of the line. Their time is kept for the undoing.
    pub async fn clear_prospects(
        &self,
        ids: &[ProspectId],
        by: ClearingId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let change = format!(
            "UPDATE prospects SET status = 'removed', cleared_by = $1, updated_at = $2 WHERE id IN ({})",
            sql::placeholders(3, ids.len())
        );
        self.change_ids(&change, vec![by.uuid().into(), millis(now).into()], ids).await
    }

    /// Puts these people, whom the transaction has locked, back where a clearing took them from. Numbers that came onto
    /// the do-not-call list meanwhile stay out.
    pub async fn restore_prospects(&self, ids: &[ProspectId], now: Timestamp) -> Result<u64, StoreError> {
        const LISTED: &str = "EXISTS (SELECT 1 FROM do_not_call d \
                              WHERE d.workspace_id = prospects.workspace_id AND d.phone = prospects.phone)";
        let change = format!(
            "UPDATE prospects SET cleared_by = NULL, updated_at = $1, \
             status = CASE WHEN {LISTED} THEN 'do_not_call' WHEN attempts_spent = 0 THEN 'ready' ELSE 'waiting' END, \
             due_at = CASE WHEN {LISTED} THEN NULL ELSE due_at END WHERE id IN ({})",
            sql::placeholders(2, ids.len())
        );
        self.change_ids(&change, vec![millis(now).into()], ids).await
    }

    /// Gives these people, whom the transaction has locked, a priority; how many had another one.
    pub async fn set_priority(
        &self,
        ids: &[ProspectId],
        priority: Priority,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let change = format!(
            "UPDATE prospects SET priority = $1, updated_at = $2 WHERE priority <> $1 AND id IN ({})",
            sql::placeholders(3, ids.len())
        );
        self.change_ids(&change, vec![i64::from(priority.rank()).into(), millis(now).into()], ids).await
    }

    async fn change_ids(
        &self,
        change: &str,
        mut values: Vec<sea_orm::Value>,
        ids: &[ProspectId],
    ) -> Result<u64, StoreError> {
        if ids.is_empty() {
            return Ok(0);
        }
        values.extend(ids.iter().map(|id| sea_orm::Value::from(id.uuid())));
        Ok(sql::run(self.connection(), change, values).await?)
    }
}

#[cfg(test)]
mod tests;
