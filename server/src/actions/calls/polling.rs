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
/// A call whose create request got no answer. Callbacks usually tell within seconds; three looks without a trace end
/// the search, the last one a quarter of an hour after the latest possible send.
const UNKNOWN: [Duration; 3] = [MINUTE, MINUTE.saturating_mul(4), MINUTE.saturating_mul(10)];
/// The price of a call that is over: Twilio rates it minutes later, sometimes hours.
const PRICE: [Duration; 5] = [
    MINUTE,
    MINUTE.saturating_mul(5),
    MINUTE.saturating_mul(15),
    MINUTE.saturating_mul(60),
    MINUTE.saturating_mul(360),
];

/// How many looks for an unknown call find nothing before it is presumed not to have been placed.
pub(super) const LOOKS_FOR_UNKNOWN: u32 = 3;

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Trace,
    End,
    Price,
    Nothing,
}

/// Sets when to ask next, after a change.
pub(super) fn schedule(
    before: &CallRecord,
    after: &mut CallRecord,
    campaign: &CampaignRecord,
    now: Timestamp,
) {
    let waiting = waiting_for(after);
    if waiting != waiting_for(before) {
        after.polls = 0;
    } else if after.polls == before.polls {
        // News of another kind: the plan made at the last change still holds.
        return;
    }
    let asked = after.polls as usize;
    let ring_time = Duration::from_secs(campaign.ring_timeout_seconds.into());
    let wait = match waiting {
        Waiting::Trace => UNKNOWN.get(asked).copied(),
        Waiting::End if asked == 0 => Some(ring_time + QUIET[0]),
        Waiting::End => Some(QUIET[asked.min(QUIET.len() - 1)]),
        Waiting::Price => PRICE.get(asked).copied(),
        Waiting::Nothing => None,
    };
    let next = wait.and_then(|wait| now.checked_add(wait).ok());
    // A wish to end the call does not wait for the plan.
    let ending = after.end_requested_at.filter(|_| after.call.is_live() && asked == 0);
    after.next_poll_at = [next, ending].into_iter().flatten().min();
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
