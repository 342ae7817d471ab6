//! The clients of the services that speak and understand, against those services in the box.

mod elevenlabs;
mod openai;

use std::time::Duration;

use prospectai::speech_services::ServiceAddress;
use prospectai::speech_services::elevenlabs::{ElevenLabs, ElevenLabsSettings};
use prospectai::speech_services::openai::{OpenAi, OpenAiSettings};
use simulator::{SpeechServices, SpeechSettings};

/// Keys whose parts cannot come from anywhere else.
const SPEECH_KEY: &str = "sk_Qf7ZrT2mWx";
const MODEL_KEY: &str = "sk-Jp4LkV9cNd";
/// Long enough for an answer, short enough to wait for the want of one.
const SOON: Duration = Duration::from_millis(500);
const NEVER: Duration = Duration::from_secs(3_600);

/// Services with the quota of a small plan.
async fn services() -> SpeechServices {
    services_with(SpeechSettings::new(SPEECH_KEY, MODEL_KEY)).await
}

async fn services_with(settings: SpeechSettings) -> SpeechServices {
    SpeechServices::start(settings).await.expect("start the speech services")
}

fn elevenlabs(base_url: &str, key: &str) -> ElevenLabs {
    let address = ServiceAddress::parse(base_url).expect("an address");
    let mut settings = ElevenLabsSettings::new(address, key.into(), "eleven_multilingual_v2".to_owned());
    (settings.read_timeout, settings.speak_timeout) = (SOON, SOON);
    ElevenLabs::new(&settings).expect("a client")
}

fn openai(base_url: &str, key: &str) -> OpenAi {
    let address = ServiceAddress::parse(&format!("{base_url}/v1/")).expect("an address");
    let mut settings = OpenAiSettings::new(address, key.into());
    settings.transcription_model = Some("whisper-1".to_owned());
    settings.summary_model = Some("a-model".to_owned());
    (settings.transcribe_timeout, settings.summary_timeout) = (SOON, SOON);
    OpenAi::new(&settings).expect("a client")
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("its address"))
}

/// The last letters of a key are as telling as its whole.
fn assert_without_keys(texts: &[String]) {
    for text in texts {
        for part in ["Qf7ZrT2mWx", "2mWx", "Jp4LkV9cNd", "9cNd"] {
            assert!(!text.contains(part), "a key stands in {text:?}");
        }
    }
}
