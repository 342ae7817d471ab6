//! Making a call again that the carrier knows and a restored database has forgotten.

use std::collections::BTreeSet;

use domain::call::Placement;
use domain::disposition::Disposition;
use domain::ids::{CallId, ProspectId};
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;

use super::reserve;
use super::settle::{Changed, settle};
use crate::actions::Actions;
use crate::store::calls::CallRecord;
use crate::store::counters::CounterChanges;
use crate::store::prospects::ProspectRecord;
use crate::store::{StoreError, Tx};

/// A call of ours as the carrier tells of it.
#[derive(Debug, Clone)]
pub struct FoundCall {
    /// Our attempt, from the sealed address; `None` when another installation sealed it.
    pub call: Option<CallId>,
    /// Whose attempt it was, where the seal tells.
    pub prospect: Option<ProspectId>,
    /// Who was rung.
    pub to: PhoneNumber,
    /// The number shown.
    pub from: PhoneNumber,
    /// When the carrier took the call.
    pub created_at: Timestamp,
}

/// What became of a call that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recreated {
    /// It is in the database, and may be told what the carrier knows.
    Here(CallId),
    /// Another call to the same person is still open: it must end first.
    Waits,
    /// It belongs to nobody in particular. Everybody with that number is not rung again until a person says so.
    Unassigned,
}

impl Actions {
    /// Makes a found call again, as an attempt whose outcome is not known yet: it takes the number, the day's slot and one
    /// attempt, as if it had just been armed. What the carrier tells of it is news like any other.
    pub async fn recreate_call(&self, found: FoundCall) -> Result<Recreated, StoreError> {
        let now = self.clock.now();
        let (recreated, changed) = self
            .store
            .transaction(move |tx| async move {
                let Some(id) = found.call else { return hold_everybody(&tx, &found, now).await };
                if let Some(record) = tx.lock_calls(&[id]).await?.pop() {
                    let changed = arm_again(&tx, record, &found, now).await?;
                    return Ok((Recreated::Here(id), changed));
                }
                // Calls before prospects, as everything that locks both.
                let freed = free_number(&tx, &found, now).await?;
                let Some(prospect) = prospect_of(&tx, &found).await? else {
                    return hold_everybody(&tx, &found, now).await;
                };
                match make(&tx, id, prospect, &found, now).await? {
                    Some(changed) => Ok((Recreated::Here(id), [freed, changed].concat())),
                    None => Ok((Recreated::Waits, freed)),
                }
            })
            .await?;
        self.tell(&changed);
        Ok(recreated)
    }
}

/// A call that was only chosen when the backup was made, and armed since.
async fn arm_again(
    tx: &Tx,
    record: CallRecord,
    found: &FoundCall,
    now: Timestamp,
) -> Result<Vec<CallRecord>, StoreError> {
    if !matches!(record.call.placement, Placement::Reserved | Placement::Released) {
        return Ok(Vec::new());
    }
    let Some(campaign) = tx.campaign(record.campaign).await? else { return Ok(Vec::new()) };
    let mut change = Changed::from(record);
    let day = campaign.rules.zone.local_date(found.created_at);
    note_armed(&mut change.after, found, day);
    open_accounts(tx, &change.after, day).await?;
    tx.count_recreated_call().await?;
    settle(tx, vec![change], now).await
}

async fn make(
    tx: &Tx,
    id: CallId,
    mut prospect: ProspectRecord,
    found: &FoundCall,
    now: Timestamp,
) -> Result<Option<Vec<CallRecord>>, StoreError> {
    let Some(campaign) = tx.campaign(prospect.campaign).await? else { return Ok(None) };
    let stood = prospect.clone();
    let mut call = reserve::reservation(&mut prospect, found.from.clone(), found.created_at, now);
    call.id = id;
    call.to = found.to.clone();
    call.created_at = found.created_at;
    call.refusal_message = Some("Made again from what the carrier knows of it.".to_owned());
    prospect.last_call = Some(id);
    if stood.status.is_sticky() {
        prospect.status = stood.status;
    }
    if tx.add_calls(std::slice::from_ref(&call)).await?.is_empty() {
        return Ok(None);
    }
    tx.save_standings(std::slice::from_ref(&prospect)).await?;
    let mut counters = CounterChanges::default();
    reserve::note_new(&mut counters, call.campaign, &call);
    tx.change_counters(counters).await?;
    let mut change = Changed::from(call);
    let day = campaign.rules.zone.local_date(found.created_at);
    note_armed(&mut change.after, found, day);
    open_accounts(tx, &change.after, day).await?;
    tx.count_recreated_call().await?;
    settle(tx, vec![change], now).await.map(Some)
}

/// What arming would have opened: settling only changes what is there.
async fn open_accounts(tx: &Tx, call: &CallRecord, day: jiff::civil::Date) -> Result<(), StoreError> {
    tx.lock_days(&BTreeSet::from([(call.campaign, day)])).await?;
    tx.lock_budgets(&call.budgets().collect()).await?;
    Ok(())
}

fn note_armed(call: &mut CallRecord, found: &FoundCall, day: jiff::civil::Date) {
    call.call.placement = Placement::Unknown;
    call.call.closed_at = None;
    call.armed_at = Some(found.created_at);
    call.day = Some(day);
}

/// Calls that were chosen and not armed give up the number for the one that was really made.
async fn free_number(tx: &Tx, found: &FoundCall, now: Timestamp) -> Result<Vec<CallRecord>, StoreError> {
    let mut changes = Vec::new();
    for record in tx.lock_live_calls_to_anywhere(&found.to).await? {
        let mut change = Changed::from(record);
        let call = &mut change.after;
        if call.call.placement == Placement::Reserved {
            call.call.placement = Placement::Released;
            call.call.closed_at = Some(now);
            call.refusal_message =
                Some("The number had been called already; this database had forgotten it.".to_owned());
        }
        changes.push(change);
    }
    settle(tx, changes, now).await
}

/// Whom a call was for: whom the seal names, or the only one with that number.
async fn prospect_of(tx: &Tx, found: &FoundCall) -> Result<Option<ProspectRecord>, StoreError> {
    if let Some(id) = found.prospect
        && let Some(prospect) = tx.lock_prospects(&[id]).await?.pop()
    {
        return Ok(Some(prospect));
    }
    let mut candidates = tx.lock_prospects_with_number_anywhere(&found.to).await?;
    Ok(if candidates.len() == 1 { candidates.pop() } else { None })
}

/// Nobody knows whose attempt it was. Everybody with the number who would be rung again counts as given up after a lost
/// call, from where a person can put them back in line.
async fn hold_everybody(
    tx: &Tx,
    found: &FoundCall,
    now: Timestamp,
) -> Result<(Recreated, Vec<CallRecord>), StoreError> {
    let mut held = tx.lock_prospects_with_number_anywhere(&found.to).await?;
    held.retain(|prospect| matches!(prospect.status, ProspectStatus::Ready | ProspectStatus::Waiting));
    for prospect in &mut held {
        prospect.status = ProspectStatus::Exhausted;
        prospect.disposition = Some(Disposition::Lost);
        prospect.due_at = None;
        prospect.updated_at = now;
    }
    tx.save_prospects(&held).await?;
    Ok((Recreated::Unassigned, Vec::new()))
}
