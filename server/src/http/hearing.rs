//! A text spoken for somebody who wants to hear it before anybody is rung: its sentences are wanted like those of calls, waited for,
//! and put together into one sound.

use std::time::Duration;

use bytes::Bytes;
use domain::ids::WorkspaceId;
use domain::voice::ServiceVoice;
use futures_util::TryStreamExt as _;
use tracing::{error, warn};

use super::state::HttpState;
use super::{FieldError, Problem};
use crate::actions::Actor;
use crate::actions::sounds::SoundFile;
use crate::media::{MediaError, ObjectName, SoundReader};
use crate::speech::{Narrator, Sentence, wav};
use crate::store::StoreError;
use crate::store::sounds::SoundRecord;
use crate::store::spoken_texts::{SpokenText, TextState};

/// The longest text that is spoken at once, in characters.
pub const LONGEST_TEXT: usize = 5_000;
/// Nobody waits longer in front of a page; what is spoken later is there the next time.
const PATIENCE: Duration = Duration::from_secs(45);
/// Another server may speak it, which rings no bell here.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What a text would take from the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Its characters.
    pub characters: u64,
    /// Those of sentences that were not spoken before.
    pub unspoken: u64,
}

/// A text that can be heard.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The sound of all of it.
    pub sound: SoundRecord,
    /// What it was estimated to take.
    pub cost: Cost,
}

/// A text in a voice, parted into sentences.
pub struct Text<'s> {
    state: &'s HttpState,
    of: WorkspaceId,
    whole: Sentence,
    sentences: Vec<Sentence>,
}

impl<'s> Text<'s> {
    /// Reads what somebody wants to hear.
    ///
    /// # Errors
    /// No service, a voice of the carrier, or a text that cannot be spoken.
    pub fn read(state: &'s HttpState, of: WorkspaceId, voice_id: &str, text: &str) -> Result<Self, Problem> {
        let (voice, narrator) = voice(state, voice_id)?;
        if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
            let detail = format!("write something to hear, in {LONGEST_TEXT} characters at most");
            return Err(FieldError::at("/text", "out_of_range", detail).into());
        }
        let whole = Sentence {
            fingerprint: narrator.fingerprint(&voice, text),
            voice: voice.clone(),
            said: text.to_owned(),
        };
        Ok(Self { state, of, whole, sentences: narrator.sentences(&voice, text) })
    }

    /// What it would take.
    ///
    /// # Errors
    /// The database failed.
    pub async fn cost(&self) -> Result<Cost, StoreError> {
        let known = self.known().await?;
        let spoken = |sentence: &Sentence| {
            known.iter().any(|text| {
                text.state == TextState::Spoken && text.sentence.fingerprint == sentence.fingerprint
            })
        };
        let mut cost = Cost { characters: 0, unspoken: 0 };
        for (nth, sentence) in self.sentences.iter().enumerate() {
            let length = sentence.said.chars().count() as u64;
            cost.characters += length;
            let said_before = self.sentences[..nth].iter().any(|it| it.fingerprint == sentence.fingerprint);
            if !said_before && !spoken(sentence) {
                cost.unspoken += length;
            }
        }
        Ok(cost)
    }

    /// Has it spoken, and puts it together.
    ///
    /// # Errors
    /// The service is in trouble or refuses, it takes too long, or the store of sounds does not work.
    pub async fn hear(&self) -> Result<Heard, Problem> {
        let cost = self.cost().await?;
        if cost.unspoken > 0 {
            self.refuse_in_trouble().await?;
            self.state.actions.want_spoken(self.of, self.sentences.clone()).await?;
        }
        let waited = tokio::time::timeout(PATIENCE, self.wait()).await;
        let spoken = waited.map_err(|_| {
            Problem::unavailable(
                "The text is still being spoken. Ask again in a moment: what was spoken meanwhile is not paid for again.",
                5,
            )
        })??;
        self.state.actions.note_use(self.of, &spoken).await?;
        let sound = match self.sentences.as_slice() {
            [_] => self.sound(&spoken[0]).await?,
            _ => self.joined(&spoken).await?,
        };
        Ok(Heard { sound, cost })
    }

    /// Its sentences in order, as soon as all of them are spoken.
    async fn wait(&self) -> Result<Vec<SpokenText>, Problem> {
        loop {
            let known = self.known().await?;
            let mut spoken = Vec::with_capacity(self.sentences.len());
            for sentence in &self.sentences {
                let text = known.iter().find(|text| text.sentence.fingerprint == sentence.fingerprint);
                match text.map(|text| text.state) {
                    Some(TextState::Spoken) => spoken.extend(text.cloned()),
                    Some(TextState::Refused) => return Err(refused(text)),
                    _ => {}
                }
            }
            if spoken.len() == self.sentences.len() {
                return Ok(spoken);
            }
            self.refuse_in_trouble().await?;
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn refuse_in_trouble(&self) -> Result<(), Problem> {
        let now = self.state.actions.clock.now();
        let trouble = self.state.actions.store.service_trouble().await?;
        let Some(trouble) = trouble.filter(|trouble| trouble.rests_until > now) else { return Ok(()) };
        let seconds = trouble.rests_until.duration_since(now).as_secs().clamp(1, 3_600);
        let problem = Problem::unavailable(
            format!("This could not be spoken: {}.", trouble.why),
            u32::try_from(seconds).unwrap_or(60),
        );
        Err(problem.with_reason(trouble.kind.as_str()).next_possible_at(Some(trouble.rests_until)))
    }

    async fn known(&self) -> Result<Vec<SpokenText>, StoreError> {
        let wanted: Vec<_> = self.sentences.iter().map(|sentence| sentence.fingerprint).collect();
        self.state.actions.store.spoken_texts(self.of, &wanted).await
    }

    async fn sound(&self, text: &SpokenText) -> Result<SoundRecord, Problem> {
        let gone = || Problem::not_found("sound");
        let sound = text.sound.ok_or_else(gone)?;
        self.state.actions.store.sound(self.of, sound).await?.ok_or_else(gone)
    }

    /// One sound of all of them; the one that was put together before, where there is one.
    async fn joined(&self, spoken: &[SpokenText]) -> Result<SoundRecord, Problem> {
        let fingerprint = self.whole.fingerprint.0;
        let store = &self.state.actions.store;
        if let Some(known) = store.sound_by_fingerprint(self.of, fingerprint).await? {
            return Ok(known);
        }
        let (id, object) = self.state.actions.new_sound(&Actor::server(self.of));
        let object = ObjectName::stored(object);
        let file = self.join(spoken, &object).await?;
        match self.state.actions.keep_joined(self.of, self.whole.clone(), id, file).await {
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        let kept = store.sound_by_fingerprint(self.of, fingerprint).await?;
        let kept = kept.ok_or_else(|| Problem::not_found("sound"))?;
        if kept.id != id
            && let Err(error) = self.state.media.delete(&object).await
        {
            warn!(%error, "the file of a text that was put together twice could not be deleted");
        }
        Ok(kept)
    }

    async fn join(&self, spoken: &[SpokenText], object: &ObjectName) -> Result<SoundFile, Problem> {
        let mut samples = Vec::new();
        for text in spoken {
            let sound = self.sound(text).await?;
            let name = ObjectName::stored(sound.object.unwrap_or_default());
            let pieces = self.state.media.read(&name, None).await.map_err(|error| away(&error))?;
            let pieces: Vec<Bytes> = pieces.try_collect().await.map_err(|error| away(&error))?;
            let file = pieces.concat();
            samples.extend_from_slice(wav::samples(&file).unwrap_or_default());
        }
        let whole = wav::file(&samples);
        let mut reader = SoundReader::new();
        let read = reader.take(&whole).and_then(|()| reader.finish());
        let sound = read.map_err(|unreadable| {
            error!(%unreadable, "spoken sentences do not make a sound");
            Problem::internal()
        })?;
        let stored = self.state.media.keep(object, Bytes::from(whole)).await.map_err(|error| away(&error))?;
        Ok(SoundFile {
            object: object.as_str().to_owned(),
            content_type: "audio/wav".to_owned(),
            bytes: stored.bytes,
            sha256: stored.sha256,
            duration_ms: sound.duration_ms,
            peaks: sound.peaks,
        })
    }
}

/// The service's voice of this name, and how it speaks here.
fn voice(state: &HttpState, voice_id: &str) -> Result<(ServiceVoice, Narrator), Problem> {
    let voice = match ServiceVoice::of(voice_id) {
        None => {
            let detail = "Twilio's voices speak only while a call is on. To hear one, make a call to your own number: add \
                          yourself to a campaign and place that call.";
            return Err(FieldError::at("/voiceId", "carrier_voice", detail).into());
        }
        Some(voice) => {
            voice.map_err(|error| FieldError::at("/voiceId", "unknown_voice", error.to_string()))?
        }
    };
    let narrator = state.actions.installation.narrator.clone().ok_or_else(|| {
        let detail = "Voices of ElevenLabs are off here. Set ELEVENLABS_API_KEY and start the server again.";
        Problem::conflict("voice_off", detail)
    })?;
    Ok((voice, narrator))
}

fn refused(text: Option<&SpokenText>) -> Problem {
    let why = text.and_then(|text| text.trouble.clone()).unwrap_or_default();
    let again = text.map(|text| text.next_try_at);
    let detail = format!("This could not be spoken: {why}.");
    Problem::conflict("not_spoken", detail).next_possible_at(again)
}

fn away(error: &MediaError) -> Problem {
    error!(%error, "a spoken text could not be read or written");
    Problem::unavailable(
        "The store of the sound files does not work at the moment. What was spoken is not lost.",
        30,
    )
}
