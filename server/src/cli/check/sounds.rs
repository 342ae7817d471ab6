//! Holds the store of sound files against the table of recordings: every file whole, none missing, none too many.

use std::collections::HashSet;

use domain::recording::RecordingState;

use crate::media::{MediaError, MediaStore, ObjectName};
use crate::store::Store;
use crate::store::recordings::{OurCopy, RecordingRecord};

const PAGE: u64 = 500;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files that were read.
    pub read: u64,
    /// What differs, in words.
    pub differences: Vec<String>,
}

/// Reads every stored recording and compares size and hash; names files that no recording has.
pub(super) async fn compare(store: &Store, media: &MediaStore) -> anyhow::Result<Found> {
    let mut found = Found::default();
    // The list first: what is stored while this goes on is then no stranger.
    let there = media.names("recordings").await?;
    let mut known = HashSet::new();
    let mut after = None;
    loop {
        let page = store.recordings_behind(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for recording in &page {
            if let Some(copy) = &recording.copy {
                known.insert(copy.object.clone());
                if recording.state == RecordingState::Stored {
                    found.read += 1;
                    found.differences.extend(difference(media, recording, copy).await?);
                }
            }
            // Somebody may be writing it at this moment.
            if recording.state == RecordingState::Awaited {
                let ours = recording.id.to_string();
                known.extend(
                    there
                        .iter()
                        .map(ObjectName::as_str)
                        .filter(|name| name.contains(&ours))
                        .map(str::to_owned),
                );
            }
        }
    }
    let strangers = there.iter().filter(|name| !known.contains(name.as_str()));
    found.differences.extend(
        strangers.map(|name| format!("file {}: no recording has it; it may be deleted", name.as_str())),
    );
    Ok(found)
}

async fn difference(
    media: &MediaStore,
    recording: &RecordingRecord,
    copy: &OurCopy,
) -> Result<Option<String>, MediaError> {
    let id = recording.id;
    match media.read_back(&ObjectName::stored(copy.object.clone())).await {
        Ok(read) if (read.bytes, read.sha256) == (copy.bytes, copy.sha256) => Ok(None),
        Ok(read) => Ok(Some(format!(
            "recording {id}: its file has {} bytes and another content than the {} bytes that were stored",
            read.bytes, copy.bytes
        ))),
        Err(MediaError::NotThere) => Ok(Some(format!("recording {id}: its file {} is missing", copy.object))),
        Err(error) => Err(error),
    }
}
