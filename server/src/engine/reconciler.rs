//! Asks the carrier about calls gone quiet, ends those that people want ended, and looks for those whose answer was lost.

use std::time::Duration;

use domain::call::Placement;
use domain::carrier_event::CarrierStatus;
use domain::facts::{Evidence, Source};
use domain::ids::NodeId;
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Parts, rest_news, task, voicemail};
use crate::actions::calls::UnknownEnd;
use crate::carrier::{CallSid, CarrierCall, EndAs, EndOutcome, RequestError};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::supervised::PanicPoint;

/// Questions asked at the same time.
const AT_ONCE: usize = 8;
const MOST_PER_TURN: usize = 200;
/// An armed call whose request began this long ago, by the machine's clock, has no answer coming: the request itself is
/// given up after half a minute.
const IN_DOUBT_AFTER: Duration = Duration::from_secs(60);
/// A call may have been made a little before our clock says that it was armed.
const CLOCKS_DIFFER_BY: Duration = Duration::from_secs(60);
/// Twilio gives up a queued call after a day; an hour more, and no news will ever come.
const EXPIRED_AFTER: Duration = Duration::from_secs(25 * 60 * 60);

/// Asks until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    loop {
        let turn = task::turn(turn(&parts)).await;
        let clock = &parts.actions.clock;
        let until = task::next_look("reconciler", turn, clock.now());
        if !task::wait(clock, until, parts.actions.wake.reconciler_rung(), &stop).await {
            return;
        }
    }
}

async fn turn(parts: &Parts) -> Result<Option<Timestamp>, StoreError> {
    let actions = &parts.actions;
    let now = actions.clock.now();
    actions.panics.reached(PanicPoint::Reconciler);
    let doubt_before = now.checked_sub(actions.clock.span_of_real(IN_DOUBT_AFTER)).unwrap_or(now);
    let in_doubt = actions.store.calls_in_doubt(actions.installation.run, doubt_before).await?;
    if !in_doubt.is_empty() {
        let doubted = actions.doubt(in_doubt).await?;
        warn!(doubted, "calls were armed by a process that is gone: whether they were sent is not known");
    }
    voicemail::send_ordered(parts).await?;
    let calls = actions.store.calls_to_ask_about(now, MOST_PER_TURN).await?;
    let more = calls.len() == MOST_PER_TURN;
    futures_util::stream::iter(calls)
        .for_each_concurrent(AT_ONCE, |call| async move {
            // One that cannot be looked after must not take the others with it.
            if let Err(error) = task::turn(look_after(parts, &call)).await {
                warn!(call_id = %call.id, %error, "a call could not be looked after; it is tried again");
            }
        })
        .await;
    if more { Ok(Some(now)) } else { actions.store.next_call_to_ask_about_at(now).await }
}

async fn look_after(parts: &Parts, call: &CallRecord) -> Result<(), StoreError> {
    match (call.call.placement, &call.carrier_sid) {
        (Placement::Unknown | Placement::PresumedNotPlaced, _) => look_for(parts, call).await,
        (Placement::Placed, Some(sid)) => {
            // Our own column: it was a SID when it was written.
            if let Ok(sid) = sid.parse() {
                ask_about(parts, call, &sid).await?;
            }
            parts.actions.asked_about(call.id).await
        }
        _ => parts.actions.asked_about(call.id).await,
    }
}

async fn ask_about(parts: &Parts, call: &CallRecord, sid: &CallSid) -> Result<(), StoreError> {
    let wants_end = call.end_requested_at.is_some() && call.call.is_live();
    let answer = if wants_end {
        end(parts, call, sid).await
    } else if call.is_too_late_to_dial(parts.actions.clock.now()) {
        end_if_queued(parts, call, sid).await
    } else {
        parts.carrier.fetch(sid).await
    };
    match answer {
        Ok(known) => parts.actions.take_in(rest_news::of_call(call.id, &known)).await.map(|_| ()),
        Err(RequestError::Missing) => conclude_lost(parts, call, sid).await,
        Err(error) => {
            warn!(call_id = %call.id, %error, "the carrier did not tell about a call");
            Ok(())
        }
    }
}

/// Ends a call: cancelled while nobody picked up, hung up otherwise. A call that is over already just tells its end.
async fn end(parts: &Parts, call: &CallRecord, sid: &CallSid) -> Result<CarrierCall, RequestError> {
    let answered =
        call.call.facts.answered_at.is_some() || call.call.facts.progress == Some(CarrierStatus::InProgress);
    let first = if answered { EndAs::Completed } else { EndAs::Canceled };
    match parts.carrier.end(sid, first).await? {
        EndOutcome::Ended(known) => Ok(*known),
        // Either it is over, or it was picked up at this very moment and cannot be cancelled any more.
        EndOutcome::AlreadyOver => match parts.carrier.end(sid, EndAs::Completed).await? {
            EndOutcome::Ended(known) => Ok(*known),
            EndOutcome::AlreadyOver => parts.carrier.fetch(sid).await,
        },
    }
}

/// Cancels a call that would be dialed outside of the calling window. One that rings was dialed in time, or is an incident
/// that cannot be undone.
async fn end_if_queued(parts: &Parts, call: &CallRecord, sid: &CallSid) -> Result<CarrierCall, RequestError> {
    let known = parts.carrier.fetch(sid).await?;
    if known.status != Some(CarrierStatus::Queued) {
        return Ok(known);
    }
    warn!(call_id = %call.id, "the calling window closed before the carrier began to dial; the call is cancelled");
    end(parts, call, sid).await
}

/// The carrier does not know a call that it once took.
async fn conclude_lost(parts: &Parts, call: &CallRecord, sid: &CallSid) -> Result<(), StoreError> {
    let now = parts.actions.clock.now();
    let placed_at = call.placed_at.unwrap_or(call.created_at);
    let expired = placed_at.checked_add(EXPIRED_AFTER).is_ok_and(|expiry| expiry <= now);
    // The network in the box starts empty: calls of its earlier run ended with it. Those of another server's network that
    // still runs are that server's business.
    let forgotten = parts.simulation && !armed_by_another_that_lives(parts, call).await?;
    if !call.call.is_live() || !(expired || forgotten) {
        return Ok(());
    }
    let status = if expired { CarrierStatus::Canceled } else { CarrierStatus::Failed };
    let evidence = Evidence { status: Some(status), at: Some(now), ..Evidence::from(Source::Inferred) };
    warn!(call_id = %call.id, "the carrier does not know a call any more: it is closed");
    parts.actions.take_in(rest_news::of_lost_call(call.id, sid.as_str(), evidence)).await.map(|_| ())
}

async fn armed_by_another_that_lives(parts: &Parts, call: &CallRecord) -> Result<bool, StoreError> {
    match call.armed_by.as_deref().and_then(|node| node.parse::<NodeId>().ok()) {
        Some(node) if node != parts.actions.installation.run => {
            parts.actions.store.node_is_living(node).await
        }
        _ => Ok(false),
    }
}

/// Looks for a call whose create request got no answer.
async fn look_for(parts: &Parts, call: &CallRecord) -> Result<(), StoreError> {
    let armed_at = call.armed_at.unwrap_or(call.created_at);
    let since = armed_at.checked_sub(CLOCKS_DIFFER_BY).unwrap_or(armed_at);
    let found = match parts.carrier.list(&call.to, &call.from, since).await {
        Ok(found) => found,
        Err(error) => {
            warn!(call_id = %call.id, %error, "the carrier's list could not be read; the search goes on");
            return parts.actions.asked_about(call.id).await;
        }
    };
    let sids: Vec<String> = found.calls.iter().map(|candidate| candidate.sid.to_string()).collect();
    let claimed = parts.actions.store.claimed_carrier_sids(&sids).await?;
    for candidate in found.calls.iter().filter(|candidate| !claimed.contains(&candidate.sid.to_string())) {
        let Some(ours) = is_ours(parts, call, &candidate.sid).await else {
            // What cannot be read proves nothing.
            return parts.actions.asked_about(call.id).await;
        };
        if ours {
            info!(call_id = %call.id, carrier_sid = %candidate.sid, "a call whose answer was lost was found");
            return parts.actions.take_in(rest_news::of_call(call.id, candidate)).await.map(|_| ());
        }
    }
    if !found.complete {
        return parts.actions.asked_about(call.id).await;
    }
    if parts.actions.found_no_trace(call.id).await? == UnknownEnd::Presumed {
        warn!(call_id = %call.id, "no trace of a call whose answer was lost: it counts as an attempt");
    }
    Ok(())
}

/// The request that made a call carries our own identifier in its callback URL. `None` when the carrier does not tell.
async fn is_ours(parts: &Parts, call: &CallRecord, sid: &CallSid) -> Option<bool> {
    let events = match parts.carrier.call_events(sid).await {
        Ok(events) => events,
        Err(error) => {
            warn!(call_id = %call.id, %error, "how a call was made could not be read");
            return None;
        }
    };
    let made_for = |url: &str| parts.carrier.callback_urls().recognise(url).map(|(_, id)| id);
    Some(
        events
            .iter()
            .filter_map(|event| event.parameter("StatusCallback"))
            .any(|url| made_for(url) == Some(call.id)),
    )
}
