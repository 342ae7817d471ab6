//! Who fetches a recording, and what came of it.

use std::time::Duration;

use domain::ids::RecordingId;
use domain::recording::{RecordingState, pause_after};
use jiff::Timestamp;

use super::Actions;
use super::heard::ASKED_AFTER;
use crate::crash_point::{self, CrashPoint};
use crate::store::recordings::{OurCopy, RecordingRecord};
use crate::store::{StoreError, Tx};

/// A store that is full or away is looked at again after this. It says nothing about the recording.
const STORE_PAUSE: Duration = Duration::from_secs(60);
/// One of which the carrier knows nothing for this long is not there any more: its list may lag, but not by days.
const GONE_AFTER: Duration = Duration::from_secs(48 * 60 * 60);

/// A recording that this server may fetch, and nobody else meanwhile.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The recording.
    pub recording: RecordingRecord,
}

/// Why an attempt was in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It may pass at the carrier or on the way; it was tried in vain once more.
    Passing(String),
    /// Our own store does not take it: it is tried until it does.
    Store(String),
    /// It never passes.
    Final(String),
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// As wished.
    Written,
    /// Meanwhile it was somebody else's, or was deleted.
    Lost,
}

impl Claim {
    /// The name of the file that this attempt makes. No attempt uses the name of another one, so that a server that was
    /// frozen and goes on cannot write over what another one stored.
    pub fn object(&self) -> String {
        object(&self.recording, self.recording.attempts)
    }

    /// What the attempt before may have left behind: its server may have ended between file and row.
    pub fn object_before(&self) -> Option<String> {
        let attempts = self.recording.attempts;
        (attempts > 1).then(|| object(&self.recording, attempts - 1))
    }
}

fn object(recording: &RecordingRecord, attempt: u32) -> String {
    format!("recordings/{}/{}-{attempt}.wav", recording.workspace, recording.id)
}

impl Actions {
    /// Gives up what this server was fetching, and what servers were that are gone. Before anything is claimed.
    pub async fn free_recordings(&self) -> Result<u64, StoreError> {
        let (me, now) = (self.installation.run, self.clock.now());
        self.store.transaction(move |tx| async move { tx.free_recordings(me, now).await }).await
    }

    /// Takes one recording that is due to be fetched.
    pub async fn claim_recording(&self) -> Result<Option<Claim>, StoreError> {
        let (me, now) = (self.installation.run, self.clock.now());
        let claim = move |tx: Tx| async move {
            let Some(mut recording) = tx.due_recording(now).await? else { return Ok(None) };
            recording.claimed_by = Some(me);
            recording.attempts += 1;
            tx.save_recording(&recording).await?;
            Ok::<_, StoreError>(Some(Claim { recording }))
        };
        let claimed = self.store.transaction(claim).await?;
        crash_point::reached_when(CrashPoint::RecordingClaimed, claimed.is_some());
        Ok(claimed)
    }

    /// Writes down that a recording lies in the store.
    pub async fn keep_recording(&self, claim: Claim, copy: OurCopy) -> Result<Fetched, StoreError> {
        let now = self.clock.now();
        let kept = self.settle_claim(claim, move |recording| {
            recording.state = RecordingState::Stored;
            recording.copy = Some(copy);
            recording.stored_at = Some(now);
            recording.next_look_at = None;
            recording.trouble = None;
        });
        kept.await
    }

    /// Writes down that an attempt was in vain.
    pub async fn recording_not_fetched(&self, claim: Claim, trouble: Trouble) -> Result<Fetched, StoreError> {
        let now = self.clock.now();
        self.settle_claim(claim, move |recording| {
            let (why, pause) = match trouble {
                Trouble::Passing(why) => (why, pause_after(recording.attempts)),
                Trouble::Store(why) => {
                    recording.attempts -= 1;
                    (why, Some(STORE_PAUSE))
                }
                Trouble::Final(why) => (why, None),
            };
            recording.trouble = Some(why);
            recording.next_look_at = pause.and_then(|pause| now.checked_add(pause).ok());
            if recording.next_look_at.is_none() {
                recording.state = RecordingState::Failed;
            }
        })
        .await
    }

    /// Puts off asking about a recording that goes on, or that the carrier did not tell of.
    pub async fn asked_about_recording(&self, id: RecordingId, is_known: bool) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.change_recording(id, move |recording| {
            if recording.state != RecordingState::Announced {
                return false;
            }
            let gone =
                recording.announced_at.checked_add(GONE_AFTER).is_ok_and(|gone: Timestamp| gone <= now);
            if !is_known && gone {
                recording.state = RecordingState::Failed;
                recording.next_look_at = None;
                recording.trouble = Some(
                    "The carrier announced it and does not know it any more: it was probably deleted there."
                        .to_owned(),
                );
            } else {
                recording.next_look_at = now.checked_add(ASKED_AFTER).ok();
            }
            true
        })
        .await
        .map(|_| ())
    }

    async fn settle_claim(
        &self,
        claim: Claim,
        change: impl FnOnce(&mut RecordingRecord) + Send + 'static,
    ) -> Result<Fetched, StoreError> {
        let claimed = claim.recording;
        let settled = self.change_recording(claimed.id, move |recording| {
            let ours = recording.state == RecordingState::Awaited
                && recording.claimed_by == claimed.claimed_by
                && recording.attempts == claimed.attempts;
            if ours {
                recording.claimed_by = None;
                change(recording);
            }
            ours
        });
        Ok(if settled.await?.is_some() { Fetched::Written } else { Fetched::Lost })
    }
}
