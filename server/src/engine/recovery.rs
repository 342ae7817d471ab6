//! In quarantine: finds at the carrier what the database has forgotten, and in the journal whom it forgot to leave alone.
//!
//! Everything here can stop at any point and begin again: what was found is in the database, and is not looked for twice.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Parts, rest_news, task};
use crate::actions::calls::{FoundCall, Recreated};
use crate::carrier::{CarrierCall, RequestError};
use crate::store::StoreError;
use crate::store::history::{LookRecord, QuarantineRecord};

/// Questions asked at the same time.
const AT_ONCE: usize = 8;
/// Numbers looked up in one statement.
const BATCH: usize = 500;
/// A request that was on its way when the history was lost shows in the carrier's list by then.
const SETTLED_AFTER: Duration = Duration::from_secs(60);
/// Time until the next look when something still has to happen.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// Waits for a quarantine and reconciles it, until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    loop {
        let turn = tokio::select! {
            turn = task::turn(turn(&parts)) => turn,
            () = stop.cancelled() => return,
        };
        let clock = &parts.actions.clock;
        let until = task::next_look("recovery", turn, clock.now());
        if !task::wait(clock, until, parts.actions.wake.recovery_rung(), &stop).await {
            return;
        }
    }
}

async fn turn(parts: &Parts) -> Result<Option<Timestamp>, StoreError> {
    let actions = &parts.actions;
    let Some(open) = actions.store.open_quarantine().await? else { return Ok(None) };
    if open.reconciled_at.is_some() {
        return Ok(None);
    }
    let again = actions.clock.now().checked_add(LOOK_AGAIN).ok();
    let restored = actions.restore_opt_outs().await?;
    if restored > 0 {
        info!(restored, "numbers came back to the do-not-call list from the journal");
    }
    let began = actions.clock.now();
    match look(parts, &open).await? {
        Ok(look) if is_settled(parts, &open, began) => {
            actions.conclude_recovery(look).await?;
            Ok(None)
        }
        // Once more, later: the carrier's list lags behind.
        Ok(_) => {
            actions
                .note_recovery_problem("the carrier's list is read once more a little later".to_owned())
                .await?;
            Ok(again)
        }
        Err(problem) => {
            warn!(problem, "the history is not reconciled yet");
            actions.note_recovery_problem(problem).await?;
            Ok(again)
        }
    }
}

fn is_settled(parts: &Parts, open: &QuarantineRecord, look_began: Timestamp) -> bool {
    // The network in the box forgets its calls when it stops: there is nothing to wait for.
    parts.simulation || open.entered_at.checked_add(SETTLED_AFTER).is_ok_and(|settled| settled <= look_began)
}

/// One look at everything that the carrier knows; what stands in the way of its being complete.
async fn look(parts: &Parts, open: &QuarantineRecord) -> Result<Result<LookRecord, String>, StoreError> {
    let listed = match parts.carrier.list_all(open.look_since).await {
        Ok(listed) if listed.complete => listed.calls,
        Ok(_) => return Ok(Err("the carrier's list of calls could not be read to its end".to_owned())),
        Err(error) => return Ok(Err(format!("the carrier's list of calls could not be read: {error}"))),
    };
    let known = known_sids(parts, &listed).await?;
    let mut look = LookRecord { found: known.len() as u64, ..LookRecord::default() };
    // Oldest first, so that attempts are numbered in the order in which they were made.
    let forgotten = listed.into_iter().rev().filter(|call| !known.contains(call.sid.as_str()));
    let mut asked = stream::iter(forgotten)
        .map(|call| async move { (whose(parts, &call).await, call) })
        .buffered(AT_ONCE);
    let mut waiting = 0;
    while let Some((whose, call)) = asked.next().await {
        let found = match whose {
            Ok(Whose::Ours(found)) => found,
            // Another program uses the same account.
            Ok(Whose::Nobodys) => continue,
            Err(error) => return Ok(Err(format!("how a call was made could not be read: {error}"))),
        };
        look.found += 1;
        match parts.actions.recreate_call(found).await? {
            Recreated::Here(id) => {
                parts.actions.take_in(rest_news::of_call(id, &call)).await?;
                info!(call_id = %id, carrier_sid = %call.sid, "a forgotten call was found");
            }
            Recreated::Waits => waiting += 1,
            Recreated::Unassigned => {
                look.unassigned += 1;
                warn!(carrier_sid = %call.sid, to = ?call.to, "a call of ours belongs to nobody in particular");
            }
        }
    }
    if waiting > 0 {
        return Ok(Err(format!("{waiting} calls wait for another call to the same number to end")));
    }
    Ok(Ok(look))
}

async fn known_sids(parts: &Parts, listed: &[CarrierCall]) -> Result<HashSet<String>, StoreError> {
    let mut known = HashSet::new();
    for batch in listed.chunks(BATCH) {
        let sids: Vec<String> = batch.iter().map(|call| call.sid.to_string()).collect();
        known.extend(parts.actions.store.claimed_carrier_sids(&sids).await?);
    }
    Ok(known)
}

/// Who made a call.
pub(super) enum Whose {
    /// This installation.
    Ours(FoundCall),
    /// Another program, a person, or something that is no phone call.
    Nobodys,
}

/// Whether a call is ours, by the address it was given for its news.
pub(super) async fn whose(parts: &Parts, call: &CarrierCall) -> Result<Whose, RequestError> {
    let (Some(to), Some(from)) = (call.to.clone(), call.from.clone()) else { return Ok(Whose::Nobodys) };
    let urls = parts.carrier.callback_urls();
    let events = match parts.carrier.call_events(&call.sid).await {
        Ok(events) => events,
        // Deleted meanwhile.
        Err(RequestError::Missing) => return Ok(Whose::Nobodys),
        Err(error) => return Err(error),
    };
    let addresses: Vec<&str> = events.iter().filter_map(|event| event.parameter("StatusCallback")).collect();
    let sealed = addresses.iter().find_map(|url| urls.recognise_whom(url));
    if sealed.is_none() && !addresses.iter().any(|url| urls.leads_here(url)) {
        return Ok(Whose::Nobodys);
    }
    let (id, prospect) = sealed.map_or((None, None), |(id, prospect)| (Some(id), prospect));
    let created_at = call.created_at.or(call.started_at).unwrap_or_else(|| parts.actions.clock.now());
    Ok(Whose::Ours(FoundCall { call: id, prospect, to, from, created_at }))
}
