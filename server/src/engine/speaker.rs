//! Has texts spoken that somebody waits for: a call that is about to be made, or a person in front of a page.
//!
//! The only place that pays for speech. Each text has its row, which is taken before the service is asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::voice::Trouble;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::task;
use crate::actions::sounds::SoundFile;
use crate::actions::spoken_texts::{InVain, Spoken};
use crate::actions::{Actions, Actor};
use crate::media::{MediaStore, ObjectName, SoundReader, Unreadable};
use crate::speech::Narrator;
use crate::speech_services::ServiceError;
use crate::speech_services::elevenlabs::ElevenLabs;
use crate::store::StoreError;
use crate::store::spoken_texts::SpokenText;

/// Texts that are spoken at once: as many as the smallest plan allows.
const AT_ONCE: usize = 2;
/// Texts that another server wants ring no bell here.
const LOOKS_AGAIN: Duration = Duration::from_secs(5);
/// A store of sounds that is full or away is looked at again after this.
const STORE_PAUSE: Duration = Duration::from_secs(60);

/// What the task works with.
#[derive(Clone)]
pub struct Speaking {
    /// Who speaks.
    pub service: Arc<ElevenLabs>,
    /// How.
    pub narrator: Narrator,
    /// Where sounds go.
    pub media: MediaStore,
}

/// Waits for texts until it is time to stop.
pub async fn run(actions: Actions, speaking: Speaking, stop: CancellationToken) {
    if let Err(error) = task::turn(actions.free_texts(true)).await {
        error!(%error, "what was being spoken before the start could not be freed yet");
    }
    loop {
        let turn = tokio::select! {
            biased;
            // What is under way may be paid for already; nobody waits two minutes for it at a stop.
            () = stop.cancelled() => return,
            turn = task::turn(turn(&actions, &speaking)) => turn,
        };
        let now = actions.clock.now();
        let soon = now.checked_add(LOOKS_AGAIN).ok();
        let turn = turn.map(|next| next.into_iter().chain(soon).min());
        let until = task::next_look("speaker", turn, now);
        if !task::wait(&actions.clock, until, actions.wake.speaker_rung(), &stop).await {
            return;
        }
    }
}

/// Has some texts spoken; when to look again.
///
/// # Errors
/// The database failed.
pub async fn turn(actions: &Actions, speaking: &Speaking) -> Result<Option<Timestamp>, StoreError> {
    let taken = actions.take_texts(AT_ONCE).await?;
    if taken.is_empty() {
        // Nothing is under way here: whatever is claimed is another server's, or that of one which is gone.
        actions.free_texts(false).await?;
        let now = actions.clock.now();
        let rests_until = actions.store.service_trouble().await?.map(|trouble| trouble.rests_until);
        let due = actions.store.next_text_at(now).await?;
        return Ok(due.map(|at| rests_until.map_or(at, |until| at.max(until))));
    }
    let spoken = taken.into_iter().map(|text| speak(actions, speaking, text));
    for done in futures_util::future::join_all(spoken).await {
        done?;
    }
    Ok(Some(actions.clock.now()))
}

async fn speak(actions: &Actions, speaking: &Speaking, taken: SpokenText) -> Result<(), StoreError> {
    let sentence = &taken.sentence;
    let answer = speaking.service.speak(&sentence.voice, &sentence.said, speaking.narrator.delivery).await;
    let spoken = match answer {
        Ok(spoken) => spoken,
        Err(error) => return actions.not_spoken(taken, in_vain(&error), error.to_string()).await,
    };
    let (id, object) = actions.new_sound(&Actor::server(taken.workspace));
    let name = ObjectName::stored(object);
    let file = match keep(&speaking.media, &name, spoken.audio).await {
        Ok(file) => file,
        Err((vain, why)) => return actions.not_spoken(taken, vain, why).await,
    };
    let kept = actions.keep_spoken(taken, id, Spoken { file, characters: spoken.characters }).await;
    // After any other failure it may be written down all the same.
    let is_nobodys = matches!(kept, Ok(None) | Err(StoreError::Conflict));
    if is_nobodys && let Err(error) = speaking.media.delete(&name).await {
        warn!(%error, "the file of a text that was spoken twice could not be deleted");
    }
    match kept {
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes the sound durably and reads it back.
async fn keep(media: &MediaStore, name: &ObjectName, audio: Vec<u8>) -> Result<SoundFile, (InVain, String)> {
    let mut reader = SoundReader::new();
    let sound = reader.take(&audio).and_then(|()| reader.finish());
    let sound = sound.map_err(|unreadable: Unreadable| {
        (InVain::Refused { may_have_cost: true }, format!("the service sent no sound: {unreadable}"))
    })?;
    match media.keep(name, Bytes::from(audio)).await {
        Ok(stored) => Ok(SoundFile {
            object: name.as_str().to_owned(),
            content_type: "audio/wav".to_owned(),
            bytes: stored.bytes,
            sha256: stored.sha256,
            duration_ms: sound.duration_ms,
            peaks: sound.peaks,
        }),
        Err(error) => {
            if let Err(error) = media.clear(name).await {
                warn!(%error, "what is left of a spoken text could not be deleted");
            }
            // Nothing more is paid for while nothing can be kept.
            let vain = InVain::Service { kind: Trouble::Away, may_have_cost: true, wait: Some(STORE_PAUSE) };
            Err((vain, error.to_string()))
        }
    }
}

fn in_vain(error: &ServiceError) -> InVain {
    let service = |kind, wait| InVain::Service { kind, may_have_cost: error.may_have_cost(), wait };
    match error {
        ServiceError::Unreachable { .. } | ServiceError::Lost { .. } => service(Trouble::Away, None),
        ServiceError::Busy { retry_after, .. } => service(Trouble::Busy, *retry_after),
        ServiceError::Key { .. } => service(Trouble::Key, None),
        ServiceError::Quota { .. } => service(Trouble::Quota, None),
        ServiceError::Refused { .. } | ServiceError::Unusable { .. } => {
            InVain::Refused { may_have_cost: error.may_have_cost() }
        }
    }
}
