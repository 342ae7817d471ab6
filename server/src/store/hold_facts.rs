//! What the gates need to know about a handful of prospects of one campaign, for showing why they are not rung.

use std::collections::HashSet;

use domain::phone_number::PhoneNumber;
use jiff::Timestamp;

use super::campaigns::CampaignRecord;
use super::prospects::ProspectRecord;
use super::{Store, StoreError, sql};

/// Numbers asked about in one statement.
const BATCH: usize = 500;

/// What is known at one instant.
#[derive(Debug, Clone, Default)]
pub struct HoldFacts {
    /// Slots of the campaign's current day that are taken by armed calls.
    pub used_today: u32,
    /// Dialing is switched off for the workspace.
    pub kill_switch: bool,
    /// The database may have lost part of its history.
    pub quarantine: bool,
    /// Those of the numbers that must never be rung.
    pub do_not_call: HashSet<PhoneNumber>,
    /// Those of the numbers that are in a live call to somebody else.
    pub numbers_in_other_calls: HashSet<PhoneNumber>,
}

impl Store {
    /// What the gates need to know about these prospects of a campaign.
    pub async fn hold_facts(
        &self,
        campaign: &CampaignRecord,
        prospects: &[ProspectRecord],
        now: Timestamp,
    ) -> Result<HoldFacts, StoreError> {
        let day = campaign.rules.zone.local_date(now);
        let mut facts = HoldFacts {
            used_today: self.used_on(campaign.id, day).await?,
            kill_switch: self.dialing_stopped(campaign.workspace).await?,
            quarantine: self.is_quarantined().await?,
            ..HoldFacts::default()
        };
        for batch in prospects.chunks(BATCH) {
            facts.do_not_call.extend(self.listed(campaign, batch).await?);
            facts.numbers_in_other_calls.extend(self.in_other_calls(campaign, batch).await?);
        }
        Ok(facts)
    }

    async fn listed(
        &self,
        campaign: &CampaignRecord,
        prospects: &[ProspectRecord],
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            phone: String,
        }
        let numbers = sql::placeholders(2, prospects.len());
        let wanted =
            format!("SELECT phone FROM do_not_call WHERE workspace_id = $1 AND phone IN ({numbers})");
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, numbers_of(campaign, prospects)).await?;
        Ok(rows.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.phone)).collect())
    }

    async fn in_other_calls(
        &self,
        campaign: &CampaignRecord,
        prospects: &[ProspectRecord],
    ) -> Result<Vec<PhoneNumber>, StoreError> {
        #[derive(sea_orm::FromQueryResult)]
        struct Row {
            to_number: String,
            prospect_id: uuid::Uuid,
        }
        let numbers = sql::placeholders(2, prospects.len());
        let wanted = format!(
            "SELECT to_number, prospect_id FROM calls WHERE workspace_id = $1 AND live AND to_number IN ({numbers})"
        );
        let mut rows: Vec<Row> = sql::all(self.reader(), &wanted, numbers_of(campaign, prospects)).await?;
        rows.retain(|row| !prospects.iter().any(|prospect| prospect.id.uuid() == row.prospect_id));
        Ok(rows.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.to_number)).collect())
    }
}

fn numbers_of(
    campaign: &CampaignRecord,
    prospects: &[ProspectRecord],
) -> impl Iterator<Item = sea_orm::Value> {
    let workspace = std::iter::once(campaign.workspace.uuid().into());
    let numbers: Vec<sea_orm::Value> =
        prospects.iter().map(|prospect| prospect.phone.as_str().into()).collect();
    workspace.chain(numbers)
}
