//! Sends machines whose tone is over to their message, while the call is under way.

use domain::ids::CallId;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tracing::{info, warn};

use super::Parts;
use crate::carrier::{CallSid, RedirectOutcome};
use crate::store::StoreError;
use crate::store::calls::CallRecord;

const MOST_PER_TURN: u64 = 200;
/// Requests at the same time.
const AT_ONCE: usize = 8;

/// Sends every call that waits for it, each at most once.
pub(super) async fn send_ordered(parts: &Parts) -> Result<(), StoreError> {
    let ordered = parts.actions.store.voicemail_orders(MOST_PER_TURN).await?;
    // A machine records silence meanwhile: nobody waits for the answer that another one gets.
    let sent = futures_util::stream::iter(ordered).map(Ok);
    sent.try_for_each_concurrent(AT_ONCE, |id| send_one(parts, id)).await
}

async fn send_one(parts: &Parts, id: CallId) -> Result<(), StoreError> {
    let call = parts.actions.store.any_call(id).await?;
    if parts.actions.take_voicemail_order(id).await?
        && let Some(call) = call.filter(|call| call.call.is_live())
        && let Some(Ok(sid)) = call.carrier_sid.as_deref().map(str::parse)
    {
        send(parts, &call, &sid).await;
    }
    Ok(())
}

async fn send(parts: &Parts, call: &CallRecord, sid: &CallSid) {
    match parts.carrier.speak_anew(sid, call.id, call.prospect).await {
        Ok(RedirectOutcome::Redirected) => info!(call_id = %call.id, "a machine hears its message"),
        Ok(RedirectOutcome::AlreadyOver) => {
            info!(call_id = %call.id, "a call was over before the machine heard its message");
        }
        Err(error) => warn!(call_id = %call.id, %error, "a machine did not hear its message"),
    }
}
