//! Lists of calls: filters, pages, and how many there are without counting millions.

mod order;

use std::collections::HashMap;

use domain::call::CallStatus;
use domain::carrier_event::AnsweredBy;
use domain::experiment::Arm;
use domain::ids::{CampaignId, ProspectId, WorkspaceId};
use domain::reaction::Reaction;
use domain::statistics::Tally;
use jiff::Timestamp;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, Iterable, PaginatorTrait,
    QueryFilter, QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

pub use self::order::{Begin, By, Order, Spot};
use super::calls::CallRecord;
use super::entities::{calls, campaigns, prospects};
use super::prospects::contains;
use super::{Store, StoreError, dialect};

/// Counting stops here: nobody needs to know whether there are a million or two.
pub const MOST_COUNTED: u64 = 10_000;

/// Which calls to list.
#[derive(Debug, Clone)]
pub struct CallFilter {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only to this prospect.
    pub prospect: Option<ProspectId>,
    /// Only with these statuses; all when empty.
    pub statuses: Vec<CallStatus>,
    /// Only picked up by these; all when empty.
    pub answered_by: Vec<AnsweredBy>,
    /// Only those on which people did this; all when empty.
    pub reactions: Vec<Reaction>,
    /// Only to people who were drawn for these arms of a campaign's A/B tests; all when empty.
    pub arms: Vec<Arm>,
    /// Made at or after this.
    pub from: Option<Timestamp>,
    /// Made before this.
    pub to: Option<Timestamp>,
    /// Part of a number or of the prospect's name.
    pub text: Option<String>,
}

/// How many calls a filter finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// So many.
    pub calls: u64,
    /// There are more: counting stopped.
    pub capped: bool,
}

impl CallFilter {
    /// Every call of a workspace.
    pub const fn of(workspace: WorkspaceId) -> Self {
        Self {
            workspace,
            campaign: None,
            prospect: None,
            statuses: Vec::new(),
            answered_by: Vec::new(),
            reactions: Vec::new(),
            arms: Vec::new(),
            from: None,
            to: None,
            text: None,
        }
    }

    /// The statistics know how many there are.
    const fn is_counted_already(&self) -> bool {
        self.prospect.is_none()
            && self.answered_by.is_empty()
            && self.reactions.is_empty()
            && self.arms.is_empty()
            && self.from.is_none()
            && self.to.is_none()
            && self.text.is_none()
    }

    fn is_of_live_ones(&self) -> bool {
        !self.statuses.is_empty() && !self.statuses.iter().any(|status| status.is_final())
    }

    fn condition(&self, by: By) -> Condition {
        use calls::Column;
        let workspace = Expr::col(Column::WorkspaceId);
        let has_an_index_of_its_own =
            self.campaign.is_some() || self.prospect.is_some() || self.is_of_live_ones();
        let mut all = Condition::all().add(if has_an_index_of_its_own {
            // SQLite would choose the index of the workspace and read past every other call. One that it cannot use makes
            // it take the index of the campaign, the prospect or the calls that are on.
            Expr::expr(Func::coalesce([workspace.clone(), workspace])).eq(self.workspace.uuid())
        } else {
            workspace.eq(self.workspace.uuid())
        });
        if let Some(campaign) = self.campaign {
            all = all.add(Column::CampaignId.eq(campaign.uuid()));
        }
        if let Some(prospect) = self.prospect {
            all = all.add(Column::ProspectId.eq(prospect.uuid()));
        }
        if !self.statuses.is_empty() {
            all = all.add(in_any_of(&self.statuses, by));
        }
        if !self.answered_by.is_empty() {
            all = all.add(Column::AnsweredBy.is_in(self.answered_by.iter().map(|by| by.as_str())));
        }
        if !self.reactions.is_empty() {
            all = all.add(Column::Reaction.is_in(self.reactions.iter().map(|reaction| reaction.as_str())));
        }
        if !self.arms.is_empty() {
            all = all.add(Column::Arm.is_in(self.arms.iter().map(ToString::to_string)));
        }
        // Ids begin with the time of their making: the index that orders the list also finds the time.
        if let Some(from) = self.from {
            all = all.add(Column::Id.gte(first_id_at(from)));
        }
        if let Some(to) = self.to {
            all = all.add(Column::Id.lt(first_id_at(to)));
        }
        if let Some(text) = &self.text {
            all = all.add(self.mentions(text));
        }
        all
    }

    fn mentions(&self, text: &str) -> Condition {
        let pattern = contains(text);
        let lower = |column| Expr::expr(Func::lower(Expr::col(column)));
        let full_name = Expr::cust("lower(first_name || ' ' || last_name)");
        let people = Query::select()
            .column(prospects::Column::Id)
            .from(prospects::Entity)
            .and_where(prospects::Column::WorkspaceId.eq(self.workspace.uuid()))
            .cond_where(
                Condition::any()
                    .add(full_name.like(pattern.clone()))
                    .add(lower(prospects::Column::Company).like(pattern.clone())),
            )
            .to_owned();
        Condition::any()
            .add(calls::Column::ToNumber.like(pattern.clone()))
            .add(calls::Column::FromNumber.like(pattern))
            .add(calls::Column::ProspectId.in_subquery(people))
    }
}

/// Calls that are over and calls that are live have an index each, in the order of making; `status` itself has none.
fn in_any_of(statuses: &[CallStatus], by: By) -> Condition {
    use calls::Column;
    let words = statuses.iter().map(|status| status.as_str());
    if by == By::Made && statuses.iter().all(|status| status.is_final()) {
        return Condition::all().add(Expr::col(Alias::new("final_status")).is_in(words));
    }
    let among = Condition::all().add(Column::Status.is_in(words));
    if statuses.iter().any(|status| status.is_final()) { among } else { among.add(Expr::col(Column::Live)) }
}

impl Store {
    /// One page of calls.
    pub async fn calls(
        &self,
        filter: &CallFilter,
        order: Order,
        begin: Begin,
        most: u64,
    ) -> Result<Vec<CallRecord>, StoreError> {
        let among = calls::Entity::find().filter(filter.condition(order.by));
        let mut found = Vec::new();
        for stretch in order.stretches(&among, begin) {
            let missing = most - found.len() as u64;
            if missing > 0 {
                found.extend(self.as_one_value(stretch.limit(missing), order).await?);
            }
        }
        Ok(found)
    }

    /// The calls of a query, all of them read as one value.
    async fn as_one_value(
        &self,
        wanted: Select<calls::Entity>,
        order: Order,
    ) -> Result<Vec<CallRecord>, StoreError> {
        #[derive(FromQueryResult)]
        struct Row {
            calls: Option<String>,
        }
        let db = self.reader();
        let backend = db.get_database_backend();
        let columns: Vec<_> = calls::Column::iter().map(|column| dialect::in_json(backend, column)).collect();
        let call = dialect::json_array(backend, &columns);
        let each = wanted.select_only().column_as(Expr::cust(call), "listed").into_query();
        let all = Query::select()
            .expr_as(Expr::cust("'[' || string_agg(listed, ',') || ']'"), Alias::new("calls"))
            .from_subquery(each, Alias::new("page"))
            .to_owned();
        let row = db.query_one(&all).await?.map(|row| Row::from_query_result(&row, "")).transpose()?;
        let Some(found) = row.and_then(|row| row.calls) else { return Ok(Vec::new()) };
        let mut found: Vec<calls::Model> = serde_json::from_str(&found)
            .map_err(|_| StoreError::CorruptRow { table: "calls", column: "(any)" })?;
        // What is put together is in the order of the page, which neither database promises.
        order.sort(&mut found);
        found.into_iter().map(CallRecord::try_from).collect()
    }

    /// How many calls of a workspace were armed since an instant not long ago. A call that waited for longer than a minute
    /// between being chosen and being armed is not among them.
    pub async fn calls_armed_since(&self, of: WorkspaceId, at: Timestamp) -> Result<u64, StoreError> {
        let chosen_since = at - jiff::SignedDuration::from_mins(1);
        let wanted = calls::Entity::find()
            .filter(calls::Column::WorkspaceId.eq(of.uuid()))
            .filter(calls::Column::Id.gte(first_id_at(chosen_since)))
            .filter(calls::Column::ArmedAt.gte(super::millis(at)));
        Ok(wanted.count(self.reader()).await?)
    }

    /// Calls that are on, by campaign.
    pub async fn calls_on_by_campaign(
        &self,
        of: WorkspaceId,
    ) -> Result<HashMap<CampaignId, u64>, StoreError> {
        let wanted = calls::Entity::find()
            .select_only()
            .column(calls::Column::CampaignId)
            .column_as(calls::Column::Id.count(), "calls")
            .filter(calls::Column::CampaignId.in_subquery(campaigns_of(of)))
            .filter(Expr::col(calls::Column::Live))
            .group_by(calls::Column::CampaignId);
        let rows: Vec<(Uuid, i64)> = wanted.into_tuple().all(self.reader()).await?;
        let counted = rows.into_iter().map(|(id, calls)| (CampaignId::from_uuid(id), calls.unsigned_abs()));
        Ok(counted.collect())
    }

    /// How many calls a filter finds: from the statistics where they know, else counted up to `MOST_COUNTED`. Nothing when
    /// the workspace has no such campaign.
    pub async fn count_calls(&self, filter: &CallFilter) -> Result<Option<Counted>, StoreError> {
        let workspace = filter.workspace;
        if filter.is_counted_already() {
            let tally = match filter.campaign {
                Some(campaign) => self.tally_in(workspace, campaign).await?,
                None => Some(self.tally_of_workspace(workspace).await?),
            };
            let Some(tally) = tally else { return Ok(None) };
            let mut statuses = filter.statuses.clone();
            statuses.sort_unstable_by_key(|status| status.as_str());
            statuses.dedup();
            let calls = match statuses.as_slice() {
                [] => tally.total,
                some => some.iter().map(|status| in_status(&tally, *status)).sum(),
            };
            return Ok(Some(Counted { calls: calls.unsigned_abs(), capped: false }));
        }
        if let Some(campaign) = filter.campaign
            && self.tally_in(workspace, campaign).await?.is_none()
        {
            return Ok(None);
        }
        #[derive(FromQueryResult)]
        struct Row {
            count: i64,
        }
        let some =
            calls::Entity::find().select_only().column(calls::Column::Id).filter(filter.condition(By::Made));
        let some = some.limit(MOST_COUNTED + 1).into_query();
        let count = Query::select()
            .expr_as(Func::count(Expr::cust("*")), Alias::new("count"))
            .from_subquery(some, Alias::new("found"))
            .to_owned();
        let db = self.reader();
        let row = db.query_one(&count).await?.map(|row| Row::from_query_result(&row, "")).transpose()?;
        let counted = row.map_or(0, |row| row.count.unsigned_abs());
        let capped = counted > MOST_COUNTED;
        Ok(Some(Counted { calls: if capped { MOST_COUNTED } else { counted }, capped }))
    }
}

/// By their campaigns: an index knows those that are on by campaign, and none by workspace.
fn campaigns_of(workspace: WorkspaceId) -> SelectStatement {
    Query::select()
        .column(campaigns::Column::Id)
        .from(campaigns::Entity)
        .and_where(campaigns::Column::WorkspaceId.eq(workspace.uuid()))
        .to_owned()
}

/// The smallest id that can have been made at `at`.
pub(super) fn first_id_at(at: Timestamp) -> Uuid {
    let millis = u128::try_from(at.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

const fn in_status(tally: &Tally, status: CallStatus) -> i64 {
    match status {
        CallStatus::Queued => tally.queued,
        CallStatus::Ringing => tally.ringing,
        CallStatus::InProgress => tally.in_progress,
        CallStatus::Completed => tally.completed,
        CallStatus::Failed => tally.failed,
        CallStatus::Busy => tally.busy,
        CallStatus::NoAnswer => tally.no_answer,
        CallStatus::Canceled => tally.canceled,
        CallStatus::Unknown => tally.unknown,
    }
}
