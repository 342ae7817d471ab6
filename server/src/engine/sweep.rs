//! Once a day: holds the carrier's list of calls against ours, both ways. Callbacks and questions about single calls keep the
//! two together; this shows where they did not, and calls that somebody else makes in our name.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::ids::WorkspaceId;
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::recovery::{self, Whose};
use super::{Parts, rest_news, task};
use crate::actions::carrier_events::Taken;
use crate::carrier::{CarrierCall, RequestError};
use crate::store::StoreError;
use crate::store::calls::CallRecord;
use crate::store::history::QuarantineReason;
use crate::store::incidents::{IncidentKind, IncidentRecord};
use crate::store::sweeps::SweepFindings;

/// How far back the list is read.
const LOOK_BACK: Duration = Duration::from_secs(48 * 60 * 60);
/// Of a call younger than this, news may still be on its way; and the list may not show it yet.
const SETTLED_AFTER: Duration = Duration::from_secs(60 * 60);
/// Questions about who made a call, in one comparison: more would be another program's whole traffic.
const MOST_ASKED: usize = 500;
/// Calls looked up in one statement.
const BATCH: usize = 500;

/// Why a comparison came to no end.
#[derive(Debug, thiserror::Error)]
enum Unfinished {
    #[error("the carrier's list of calls could not be read: {0}")]
    Carrier(#[from] RequestError),
    #[error("the carrier's list of calls could not be read to its end")]
    Incomplete,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Compares when it is due, until it is time to stop.
pub(super) async fn run(parts: Parts, stop: CancellationToken) {
    loop {
        let turn = tokio::select! {
            turn = task::turn(turn(&parts)) => turn,
            () = stop.cancelled() => return,
        };
        let clock = &parts.actions.clock;
        let until = task::next_look("sweep", turn, clock.now());
        if !task::wait(clock, until, std::future::pending(), &stop).await {
            return;
        }
    }
}

async fn turn(parts: &Parts) -> Result<Option<Timestamp>, StoreError> {
    let due = parts.actions.next_sweep_at().await?;
    if due.is_none_or(|due| due > parts.actions.clock.now()) {
        return Ok(due);
    }
    let Some(day) = parts.actions.begin_sweep().await? else { return Ok(None) };
    match compare(parts).await {
        Ok(found) => {
            info!(
                listed = found.listed,
                caught_up = found.caught_up,
                stray = found.stray,
                missing = found.missing,
                "the carrier's calls were compared with ours"
            );
            parts.actions.finish_sweep(day, found).await?;
        }
        Err(Unfinished::Store(error)) => return Err(error),
        Err(problem) => {
            warn!(%problem, "the carrier's calls could not be compared with ours; tried again later")
        }
    }
    Ok(None)
}

async fn compare(parts: &Parts) -> Result<SweepFindings, Unfinished> {
    let now = parts.actions.clock.now();
    let since = now.checked_sub(LOOK_BACK).unwrap_or(now);
    let list = parts.carrier.list_all(since).await?;
    if !list.complete {
        return Err(Unfinished::Incomplete);
    }
    let mut found = SweepFindings { listed: list.calls.len() as u64, ..SweepFindings::default() };
    let mut unclaimed = Vec::new();
    for batch in list.calls.chunks(BATCH) {
        unclaimed.extend(catch_up(parts, batch, &mut found).await?);
    }
    look_into(parts, unclaimed, since, now, &mut found).await?;
    // The network in the box forgets its calls when it stops: that it does not list them means nothing.
    if !parts.simulation {
        let listed: HashSet<&str> = list.calls.iter().map(|call| call.sid.as_str()).collect();
        find_missing(parts, &listed, since, now, &mut found).await?;
    }
    Ok(found)
}

/// Takes in what the list tells of our calls; those of the list that none of our calls claims.
async fn catch_up(
    parts: &Parts,
    listed: &[CarrierCall],
    found: &mut SweepFindings,
) -> Result<Vec<CarrierCall>, StoreError> {
    let sids: Vec<String> = listed.iter().map(|call| call.sid.to_string()).collect();
    let ours = parts.actions.store.calls_by_carrier_sid(&sids).await?;
    let ours: HashMap<&str, &CallRecord> =
        ours.iter().filter_map(|call| call.carrier_sid.as_deref().map(|sid| (sid, call))).collect();
    let mut unclaimed = Vec::new();
    for theirs in listed {
        match ours.get(theirs.sid.as_str()) {
            Some(call) if tells_more(theirs, call) => {
                let taken = parts.actions.take_in(rest_news::of_call(call.id, theirs)).await?;
                found.caught_up += u64::from(matches!(taken, Taken::New(_)));
            }
            Some(_) => {}
            None => unclaimed.push(theirs.clone()),
        }
    }
    Ok(unclaimed)
}

fn tells_more(theirs: &CarrierCall, ours: &CallRecord) -> bool {
    let facts = &ours.call.facts;
    let ended = theirs.status.filter(|status| status.is_final());
    ended.is_some_and(|status| facts.ending.is_none_or(|ending| ending.status != status))
        || (theirs.price.is_some() && facts.price.is_none())
}

/// Finds out who made calls from our numbers that none of our calls claims.
async fn look_into(
    parts: &Parts,
    unclaimed: Vec<CarrierCall>,
    since: Timestamp,
    now: Timestamp,
    found: &mut SweepFindings,
) -> Result<(), Unfinished> {
    let whose_number = numbers_called_from(parts, since).await?;
    let settled_before = now.checked_sub(SETTLED_AFTER).unwrap_or(now);
    let suspicious: Vec<(CarrierCall, WorkspaceId)> = unclaimed
        .into_iter()
        .filter(|call| call.created_at.is_some_and(|at| at < settled_before))
        .filter_map(|call| {
            let workspace = *whose_number.get(call.from.as_ref()?)?;
            Some((call, workspace))
        })
        .collect();
    if suspicious.len() > MOST_ASKED {
        warn!(calls = suspicious.len(), "more calls from our numbers are nobody's than can be asked about");
    }
    let mut strays = Vec::new();
    for (call, workspace) in suspicious.into_iter().take(MOST_ASKED) {
        let Some(id) = our_name_of(parts, &call).await? else {
            strays.push(stray(&call, workspace, now));
            continue;
        };
        match parts.actions.store.any_call(id).await? {
            Some(ours) if !ours.was_never_armed() => {
                let taken = parts.actions.take_in(rest_news::of_call(id, &call)).await?;
                found.caught_up += u64::from(matches!(taken, Taken::New(_)));
            }
            _ => {
                warn!(call_id = %id, carrier_sid = %call.sid, "the carrier lists a call that this database never made");
                parts.actions.enter_quarantine(QuarantineReason::UnknownCall).await?;
            }
        }
    }
    found.stray += strays.len() as u64;
    if strays.is_empty() { Ok(()) } else { Ok(parts.actions.note_incidents(strays).await?) }
}

async fn numbers_called_from(
    parts: &Parts,
    since: Timestamp,
) -> Result<HashMap<PhoneNumber, WorkspaceId>, StoreError> {
    let mut numbers: HashMap<PhoneNumber, WorkspaceId> =
        parts.actions.store.numbers_called_from(since).await?.into_iter().collect();
    if let Some(usual) = &parts.actions.installation.caller_id {
        let (first, _) = parts.actions.first_workspace().await?;
        numbers.entry(usual.clone()).or_insert(first);
    }
    Ok(numbers)
}

/// The name that this installation gave the call when it asked for it.
async fn our_name_of(parts: &Parts, call: &CarrierCall) -> Result<Option<domain::ids::CallId>, RequestError> {
    Ok(match recovery::whose(parts, call).await? {
        Whose::Ours(found) => found.call,
        Whose::Nobodys => None,
    })
}

fn stray(call: &CarrierCall, workspace: WorkspaceId, now: Timestamp) -> IncidentRecord {
    let from = call.from.as_ref().map_or_else(String::new, |from| format!(" from {from}"));
    let at = call.created_at.map_or_else(String::new, |at| format!(" at {at}"));
    let detail = format!(
        "The carrier made call {sid}{from}{at}, and none of our calls stands for it. Another program may use the same \
         number; or somebody else has the account's token: then renew it.",
        sid = call.sid,
    );
    IncidentRecord::new(workspace, IncidentKind::StrayCall, call.sid.to_string(), detail, now)
}

/// Finds calls that the carrier took and does not list.
async fn find_missing(
    parts: &Parts,
    listed: &HashSet<&str>,
    since: Timestamp,
    now: Timestamp,
    found: &mut SweepFindings,
) -> Result<(), StoreError> {
    // The list begins at `since` by the carrier's clock, and lags behind at its end.
    let from = since.checked_add(SETTLED_AFTER).unwrap_or(since);
    let until = now.checked_sub(SETTLED_AFTER).unwrap_or(now);
    let mut after = None;
    loop {
        let placed = parts.actions.store.placed_calls(from, until, after, BATCH).await?;
        let Some(last) = placed.last() else { return Ok(()) };
        after = Some(last.id);
        let missing: Vec<IncidentRecord> = placed
            .iter()
            .filter(|call| !listed.contains(call.carrier_sid.as_str()))
            .map(|call| {
                let detail = format!(
                    "The carrier took {id} as {sid}, and does not list it any more: its record may have been deleted.",
                    id = call.id,
                    sid = call.carrier_sid,
                );
                let kind = IncidentKind::MissingAtCarrier;
                IncidentRecord::new(call.workspace, kind, call.id.to_string(), detail, now)
            })
            .collect();
        found.missing += missing.len() as u64;
        if !missing.is_empty() {
            parts.actions.note_incidents(missing).await?;
        }
    }
}
