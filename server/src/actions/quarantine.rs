//! Quarantine: from the moment a history may be incomplete until it is reconciled and an administrator resumes, nobody is
//! rung. News of calls is still taken in.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::ids::WorkspaceId;
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use tracing::{error, info, warn};

use super::{Actions, Actor, audit, new_uuid};
use crate::store::history::{LookRecord, QuarantineReason, QuarantineRecord};
use crate::store::outside::OptOut;
use crate::store::{Store, StoreError, Tx};

/// The carrier's clock and ours differ, and what was committed last was not the last that was begun.
const MARGIN: Duration = Duration::from_secs(60 * 60);
/// How far back a database is looked through that knows of no call at all.
const LONGEST_LOOK_BACK: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why dialing cannot be resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeRefused {
    /// Not everything was found again yet.
    #[error("the history is not reconciled yet{}", .problem.as_deref().map(|it| format!(": {it}")).unwrap_or_default())]
    NotReconciled {
        /// What stands in the way, where something does.
        problem: Option<String>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Begins a quarantine, unless one is open.
    pub async fn enter_quarantine(&self, reason: QuarantineReason) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.transaction(move |tx| async move { enter(&tx, reason, now).await }).await?;
        self.wake.recovery();
        Ok(())
    }

    /// Takes numbers back onto the do-not-call list that were put there in this folder's journal and are not on the list
    /// of this database. A number that was taken off later stays off, unless this database lists it. How many came back.
    pub async fn restore_opt_outs(&self) -> Result<u64, StoreError> {
        let (changes, unreadable) = self.history.opt_outs().await?;
        if unreadable > 0 {
            warn!(
                lines = unreadable,
                "lines of opt-outs.log cannot be read: they were cut off before their request was answered"
            );
        }
        let mut latest: BTreeMap<(String, String), OptOut> = BTreeMap::new();
        for change in changes {
            latest.insert((change.workspace.clone(), change.number.clone()), change);
        }
        let mut restored = 0;
        for change in latest.into_values().filter(|change| change.listed) {
            restored += u64::from(self.restore_opt_out(change).await?);
        }
        if restored > 0 {
            self.change_quarantine(move |open| open.opt_outs_restored += restored).await?;
        }
        Ok(restored)
    }

    async fn restore_opt_out(&self, change: OptOut) -> Result<bool, StoreError> {
        let (first, _) = self.first_workspace().await?;
        let workspace: WorkspaceId = match change.workspace.parse() {
            Ok(workspace) if self.store.has_workspace(workspace).await? => workspace,
            // A folder of another installation: its people want to be left alone all the same.
            _ => first,
        };
        let Ok(phone) = PhoneNumber::parse(&change.number, None) else {
            warn!("a line of opt-outs.log holds no phone number");
            return Ok(false);
        };
        if self.store.is_do_not_call(workspace, &phone).await? {
            return Ok(false);
        }
        let new =
            self.list_do_not_call(Actor::server(workspace), vec![phone], change.source, change.reason, None);
        Ok(new.await? > 0)
    }

    /// Writes down what stands in the way of the reconciliation, for people.
    pub async fn note_recovery_problem(&self, problem: String) -> Result<(), StoreError> {
        self.change_quarantine(move |open| open.problem = Some(problem)).await
    }

    /// Ends the reconciliation: everything that can be found was found.
    pub async fn conclude_recovery(&self, look: LookRecord) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.change_quarantine(move |open| {
            open.calls_found = look.found;
            open.calls_unassigned = look.unassigned;
            open.problem = None;
            open.reconciled_at = Some(now);
        })
        .await?;
        info!(calls = look.found, "the history is reconciled; an administrator may resume dialing");
        Ok(())
    }

    async fn change_quarantine(
        &self,
        change: impl FnOnce(&mut QuarantineRecord) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.store
            .transaction(move |tx| async move {
                if let Some(mut open) = tx.lock_open_quarantine().await? {
                    change(&mut open);
                    tx.save_quarantine(&open).await?;
                }
                Ok(())
            })
            .await
    }

    /// Resumes dialing after the reconciliation. Whether there was anything to resume from.
    pub async fn resume_from_quarantine(&self, actor: Actor) -> Result<bool, ResumeRefused> {
        let (now, workspace) = (self.clock.now(), actor.workspace);
        let kept = self.history.newest_marker().await?;
        let history = self.history.clone();
        let begun = self
            .store
            .transaction(move |tx| async move {
                // The history's row first, as everything that begins or ends a quarantine.
                let Some(record) = tx.grow_history(1, true, None).await? else { return Ok(None) };
                let Some(open) = tx.lock_open_quarantine().await? else { return Ok(None) };
                if open.reconciled_at.is_none() {
                    return Err(ResumeRefused::NotReconciled { problem: open.problem });
                }
                let above = match kept {
                    Some(kept) if kept.is_beyond(&record.marker) => kept,
                    _ => record.marker,
                };
                tx.end_quarantine(&actor.name, above, now).await?;
                tx.keep_database_identity(history.identity(&tx).await?).await?;
                let detail = serde_json::json!({
                    "reason": open.reason.as_str(),
                    "callsRecreated": open.calls_recreated,
                    "optOutsRestored": open.opt_outs_restored,
                    "callsUnassigned": open.calls_unassigned,
                });
                audit::note(&tx, &actor, "quarantine.resume", open.id, detail, now).await?;
                Ok::<_, ResumeRefused>(tx.grow_history(1, true, None).await?)
            })
            .await?;
        if let Some(record) = &begun {
            self.history.remember(record.marker).await?;
            warn!("dialing was resumed after a quarantine");
            self.told_everybody(workspace);
            self.wake.dialer();
        }
        Ok(begun.is_some())
    }
}

/// Marks a database that was just restored, before a server opens it.
pub async fn mark_restored(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    store
        .transaction(move |tx| async move {
            tx.begin_history(new_uuid(now)).await?;
            enter(&tx, QuarantineReason::Restored, now).await
        })
        .await
}

/// Begins a quarantine in a transaction that is open already.
pub(super) async fn enter(tx: &Tx, reason: QuarantineReason, now: Timestamp) -> Result<(), StoreError> {
    let history = tx.begin_history(new_uuid(now)).await?;
    let last_known = match (reason, history.last_at) {
        // How long it dialed with holes in its memory is not known.
        (QuarantineReason::UnknownCall | QuarantineReason::OtherInstallation, _) => None,
        (_, Some(at)) => Some(at),
        (_, None) => tx.last_armed_at().await?,
    };
    let look_since = match last_known {
        Some(at) => at.checked_sub(MARGIN).unwrap_or(at),
        None => now.checked_sub(LONGEST_LOOK_BACK).unwrap_or(now),
    };
    let entry = QuarantineRecord {
        id: new_uuid(now),
        reason,
        entered_at: now,
        look_since,
        calls_found: 0,
        calls_recreated: 0,
        calls_unassigned: 0,
        opt_outs_restored: 0,
        problem: None,
        reconciled_at: None,
    };
    if !tx.enter_quarantine(&entry).await? {
        return Ok(());
    }
    error!(reason = reason.as_str(), "nobody is rung: the history of this database may not be whole");
    let workspace = match tx.first_workspace().await {
        Ok(workspace) => workspace,
        // Restored from the time before the first start: there is nobody to tell.
        Err(StoreError::CorruptRow { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let detail = serde_json::json!({ "reason": reason.as_str() });
    audit::note(tx, &Actor::server(workspace), "quarantine.enter", entry.id, detail, now).await
}
