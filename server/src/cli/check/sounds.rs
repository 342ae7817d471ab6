//! Holds the store of sound files against the tables of recordings and of sounds: every file whole, none missing, none too
//! many.

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

/// Reads every file and compares size and hash; names files that nothing has.
pub(super) async fn compare(store: &Store, media: &MediaStore) -> anyhow::Result<Found> {
    let mut found = Found::default();
    compare_recordings(store, media, &mut found).await?;
    compare_sounds(store, media, &mut found).await?;
    Ok(found)
}

async fn compare_sounds(store: &Store, media: &MediaStore, found: &mut Found) -> anyhow::Result<()> {
    let there = media.names("sounds").await?;
    let mut known = HashSet::new();
    let mut after = None;
    loop {
        let page = store.sounds_behind(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for sound in page {
            let Some(object) = sound.object else { continue };
            if sound.deleted_at.is_none() {
                found.read += 1;
                let file = File {
                    what: format!("sound {}", sound.id),
                    object: &object,
                    bytes: sound.bytes,
                    sha256: sound.sha256,
                };
                found.differences.extend(difference(media, file).await?);
            }
            known.insert(object);
        }
    }
    // One that is being kept at this moment is no difference, and a stray goes by itself after a day.
    let strangers = there.iter().filter(|name| !known.contains(name.as_str()));
    found.differences.extend(
        strangers.map(|name| format!("file {}: no sound has it; it is deleted after a day", name.as_str())),
    );
    Ok(())
}

async fn compare_recordings(store: &Store, media: &MediaStore, found: &mut Found) -> anyhow::Result<()> {
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
                    found.differences.extend(difference(media, file_of(recording, copy)).await?);
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
    Ok(())
}

fn file_of<'c>(recording: &RecordingRecord, copy: &'c OurCopy) -> File<'c> {
    let what = format!("recording {}", recording.id);
    File { what, object: &copy.object, bytes: copy.bytes, sha256: copy.sha256 }
}

/// A file as it was written down.
struct File<'f> {
    what: String,
    object: &'f str,
    bytes: u64,
    sha256: [u8; 32],
}

async fn difference(media: &MediaStore, file: File<'_>) -> Result<Option<String>, MediaError> {
    let File { what, object, bytes, sha256 } = file;
    match media.read_back(&ObjectName::stored(object.to_owned())).await {
        Ok(read) if (read.bytes, read.sha256) == (bytes, sha256) => Ok(None),
        Ok(read) => Ok(Some(format!(
            "{what}: its file has {} bytes and another content than the {bytes} bytes that were stored",
            read.bytes
        ))),
        Err(MediaError::NotThere) => Ok(Some(format!("{what}: its file {object} is missing"))),
        Err(error) => Err(error),
    }
}
