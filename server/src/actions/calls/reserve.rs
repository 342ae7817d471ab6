//! Reserving: a prospect whose turn has come becomes a call that exists before the carrier knows of it.

use std::collections::HashMap;

use domain::budget::Quote;
use domain::call::Call;
use domain::dial_plan::PlannedCall;
use domain::ids::{CallId, CampaignId, ProspectId};
use domain::prospect::ProspectStatus;
use domain::statistics::Tally;
use jiff::Timestamp;

use crate::actions::{Actions, new_uuid};
use crate::crash_point::{self, CrashPoint};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::counters::CounterChanges;
use crate::store::prospects::ProspectRecord;

impl Actions {
    /// Reserves the calls of a plan. Whoever is not free any more is left out: the next plan will see why.
    pub async fn reserve_planned(&self, planned: Vec<PlannedCall>) -> Result<Vec<CallId>, StoreError> {
        let now = self.clock.now();
        let caller_id = self.installation.caller_id.clone();
        self.store
            .transaction(move |tx| async move {
                let ids: Vec<ProspectId> = planned.iter().map(|call| call.prospect).collect();
                let mut calls = Vec::new();
                let mut prospects = Vec::new();
                let mut claimed: HashMap<ProspectId, ProspectRecord> =
                    tx.claim_prospects(&ids).await?.into_iter().map(|found| (found.id, found)).collect();
                let campaigns: Vec<CampaignId> = claimed.values().map(|prospect| prospect.campaign).collect();
                let campaigns: HashMap<CampaignId, CampaignRecord> = tx
                    .campaigns(&campaigns)
                    .await?
                    .into_iter()
                    .map(|campaign| (campaign.id, campaign))
                    .collect();
                // Locked in the order of ids, called in the order of the plan: calls are armed in the order of theirs.
                for mut prospect in ids.iter().filter_map(|id| claimed.remove(id)) {
                    if !may_be_reserved(&prospect, now) {
                        continue;
                    }
                    let Some(campaign) = campaigns.get(&prospect.campaign) else { continue };
                    let Some(from) = campaign.caller_id.clone().or_else(|| caller_id.clone()) else {
                        continue;
                    };
                    calls.push(reservation(&mut prospect, from, now, now));
                    prospects.push(prospect);
                }
                let added = tx.add_calls(&calls).await?;
                calls.retain(|call| added.contains(&call.id));
                prospects.retain(|prospect| prospect.last_call.is_some_and(|call| added.contains(&call)));
                let mut counters = CounterChanges::default();
                for call in &calls {
                    note_new(&mut counters, call.campaign, call);
                }
                tx.save_standings(&prospects).await?;
                tx.change_counters(counters).await?;
                let reserved: Vec<CallId> = calls.iter().map(|call| call.id).collect();
                crash_point::reached_when(CrashPoint::BeforeReserveCommit, !reserved.is_empty());
                Ok(reserved)
            })
            .await
            .inspect(|reserved: &Vec<CallId>| {
                crash_point::reached_when(CrashPoint::AfterReserveCommit, !reserved.is_empty());
            })
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
        script: None,
        recording_ruling: None,
        looked_at: None,
        late: false,
        dial_by: None,
        metadata: "{}".to_owned(),
        created_at: now,
        updated_at: now,
    }
}

/// Counts a call that was just made.
pub(super) fn note_new(counters: &mut CounterChanges, campaign: CampaignId, call: &CallRecord) {
    counters.note(campaign, call.created_at, Tally::default(), Tally::of(&call.call));
}
