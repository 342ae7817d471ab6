//! Where the transcriber finds what it listens to.

use std::sync::Arc;

use domain::ids::RecordingId;
use futures_util::StreamExt as _;

use super::AudioOf;
use crate::media::{MediaStore, ObjectName};
use crate::store::Store;

/// Recordings as they lie in our store.
pub fn audio_in(store: Store, media: MediaStore) -> AudioOf {
    Arc::new(move |recording| {
        let (store, media) = (store.clone(), media.clone());
        Box::pin(async move { read(&store, &media, recording).await })
    })
}

async fn read(store: &Store, media: &MediaStore, recording: RecordingId) -> Result<Option<Vec<u8>>, String> {
    let found = store.any_recording(recording).await.map_err(|error| error.to_string())?;
    let Some(copy) = found.filter(|found| found.deleted_at.is_none()).and_then(|found| found.copy) else {
        return Ok(None);
    };
    let mut pieces =
        media.read(&ObjectName::stored(copy.object), None).await.map_err(|error| error.to_string())?;
    let mut audio = Vec::new();
    while let Some(piece) = pieces.next().await {
        audio.extend_from_slice(&piece.map_err(|error| error.to_string())?);
    }
    Ok(Some(audio))
}
