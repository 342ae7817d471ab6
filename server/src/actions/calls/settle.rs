//! What follows from a change of calls, in the same transaction: prospects, day slots, counters.
//!
//! Everything is the difference between what the calls were and what they are. So it does not matter in which order
//! evidence arrives, or how often: the same calls leave the same prospects and the same statistics.

use std::collections::{BTreeMap, HashMap};

use domain::ids::{CampaignId, ProspectId};
use domain::prospect::Standing;
use domain::statistics::Tally;
use jiff::Timestamp;
use jiff::civil::Date;

use super::arm_counts::settle_arms;
use super::polling;
use crate::actions::incidents;
use crate::store::budgets::BudgetChanges;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::counters::CounterChanges;
use crate::store::prospects::ProspectRecord;
use crate::store::{StoreError, Tx};

/// A call before and after a change.
pub(in crate::actions) struct Changed {
    /// As it was when the transaction read it.
    pub before: CallRecord,
    /// As it is now.
    pub after: CallRecord,
}

impl Changed {
    /// A call that is about to be changed.
    pub fn from(record: CallRecord) -> Self {
        Self { before: record.clone(), after: record }
    }

    fn is_real(&self) -> bool {
        self.before != self.after
    }

    fn moves_prospect(&self) -> bool {
        Standing::is_moved_by(&self.before.call, &self.after.call)
    }

    /// Most news does not: a phone that rings changes neither who is rung next nor when the carrier is asked.
    fn asks_the_rules(&self) -> bool {
        self.moves_prospect() || polling::plans_anew(&self.before, &self.after)
    }
}

/// Writes changed calls and everything that follows from them; those that really changed.
pub(in crate::actions) async fn settle(
    tx: &Tx,
    mut changes: Vec<Changed>,
    now: Timestamp,
) -> Result<Vec<CallRecord>, StoreError> {
    changes.retain(Changed::is_real);
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let campaigns = campaigns_of(tx, &changes).await?;
    for change in &mut changes {
        change.after.updated_at = now;
        if let Some(campaign) = campaigns.get(&change.after.campaign) {
            polling::schedule(&change.before, &mut change.after, campaign, now);
        }
    }
    settle_prospects(tx, &changes, &campaigns, now).await?;
    settle_day_slots(tx, &changes).await?;
    settle_budgets(tx, &changes).await?;
    tx.save_changes(changes.iter().map(|change| (&change.before, &change.after))).await?;
    let mut counters = CounterChanges::default();
    for Changed { before, after } in &changes {
        counters.note(after.campaign, after.created_at, Tally::of(&before.call), Tally::of(&after.call));
    }
    let incidents: Vec<_> =
        changes.iter().filter_map(|change| incidents::dialed_outside_hours(change, now)).collect();
    if !incidents.is_empty() {
        tx.note_incidents(&incidents).await?;
    }
    settle_arms(tx, &changes).await?;
    // Last: everybody who changes a call of the campaign waits for these rows.
    tx.change_counters(counters).await?;
    Ok(changes.into_iter().map(|change| change.after).collect())
}

async fn campaigns_of(
    tx: &Tx,
    changes: &[Changed],
) -> Result<HashMap<CampaignId, CampaignRecord>, StoreError> {
    let asking = changes.iter().filter(|change| change.asks_the_rules());
    let ids: Vec<CampaignId> = asking.map(|change| change.after.campaign).collect();
    Ok(tx.campaigns(&ids).await?.into_iter().map(|campaign| (campaign.id, campaign)).collect())
}

async fn settle_prospects(
    tx: &Tx,
    changes: &[Changed],
    campaigns: &HashMap<CampaignId, CampaignRecord>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let moving = || changes.iter().filter(|change| change.moves_prospect());
    let mut ids: Vec<ProspectId> = moving().map(|change| change.after.prospect).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut prospects: HashMap<ProspectId, ProspectRecord> =
        tx.lock_prospects(&ids).await?.into_iter().map(|prospect| (prospect.id, prospect)).collect();
    let before = prospects.clone();
    for Changed { before, after } in moving() {
        let Some((prospect, campaign)) =
            prospects.get_mut(&after.prospect).zip(campaigns.get(&after.campaign))
        else {
            continue;
        };
        let mut standing = Standing {
            status: prospect.status,
            attempts_spent: prospect.attempts_spent,
            due_at: prospect.due_at,
            disposition: prospect.disposition,
        };
        let is_latest = prospect.last_call == Some(after.id);
        standing.follow(&before.call, &after.call, is_latest, after.not_before, &campaign.rules, now);
        prospect.status = standing.status;
        prospect.attempts_spent = standing.attempts_spent;
        prospect.due_at = standing.due_at;
        prospect.disposition = standing.disposition;
    }
    let mut changed: Vec<ProspectRecord> =
        prospects.into_values().filter(|prospect| before.get(&prospect.id) != Some(prospect)).collect();
    for prospect in &mut changed {
        prospect.updated_at = now;
    }
    changed.sort_unstable_by_key(|prospect| prospect.id);
    tx.save_standings(&changed).await
}

/// A slot is taken from the day of arming, and goes back to it, once, when the call is proven never to have been made; it
/// is taken again when proof to the contrary arrives later.
async fn settle_day_slots(tx: &Tx, changes: &[Changed]) -> Result<(), StoreError> {
    let mut days: BTreeMap<(CampaignId, Date), i64> = BTreeMap::new();
    for Changed { before, after } in changes {
        for (call, by) in [(before, -1), (after, 1)] {
            if let Some(day) = call.day.filter(|_| call.call.holds_day_slot()) {
                *days.entry((call.campaign, day)).or_default() += by;
            }
        }
    }
    for ((campaign, day), by) in days {
        if by != 0 {
            tx.change_day_slots(campaign, day, by).await?;
        }
    }
    Ok(())
}

/// The same for money: what the call commits now, instead of what it committed before.
async fn settle_budgets(tx: &Tx, changes: &[Changed]) -> Result<(), StoreError> {
    let mut budgets = BudgetChanges::default();
    for Changed { before, after } in changes {
        for scope in before.budgets() {
            budgets.give_back(scope, before.commitment());
        }
        for scope in after.budgets() {
            budgets.take(scope, after.commitment());
        }
    }
    tx.change_budgets(budgets).await
}
