//! A person settles what became of a call whose answer was lost, on what the carrier's own records show.

use domain::call::Finding;
use domain::ids::CallId;

use super::settle::{Changed, settle};
use crate::actions::{Actions, Actor, audit};
use crate::store::StoreError;
use crate::store::calls::CallRecord;

/// Why a call cannot be settled by hand.
#[derive(Debug, thiserror::Error)]
pub enum ResolveRefused {
    /// The call is not there.
    #[error("there is no such call")]
    NoSuchCall,
    /// Its fate is known.
    #[error(
        "what became of the call is known already; only a call whose answer was lost can be settled by hand"
    )]
    Known,
    /// Another call has this name at the carrier.
    #[error("another call of ours has this name at the carrier already")]
    Claimed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Actions {
    /// Settles a lost call. It releases what the call held, or proves the call; it opens no gate: whether and when the
    /// person is rung again is decided as ever. `carrier_sid` is the carrier's name for the call that was found.
    pub async fn resolve_call(
        &self,
        actor: Actor,
        id: CallId,
        finding: Finding,
        carrier_sid: Option<String>,
        reason: String,
    ) -> Result<CallRecord, ResolveRefused> {
        let now = self.clock.now();
        let call = self
            .store
            .transaction(move |tx| async move {
                let found = tx.lock_calls(&[id]).await?.pop();
                let record = found.filter(|call| call.workspace == actor.workspace);
                let mut change = Changed::from(record.ok_or(ResolveRefused::NoSuchCall)?);
                let call = &mut change.after;
                let was_closed = call.call.closed_at.is_some();
                if !call.call.settle_by_hand(finding, now) {
                    return Err(ResolveRefused::Known);
                }
                match finding {
                    Finding::Placed => {
                        // By now the next attempt may be on, and both are true.
                        call.late |= was_closed;
                        call.placed_at = call.placed_at.or(Some(now));
                        call.refusal_message = None;
                        call.next_poll_at = Some(now);
                        call.carrier_sid = carrier_sid.clone();
                    }
                    Finding::NotPlaced => {
                        call.refusal_message =
                            Some("Somebody looked it up: the carrier never made this call.".to_owned());
                    }
                }
                let fallback = call.clone();
                let detail = serde_json::json!({
                    "finding": match finding { Finding::Placed => "placed", Finding::NotPlaced => "not_placed" },
                    "carrierSid": carrier_sid,
                    "reason": reason,
                });
                audit::note(&tx, &actor, "call.resolve", id, detail, now).await?;
                match settle(&tx, vec![change], now).await {
                    Ok(mut settled) => Ok(settled.pop().unwrap_or(fallback)),
                    Err(StoreError::Conflict) => Err(ResolveRefused::Claimed),
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        self.tell(std::slice::from_ref(&call));
        self.wake.reconciler();
        self.wake.dialer();
        Ok(call)
    }
}
