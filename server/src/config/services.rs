//! Settings of the services that speak and understand: each is off until the operator turns it on.

use domain::money::Usd;
use domain::transcript::ListeningPrices;
use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigRefused;
use crate::speech::Delivery;
use crate::speech_services::ServiceAddress;
use crate::speech_services::elevenlabs::ElevenLabsSettings;
use crate::speech_services::openai::OpenAiSettings;

/// The dearest price, so that a slip of the decimal point is noticed.
const MOST: Usd = Usd::from_micros(1_000_000_000);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenElevenLabs {
    api_key: Option<SecretString>,
    base_url: String,
    model: String,
    stability: Option<f64>,
    similarity_boost: Option<f64>,
    style: Option<f64>,
    speed: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOpenAi {
    api_key: Option<SecretString>,
    base_url: String,
    transcription_model: Option<String>,
    summary_model: Option<String>,
    transcription_per_minute: String,
    summary_per_million_read: String,
    summary_per_million_written: String,
}

/// A key turns it on.
pub(super) fn elevenlabs(written: WrittenElevenLabs) -> Result<Option<ElevenLabsSettings>, ConfigRefused> {
    let address = address("ELEVENLABS_BASE_URL", &written.base_url)?;
    let delivery = Delivery {
        stability: within("ELEVENLABS_STABILITY", written.stability, 0.0, 1.0)?,
        similarity_boost: within("ELEVENLABS_SIMILARITY_BOOST", written.similarity_boost, 0.0, 1.0)?,
        style: within("ELEVENLABS_STYLE", written.style, 0.0, 1.0)?,
        speed: within("ELEVENLABS_SPEED", written.speed, 0.7, 1.2)?,
    };
    let settings =
        |key| ElevenLabsSettings { delivery, ..ElevenLabsSettings::new(address, key, written.model) };
    Ok(written.api_key.map(settings))
}

/// The ranges are those of ElevenLabs' voice settings.
fn within(name: &str, given: Option<f64>, least: f64, most: f64) -> Result<Option<f64>, ConfigRefused> {
    match given {
        Some(value) if !(least..=most).contains(&value) => Err(ConfigRefused::new(format!(
            "{name} is {value}; give a number from {least} to {most}, or leave it out"
        ))),
        given => Ok(given),
    }
}

/// A model turns it on, not the key: that is often in the environment for other programs, and recordings of people are not sent
/// to anybody whom the operator did not name.
pub(super) fn openai(written: WrittenOpenAi) -> Result<Option<OpenAiSettings>, ConfigRefused> {
    let address = address("OPENAI_BASE_URL", &written.base_url)?;
    let prices = ListeningPrices {
        per_minute: price("transcription_per_minute", &written.transcription_per_minute)?,
        per_million_read: price("summary_per_million_read", &written.summary_per_million_read)?,
        per_million_written: price("summary_per_million_written", &written.summary_per_million_written)?,
    };
    if written.transcription_model.is_none() && written.summary_model.is_none() {
        return Ok(None);
    }
    let key = written.api_key.ok_or_else(|| {
        ConfigRefused::new(
            "OPENAI_API_KEY is missing, although a model is named. Set it, to any word where the service wants no key",
        )
    })?;
    let (transcription_model, summary_model) = (written.transcription_model, written.summary_model);
    Ok(Some(OpenAiSettings {
        transcription_model,
        summary_model,
        prices,
        ..OpenAiSettings::new(address, key)
    }))
}

fn price(name: &str, text: &str) -> Result<Usd, ConfigRefused> {
    let amount = text.parse::<Usd>().ok().filter(|amount| (Usd::ZERO..=MOST).contains(amount));
    amount.ok_or_else(|| {
        ConfigRefused::new(format!(
            "openai.{name} is not an amount from 0 to 1000. Write for example \"0.0060\""
        ))
    })
}

fn address(name: &str, text: &str) -> Result<ServiceAddress, ConfigRefused> {
    ServiceAddress::parse(text).map_err(|error| ConfigRefused::new(format!("{name}: {error}")))
}
