//! Files of sounds that are deleted, and files that no sound has because whoever wrote them ended before the row: both go.

use std::collections::HashSet;
use std::time::Duration;

use domain::ids::SoundId;
use jiff::Timestamp;
use tracing::{info, warn};

use super::Parts;
use crate::media::{MediaError, ObjectName};
use crate::store::StoreError;

/// Deletions in one turn.
const MOST_PER_TURN: u64 = 100;
const PAGE: u64 = 500;
/// A file without a row may be one whose row is about to be written; not for as long as this.
const STRAY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Deletes the files of sounds that are deleted.
pub(super) async fn erase(parts: &Parts) -> Result<(), StoreError> {
    for sound in parts.actions.store.sounds_to_erase(MOST_PER_TURN).await? {
        let Some(object) = sound.object else { continue };
        if let Err(error) = parts.keeping.media.delete(&ObjectName::stored(object)).await {
            warn!(sound_id = %sound.id, %error, "the file of a deleted sound is still there; tried again");
            return Ok(());
        }
        parts.actions.sound_is_erased(sound.id).await?;
    }
    Ok(())
}

/// Deletes files that no sound has.
pub(super) async fn clear_strays(parts: &Parts) -> Result<(), StoreError> {
    // A clock that is wrong must not make a file look old.
    if parts.actions.node.clock_hold().is_some() {
        return Ok(());
    }
    match strays(parts).await? {
        Ok(strays) => {
            for stray in &strays {
                if let Err(error) = parts.keeping.media.clear(stray).await {
                    warn!(%error, "a sound file that nothing names could not be deleted; tried again");
                    return Ok(());
                }
            }
            if !strays.is_empty() {
                info!(files = strays.len(), "sound files that nothing names were deleted");
            }
        }
        Err(error) => warn!(%error, "the store of sound files could not be looked through"),
    }
    Ok(())
}

async fn strays(parts: &Parts) -> Result<Result<Vec<ObjectName>, MediaError>, StoreError> {
    // The list first: what is kept while this goes on is then no stray.
    let there = match parts.keeping.media.names("sounds").await {
        Ok(there) => there,
        Err(error) => return Ok(Err(error)),
    };
    let mut named = HashSet::new();
    let mut after = None;
    loop {
        let page = parts.actions.store.sounds_behind(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        named.extend(page.into_iter().filter_map(|sound| sound.object));
    }
    let now = parts.actions.clock.now();
    let stray = |name: &ObjectName| !named.contains(name.as_str()) && is_old(name, now);
    Ok(Ok(there.into_iter().filter(stray).collect()))
}

/// The name says when it was made: it is that of a sound.
fn is_old(name: &ObjectName, now: Timestamp) -> bool {
    let file = name.as_str().rsplit('/').next().and_then(|file| file.strip_suffix(".wav"));
    let sound = file.and_then(|file| file.parse::<SoundId>().ok());
    let made = sound.and_then(|sound| sound.uuid().get_timestamp()).map(|at| at.to_unix().0);
    made.is_some_and(|made| now.as_second().saturating_sub_unsigned(made) > STRAY_AFTER.as_secs() as i64)
}

#[cfg(test)]
mod tests {
    use domain::ids::time_ordered_uuid;

    use super::*;

    #[test]
    fn only_files_that_are_named_like_sounds_grow_old() {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().expect("a time");
        let made = |hours_ago: i64| {
            let at = now.as_millisecond() - hours_ago * 3_600_000;
            let id = SoundId::from_uuid(time_ordered_uuid(at as u64, [7; 10]));
            ObjectName::stored(format!("sounds/wsp_1/{id}.wav"))
        };
        assert!(is_old(&made(25), now));
        assert!(!is_old(&made(23), now) && !is_old(&made(-5), now));
        for other in ["sounds/wsp_1/other.wav", "recordings/wsp_1/rec_1-1.wav", ""] {
            assert!(!is_old(&ObjectName::stored(other.to_owned()), now), "{other}");
        }
    }
}
