//! What follows from a change of calls, in the same transaction: prospects, day slots, counters.
//!
//! Everything is the difference between what the calls were and what they are. So it does not matter in which order
//! evidence arrives, or how often: the same calls leave the same prospects and the same statistics.

use std::collections::{BTreeSet, HashMap};

use domain::call::Placement;
use domain::ids::{CampaignId, ProspectId};
use domain::prospect::{ProspectStatus, Standing, standing_after};
use domain::statistics::Tally;
use jiff::Timestamp;

use super::polling;
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
    let mut counters = CounterChanges::default();
    for Changed { before, after } in &changes {
        counters.note(after.campaign, after.created_at, Tally::of(&before.call), Tally::of(&after.call));
    }
    tx.change_counters(counters).await?;
    let after: Vec<CallRecord> = changes.into_iter().map(|change| change.after).collect();
    tx.save_calls(&after).await?;
    Ok(after)
}

async fn campaigns_of(
    tx: &Tx,
    changes: &[Changed],
) -> Result<HashMap<CampaignId, CampaignRecord>, StoreError> {
    let ids: BTreeSet<CampaignId> = changes.iter().map(|change| change.after.campaign).collect();
    let mut campaigns = HashMap::new();
    for id in ids {
        if let Some(campaign) = tx.campaign(id).await? {
            campaigns.insert(id, campaign);
        }
    }
    Ok(campaigns)
}

async fn settle_prospects(
    tx: &Tx,
    changes: &[Changed],
    campaigns: &HashMap<CampaignId, CampaignRecord>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut ids: Vec<ProspectId> = changes.iter().map(|change| change.after.prospect).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut prospects: HashMap<ProspectId, ProspectRecord> =
        tx.lock_prospects(&ids).await?.into_iter().map(|prospect| (prospect.id, prospect)).collect();
    let before = prospects.clone();
    for Changed { before, after } in changes {
        let Some((prospect, campaign)) =
            prospects.get_mut(&after.prospect).zip(campaigns.get(&after.campaign))
        else {
            continue;
        };
        let spent = u32::from(after.call.spends_attempt());
        let spent_before = u32::from(before.call.spends_attempt());
        prospect.attempts_spent = (prospect.attempts_spent + spent).saturating_sub(spent_before);
        // An older call can still learn its price; where the prospect stands is the latest call's business.
        if prospect.last_call == Some(after.id) && !prospect.status.is_sticky() {
            let standing = match after.call.placement {
                // Given up before it was sent: back to the line, as if nothing had happened.
                Placement::Released => Standing {
                    status: if prospect.attempts_spent == 0 {
                        ProspectStatus::Ready
                    } else {
                        ProspectStatus::Waiting
                    },
                    due_at: after.not_before.or(Some(now)),
                    disposition: prospect.disposition,
                },
                _ => {
                    let rules = &campaign.rules;
                    let standing =
                        standing_after(&after.call, prospect.attempts_spent, &rules.retry, &rules.zone);
                    Standing { disposition: standing.disposition.or(prospect.disposition), ..standing }
                }
            };
            prospect.status = standing.status;
            prospect.due_at = standing.due_at;
            prospect.disposition = standing.disposition;
        }
    }
    let mut changed: Vec<ProspectRecord> =
        prospects.into_values().filter(|prospect| before.get(&prospect.id) != Some(prospect)).collect();
    for prospect in &mut changed {
        prospect.updated_at = now;
    }
    changed.sort_unstable_by_key(|prospect| prospect.id);
    tx.save_standings(&changed).await
}

/// A slot goes back to the day it was taken from, once, when its call is proven never to have been made; and is taken
/// again when proof to the contrary arrives later.
async fn settle_day_slots(tx: &Tx, changes: &[Changed]) -> Result<(), StoreError> {
    for Changed { before, after } in changes {
        let holds = after.call.holds_day_slot();
        let held = before.call.holds_day_slot();
        // Arming takes its slot itself, against the limit.
        let arming = before.call.placement == Placement::Reserved && holds;
        if let (true, false, Some(day)) = (held != holds, arming, before.day.or(after.day)) {
            tx.change_day_slots(after.campaign, day, if holds { 1 } else { -1 }).await?;
        }
    }
    Ok(())
}
