//! The voices that read scripts aloud: those of the carrier, which need no key, and those of a service that speaks beforehand.

/// A text, to hear.
pub mod preview;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::voice::ServiceVoice;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::maybe_time;
use crate::actions::spoken_texts::month_of;
use crate::http::auth::Analyst;
use crate::http::state::{HttpState, ServerFacts};
use crate::http::voice_shelf::VoiceShelf;
use crate::http::{FieldError, Problem};
use crate::speech_services::elevenlabs;

/// A voice.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Voice {
    /// What to give as `voiceId`.
    #[schema(example = "Polly.Joanna-Neural")]
    id: &'static str,
    /// The language it speaks.
    #[schema(example = "en-US")]
    language: &'static str,
    /// `basic`, `standard` or `neural`.
    kind: &'static str,
}

const fn voice(id: &'static str, language: &'static str, kind: &'static str) -> Voice {
    Voice { id, language, kind }
}

/// Voices of Twilio's `<Say>` (Twilio, "Text-to-Speech": Basic and Amazon Polly voices).
const VOICES: [Voice; 24] = [
    voice("man", "en-US", "basic"),
    voice("woman", "en-US", "basic"),
    voice("alice", "en-US", "basic"),
    voice("Polly.Joanna", "en-US", "standard"),
    voice("Polly.Joanna-Neural", "en-US", "neural"),
    voice("Polly.Matthew", "en-US", "standard"),
    voice("Polly.Matthew-Neural", "en-US", "neural"),
    voice("Polly.Salli-Neural", "en-US", "neural"),
    voice("Polly.Joey-Neural", "en-US", "neural"),
    voice("Polly.Kendra-Neural", "en-US", "neural"),
    voice("Polly.Amy", "en-GB", "standard"),
    voice("Polly.Amy-Neural", "en-GB", "neural"),
    voice("Polly.Emma-Neural", "en-GB", "neural"),
    voice("Polly.Brian-Neural", "en-GB", "neural"),
    voice("Polly.Olivia-Neural", "en-AU", "neural"),
    voice("Polly.Lupe-Neural", "es-US", "neural"),
    voice("Polly.Lucia-Neural", "es-ES", "neural"),
    voice("Polly.Lea-Neural", "fr-FR", "neural"),
    voice("Polly.Gabrielle-Neural", "fr-CA", "neural"),
    voice("Polly.Vicki-Neural", "de-DE", "neural"),
    voice("Polly.Hans", "de-DE", "standard"),
    voice("Polly.Bianca-Neural", "it-IT", "neural"),
    voice("Polly.Camila-Neural", "pt-BR", "neural"),
    voice("Polly.Mizuki", "ja-JP", "standard"),
];

/// A voice of the service, which speaks before a call is made.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpokenVoice {
    /// What to give as `voiceId`.
    #[schema(example = "elevenlabs:21m00Tcm4TlvDq8ikWAM")]
    id: String,
    /// What people call it.
    name: String,
    /// What the service says of it, such as accent and age.
    labels: BTreeMap<String, String>,
}

/// How the service stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpeechService {
    /// `off` without a key, `on`, or `away` when it did not answer the last time.
    state: &'static str,
    /// What is wrong, in plain words.
    trouble: Option<String>,
    /// When its voices were read the last time.
    #[schema(format = DateTime)]
    listed_at: Option<String>,
}

/// The voices.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoiceList {
    /// Of the carrier, who speaks while the call is on. They need no further key, and more of Twilio's Polly and Google voices may
    /// be named than are listed.
    voices: &'static [Voice],
    /// Of ElevenLabs, which speaks before a call is made.
    eleven_labs_voices: Vec<SpokenVoice>,
    /// Whether the list of those is whole.
    eleven_labs: SpeechService,
}

/// What is left of the service's quota, and what this workspace took from it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoiceQuota {
    /// `off`, `on` or `away`.
    state: &'static str,
    /// What is wrong, in plain words.
    trouble: Option<String>,
    /// Characters that the account spoke in its period.
    used: Option<u64>,
    /// Characters that it may speak in it.
    limit: Option<u64>,
    /// When the next period begins.
    #[schema(format = DateTime)]
    renews_at: Option<String>,
    /// Characters of this workspace in the current month of UTC.
    spoken_this_month: u64,
    /// Characters of requests without an answer that could be used; they may be on the bill all the same.
    doubtful_this_month: u64,
    /// Until when nobody is asked, because the service was asked in vain.
    #[schema(format = DateTime)]
    rests_until: Option<String>,
}

/// Lists the voices. When the service is away, those of the carrier are listed all the same, and the answer says what is missing.
#[utoipa::path(get, path = "/api/voices", tag = "scripts",
    responses((status = 200, body = VoiceList), (status = "4XX", body = Problem)))]
pub async fn list(State(state): State<HttpState>, _visitor: Analyst) -> Json<VoiceList> {
    let known = state.server.voices.voices(state.actions.clock.now()).await;
    let eleven_labs = SpeechService {
        state: word(known.as_ref().map(|known| &known.trouble)),
        trouble: known.as_ref().and_then(|known| known.trouble.clone()),
        listed_at: maybe_time(known.as_ref().and_then(|known| known.answer.as_ref()).map(|(_, at)| *at)),
    };
    let listed = known.and_then(|known| known.answer).map(|(voices, _)| voices).unwrap_or_default();
    let eleven_labs_voices = listed.into_iter().map(SpokenVoice::from).collect();
    Json(VoiceList { voices: &VOICES, eleven_labs_voices, eleven_labs })
}

/// What is left of the quota of ElevenLabs, and what this workspace had spoken this month.
#[utoipa::path(get, path = "/api/voices/quota", tag = "scripts",
    responses((status = 200, body = VoiceQuota), (status = "4XX", body = Problem)))]
pub async fn quota(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
) -> Result<Json<VoiceQuota>, Problem> {
    let now = state.actions.clock.now();
    let known = state.server.voices.quota(now).await;
    let quota = known.as_ref().and_then(|known| known.answer).map(|(quota, _)| quota);
    let spoken = state.actions.store.spoken_in(visitor.actor.workspace, &month_of(now)).await?;
    let trouble = state.actions.store.service_trouble().await?;
    let renews_at = quota.and_then(|quota| quota.renews_at).and_then(|at| Timestamp::from_second(at).ok());
    Ok(Json(VoiceQuota {
        state: word(known.as_ref().map(|known| &known.trouble)),
        trouble: trouble
            .as_ref()
            .map(|trouble| trouble.why.clone())
            .or(known.and_then(|known| known.trouble)),
        used: quota.map(|quota| quota.used),
        limit: quota.map(|quota| quota.limit),
        renews_at: maybe_time(renews_at),
        spoken_this_month: spoken.characters,
        doubtful_this_month: spoken.doubtful,
        rests_until: maybe_time(trouble.map(|trouble| trouble.rests_until).filter(|until| *until > now)),
    }))
}

fn word(trouble: Option<&Option<String>>) -> &'static str {
    match trouble {
        None => "off",
        Some(None) => "on",
        Some(Some(_)) => "away",
    }
}

impl From<elevenlabs::Voice> for SpokenVoice {
    fn from(voice: elevenlabs::Voice) -> Self {
        let id = voice.id.to_string();
        Self { id, name: voice.name, labels: voice.labels.into_iter().collect() }
    }
}

/// The voices as a person chooses among them: what to give, and what to show. `current`: one that is chosen already, and stays so
/// whatever the service says.
pub async fn choices(state: &HttpState, current: &str) -> Vec<(String, String)> {
    let own = std::iter::once((String::new(), "The carrier's own".to_owned()));
    let each = VOICES.iter().map(|voice| (voice.id.to_owned(), in_words(voice)));
    let mut choices: Vec<(String, String)> = own.chain(each).collect();
    if let Some(known) = state.server.voices.voices(state.actions.clock.now()).await {
        let listed = known.answer.map(|(voices, _)| voices).unwrap_or_default();
        choices.extend(
            listed.into_iter().map(|voice| (voice.id.to_string(), format!("{} (ElevenLabs)", voice.name))),
        );
    }
    if !choices.iter().any(|(id, _)| id == current) {
        choices.push((current.to_owned(), current.to_owned()));
    }
    choices
}

/// The carrier's voices, in words.
pub fn of_carrier() -> impl Iterator<Item = String> {
    VOICES.iter().map(in_words)
}

fn in_words(voice: &Voice) -> String {
    format!("{} ({}, {})", voice.id, voice.language, voice.kind)
}

/// Reads the list of the service when a voice of it is about to be checked; what cannot be read then is not checked.
pub async fn prepare_check(server: &ServerFacts, voice: Option<&str>, now: Timestamp) {
    if voice.is_some_and(|voice| ServiceVoice::of(voice).is_some()) {
        server.voices.voices(now).await;
    }
}

/// A voice that can be expected to speak: of the list, of one of the two families that the carrier passes on, or of the service.
pub fn known(pointer: &str, id: String, shelf: &VoiceShelf) -> Result<String, FieldError> {
    let unknown = |detail: String| FieldError::at(pointer, "unknown_voice", detail);
    match ServiceVoice::of(&id) {
        Some(Err(error)) => return Err(unknown(error.to_string())),
        Some(Ok(_)) if !shelf.is_on() => {
            let detail = "voices of ElevenLabs are off here: set ELEVENLABS_API_KEY and start the server again, or choose another voice";
            return Err(FieldError::at(pointer, "voice_off", detail));
        }
        Some(Ok(voice)) if shelf.has(&voice) == Some(false) => {
            return Err(unknown(
                "the account at ElevenLabs has no such voice; list them at /api/voices".to_owned(),
            ));
        }
        // One of a list that could not be read is found out when it is to speak.
        Some(Ok(_)) => return Ok(id),
        None => {}
    }
    let listed = VOICES.iter().any(|voice| voice.id == id);
    let family = ["Polly.", "Google."].iter().find_map(|family| id.strip_prefix(family));
    let named = family.is_some_and(|name| {
        (1..=60).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    });
    if listed || named {
        return Ok(id);
    }
    Err(unknown("there is no such voice; list them at /api/voices".to_owned()))
}
