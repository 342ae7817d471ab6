//! Recording what came of a request, and the end of a search for a lost one.

use std::time::Duration;

use domain::call::{Placement, SendOutcome};
use domain::ids::CallId;
use domain::refusal::RefusalMeaning;
use jiff::Timestamp;

use super::polling;
use super::settle::{Changed, settle};
use crate::actions::{Actions, Actor, audit, nodes};
use crate::store::calls::CallRecord;
use crate::store::pace::PaceScope;
use crate::store::{StoreError, Tx};

/// The first wait after a request that never left; doubled with each further one.
const FIRST_BACK_OFF: Duration = Duration::from_secs(5);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(300);
/// A refusal for too many calls at once would come again at once.
const AFTER_CONCURRENCY: Duration = Duration::from_secs(30);

/// What came of a request to place a call, other than a call: that is news, and taken in as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The request provably never left: the same attempt goes back.
    NotSent,
    /// The carrier asks to slow down, perhaps for a given time, and did nothing with the request: the attempt goes back.
    Throttled(Option<Duration>),
    /// The carrier said no.
    Refused {
        /// What that means.
        meaning: RefusalMeaning,
        /// The carrier's code.
        code: Option<u32>,
        /// In plain words.
        message: String,
    },
    /// Nobody knows whether a call was made.
    Unknown,
}

/// How far the search for a lost call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownEnd {
    /// It goes on.
    StillLooking,
    /// No trace in any of the looks: the call is presumed not to have been placed.
    Presumed,
}

impl Actions {
    /// Records what came of sending an armed call. Whether nobody is dialed for a while because of it.
    ///
    /// News may have come first (a callback can overtake the answer to its own request): then the call is placed already,
    /// and nothing that we conclude takes that back.
    ///
    /// `sends` is how often the call had been sent in vain when it was armed for this request: what came of one request says
    /// nothing of a later one.
    pub async fn record_outcome(&self, id: CallId, sends: u32, outcome: Outcome) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let run = self.installation.run.to_string();
        let (changed, dialing_holds) = self
            .store
            .transaction(move |tx| async move {
                // In the order of locks: pace, campaign, call.
                let again_after = note_pace(&tx, &outcome, now).await?;
                pause_for(&tx, id, &outcome, now).await?;
                let Some(record) = tx.lock_calls(&[id]).await?.pop() else { return Ok((Vec::new(), false)) };
                let mut change = Changed::from(record);
                let of_this_request =
                    change.after.armed_by.as_ref() == Some(&run) && change.after.sends == sends;
                record_one(&mut change.after, outcome, of_this_request, again_after, now);
                Ok::<_, StoreError>((settle(&tx, vec![change], now).await?, again_after.is_some()))
            })
            .await?;
        self.tell(&changed);
        self.wake.dialer();
        self.wake.reconciler();
        Ok(dialing_holds)
    }

    /// Notes that the carrier took a call, after it was in trouble, and whether the call waits in its queue.
    pub async fn note_carrier_took_call(&self, queued: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let mut paces = tx.lock_paces(&[PaceScope::Account]).await?;
                for pace in paces.values_mut() {
                    pace.note_answer();
                    if queued {
                        pace.note_queued(now);
                    }
                }
                tx.save_paces(&paces).await
            })
            .await
    }

    /// Calls that were armed by a process that is gone, or long ago: whether they were sent is not known.
    pub async fn doubt(&self, ids: Vec<CallId>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let changed =
            self.store.transaction(move |tx| async move { nodes::doubt(&tx, &ids, now).await }).await?;
        self.tell(&changed);
        Ok(changed.len())
    }

    /// Notes that the carrier was asked about a call, so that the next question waits for its turn. A look for a lost call
    /// that told nothing is no look.
    pub async fn asked_about(&self, id: CallId) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let Some(record) = tx.lock_calls(&[id]).await?.pop() else { return Ok(()) };
                let mut change = Changed::from(record);
                if change.after.call.placement == Placement::Unknown {
                    change.after.next_poll_at = Some(polling::next_look(&change.after, now));
                } else {
                    change.after.polls += 1;
                }
                settle(&tx, vec![change], now).await.map(|_| ())
            })
            .await
    }

    /// Notes that a complete look at the carrier's list showed no trace of a lost call.
    pub async fn found_no_trace(&self, id: CallId) -> Result<UnknownEnd, StoreError> {
        let now = self.clock.now();
        let (end, changed) = self
            .store
            .transaction(move |tx| async move {
                let Some(record) = tx.lock_calls(&[id]).await?.pop() else {
                    return Ok((UnknownEnd::StillLooking, Vec::new()));
                };
                let mut change = Changed::from(record);
                let call = &mut change.after;
                call.looked_at = Some(now);
                let mut end = UnknownEnd::StillLooking;
                // Looks that come early, because somebody asked or another server looked as well, prove nothing more.
                if call.call.placement == Placement::Unknown && polling::is_look_due(call, now) {
                    call.polls += 1;
                }
                call.next_poll_at = match call.call.placement {
                    Placement::Unknown => Some(polling::next_look(call, now)),
                    _ => None,
                };
                if call.polls >= polling::LOOKS_FOR_UNKNOWN && call.call.presume_not_placed(now) {
                    call.refusal_message = Some(
                        "The carrier's answer was lost, and no trace of the call was found. It counts as an attempt."
                            .to_owned(),
                    );
                    end = UnknownEnd::Presumed;
                }
                Ok::<_, StoreError>((end, settle(&tx, vec![change], now).await?))
            })
            .await?;
        self.tell(&changed);
        self.wake.dialer();
        Ok(end)
    }
}

/// Writes what the outcome says of the carrier into the account's pace. How long everybody waits because of it.
async fn note_pace(tx: &Tx, outcome: &Outcome, now: Timestamp) -> Result<Option<Duration>, StoreError> {
    let mut paces = tx.lock_paces(&[PaceScope::Account]).await?;
    let Some(pace) = paces.get_mut(&PaceScope::Account) else { return Ok(None) };
    let before = pace.clone();
    match outcome {
        Outcome::NotSent => {
            pace.note_not_sent(now);
        }
        Outcome::Throttled(wait) => pace.note_throttled(now, *wait),
        Outcome::Refused { meaning, .. } => {
            pace.note_answer();
            if *meaning == RefusalMeaning::Concurrency {
                pace.note_throttled(now, None);
            }
        }
        // A lost answer says nothing about whether the next one will be.
        Outcome::Unknown => {}
    }
    let hold = pace.hold.filter(|hold| hold.until > now);
    if *pace != before {
        tx.save_paces(&paces).await?;
    }
    Ok(hold.map(|hold| hold.until.duration_since(now).unsigned_abs()))
}

/// A refusal of our own set-up would meet every following call too: stop, and tell a person.
async fn pause_for(tx: &Tx, id: CallId, outcome: &Outcome, now: Timestamp) -> Result<(), StoreError> {
    let Outcome::Refused {
        meaning: meaning @ (RefusalMeaning::SetUp | RefusalMeaning::Account),
        message,
        ..
    } = outcome
    else {
        return Ok(());
    };
    let Some(call) = tx.call(id).await? else { return Ok(()) };
    let server = Actor::server(call.workspace);
    let detail = serde_json::json!({ "reason": message, "call": id.to_string() });
    if *meaning == RefusalMeaning::Account {
        tx.pause_all(call.workspace, message, now).await?;
        return audit::note(tx, &server, "workspace.pause_all", call.workspace, detail, now).await;
    }
    let Some(mut campaign) = tx.lock_any_campaign(call.campaign).await? else { return Ok(()) };
    let Ok(paused) = campaign.status.pause() else { return Ok(()) };
    campaign.status = paused;
    campaign.pause_reason = Some(message.clone());
    campaign.updated_at = now;
    tx.save_campaign(&campaign).await?;
    audit::note(tx, &server, "campaign.pause", campaign.id, detail, now).await
}

pub(super) fn record_one(
    record: &mut CallRecord,
    outcome: Outcome,
    of_this_request: bool,
    everybody_waits: Option<Duration>,
    now: Timestamp,
) {
    let what = match &outcome {
        Outcome::NotSent | Outcome::Throttled(_) => SendOutcome::NotSent,
        Outcome::Refused { meaning, .. } => SendOutcome::Refused(*meaning),
        Outcome::Unknown => SendOutcome::Unknown,
    };
    if !record.call.record(what, of_this_request, now) {
        return;
    }
    match outcome {
        Outcome::NotSent | Outcome::Throttled(_) => {
            let own = if outcome == Outcome::NotSent { back_off(record.sends) } else { Duration::ZERO };
            let wait = own.max(everybody_waits.unwrap_or_default()) + jitter(record.id);
            record.not_before = Some(later(now, wait));
            record.sends += 1;
            record.armed_at = None;
            record.dial_by = None;
            record.armed_by = None;
        }
        Outcome::Refused { meaning, code, message } => {
            if meaning == RefusalMeaning::Concurrency {
                record.call.closed_at = Some(later(now, AFTER_CONCURRENCY));
            }
            record.call.facts.error_code = record.call.facts.error_code.max(code);
            record.refusal_message = Some(message);
        }
        Outcome::Unknown => {}
    }
}

fn back_off(sends: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(1 << sends.min(6)).min(LONGEST_BACK_OFF)
}

/// Up to a second that differs from call to call, so that held calls do not all come back at once.
fn jitter(call: CallId) -> Duration {
    let [.., last] = *call.uuid().as_bytes();
    Duration::from_millis(u64::from(last) * 4)
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}
