//! The do-not-call list: an entry wins over everything from the instant it is committed.

use domain::ids::CallId;
use domain::phone_number::PhoneNumber;
use domain::prospect::ProspectStatus;

use super::calls::settle::{Changed, settle};
use super::{Actions, Actor, audit};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::do_not_call::DoNotCallRecord;
use crate::store::outside::OptOut;

/// Numbers that are put on the list in one transaction, at most: calls are armed between two of them.
pub(super) const AT_ONCE: usize = 250;

impl Actions {
    /// Puts a number on the list: nobody arms a call to it any more, and calls under way that were not picked up yet are
    /// cancelled. Whether it is new there.
    pub async fn add_do_not_call(
        &self,
        actor: Actor,
        phone: PhoneNumber,
        source: &'static str,
        reason: String,
    ) -> Result<bool, StoreError> {
        Ok(self.add_some_do_not_call(actor, vec![phone], source, reason).await? > 0)
    }

    /// The same for whoever asks for it on a call, which goes on: they are told that it was done.
    pub async fn opt_out_on_call(
        &self,
        actor: Actor,
        call: &CallRecord,
        reason: String,
    ) -> Result<(), StoreError> {
        let (phones, source) = (vec![call.to.clone()], "keypress");
        let journaled = self.journal(&actor, &phones, true, source, &reason).await;
        self.list_do_not_call(actor, phones, source.to_owned(), reason, Some(call.id)).await?;
        journaled
    }

    /// The same for at most `AT_ONCE` numbers; how many are new there.
    pub(super) async fn add_some_do_not_call(
        &self,
        actor: Actor,
        phones: Vec<PhoneNumber>,
        source: &'static str,
        reason: String,
    ) -> Result<usize, StoreError> {
        // Before the commit: what a restored database has forgotten must be in the journal. A failure to write there is
        // told to whoever asked, and the numbers are put on the list all the same.
        let journaled = self.journal(&actor, &phones, true, source, &reason).await;
        let new = self.list_do_not_call(actor, phones, source.to_owned(), reason, None).await?;
        journaled?;
        Ok(new)
    }

    /// Puts numbers on the list of the database, without writing them into the journal again; how many are new there. The
    /// call `but` is not ended.
    pub(super) async fn list_do_not_call(
        &self,
        actor: Actor,
        phones: Vec<PhoneNumber>,
        source: String,
        reason: String,
        but: Option<CallId>,
    ) -> Result<usize, StoreError> {
        let (now, workspace) = (self.clock.now(), actor.workspace);
        let history = self.history.clone();
        let (new, changed, marker) = self
            .store
            .transaction(move |tx| async move {
                // A call that is armed now has the number first, or waits for it and then finds the entry.
                tx.hold_numbers(workspace, &phones).await?;
                let mut changes = Vec::new();
                let mut live = tx.lock_live_calls_to(workspace, &phones).await?;
                live.retain(|record| Some(record.id) != but);
                for record in live {
                    let mut change = Changed::from(record);
                    let call = &mut change.after;
                    if call.call.release(now) {
                        call.refusal_message = Some("The number was put on the do-not-call list.".to_owned());
                    } else if call.call.facts.answered_at.is_none() {
                        call.end_requested_at = call.end_requested_at.or(Some(now));
                        call.next_poll_at = Some(now);
                    }
                    changes.push(change);
                }
                // Everybody is locked before a call is written: whoever holds one of them may be adding a call to the same
                // number, and would wait for what becomes of the written one.
                tx.lock_prospects_with_numbers(workspace, &phones).await?;
                let changed = settle(&tx, changes, now).await?;
                let mut prospects = tx.lock_prospects_with_numbers(workspace, &phones).await?;
                prospects.retain(|prospect| !prospect.status.is_sticky());
                for prospect in &mut prospects {
                    prospect.status = ProspectStatus::DoNotCall;
                    prospect.due_at = None;
                    prospect.updated_at = now;
                }
                tx.save_prospects(&prospects).await?;
                let detail = serde_json::json!({ "source": source });
                let entry = |phone: PhoneNumber| DoNotCallRecord {
                    workspace,
                    phone,
                    source: source.clone(),
                    reason: reason.clone(),
                    created_at: now,
                };
                let entries: Vec<DoNotCallRecord> = phones.into_iter().map(entry).collect();
                let new = tx.add_do_not_call(&entries).await?;
                let mut marker = None;
                if !new.is_empty() {
                    let deed = |phone| audit::entry(&actor, "do_not_call.add", phone, detail.clone(), now);
                    tx.add_audits(new.iter().map(deed).collect()).await?;
                    marker = history.advance_for_opt_outs(&tx, new.len()).await?;
                }
                Ok::<_, StoreError>((new.len(), changed, marker))
            })
            .await?;
        self.tell(&changed);
        self.told_everybody(workspace);
        self.wake.reconciler();
        self.wake.dialer();
        if let Some(marker) = marker {
            self.history.remember(marker).await?;
        }
        Ok(new)
    }

    /// Takes a number off the list, with the reason on record. Prospects stay as they are: whoever wants them rung again
    /// says so. Whether it was there.
    pub async fn remove_do_not_call(
        &self,
        actor: Actor,
        phone: PhoneNumber,
        reason: String,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let (remover, number, why) = (actor.clone(), phone.clone(), reason.clone());
        let was_there = self
            .store
            .transaction(move |tx| async move {
                let was_there = tx.remove_do_not_call(actor.workspace, &phone).await?;
                if was_there {
                    let detail = serde_json::json!({ "reason": reason });
                    audit::note(&tx, &actor, "do_not_call.remove", phone, detail, now).await?;
                }
                Ok::<_, StoreError>(was_there)
            })
            .await?;
        if was_there {
            // After the commit: a journal without it only keeps a number on the list that may come off again.
            self.journal(&remover, &[number], false, "api", &why).await?;
        }
        Ok(was_there)
    }

    async fn journal(
        &self,
        actor: &Actor,
        phones: &[PhoneNumber],
        listed: bool,
        source: &str,
        reason: &str,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let change = |phone: &PhoneNumber| OptOut {
            at: at.to_string(),
            workspace: actor.workspace.to_string(),
            number: phone.to_string(),
            listed,
            source: source.to_owned(),
            reason: reason.to_owned(),
        };
        self.history.note_opt_outs(phones.iter().map(change).collect()).await
    }
}
