//! Recording what came of a request: the four outcomes of placing, and the end of a search for a lost one.

use std::time::Duration;

use domain::call::Placement;
use domain::ids::CallId;
use domain::refusal::RefusalMeaning;
use jiff::Timestamp;

use super::polling::LOOKS_FOR_UNKNOWN;
use super::settle::{Changed, settle};
use crate::actions::{Actions, Actor, audit, nodes};
use crate::store::calls::CallRecord;
use crate::store::{StoreError, Tx};

/// What came of a request to place a call, other than a call: that is news, and taken in as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The request provably never left, or the carrier provably did nothing with it: the same attempt goes back.
    NotSent {
        /// When to try it again.
        again_at: Timestamp,
        /// How often the call had been sent in vain when it was armed: proof is about one request, not about a later one.
        sends: u32,
    },
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
    /// Records what came of sending an armed call.
    ///
    /// News may have come first (a callback can overtake the answer to its own request): then the call is placed already,
    /// and nothing that we conclude takes that back.
    pub async fn record_outcome(&self, id: CallId, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.clock.now();
        let run = self.installation.run.to_string();
        let changed = self
            .store
            .transaction(move |tx| async move {
                let Some(record) = tx.lock_calls(&[id]).await?.pop() else { return Ok(Vec::new()) };
                let mut change = Changed::from(record);
                record_one(&tx, &mut change.after, outcome, &run, now).await?;
                settle(&tx, vec![change], now).await
            })
            .await?;
        self.tell(&changed);
        self.wake.dialer();
        self.wake.reconciler();
        Ok(())
    }

    /// Calls that were armed by a process that is gone, or long ago: whether they were sent is not known.
    pub async fn doubt(&self, ids: Vec<CallId>) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let changed =
            self.store.transaction(move |tx| async move { nodes::doubt(&tx, &ids, now).await }).await?;
        self.tell(&changed);
        Ok(changed.len())
    }

    /// Notes that the carrier was asked about a call, so that the next question waits for its turn.
    pub async fn asked_about(&self, id: CallId) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store
            .transaction(move |tx| async move {
                let Some(record) = tx.lock_calls(&[id]).await?.pop() else { return Ok(()) };
                let mut change = Changed::from(record);
                change.after.polls += 1;
                settle(&tx, vec![change], now).await.map(|_| ())
            })
            .await
    }

    /// Notes that a complete look at the carrier's list showed no trace of an unknown call.
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
                call.polls += 1;
                let mut end = UnknownEnd::StillLooking;
                if call.call.placement == Placement::Unknown && call.polls >= LOOKS_FOR_UNKNOWN {
                    call.call.placement = Placement::PresumedNotPlaced;
                    call.call.closed_at = Some(now);
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

async fn record_one(
    tx: &Tx,
    record: &mut CallRecord,
    outcome: Outcome,
    run: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let may_be_recorded = match outcome {
        // Proof is about one request: of this server, and none that the call had later. A server that was away for longer
        // than its lease is taken for dead and its calls are doubted; when it comes back with the proof that nothing was
        // sent, there is nothing left to doubt.
        Outcome::NotSent { sends, .. } => {
            let of_this_request = record.armed_by.as_deref() == Some(run) && record.sends == sends;
            of_this_request && matches!(record.call.placement, Placement::Armed | Placement::Unknown)
        }
        Outcome::Refused { .. } | Outcome::Unknown => record.call.placement == Placement::Armed,
    };
    if !may_be_recorded {
        return Ok(());
    }
    match outcome {
        Outcome::Unknown => record.call.placement = Placement::Unknown,
        Outcome::NotSent { again_at, .. } => {
            record.call.placement = Placement::Reserved;
            record.not_before = Some(again_at);
            record.sends += 1;
            record.armed_at = None;
            record.armed_by = None;
        }
        Outcome::Refused { meaning, code, message } => {
            record.call.placement = Placement::NotPlaced;
            record.call.refusal = Some(meaning);
            record.call.closed_at = Some(match meaning {
                // The prospect goes back to the line; a moment later, or the same refusal would come at once.
                RefusalMeaning::Concurrency => later(now, Duration::from_secs(30)),
                _ => now,
            });
            record.call.facts.error_code = record.call.facts.error_code.max(code);
            record.refusal_message = Some(message.clone());
            pause_for(tx, record, meaning, &message, now).await?;
        }
    }
    Ok(())
}

/// A refusal of our own set-up would meet every following call too: stop, and tell a person.
async fn pause_for(
    tx: &Tx,
    record: &CallRecord,
    meaning: RefusalMeaning,
    message: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let server = Actor::server(record.workspace);
    let detail = serde_json::json!({ "reason": message, "call": record.id.to_string() });
    match meaning {
        RefusalMeaning::SetUp => {
            let Some(mut campaign) = tx.lock_any_campaign(record.campaign).await? else { return Ok(()) };
            let Ok(paused) = campaign.status.pause() else { return Ok(()) };
            campaign.status = paused;
            campaign.pause_reason = Some(message.to_owned());
            campaign.updated_at = now;
            tx.save_campaign(&campaign).await?;
            audit::note(tx, &server, "campaign.pause", campaign.id, detail, now).await?;
        }
        RefusalMeaning::Account => {
            tx.pause_all(record.workspace, message, now).await?;
            audit::note(tx, &server, "workspace.pause_all", record.workspace, detail, now).await?;
        }
        _ => {}
    }
    Ok(())
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(now)
}
