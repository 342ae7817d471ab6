//! Servers with a service that speaks.

use std::time::Duration;

use domain::call_flow::Words;
use domain::ids::CampaignId;
use prospectai::actions::campaigns::CampaignDraft;
use prospectai::speech_services::ServiceAddress;
use prospectai::speech_services::elevenlabs::{ElevenLabs, ElevenLabsSettings};
use simulator::{SpeechServices, SpeechSettings};

use crate::support::campaigns::draft;
use crate::support::test_app::TestApp;
use crate::support::world::World;

/// Opens the service.
pub const KEY: &str = "sk_Qf7ZrT2mWx";
/// A sentence for each person, and two for everybody.
pub const SCRIPT: &str = "Hello {{ firstName | default(\"you\") }}. This is Acme calling. Thank you!";
/// What everybody hears of it.
pub const SHARED: [&str; 2] = ["This is Acme calling.", "Thank you!"];

/// A service with room for every test.
pub async fn services() -> SpeechServices {
    let mut settings = SpeechSettings::new(KEY, "key");
    settings.characters = 100_000;
    SpeechServices::start(settings).await.expect("start the services")
}

/// How the service is reached.
pub fn settings(base_url: &str, key: &str) -> ElevenLabsSettings {
    let address = ServiceAddress::parse(base_url).expect("an address");
    let mut settings = ElevenLabsSettings::new(address, key.into(), "eleven_multilingual_v2".to_owned());
    settings.read_timeout = Duration::from_secs(2);
    settings
}

/// A world that speaks through these services.
pub fn speaking(world: World, services: &SpeechServices) -> World {
    with_key(world, services, KEY)
}

/// The same with this key.
pub fn with_key(world: World, services: &SpeechServices, key: &'static str) -> World {
    let base_url = services.base_url();
    world.with(move |changed| changed.elevenlabs = Some(settings(&base_url, key)))
}

/// A `voiceId` of the service.
pub async fn voice(services: &SpeechServices) -> String {
    let client = ElevenLabs::new(&settings(&services.base_url(), KEY)).expect("a client");
    client.voices().await.expect("voices").swap_remove(0).id.to_string()
}

/// A campaign of so many people in this voice.
pub async fn campaign(app: &TestApp, voice: &str, text: &str, people: usize) -> CampaignId {
    let script = app.actions.create_script(app.actor.clone(), "Test".to_owned(), Words::of_text(text));
    let script = Some(script.await.expect("a script").id);
    let differs = CampaignDraft { script, voice: Some(voice.to_owned()), ..draft() };
    app.campaign(people, differs).await
}

/// How often the service was asked to speak.
pub fn orders(services: &SpeechServices) -> usize {
    services.requests().iter().filter(|request| request.starts_with("POST /v1/text-to-speech/")).count()
}
