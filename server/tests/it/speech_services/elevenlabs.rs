//! Voices, quota and spoken texts.

use domain::voice::ServiceVoice;
use prospectai::speech::Delivery;
use prospectai::speech_services::ServiceError;
use prospectai::speech_services::elevenlabs::LONGEST_TEXT;
use simulator::{SpeechFault, SpeechSettings};

use super::*;

async fn a_voice(client: &ElevenLabs) -> ServiceVoice {
    client.voices().await.expect("voices").swap_remove(0).id
}

#[tokio::test]
async fn every_voice_is_listed_over_all_pages() {
    let services = services().await;
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    let voices = client.voices().await.expect("voices");
    assert_eq!(voices.len(), 23);
    assert_eq!(voices[0].name, "Agate");
    assert!(voices[0].labels.iter().any(|(name, _)| name == "accent"));
}

#[tokio::test]
async fn a_text_is_spoken_and_the_quota_says_what_it_took() {
    let services = services().await;
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    let voice = a_voice(&client).await;
    let delivery = Delivery { stability: Some(0.5), speed: Some(1.1), ..Delivery::default() };
    let spoken = client.speak(&voice, "Hello, Ada.", delivery).await.expect("audio");
    assert_eq!(spoken.characters, Some(11));
    assert!(spoken.audio.starts_with(b"RIFF") && spoken.request_id.is_some());
    let quota = client.quota().await.expect("a quota");
    assert_eq!((quota.used, quota.limit), (11, 10_000));
    assert!(quota.renews_at.is_some());
}

#[tokio::test]
async fn what_the_service_refuses_is_told_apart() {
    let mut settings = SpeechSettings::new(SPEECH_KEY, MODEL_KEY);
    settings.characters = 10;
    let services = services_with(settings).await;
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    let voice = a_voice(&client).await;
    let speak = async |client: &ElevenLabs, voice: &ServiceVoice, delivery: Delivery| {
        client.speak(voice, "More than ten letters.", delivery).await.expect_err("refused")
    };
    let plain = Delivery::default();
    let used_up = speak(&client, &voice, plain).await;
    assert!(matches!(used_up, ServiceError::Quota { .. }), "{used_up:?}");
    let stranger = speak(&elevenlabs(&services.base_url(), "sk_wrong"), &voice, plain).await;
    assert!(matches!(stranger, ServiceError::Key { setting: "ELEVENLABS_API_KEY", .. }), "{stranger:?}");
    let unknown = speak(&client, &ServiceVoice::parse("nobody").expect("an id"), plain).await;
    assert!(
        matches!(&unknown, ServiceError::Refused { why, .. } if why.contains("not found")),
        "{unknown:?}"
    );
    let too_fast = speak(&client, &voice, Delivery { speed: Some(9.0), ..plain }).await;
    assert!(matches!(&too_fast, ServiceError::Refused { why, .. } if why.contains("range")), "{too_fast:?}");
    for error in [used_up, stranger, unknown, too_fast] {
        assert!(!error.may_have_cost() && !error.passes(), "{error:?}");
    }
    assert_eq!(services.characters_spoken(), 0);
}

#[tokio::test]
async fn what_cannot_be_spoken_is_refused_before_anybody_is_asked() {
    let client = elevenlabs(&nobody(), SPEECH_KEY);
    let voice = ServiceVoice::parse("abc").expect("an id");
    for text in ["", "  \n", &"a".repeat(LONGEST_TEXT + 1)] {
        let refused = client.speak(&voice, text, Delivery::default()).await;
        assert!(matches!(refused, Err(ServiceError::Refused { .. })), "{refused:?}");
    }
    for hostile in ["", "../user", "a/b", "a?b", "a%2e", "ä", &"a".repeat(65)] {
        assert!(ServiceVoice::parse(hostile).is_err(), "{hostile}");
    }
}

#[tokio::test]
async fn a_busy_service_says_how_long_to_wait_and_nothing_was_done() {
    let services = services().await;
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    let voice = a_voice(&client).await;
    for (wait, seconds) in [(Some(7), Some(7)), (None, None), (Some(u32::MAX), Some(3_600))] {
        services.meet([SpeechFault::TooManyRequests(wait)]);
        let busy = client.speak(&voice, "Hello", Delivery::default()).await.expect_err("busy");
        let ServiceError::Busy { retry_after, .. } = &busy else { panic!("{busy:?}") };
        assert_eq!(retry_after.map(|wait| wait.as_secs()), seconds);
        assert!(busy.passes() && !busy.may_have_cost());
    }
}

#[tokio::test]
async fn a_text_without_a_whole_answer_may_be_paid_for_and_is_never_repeated() {
    let services = services().await;
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    let voice = a_voice(&client).await;
    let before = services.requests().len();
    let accidents = [SpeechFault::Failure, SpeechFault::Cut, SpeechFault::Late(NEVER)];
    for accident in accidents.clone() {
        services.meet([accident]);
        let lost = client.speak(&voice, "Hello", Delivery::default()).await.expect_err("lost");
        assert!(matches!(lost, ServiceError::Lost { .. }), "{lost:?}");
        assert!(lost.may_have_cost() && lost.passes());
    }
    assert_eq!(services.requests().len(), before + accidents.len());
}

#[tokio::test]
async fn what_is_free_is_read_again_when_it_was_lost() {
    let services = services().await;
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    services.meet([SpeechFault::Failure, SpeechFault::Cut]);
    assert!(client.quota().await.is_ok());
    assert_eq!(services.requests().len(), 3);
    services.meet([SpeechFault::Failure, SpeechFault::Failure, SpeechFault::Failure]);
    assert!(matches!(client.quota().await, Err(ServiceError::Lost { .. })));
    // Whoever is asked to wait does not ask again at once.
    services.meet([SpeechFault::TooManyRequests(None)]);
    assert!(matches!(client.quota().await, Err(ServiceError::Busy { .. })));
    assert_eq!(services.requests().len(), 7);
}

#[tokio::test]
async fn a_service_that_is_away_is_told_from_one_that_lost_something() {
    let client = elevenlabs(&nobody(), SPEECH_KEY);
    let voice = ServiceVoice::parse("abc").expect("an id");
    let away = client.speak(&voice, "Hello", Delivery::default()).await.expect_err("away");
    assert!(matches!(away, ServiceError::Unreachable { .. }), "{away:?}");
    assert!(away.passes() && !away.may_have_cost());
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect_and_an_endless_answer_is_given_up() {
    let (services, elsewhere) = (services().await, services().await);
    let client = elevenlabs(&services.base_url(), SPEECH_KEY);
    services.meet([SpeechFault::Redirect(format!("{}/v1/user/subscription", elsewhere.base_url()))]);
    let led_away = client.quota().await.expect_err("a redirect");
    assert!(
        matches!(&led_away, ServiceError::Refused { why, .. } if why.contains("address")),
        "{led_away:?}"
    );
    assert!(elsewhere.requests().is_empty());
    services.meet([SpeechFault::Endless(5 * 1024 * 1024)]);
    assert!(matches!(client.quota().await, Err(ServiceError::Unusable { .. })));
    services.meet([SpeechFault::Endless(1_000)]);
    let voice = ServiceVoice::parse("abc").expect("an id");
    let no_audio = client.speak(&voice, "Hello", Delivery::default()).await.expect_err("spaces");
    assert!(matches!(no_audio, ServiceError::Unusable { why: "it is no sound", .. }), "{no_audio:?}");
}

#[tokio::test]
async fn no_error_and_no_client_shows_the_key_even_when_the_service_repeats_it() {
    let services = services_with(SpeechSettings::new("Qf7ZrT2mWx", MODEL_KEY)).await;
    let client = elevenlabs(&services.base_url(), "Qf7ZrT2mWx");
    // The service names the voice that it does not know.
    let echo = ServiceVoice::parse("Qf7ZrT2mWx").expect("an id");
    let repeated = client.speak(&echo, "Hello", Delivery::default()).await.expect_err("unknown");
    assert!(repeated.to_string().contains("voice_id … was not found"), "{repeated}");
    let mut shown = vec![format!("{client:?}")];
    for error in [
        repeated,
        elevenlabs(&services.base_url(), "sk_other_Qf7ZrT2mWx").quota().await.expect_err("refused"),
        elevenlabs(&nobody(), SPEECH_KEY).quota().await.expect_err("away"),
    ] {
        shown.extend([format!("{error:?}"), error.to_string()]);
    }
    assert_without_keys(&shown);
}
