//! When to ask the carrier about a call, so that a lost callback delays news and never loses it.

use std::time::Duration;

use domain::call::{CallStatus, Placement};
use jiff::Timestamp;

use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;

const MINUTE: Duration = Duration::from_secs(60);

/// A quiet call: first when it should have stopped ringing, then ever more patiently.
const QUIET: [Duration; 5] = [
    MINUTE,
    MINUTE.saturating_mul(2),
    MINUTE.saturating_mul(5),
    MINUTE.saturating_mul(15),
    MINUTE.saturating_mul(60),
];
/// A call whose create request got no answer: when the carrier's list is read for it, after it was armed. Callbacks usually
/// tell within seconds; three looks without a trace end the search.
const LOOKS: [Duration; 3] = [MINUTE, MINUTE.saturating_mul(5), MINUTE.saturating_mul(15)];
/// Until the next try to read the list.
const BETWEEN_LOOKS: Duration = MINUTE;
/// The price of a call that is over: Twilio rates it minutes later, sometimes hours.
const PRICE: [Duration; 5] = [
    MINUTE,
    MINUTE.saturating_mul(5),
    MINUTE.saturating_mul(15),
    MINUTE.saturating_mul(60),
    MINUTE.saturating_mul(360),
];

/// How many looks for an unknown call find nothing before it is presumed not to have been placed.
pub(super) const LOOKS_FOR_UNKNOWN: u32 = LOOKS.len() as u32;

/// A call that the carrier still has not dialed when its calling window has closed: until it is asked for again.
const STILL_QUEUED: Duration = Duration::from_secs(5);

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Trace,
    End,
    Price,
    Nothing,
}

/// Whether a change calls for a new plan. News of another kind leaves the plan made at the last change.
pub(super) fn plans_anew(before: &CallRecord, after: &CallRecord) -> bool {
    let waiting = waiting_for(after);
    waiting != waiting_for(before) || after.polls != before.polls && waiting != Waiting::Trace
}

/// Sets when to ask next, after a change.
pub(super) fn schedule(
    before: &CallRecord,
    after: &mut CallRecord,
    campaign: &CampaignRecord,
    now: Timestamp,
) {
    if !plans_anew(before, after) {
        return;
    }
    let waiting = waiting_for(after);
    if waiting != waiting_for(before) {
        after.polls = 0;
    }
    let asked = after.polls as usize;
    let ring_time = Duration::from_secs(campaign.ring_timeout_seconds.into());
    let wait = match waiting {
        Waiting::Trace => Some(next_look(after, now).duration_since(now).unsigned_abs()),
        Waiting::End if asked == 0 => Some(ring_time + QUIET[0]),
        Waiting::End => Some(QUIET[asked.min(QUIET.len() - 1)]),
        Waiting::Price => PRICE.get(asked).copied(),
        Waiting::Nothing => None,
    };
    let next = wait.and_then(|wait| now.checked_add(wait).ok());
    // A wish to end the call does not wait for the plan.
    let ending = after.end_requested_at.filter(|_| after.call.is_live() && asked == 0);
    after.next_poll_at = [next, ending, closing_look(after, now)].into_iter().flatten().min();
}

/// When to see whether the carrier began to dial before the calling window closed.
fn closing_look(record: &CallRecord, now: Timestamp) -> Option<Timestamp> {
    let closes_at = record.dial_by.filter(|_| record.call.waits_at_carrier())?;
    if closes_at > now { Some(closes_at) } else { now.checked_add(STILL_QUEUED).ok() }
}

/// When the next look for a lost call is due that counts.
fn look_due_at(record: &CallRecord) -> Timestamp {
    let armed_at = record.armed_at.unwrap_or(record.created_at);
    let look = LOOKS.get(record.polls as usize).unwrap_or(&LOOKS[LOOKS.len() - 1]);
    armed_at.checked_add(*look).unwrap_or(armed_at)
}

/// Whether a look for a lost call counts at `now`.
pub(super) fn is_look_due(record: &CallRecord, now: Timestamp) -> bool {
    look_due_at(record) <= now
}

/// When to look for a lost call next, after a look at `now`.
pub(super) fn next_look(record: &CallRecord, now: Timestamp) -> Timestamp {
    let soon = now.checked_add(BETWEEN_LOOKS).unwrap_or(now);
    if is_look_due(record, now) { soon } else { look_due_at(record) }
}

fn waiting_for(record: &CallRecord) -> Waiting {
    match record.call.placement {
        Placement::Unknown => Waiting::Trace,
        Placement::Placed if record.call.is_live() => Waiting::End,
        Placement::Placed
            if record.call.status() == CallStatus::Completed && record.call.facts.price.is_none() =>
        {
            Waiting::Price
        }
        _ => Waiting::Nothing,
    }
}
