//! What the dial plan is made from: each campaign with those of its prospects whose turn comes first.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::budget::RateCard;
use domain::dial_plan::{CampaignSnapshot, Candidate};
use domain::ids::{CampaignId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::campaigns::CampaignRecord;
use super::workspaces::WorkspaceRules;
use super::{Store, StoreError, millis, queue, sql, time};
use crate::speech::Narrator;

/// All of them are live. Said as well, it would lead SQLite to every call that is on.
pub(super) const RESERVED_BY_CAMPAIGN: &str =
    "SELECT campaign_id, COUNT(*) AS count FROM calls WHERE placement = 'reserved' GROUP BY campaign_id";

impl Store {
    /// Campaigns, each with its first `most` due prospects; `narrator`: how texts are spoken beforehand.
    pub async fn campaign_snapshots(
        &self,
        campaigns: &[CampaignRecord],
        rates: &RateCard,
        narrator: Option<&Narrator>,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<CampaignSnapshot>, StoreError> {
        if campaigns.is_empty() {
            return Ok(Vec::new());
        }
        // What is the same for several campaigns is asked once.
        let quarantine = self.is_quarantined().await?;
        let day = |campaign: &CampaignRecord| (campaign.id, campaign.rules.zone.local_date(now));
        let taken = self.used_on_days(&campaigns.iter().map(day).collect()).await?;
        let reserved = self.reserved_by_campaign().await?;
        let mut workspaces: HashMap<WorkspaceId, WorkspaceRules> = HashMap::new();
        let mut snapshots = Vec::with_capacity(campaigns.len());
        for campaign in campaigns {
            let workspace = match workspaces.entry(campaign.workspace) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(self.workspace_rules(campaign.workspace).await?),
            };
            let taken = taken.get(&day(campaign)).copied().unwrap_or_default();
            let reserved = reserved.get(&campaign.id).copied().unwrap_or_default();
            snapshots.push(CampaignSnapshot {
                campaign: campaign.id,
                status: campaign.status,
                rules: campaign.rules.clone(),
                used_today: taken.saturating_add(reserved),
                kill_switch: workspace.dialing_stopped,
                quarantine,
                funds: self.funds(campaign, &workspace, now).await?,
                voice: self.voice_verdict(campaign, narrator, now).await?,
                candidates: self.candidates(campaign, rates, now, most).await?,
                next_due_at: self.next_due_at(campaign, now).await?,
            });
        }
        Ok(snapshots)
    }

    /// Whether another live call rings a number, apart from the calls of one prospect.
    pub async fn number_in_call(
        &self,
        of: WorkspaceId,
        number: &PhoneNumber,
        not_counting: ProspectId,
    ) -> Result<bool, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            #[expect(dead_code, reason = "only its presence counts")]
            id: uuid::Uuid,
        }
        let wanted =
            "SELECT id FROM calls WHERE workspace_id = $1 AND to_number = $2 AND live AND prospect_id <> $3";
        let values = [of.uuid().into(), number.as_str().into(), not_counting.uuid().into()];
        let row: Option<Row> = sql::one(self.reader(), wanted, values).await?;
        Ok(row.is_some())
    }

    /// Calls of each campaign that were not armed yet.
    async fn reserved_by_campaign(&self) -> Result<HashMap<CampaignId, u32>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            campaign_id: uuid::Uuid,
            count: i64,
        }
        let rows: Vec<Row> = sql::all(self.reader(), RESERVED_BY_CAMPAIGN, []).await?;
        let count = |row: &Row| u32::try_from(row.count).unwrap_or(u32::MAX);
        Ok(rows.iter().map(|row| (CampaignId::from_uuid(row.campaign_id), count(row))).collect())
    }

    async fn candidates(
        &self,
        campaign: &CampaignRecord,
        rates: &RateCard,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Candidate>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            id: uuid::Uuid,
            phone: String,
            status: String,
            due_at: Option<i64>,
            do_not_call: bool,
            number_in_call: bool,
        }
        // The front of the line first, from the index alone; what else is known of them is looked up one by one.
        let wanted = format!(
            "SELECT p.id, p.phone, p.status, p.due_at, \
             EXISTS (SELECT 1 FROM do_not_call d WHERE d.workspace_id = p.workspace_id AND d.phone = p.phone) AS do_not_call, \
             EXISTS (SELECT 1 FROM calls c WHERE c.workspace_id = p.workspace_id AND c.to_number = p.phone AND c.live) \
             AS number_in_call \
             FROM ({}) line JOIN prospects p ON p.id = line.id ORDER BY line.turn, line.due_at, line.id",
            // A number in the text: a plan that is kept knows how few are wanted.
            queue::front_of_line(campaign.dial_order, &most.to_string())
        );
        let values = [campaign.id.uuid().into(), millis(now).into()];
        let rows: Vec<Row> = sql::all(&self.plan, &wanted, values).await?;
        let candidate = |row: Row| {
            let corrupt = StoreError::CorruptRow { table: "prospects", column: "status" };
            let number = PhoneNumber::from_e164_unchecked(row.phone);
            Ok(Candidate {
                prospect: ProspectId::from_uuid(row.id),
                worst_case: campaign.quote(rates, &number).map(|quote| quote.worst_case),
                number,
                status: ProspectStatus::parse(&row.status).ok_or(corrupt)?,
                due_at: row.due_at.map(time),
                do_not_call: row.do_not_call,
                number_in_call: row.number_in_call,
            })
        };
        rows.into_iter().map(candidate).collect()
    }
}
