//! The services beside the demo's phone network, in the box like it: voices, transcription and summaries. Nothing that is said
//! in the demo leaves the machine.

use anyhow::Context as _;
use domain::money::Usd;
use domain::transcript::ListeningPrices;
use secrecy::SecretString;
use simulator::{SpeechServices, SpeechSettings};

use crate::actions::random_bytes;
use crate::config::Settings;
use crate::speech_services::ServiceAddress;
use crate::speech_services::elevenlabs::ElevenLabsSettings;
use crate::speech_services::openai::OpenAiSettings;

/// More than anybody has spoken while they look around.
const CHARACTERS: u64 = 10_000_000;
/// Made up, in the order of what such services charge, so that transcripts show what they took.
const PRICES: ListeningPrices = ListeningPrices {
    per_minute: Usd::from_micros(6_000),
    per_million_read: Usd::from_micros(150_000),
    per_million_written: Usd::from_micros(600_000),
};

/// Starts them on a free port of this machine, and has the settings name them.
pub(super) async fn start(settings: &mut Settings) -> anyhow::Result<SpeechServices> {
    let key: String = random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    let services = SpeechServices::start(SpeechSettings {
        characters: CHARACTERS,
        ..SpeechSettings::new(key.clone(), key.clone())
    });
    let services = services.await.context("the speech services in the box did not start")?;
    let key = SecretString::from(key);
    let address = |path: &str| {
        ServiceAddress::parse(&format!("{}{path}", services.base_url()))
            .context("the speech services in the box have no address")
    };
    settings.elevenlabs =
        Some(ElevenLabsSettings::new(address("")?, key.clone(), "eleven_multilingual_v2".to_owned()));
    settings.openai = Some(OpenAiSettings {
        transcription_model: Some("whisper-1".to_owned()),
        summary_model: Some("in-the-box".to_owned()),
        prices: PRICES,
        ..OpenAiSettings::new(address("/v1")?, key)
    });
    Ok(services)
}
