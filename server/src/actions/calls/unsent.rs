//! Calls whose arming failed in a way that leaves open whether it was committed: this process sends none of them, and nobody
//! else can. So they go back, by reading them again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::CallId;
use tracing::info;

use super::record::{Outcome, record_one};
use super::settle::{Changed, settle};
use crate::actions::Actions;
use crate::store::StoreError;

/// Calls that this process may have armed and will not send, each with how often it had been sent in vain before.
#[derive(Clone, Debug, Default)]
pub(in crate::actions) struct Unsent(Arc<Mutex<Vec<(CallId, u32)>>>);

impl Unsent {
    /// More of them.
    pub fn note(&self, calls: impl IntoIterator<Item = (CallId, u32)>) {
        self.calls().extend(calls);
    }

    fn calls(&self) -> MutexGuard<'_, Vec<(CallId, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Actions {
    /// Takes back what this process armed and did not send, because the answer to the arming was lost; how many calls.
    ///
    /// # Errors
    /// The database failed; they are taken back the next time. If this process ends first, they are in doubt.
    pub async fn take_back_unsent(&self) -> Result<usize, StoreError> {
        let unsent = self.unsent.calls().clone();
        if unsent.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let run = self.installation.run.to_string();
        let mut ids: Vec<CallId> = unsent.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let wanted = unsent.clone();
        let changed = self
            .store
            .transaction(move |tx| async move {
                // Locked: a commit that is still on its way is waited for.
                let mut changes: Vec<Changed> =
                    tx.lock_calls(&ids).await?.into_iter().map(Changed::from).collect();
                for change in &mut changes {
                    let call = &mut change.after;
                    let is_ours = call.armed_by.as_ref() == Some(&run)
                        && wanted.iter().any(|(id, sends)| *id == call.id && *sends == call.sends);
                    record_one(call, Outcome::NotSent, is_ours, None, now);
                }
                changes.retain(|change| change.after != change.before);
                settle(&tx, changes, now).await
            })
            .await?;
        self.unsent.calls().retain(|call| !unsent.contains(call));
        for call in &changed {
            info!(call_id = %call.id, "the answer to an arming was lost; the call was not sent and goes back");
        }
        self.tell(&changed);
        Ok(changed.len())
    }
}
