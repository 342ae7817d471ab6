//! Settings of the services that speak and understand: each is off until the operator turns it on.

use domain::money::Usd;
use domain::transcript::ListeningPrices;
use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigRefused;
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
    Ok(written.api_key.map(|key| ElevenLabsSettings::new(address, key, written.model)))
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
