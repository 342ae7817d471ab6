//! What the gates need to know about a handful of prospects of one campaign, for showing why they are not rung.

use std::collections::{HashMap, HashSet};

use domain::budget::{Funds, RateCard};
use domain::gate::{GateFacts, HoldReason, Verdict};
use domain::money::Usd;
use domain::pacing::Pacing;
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::campaigns::CampaignRecord;
use super::numbers::{CallToNumber, CallsToNumbers};
use super::pace::PaceScope;
use super::prospects::ProspectRecord;
use super::workspaces::WorkspaceRules;
use super::{Store, StoreError, sql};
use crate::speech::Narrator;

/// Numbers asked about in one statement.
const BATCH: usize = 500;

/// What holds depend on besides the database.
#[derive(Debug, Clone)]
pub struct Means {
    /// Of the account.
    pub pacing: Pacing,
    /// How texts are spoken beforehand, where a service does.
    pub narrator: Option<Narrator>,
}

/// What is known at one instant.
#[derive(Debug, Clone)]
pub struct HoldFacts {
    now: Timestamp,
    used_today: u32,
    workspace: WorkspaceRules,
    quarantine: bool,
    funds: Funds,
    voice: Verdict,
    pace: Verdict,
    do_not_call: HashSet<PhoneNumber>,
    calls: CallsToNumbers,
    rings: HashMap<PhoneNumber, Vec<Timestamp>>,
}

impl HoldFacts {
    /// What the gates need to know about one of the prospects.
    pub fn of<'a>(
        &'a self,
        campaign: &'a CampaignRecord,
        prospect: &ProspectRecord,
        rates: &RateCard,
    ) -> GateFacts<'a> {
        let others = self.calls.to(&prospect.phone).iter();
        let mut others = others.filter(|call| prospect.last_call != Some(call.id));
        GateFacts {
            prospect: prospect.status,
            due_at: prospect.due_at,
            do_not_call: self.do_not_call.contains(&prospect.phone),
            number_in_call: others.any(|call| call.live),
            recent_rings: self.rings.get(&prospect.phone).map_or(&[], Vec::as_slice),
            ..self.of_anybody(campaign, Some(&prospect.phone), rates)
        }
    }

    /// Dialing is switched off for the workspace.
    pub const fn is_switched_off(&self) -> bool {
        self.workspace.dialing_stopped
    }

    /// What the gates need to know about somebody who is ready and due, and whom nothing of their own keeps from being
    /// rung: what the campaign says to anybody. Their number, where there is one, says what a call costs.
    pub fn of_anybody<'a>(
        &'a self,
        campaign: &'a CampaignRecord,
        number: Option<&PhoneNumber>,
        rates: &RateCard,
    ) -> GateFacts<'a> {
        let worst_case = match number {
            Some(number) => campaign.quote(rates, number).map(|quote| quote.worst_case),
            None => Some(Usd::ZERO),
        };
        GateFacts {
            now: self.now,
            campaign: campaign.status,
            rules: &campaign.rules,
            used_today: self.used_today,
            kill_switch: self.workspace.dialing_stopped,
            quarantine: self.quarantine,
            prospect: ProspectStatus::Ready,
            due_at: None,
            do_not_call: false,
            number_in_call: false,
            // The dialer looks when the number's turn comes; nobody waits for that yet.
            lost_call_unlooked: false,
            frequency_cap: self.workspace.frequency_cap,
            recent_rings: &[],
            funds: self.funds,
            worst_case,
            voice: self.voice,
            pace: self.pace,
        }
    }
}

impl Store {
    /// What the gates need to know about these prospects of a campaign, with the means of the installation.
    pub async fn hold_facts(
        &self,
        campaign: &CampaignRecord,
        prospects: &[ProspectRecord],
        means: Means,
        now: Timestamp,
    ) -> Result<HoldFacts, StoreError> {
        let workspace = self.workspace_rules(campaign.workspace).await?;
        let mut facts = HoldFacts {
            now,
            used_today: self.used_on(campaign.id, campaign.rules.zone.local_date(now)).await?,
            workspace,
            quarantine: self.is_quarantined().await?,
            funds: self.funds(campaign, &workspace, now).await?,
            voice: self.voice_verdict(campaign, means.narrator.as_ref(), now).await?,
            pace: self.pace_verdict(means.pacing, now).await?,
            do_not_call: HashSet::new(),
            calls: CallsToNumbers::default(),
            rings: HashMap::new(),
        };
        for batch in prospects.chunks(BATCH) {
            facts.do_not_call.extend(self.listed(campaign, batch).await?);
            let numbers: Vec<PhoneNumber> = batch.iter().map(|prospect| prospect.phone.clone()).collect();
            facts.calls.extend(self.calls_to_numbers(campaign.workspace, &numbers, now).await?);
        }
        for prospect in prospects {
            let rings = facts.calls.to(&prospect.phone).iter().filter_map(CallToNumber::rang).collect();
            facts.rings.insert(prospect.phone.clone(), rings);
        }
        Ok(facts)
    }

    /// What the account's pace says of one more call.
    async fn pace_verdict(&self, limits: Pacing, now: Timestamp) -> Result<Verdict, StoreError> {
        if self.live_calls().await? >= u64::from(limits.max_live()) {
            return Ok(Verdict::Hold { reason: HoldReason::AtCapacity, until: None });
        }
        Ok(self.pace(&PaceScope::Account).await?.may_start(limits, now).into())
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
        let workspace = std::iter::once(campaign.workspace.uuid().into());
        let numbers = prospects.iter().map(|prospect| prospect.phone.as_str().into());
        let rows: Vec<Row> = sql::all(self.reader(), &wanted, workspace.chain(numbers)).await?;
        Ok(rows.into_iter().map(|row| PhoneNumber::from_e164_unchecked(row.phone)).collect())
    }
}
