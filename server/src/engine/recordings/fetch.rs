//! Fetches one recording: from an address that we build, in two channels where there are two, into the store, and back
//! again, before it is said to be there.

use tracing::{info, warn};

use crate::actions::recordings::{Claim, Fetched, Trouble};
use crate::carrier::twilio::Audio;
use crate::carrier::{AudioError, RecordingSid};
use crate::crash_point::{self, CrashPoint};
use crate::engine::Parts;
use crate::media::{MediaError, ObjectName, Sound, SoundReader, Unreadable, Writing};
use crate::store::StoreError;
use crate::store::recordings::OurCopy;

/// Fetches what was claimed and writes down what came of it.
pub(super) async fn fetch(parts: &Parts, claim: Claim) -> Result<(), StoreError> {
    let media = &parts.keeping.media;
    let (id, object) = (claim.recording.id, ObjectName::stored(claim.object()));
    if let Some(before) = claim.object_before()
        && let Err(error) = media.clear(&ObjectName::stored(before)).await
    {
        warn!(recording_id = %id, %error, "what an attempt may have left behind could not be deleted");
    }
    let settled = match bring(parts, &claim, &object).await {
        Ok(copy) => {
            crash_point::reached(CrashPoint::RecordingReadBack);
            let bytes = copy.bytes;
            let settled = parts.actions.keep_recording(claim, copy).await?;
            crash_point::reached(CrashPoint::RecordingStored);
            if settled == Fetched::Written {
                info!(recording_id = %id, bytes, "a recording was fetched and verified");
                return Ok(());
            }
            settled
        }
        Err(trouble) => {
            warn!(recording_id = %id, ?trouble, "a recording was not fetched");
            parts.actions.recording_not_fetched(claim, trouble).await?
        }
    };
    if settled == Fetched::Lost {
        info!(recording_id = %id, "a recording was deleted, or fetched by another server, meanwhile");
    }
    // A file without a row. When it stays, `prospectai check` names it.
    if let Err(error) = media.delete(&object).await {
        warn!(recording_id = %id, %error, "the file of an attempt in vain could not be deleted");
    }
    Ok(())
}

/// Brings the file into the store and reads it back.
async fn bring(parts: &Parts, claim: &Claim, object: &ObjectName) -> Result<OurCopy, Trouble> {
    let sid = claim.recording.carrier_sid.parse::<RecordingSid>();
    let sid = sid.map_err(|error| Trouble::Final(error.to_string()))?;
    let mut audio = match parts.carrier.recording_audio(&sid, 2).await {
        Err(AudioError::OneChannelOnly) => parts.carrier.recording_audio(&sid, 1).await,
        other => other,
    }?;
    let media = &parts.keeping.media;
    let mut writing = media.write(object);
    let sound = match pour(&mut audio, &mut writing).await {
        Ok(sound) => sound,
        Err(trouble) => {
            writing.abort().await;
            return Err(trouble);
        }
    };
    let written = writing.finish().await?;
    crash_point::reached(CrashPoint::RecordingWritten);
    let read = media.read_back(object).await?;
    if read != written {
        return Err(Trouble::Store("the store gave back something else than was written to it".to_owned()));
    }
    let Sound { duration_ms, channels, peaks } = sound;
    let object = object.as_str().to_owned();
    Ok(OurCopy { object, bytes: read.bytes, sha256: read.sha256, duration_ms, channels, peaks })
}

async fn pour(audio: &mut Audio, writing: &mut Writing) -> Result<Sound, Trouble> {
    let mut reader = SoundReader::new();
    while let Some(piece) = audio.next().await? {
        reader.take(&piece)?;
        writing.add(piece).await?;
        crash_point::reached(CrashPoint::RecordingHalfWritten);
    }
    Ok(reader.finish()?)
}

impl From<AudioError> for Trouble {
    fn from(error: AudioError) -> Self {
        match error {
            AudioError::TooLarge(_) => Self::Final(error.to_string()),
            _ => Self::Passing(error.to_string()),
        }
    }
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Self {
        // It may be an error page, or break off: the next one may be whole.
        Self::Passing(unreadable.to_string())
    }
}

impl From<MediaError> for Trouble {
    fn from(error: MediaError) -> Self {
        Self::Store(error.to_string())
    }
}
