//! Makes up for news of recordings that was lost: announced ones are asked about, and the carrier's list is read now and
//! then.

use std::collections::HashMap;

use domain::ids::CallId;
use tracing::{info, warn};

use crate::actions::carrier_events::{News, Taken};
use crate::actions::recordings::RecordingTold;
use crate::carrier::{CarrierRecording, RecordingSid, RequestError};
use crate::engine::Parts;
use crate::store::StoreError;
use crate::store::recordings::RecordingRecord;

const MOST_PER_TURN: u64 = 100;
/// Recordings looked up in one statement.
const BATCH: usize = 200;

/// Asks about recordings that were announced and of which nothing more was heard.
pub(super) async fn ask(parts: &Parts) -> Result<(), StoreError> {
    let now = parts.actions.clock.now();
    for recording in parts.actions.store.recordings_to_ask_about(now, MOST_PER_TURN).await? {
        ask_about(parts, &recording).await?;
    }
    Ok(())
}

/// Reads the carrier's list when that is due; how many recordings it told something new of.
pub(super) async fn read_list(parts: &Parts) -> Result<u64, StoreError> {
    let Some(reading) = parts.actions.begin_recording_sweep().await? else { return Ok(0) };
    let list = match parts.carrier.list_recordings(reading.since).await {
        Ok(list) => list.recordings,
        Err(error) => {
            warn!(%error, "the carrier's list of recordings could not be read; tried again later");
            return Ok(0);
        }
    };
    let mut caught_up = 0;
    for batch in list.chunks(BATCH) {
        caught_up += take_in(parts, batch).await?;
    }
    info!(listed = list.len(), caught_up, "the carrier's recordings were compared with ours");
    parts.actions.finish_recording_sweep(reading, list.len() as u64, caught_up).await?;
    Ok(caught_up)
}

async fn ask_about(parts: &Parts, recording: &RecordingRecord) -> Result<(), StoreError> {
    // Our own column: it was a SID when it was written.
    let Ok(sid) = recording.carrier_sid.parse::<RecordingSid>() else {
        return parts.actions.asked_about_recording(recording.id, false).await;
    };
    let is_known = match parts.carrier.fetch_recording(&sid).await {
        Ok(theirs) => {
            if let Some(news) = of_recording(recording.call, &theirs) {
                parts.actions.take_in(news).await?;
            }
            true
        }
        Err(RequestError::Missing) => false,
        Err(error) => {
            warn!(recording_id = %recording.id, %error, "the carrier did not tell about a recording");
            true
        }
    };
    parts.actions.asked_about_recording(recording.id, is_known).await
}

/// Takes in what the list tells of our calls' recordings; how many told something new.
async fn take_in(parts: &Parts, listed: &[CarrierRecording]) -> Result<u64, StoreError> {
    let store = &parts.actions.store;
    let sids: Vec<&str> = listed.iter().map(|recording| recording.sid.as_str()).collect();
    let known = store.recordings_by_sid(&sids).await?;
    let known: HashMap<&str, &RecordingRecord> =
        known.iter().map(|recording| (recording.carrier_sid.as_str(), recording)).collect();
    let new = listed.iter().filter(|theirs| {
        let state = known.get(theirs.sid.as_str()).map(|ours| ours.state);
        theirs.news.is_some_and(|news| state.is_none_or(|state| state.after(news) != state))
    });
    let new: Vec<&CarrierRecording> = new.collect();
    let calls: Vec<String> = new.iter().map(|theirs| theirs.call.to_string()).collect();
    let calls = store.calls_by_carrier_sid(&calls).await?;
    let calls: HashMap<&str, CallId> =
        calls.iter().filter_map(|call| Some((call.carrier_sid.as_deref()?, call.id))).collect();
    let mut caught_up = 0;
    for theirs in new {
        // Others may use the account too.
        let Some(call) = calls.get(theirs.call.as_str()) else { continue };
        let Some(news) = of_recording(*call, theirs) else { continue };
        caught_up += u64::from(matches!(parts.actions.take_in(news).await?, Taken::New(_)));
    }
    Ok(caught_up)
}

/// What the carrier's record of a recording says, as news.
fn of_recording(call: CallId, theirs: &CarrierRecording) -> Option<News> {
    let told = RecordingTold {
        sid: theirs.sid.to_string(),
        news: theirs.news?,
        source: theirs.source,
        seconds: theirs.seconds,
    };
    let fields = [
        ("recording_sid", told.sid.clone()),
        ("news", format!("{:?}", told.news)),
        ("seconds", told.seconds.map(|seconds| seconds.to_string()).unwrap_or_default()),
    ];
    let fields: Vec<(String, String)> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Some(News {
        call: Some(call),
        carrier_sid: Some(theirs.call.to_string()),
        to: None,
        kind: "rest",
        evidence: None,
        recording: Some(told),
        content_key: News::content_key("rest", Some(call), &fields),
        payload: serde_json::Value::Object(
            fields.into_iter().map(|(name, value)| (name, value.into())).collect(),
        )
        .to_string(),
    })
}
