//! Voices by ElevenLabs: which there are, what is left of the quota, and texts spoken.

use std::time::Duration;

use domain::voice::ServiceVoice;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::door::{Answer, Door, Key, Question};
use super::{NoHttps, ServiceAddress, ServiceError};
use crate::speech::{Delivery, OUTPUT_FORMAT, SAMPLE_RATE, wav};

/// The longest text that is spoken in one request, in characters. Every model takes at least twice as many.
pub const LONGEST_TEXT: usize = 5_000;

const SERVICE: &str = "ElevenLabs";
const MOST_LIST_BYTES: usize = 4 * 1024 * 1024;
/// Twenty minutes; a text of the greatest length lasts about six.
const MOST_AUDIO_BYTES: usize = 20 * 60 * 2 * SAMPLE_RATE as usize;
/// The service allows no more.
const PAGE_SIZE: &str = "100";
/// An account with more voices than this is not listed to the end.
const MOST_PAGES: usize = 20;

/// How ElevenLabs is reached.
#[derive(Debug, Clone)]
pub struct ElevenLabsSettings {
    /// Where the API lives, without `/v1`.
    pub address: ServiceAddress,
    /// `ELEVENLABS_API_KEY`.
    pub key: SecretString,
    /// Which of its models speaks, such as `eleven_multilingual_v2`.
    pub model: String,
    /// How its voices speak.
    pub delivery: Delivery,
    /// The whole of a list, connecting included.
    pub read_timeout: Duration,
    /// The whole of a spoken text.
    pub speak_timeout: Duration,
}

impl ElevenLabsSettings {
    /// The usual timeouts: 15 s to read, 120 s to speak; a text of the greatest length takes a slow model about a minute.
    /// Each voice speaks as it does.
    pub fn new(address: ServiceAddress, key: SecretString, model: String) -> Self {
        let (read_timeout, speak_timeout) = (Duration::from_secs(15), Duration::from_secs(120));
        Self { address, key, model, delivery: Delivery::default(), read_timeout, speak_timeout }
    }
}

/// ElevenLabs' API for one account.
#[derive(Debug)]
pub struct ElevenLabs {
    door: Door,
    model: String,
    read_timeout: Duration,
    speak_timeout: Duration,
}

/// A voice that may speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// What to ask for.
    pub id: ServiceVoice,
    /// What people call it.
    pub name: String,
    /// What the service says of it, such as accent and age, by name.
    pub labels: Vec<(String, String)>,
}

/// What is left of the account's period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Characters spoken in this period.
    pub used: u64,
    /// Characters that may be spoken in it.
    pub limit: u64,
    /// When the next period begins, in seconds since 1970; `None` where there is none.
    pub renews_at: Option<i64>,
}

/// A text that was spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// A WAV file: one channel, 16 bit.
    pub audio: Vec<u8>,
    /// How many characters it took from the quota, where the service said so.
    pub characters: Option<u64>,
    /// The service's name for the request, for its support.
    pub request_id: Option<String>,
}

impl ElevenLabs {
    /// A client; connects to nothing yet.
    ///
    /// # Errors
    /// [`NoHttps`].
    pub fn new(settings: &ElevenLabsSettings) -> Result<Self, NoHttps> {
        let header = (HeaderName::from_static("xi-api-key"), "");
        let key = Key { header, secret: settings.key.clone(), setting: "ELEVENLABS_API_KEY" };
        Ok(Self {
            door: Door::new(SERVICE, settings.address.clone(), key)?,
            model: settings.model.clone(),
            read_timeout: settings.read_timeout,
            speak_timeout: settings.speak_timeout,
        })
    }

    /// Every voice of the account, up to 2,000.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn voices(&self) -> Result<Vec<Voice>, ServiceError> {
        let (mut voices, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let page: VoicesPage = self.look("/v2/voices", &page_query(token.as_deref())).await?;
            voices.extend(page.voices.into_iter().filter_map(WireVoice::into_voice));
            token = page.next_page_token.filter(|_| page.has_more);
            if token.is_none() {
                break;
            }
        }
        Ok(voices)
    }

    /// What is left of the quota.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn quota(&self) -> Result<Quota, ServiceError> {
        let subscription: WireSubscription = self.look("/v1/user/subscription", &[]).await?;
        Ok(Quota {
            used: subscription.character_count,
            limit: subscription.character_limit,
            renews_at: subscription.next_character_count_reset_unix,
        })
    }

    /// Speaks a text of 1 to [`LONGEST_TEXT`] characters. Costs, and is never repeated here.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn speak(
        &self,
        voice: &ServiceVoice,
        text: &str,
        delivery: Delivery,
    ) -> Result<Spoken, ServiceError> {
        if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
            return Err(self.door.refused("a text of 1 to 5000 characters can be spoken at once"));
        }
        let order = serde_json::json!({ "text": text, "model_id": self.model, "voice_settings": delivery });
        let answer = self
            .door
            .ask(&Question {
                method: Method::POST,
                path: &format!("/v1/text-to-speech/{}", voice.as_str()),
                query: &[("output_format", OUTPUT_FORMAT)],
                body: Some(("application/json".to_owned(), order.to_string().into_bytes())),
                within: self.speak_timeout,
                most_bytes: MOST_AUDIO_BYTES,
            })
            .await?;
        if !answer.is_success() {
            return Err(self.refusal(&answer));
        }
        let kind = answer.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if answer.body.is_empty() || answer.body.len() % 2 != 0 || !is_sound(kind) {
            return Err(self.door.unusable("it is no sound"));
        }
        Ok(Spoken {
            characters: answer.header("character-cost").and_then(|cost| cost.parse().ok()),
            request_id: answer.header("request-id").map(|id| id.chars().take(100).collect()),
            audio: wav::file(&answer.body),
        })
    }

    async fn look<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T, ServiceError> {
        let question = Question {
            method: Method::GET,
            path,
            query,
            body: None,
            within: self.read_timeout,
            most_bytes: MOST_LIST_BYTES,
        };
        let answer = self.door.look(&question).await?;
        if !answer.is_success() {
            return Err(self.refusal(&answer));
        }
        serde_json::from_slice(&answer.body)
            .map_err(|_| self.door.unusable("it is not what the service documents"))
    }

    /// Errors are `{"detail": {"status" or "code": word, "message": text}}`, those of validation a list under `detail`.
    fn refusal(&self, answer: &Answer) -> ServiceError {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let detail = &body["detail"];
        let word = detail["status"].as_str().or_else(|| detail["code"].as_str());
        let message = detail["message"].as_str().or_else(|| detail[0]["msg"].as_str());
        self.door.refusal(answer, word == Some("quota_exceeded"), word, message)
    }
}

#[derive(Deserialize)]
struct VoicesPage {
    voices: Vec<WireVoice>,
    #[serde(default)]
    has_more: bool,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct WireVoice {
    voice_id: String,
    name: Option<String>,
    labels: Option<serde_json::Map<String, Value>>,
}

#[derive(Deserialize)]
struct WireSubscription {
    character_count: u64,
    character_limit: u64,
    next_character_count_reset_unix: Option<i64>,
}

impl WireVoice {
    /// A voice whose identifier cannot stand in a path cannot be asked for, and is left out.
    fn into_voice(self) -> Option<Voice> {
        let id = ServiceVoice::parse(&self.voice_id).ok()?;
        let labels = self.labels.unwrap_or_default().into_iter();
        Some(Voice {
            name: self.name.unwrap_or_else(|| id.as_str().to_owned()).chars().take(200).collect(),
            id,
            labels: labels
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
                .take(20)
                .collect(),
        })
    }
}

fn page_query(token: Option<&str>) -> Vec<(&str, &str)> {
    let token = token.map(|token| ("next_page_token", token));
    [("page_size", PAGE_SIZE)].into_iter().chain(token).collect()
}

/// Bare samples have no head to be known by; a document says that it is one.
fn is_sound(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    kind.starts_with("audio/") || kind.starts_with("application/octet-stream")
}
