//! Reserving: a prospect whose turn has come becomes a call that exists before the carrier knows of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use domain::budget::Quote;
use domain::call::Call;
use domain::dial_plan::PlannedCall;
use domain::ids::{CallId, CampaignId, ProspectId};
use domain::prospect::ProspectStatus;
use domain::statistics::Tally;
use jiff::Timestamp;

use crate::actions::{Actions, new_uuid};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::counters::CounterChanges;
use crate::store::prospects::ProspectRecord;
use crate::store::{StoreError, Tx};

impl Actions {
    /// Reserves the calls of a plan. Whoever is not free any more is left out: the next plan will see why.
    pub async fn reserve_planned(&self, planned: Vec<PlannedCall>) -> Result<Vec<CallId>, StoreError> {
        let now = self.clock.now();
        let caller_id = self.installation.caller_id.clone();
        self.store
            .transaction(move |tx| async move {
                let ids: Vec<ProspectId> = planned.iter().map(|call| call.prospect).collect();
                let mut counters = CounterChanges::default();
                let mut reserved = Vec::new();
                let mut changed = Vec::new();
                let mut campaigns: HashMap<CampaignId, Option<CampaignRecord>> = HashMap::new();
                let mut claimed: HashMap<ProspectId, ProspectRecord> =
                    tx.claim_prospects(&ids).await?.into_iter().map(|found| (found.id, found)).collect();
                // Locked in the order of ids, called in the order of the plan: calls are armed in the order of theirs.
                for mut prospect in ids.iter().filter_map(|id| claimed.remove(id)) {
                    if !may_be_reserved(&prospect, now) {
                        continue;
                    }
                    let campaign = match campaigns.entry(prospect.campaign) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(new) => new.insert(tx.campaign(prospect.campaign).await?),
                    };
                    let Some(campaign) = campaign else { continue };
                    let Some(from) = campaign.caller_id.clone().or_else(|| caller_id.clone()) else {
                        continue;
                    };
                    let call = reservation(&mut prospect, from, now, now);
                    if tx.add_call(&call).await? {
                        note_new(&mut counters, campaign.id, &call);
                        reserved.push(call.id);
                        changed.push(prospect);
                    }
                }
                tx.save_prospects(&changed).await?;
                tx.change_counters(counters).await?;
                Ok(reserved)
            })
            .await
    }
}

fn may_be_reserved(prospect: &ProspectRecord, now: Timestamp) -> bool {
    let waits = matches!(prospect.status, ProspectStatus::Ready | ProspectStatus::Waiting);
    waits && prospect.due_at.is_none_or(|due_at| due_at <= now)
}

/// The next call of a prospect, who is in a call from now on.
pub(super) fn reservation(
    prospect: &mut ProspectRecord,
    from: domain::phone_number::PhoneNumber,
    not_before: Timestamp,
    now: Timestamp,
) -> CallRecord {
    let id = CallId::from_uuid(new_uuid(now));
    prospect.attempts += 1;
    prospect.status = ProspectStatus::InCall;
    prospect.last_call = Some(id);
    prospect.due_before_skip = None;
    prospect.updated_at = now;
    CallRecord {
        id,
        workspace: prospect.workspace,
        campaign: prospect.campaign,
        prospect: prospect.id,
        attempt: prospect.attempts,
        from,
        to: prospect.phone.clone(),
        call: Call::reserved(),
        refusal_message: None,
        not_before: Some(not_before),
        scheduled_for: None,
        day: None,
        sends: 0,
        armed_by: None,
        armed_at: None,
        placed_at: None,
        carrier_sid: None,
        recording_sid: None,
        end_requested_at: None,
        next_poll_at: None,
        polls: 0,
        quote: Quote::default(),
        looked_at: None,
        late: false,
        metadata: "{}".to_owned(),
        created_at: now,
        updated_at: now,
    }
}

/// Counts a call that was just made.
pub(super) fn note_new(counters: &mut CounterChanges, campaign: CampaignId, call: &CallRecord) {
    counters.note(campaign, call.created_at, Tally::default(), Tally::of(&call.call));
}

/// Adds a reserved call and counts it; `false` when its number or its prospect is in a live call already.
pub(super) async fn add(tx: &Tx, prospect: &ProspectRecord, call: &CallRecord) -> Result<bool, StoreError> {
    if !tx.add_call(call).await? {
        return Ok(false);
    }
    tx.save_prospects(std::slice::from_ref(prospect)).await?;
    let mut counters = CounterChanges::default();
    note_new(&mut counters, call.campaign, call);
    tx.change_counters(counters).await?;
    Ok(true)
}
