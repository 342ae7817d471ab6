//! Settings of the services that speak and understand: each is off until the operator turns it on.

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigRefused;
use crate::speech_services::ServiceAddress;
use crate::speech_services::elevenlabs::ElevenLabsSettings;
use crate::speech_services::openai::OpenAiSettings;

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
    if written.transcription_model.is_none() && written.summary_model.is_none() {
        return Ok(None);
    }
    let key = written.api_key.ok_or_else(|| {
        ConfigRefused::new(
            "OPENAI_API_KEY is missing, although a model is named. Set it, to any word where the service wants no key",
        )
    })?;
    let (transcription_model, summary_model) = (written.transcription_model, written.summary_model);
    Ok(Some(OpenAiSettings { transcription_model, summary_model, ..OpenAiSettings::new(address, key) }))
}

fn address(name: &str, text: &str) -> Result<ServiceAddress, ConfigRefused> {
    ServiceAddress::parse(text).map_err(|error| ConfigRefused::new(format!("{name}: {error}")))
}
