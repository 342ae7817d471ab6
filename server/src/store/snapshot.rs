//! What the dial plan is made from: each campaign with those of its prospects whose turn comes first.

use domain::budget::RateCard;
use domain::dial_plan::{CampaignSnapshot, Candidate};
use domain::ids::{CampaignId, ProspectId, WorkspaceId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::campaigns::CampaignRecord;
use super::{Store, StoreError, millis, queue, sql, time};

impl Store {
    /// A campaign and its first `most` due prospects.
    pub async fn campaign_snapshot(
        &self,
        campaign: &CampaignRecord,
        rates: &RateCard,
        now: Timestamp,
        most: usize,
    ) -> Result<CampaignSnapshot, StoreError> {
        let workspace = self.workspace_rules(campaign.workspace).await?;
        let day = campaign.rules.zone.local_date(now);
        let taken = self.used_on(campaign.id, day).await?;
        let reserved = self.reserved_of(campaign.id).await?;
        Ok(CampaignSnapshot {
            campaign: campaign.id,
            status: campaign.status,
            rules: campaign.rules.clone(),
            used_today: taken.saturating_add(reserved),
            kill_switch: workspace.dialing_stopped,
            quarantine: self.is_quarantined().await?,
            funds: self.funds(campaign, &workspace, now).await?,
            candidates: self.candidates(campaign, rates, now, most).await?,
            next_due_at: self.next_due_at(campaign, now).await?,
        })
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

    async fn reserved_of(&self, campaign: CampaignId) -> Result<u32, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            count: i64,
        }
        let wanted =
            "SELECT COUNT(*) AS count FROM calls WHERE campaign_id = $1 AND live AND placement = 'reserved'";
        let row: Option<Row> = sql::one(self.reader(), wanted, [campaign.uuid().into()]).await?;
        Ok(row.map_or(0, |row| u32::try_from(row.count).unwrap_or(u32::MAX)))
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
