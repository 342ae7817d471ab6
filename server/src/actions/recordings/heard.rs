//! What the carrier tells of recordings, taken in with the rest of its news.

use std::time::Duration;

use domain::ids::RecordingId;
use domain::recording::{RecordingNews, RecordingSource, RecordingState};
use jiff::Timestamp;
use tracing::warn;

use crate::actions::new_uuid;
use crate::live::{Live, Subject};
use crate::store::calls::CallRecord;
use crate::store::recordings::RecordingRecord;
use crate::store::{StoreError, Tx};
use crate::wake::Wake;

/// A recording that was announced and of which nothing more was heard is asked about after this.
pub(super) const ASKED_AFTER: Duration = Duration::from_secs(10 * 60);

/// What a piece of news tells of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingTold {
    /// The carrier's name for it.
    pub sid: String,
    /// How far it has come.
    pub news: RecordingNews,
    /// Whose words it holds.
    pub source: RecordingSource,
    /// Its length, where that is known.
    pub seconds: Option<u32>,
}

/// A recording that is new or has come further.
pub struct ChangedRecording {
    call: CallRecord,
    awaited: bool,
}

/// Writes down what was told of recordings, each with the call it is of.
pub async fn note_told(
    tx: &Tx,
    told: &[(CallRecord, RecordingTold)],
    now: Timestamp,
) -> Result<Vec<ChangedRecording>, StoreError> {
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let mut sids: Vec<&str> = told.iter().map(|(_, told)| told.sid.as_str()).collect();
    sids.sort_unstable();
    sids.dedup();
    let mut known = tx.lock_recordings_by_sid(&sids).await?;
    let mut changed = Vec::new();
    for (call, told) in told {
        let position = known.iter().position(|recording| recording.carrier_sid == told.sid);
        let Some(recording) = position.map(|position| &mut known[position]) else {
            let new = announced(call, told, now);
            tx.add_recording(&new).await?;
            changed
                .push(ChangedRecording { call: call.clone(), awaited: new.state == RecordingState::Awaited });
            known.push(new);
            continue;
        };
        if recording.call != call.id {
            warn!(call_id = %call.id, "news names a recording of another call, and changes nothing of it");
            continue;
        }
        let before = recording.clone();
        join(recording, told, now);
        if *recording != before {
            tx.save_recording(recording).await?;
            let awaited = recording.state == RecordingState::Awaited;
            changed.push(ChangedRecording { call: call.clone(), awaited });
        }
    }
    Ok(changed)
}

fn announced(call: &CallRecord, told: &RecordingTold, now: Timestamp) -> RecordingRecord {
    let state = RecordingState::told(told.news);
    RecordingRecord {
        id: RecordingId::from_uuid(new_uuid(now)),
        workspace: call.workspace,
        call: call.id,
        carrier_sid: told.sid.clone(),
        source: told.source,
        state,
        seconds: told.seconds,
        announced_at: now,
        next_look_at: next_look(state, now),
        attempts: 0,
        claimed_by: None,
        trouble: None,
        copy: None,
        stored_at: None,
        deleted_at: None,
        deleted_at_carrier_at: None,
    }
}

fn join(recording: &mut RecordingRecord, told: &RecordingTold, now: Timestamp) {
    let state = recording.state.after(told.news);
    recording.seconds = told.seconds.or(recording.seconds);
    if state != recording.state {
        recording.state = state;
        recording.next_look_at = next_look(state, now);
    }
}

fn next_look(state: RecordingState, now: Timestamp) -> Option<Timestamp> {
    match state {
        RecordingState::Announced => now.checked_add(ASKED_AFTER).ok(),
        RecordingState::Awaited => Some(now),
        _ => None,
    }
}

/// Rings and shows, after the commit.
pub fn tell(changed: &[ChangedRecording], live: &Live, wake: &Wake) {
    for ChangedRecording { call, .. } in changed {
        let status = call.call.status().as_str();
        live.publish(call.workspace, Subject::Call { call: call.id, campaign: call.campaign, status });
    }
    if changed.iter().any(|recording| recording.awaited) {
        wake.recordings();
    }
}
