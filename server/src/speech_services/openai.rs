//! Transcription and summaries by any service that speaks OpenAI's language, the original or one on the own machine.

mod form;
mod note;
mod transcript;

use std::time::Duration;

use domain::money::Usd;
use domain::transcript::ListeningPrices;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use secrecy::SecretString;
use serde_json::Value;

use super::door::{Answer, Door, Key, Question};
use super::{NoHttps, ServiceAddress, ServiceError};
pub use form::AudioFile;
pub use note::Note;
pub use transcript::{Segment, Transcript};

/// The longest audio that is transcribed, in bytes: what OpenAI takes. An hour of telephone speech as MP3 is half of it.
pub const LONGEST_AUDIO: usize = 25 * 1024 * 1024;

const SERVICE: &str = "the language service";
const MOST_TRANSCRIPT_BYTES: usize = 8 * 1024 * 1024;
const MOST_SUMMARY_BYTES: usize = 256 * 1024;

/// How the service is reached.
#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// Where the API lives, `/v1` included.
    pub address: ServiceAddress,
    /// `OPENAI_API_KEY`; any word where the service wants none.
    pub key: SecretString,
    /// Which of its models transcribes, such as `whisper-1`; without one nothing is transcribed.
    pub transcription_model: Option<String>,
    /// Which of its models sums up; without one nothing is summed up.
    pub summary_model: Option<String>,
    /// What it charges.
    pub prices: ListeningPrices,
    /// The whole of a transcription.
    pub transcribe_timeout: Duration,
    /// The whole of a summary.
    pub summary_timeout: Duration,
}

impl OpenAiSettings {
    /// Neither model, no price, and the usual timeouts: 10 minutes for a transcription, which is what an hour of speech takes a small machine,
    /// and 120 s for a summary.
    pub const fn new(address: ServiceAddress, key: SecretString) -> Self {
        Self {
            address,
            key,
            transcription_model: None,
            summary_model: None,
            prices: ListeningPrices {
                per_minute: Usd::ZERO,
                per_million_read: Usd::ZERO,
                per_million_written: Usd::ZERO,
            },
            transcribe_timeout: Duration::from_secs(10 * 60),
            summary_timeout: Duration::from_secs(120),
        }
    }
}

/// The service for one account.
#[derive(Debug)]
pub struct OpenAi {
    door: Door,
    transcription_model: Option<String>,
    summary_model: Option<String>,
    transcribe_timeout: Duration,
    summary_timeout: Duration,
}

impl OpenAi {
    /// A client; connects to nothing yet.
    ///
    /// # Errors
    /// [`NoHttps`].
    pub fn new(settings: &OpenAiSettings) -> Result<Self, NoHttps> {
        let key = Key {
            header: (AUTHORIZATION, "Bearer "),
            secret: settings.key.clone(),
            setting: "OPENAI_API_KEY",
        };
        Ok(Self {
            door: Door::new(SERVICE, settings.address.clone(), key)?,
            transcription_model: settings.transcription_model.clone(),
            summary_model: settings.summary_model.clone(),
            transcribe_timeout: settings.transcribe_timeout,
            summary_timeout: settings.summary_timeout,
        })
    }

    /// Writes down what is said in an audio file of up to [`LONGEST_AUDIO`] bytes; `None` where no model is set up for it. Costs,
    /// and is never repeated here.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn transcribe(&self, audio: AudioFile<'_>) -> Result<Option<Transcript>, ServiceError> {
        let Some(model) = &self.transcription_model else { return Ok(None) };
        if audio.bytes.is_empty() || audio.bytes.len() > LONGEST_AUDIO {
            return Err(self.door.refused("an audio file of up to 25 MB can be transcribed"));
        }
        let fields = [
            ("model", model.as_str()),
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "segment"),
        ];
        let body = form::multipart(audio, &fields);
        let answer =
            self.post("/audio/transcriptions", body, self.transcribe_timeout, MOST_TRANSCRIPT_BYTES).await?;
        transcript::read(&answer.body).map(Some).map_err(|why| self.door.unusable(why))
    }

    /// Sums a conversation up and says how the called person sounded; `None` where no model is set up for it. Costs, and is never
    /// repeated here.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub async fn note(&self, conversation: &str) -> Result<Option<Note>, ServiceError> {
        let Some(model) = &self.summary_model else { return Ok(None) };
        let order = note::order(model, conversation).to_string().into_bytes();
        let body = ("application/json".to_owned(), order);
        let answer = self.post("/chat/completions", body, self.summary_timeout, MOST_SUMMARY_BYTES).await?;
        match note::read(&answer.body) {
            Ok(note) => Ok(Some(note)),
            Err(note::NotUsable::Declined) => Err(self.door.refused("the model declines to sum this up")),
            Err(note::NotUsable::Wrong(why)) => Err(self.door.unusable(why)),
        }
    }

    async fn post(
        &self,
        path: &str,
        body: (String, Vec<u8>),
        within: Duration,
        most_bytes: usize,
    ) -> Result<Answer, ServiceError> {
        let question =
            Question { method: Method::POST, path, query: &[], body: Some(body), within, most_bytes };
        let answer = self.door.ask(&question).await?;
        if answer.is_success() { Ok(answer) } else { Err(self.refusal(&answer)) }
    }

    /// Errors are `{"error": {"message", "type", "param", "code"}}`. What means the quota came in several words over time: the
    /// type is the same for all of them.
    fn refusal(&self, answer: &Answer) -> ServiceError {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let error = &body["error"];
        let (kind, code) = (error["type"].as_str(), error["code"].as_str());
        let used_up = [kind, code].contains(&Some("insufficient_quota"));
        self.door.refusal(answer, used_up, code.or(kind), error["message"].as_str())
    }
}
