//! Ending a call by hand: one that was not sent is given up, one that rings is cancelled, one that talks is hung up.

use domain::call::Placement;
use domain::campaign::CampaignStatus;
use domain::ids::{CallId, CampaignId, WorkspaceId};
use jiff::Timestamp;

use super::settle::{Changed, settle};
use crate::actions::{Actions, Actor, audit};
use crate::live::Subject;
use crate::store::calls::CallRecord;
use crate::store::{StoreError, Tx};

/// Wants the end of every call that the carrier took and has not begun to dial: it would ring after the stop.
pub(in crate::actions) async fn end_queued(
    tx: &Tx,
    workspace: WorkspaceId,
    campaign: Option<CampaignId>,
    now: Timestamp,
) -> Result<Vec<CallRecord>, StoreError> {
    let queued = tx.lock_calls_queued_at_carrier(workspace, campaign).await?;
    let wanted = queued.into_iter().map(|record| {
        let mut change = Changed::from(record);
        change.after.end_requested_at = change.after.end_requested_at.or(Some(now));
        change.after.next_poll_at = Some(now);
        change
    });
    settle(tx, wanted.collect(), now).await
}

/// Gives up calls that were not armed yet, as they are afterwards.
pub(in crate::actions) async fn release(
    tx: &Tx,
    reserved: Vec<CallRecord>,
    why: &str,
    now: Timestamp,
) -> Result<Vec<CallRecord>, StoreError> {
    let given_up = reserved.into_iter().map(|record| {
        let mut change = Changed::from(record);
        if change.after.call.release(now) {
            change.after.refusal_message = Some(why.to_owned());
        }
        change
    });
    settle(tx, given_up.collect(), now).await
}

/// Why a call cannot be ended.
#[derive(Debug, thiserror::Error)]
pub enum EndRefused {
    /// The call is not there.
    #[error("there is no such call")]
    NoSuchCall,
    /// It is over.
    #[error("the call is over already")]
    Over,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Asks for the end of a call. The engine tells the carrier at once; the call's own news confirms it.
    pub async fn end_call(&self, actor: Actor, id: CallId) -> Result<CallRecord, EndRefused> {
        let now = self.clock.now();
        let call = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_calls(&[id]).await?.pop();
                let record =
                    found.filter(|call| call.workspace == actor.workspace).ok_or(EndRefused::NoSuchCall)?;
                if !record.call.is_live() {
                    return Err(EndRefused::Over);
                }
                let mut change = Changed::from(record);
                let call = &mut change.after;
                call.end_requested_at = call.end_requested_at.or(Some(now));
                if call.call.release(now) {
                    call.refusal_message = Some("Cancelled before it was sent.".to_owned());
                } else {
                    call.next_poll_at = Some(now);
                }
                let fallback = call.clone();
                audit::note(&tx, &actor, "call.end", id, serde_json::json!({}), now).await?;
                Ok(settle(&tx, vec![change], now).await?.pop().unwrap_or(fallback))
            })
            .await?;
        self.tell(std::slice::from_ref(&call));
        self.wake.reconciler();
        self.wake.dialer();
        Ok(call)
    }

    /// Asks the carrier about a call at once, because somebody looks at it.
    pub async fn ask_again(&self, id: CallId) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let Some(mut record) = tx.lock_calls(&[id]).await?.pop() else { return Ok(()) };
                record.next_poll_at = Some(now);
                tx.save_calls(&[record]).await
            })
            .await?;
        self.wake.reconciler();
        Ok(())
    }

    /// Somebody said stop between the arm of a call and the carrier's answer: what is not dialed yet is taken back.
    pub async fn end_if_stopped(&self, call: &CallRecord) -> Result<(), StoreError> {
        let campaign = self.store.any_campaign(call.campaign).await?;
        let paused = campaign.is_some_and(|campaign| campaign.status == CampaignStatus::Paused);
        if !paused && !self.store.workspace_rules(call.workspace).await?.dialing_stopped {
            return Ok(());
        }
        let (now, workspace, campaign) = (self.clock.now(), call.workspace, call.campaign);
        let stop = move |tx: Tx| async move { end_queued(&tx, workspace, Some(campaign), now).await };
        let ending = self.store.transaction::<_, StoreError, _, _>(stop).await?;
        self.told_of_ending(&ending);
        Ok(())
    }

    /// Has the carrier's list read again for lost calls, because their numbers are about to be rung.
    pub(super) async fn look_again(&self, ids: Vec<CallId>) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let mut calls = tx.lock_calls(&ids).await?;
                calls.retain(|call| call.call.placement == Placement::PresumedNotPlaced);
                for call in &mut calls {
                    call.next_poll_at = Some(now);
                }
                tx.save_calls(&calls).await
            })
            .await?;
        self.wake.reconciler();
        Ok(())
    }

    /// Has the reconciler ask the carrier for the end of calls that were just wanted ended.
    pub(in crate::actions) fn told_of_ending(&self, ending: &[CallRecord]) {
        self.tell(ending);
        if !ending.is_empty() {
            self.wake.reconciler();
        }
    }

    /// Tells open pages of changed calls.
    pub(in crate::actions) fn tell(&self, changed: &[CallRecord]) {
        for call in changed {
            let status = call.call.status().as_str();
            self.live
                .publish(call.workspace, Subject::Call { call: call.id, campaign: call.campaign, status });
        }
    }
}
