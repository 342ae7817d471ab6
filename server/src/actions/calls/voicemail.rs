//! A machine whose tone is over while the call is under way: its message is ordered, and taken by whoever sends it.

use domain::call::Placement;
use domain::carrier_event::AnsweredBy;
use domain::ids::CallId;

use crate::actions::Actions;
use crate::store::StoreError;

impl Actions {
    /// Orders the message for the machine at the other end, where detection goes on beside the call and the call has words for
    /// machines. Repeats change nothing.
    ///
    /// # Errors
    /// The database failed.
    pub async fn order_voicemail(&self, id: CallId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let ordered = self
            .store
            .transaction(move |tx| async move {
                let Some(record) = tx.lock_calls(&[id]).await?.pop() else { return Ok(false) };
                let call = &record.call;
                let waits = call.facts.answered_by().is_some_and(AnsweredBy::takes_messages);
                if !waits || !call.is_live() || call.placement != Placement::Placed {
                    return Ok(false);
                }
                let campaign = tx.campaign(record.campaign).await?;
                if campaign.is_none_or(|campaign| campaign.machine_detection != "async") {
                    return Ok(false);
                }
                let Some(said) = record.script else { return Ok(false) };
                let words = tx.words_of(record.workspace, said).await?;
                if words.is_none_or(|words| words.voicemail.is_none()) {
                    return Ok(false);
                }
                tx.order_voicemail(record.workspace, id, now).await?;
                Ok::<_, StoreError>(true)
            })
            .await?;
        if ordered {
            self.wake.reconciler();
        }
        Ok(())
    }

    /// Takes the order for a call; `false` when somebody has.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_voicemail_order(&self, id: CallId) -> Result<bool, StoreError> {
        let now = self.clock.now();
        self.store.transaction(move |tx| async move { tx.take_voicemail_order(id, now).await }).await
    }
}
