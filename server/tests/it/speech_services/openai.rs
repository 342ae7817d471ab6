//! Transcripts and notes of calls.

use domain::sentiment::Tone;
use prospectai::speech_services::ServiceError;
use prospectai::speech_services::openai::{AudioFile, LONGEST_AUDIO};
use serde_json::json;
use simulator::SpeechFault;

use super::*;

const AUDIO: &[u8] = b"RIFF a recording";

const fn wav(bytes: &[u8]) -> AudioFile<'_> {
    AudioFile { bytes, content_type: "audio/wav", name: "call.wav" }
}

#[tokio::test]
async fn what_was_said_is_written_down_with_its_times() {
    let services = services().await;
    services.remember(AUDIO, "Hello there. Do you have a minute? Yes.");
    let client = openai(&services.base_url(), MODEL_KEY);
    let transcript = client.transcribe(wav(AUDIO)).await.expect("a transcript").expect("a model");
    let said: Vec<&str> = transcript.segments.iter().map(|segment| segment.text.as_str()).collect();
    assert_eq!(said, ["Hello there.", "Do you have a minute?", "Yes."]);
    assert!(transcript.segments.is_sorted_by_key(|segment| segment.start_ms));
    assert_eq!(transcript.language.as_deref(), Some("english"));
    assert_eq!(services.requests(), ["POST /v1/audio/transcriptions"]);
}

#[tokio::test]
async fn a_file_that_looks_like_a_form_is_sent_as_it_is() {
    let services = services().await;
    let client = openai(&services.base_url(), MODEL_KEY);
    let sly = b"RIFF\r\n--form-0\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nother\r\n--form-0--\r\n\0\xFF";
    services.remember(sly, "Found.");
    let transcript = client.transcribe(wav(sly)).await.expect("a transcript").expect("a model");
    assert_eq!(transcript.segments[0].text, "Found.");
}

#[tokio::test]
async fn a_call_is_summed_up_with_the_tone_of_the_called_person() {
    let services = services().await;
    let client = openai(&services.base_url(), MODEL_KEY);
    services.say_next(json!({ "summary": "They want an offer\nby Friday.", "score": 0.6 }).to_string());
    let note = client.note("Agent: Hello.\nPerson: Send me an offer by Friday.").await;
    let note = note.expect("a note").expect("a model");
    assert_eq!((note.summary.as_str(), note.tone), ("They want an offer by Friday.", Tone::Positive));
    assert!(note.tokens.is_some_and(|(read, written)| read > written && written > 0));
    // And by the model in the box, which keeps to the form it is given.
    let note = client.note("Person: Hello.").await.expect("a note").expect("a model");
    assert_eq!((note.summary.as_str(), note.tone), ("Person: Hello.", Tone::of_score(note.score)));
}

#[tokio::test]
async fn a_model_that_does_not_keep_to_its_form_is_not_believed() {
    let services = services().await;
    let client = openai(&services.base_url(), MODEL_KEY);
    for hostile in [
        "Sure! Here is the summary: they want an offer.".to_owned(),
        "```json\n{\"summary\": \"x\", \"score\": 0}\n```".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        json!({ "summary": "x", "score": 1.01 }).to_string(),
        json!({ "summary": "x", "score": "high" }).to_string(),
        json!({ "summary": "x", "score": null }).to_string(),
        "{\"summary\": \"x\", \"score\": 1e999}".to_owned(),
        json!({ "summary": " \u{202e}\n", "score": 0 }).to_string(),
        json!({ "summary": "x".repeat(1_001), "score": 0 }).to_string(),
        json!({ "summary": "x", "score": 0, "transfer_to": "+15005550006" }).to_string(),
        json!({ "summary": ["x"], "score": 0 }).to_string(),
    ] {
        services.say_next(hostile.clone());
        let error = client.note("Person: Hello.").await.expect_err(&hostile);
        assert!(matches!(error, ServiceError::Unusable { .. }), "{hostile}: {error:?}");
        assert!(error.may_have_cost() && !error.passes());
    }
}

#[tokio::test]
async fn without_a_model_nothing_is_sent_anywhere() {
    let services = services().await;
    let address = ServiceAddress::parse(&services.base_url()).expect("an address");
    let client = OpenAi::new(&OpenAiSettings::new(address, MODEL_KEY.into())).expect("a client");
    assert_eq!(client.transcribe(wav(AUDIO)).await, Ok(None));
    assert_eq!(client.note("Person: Hello.").await, Ok(None));
    assert!(services.requests().is_empty());
}

#[tokio::test]
async fn every_refusal_and_accident_is_told_apart() {
    let services = services().await;
    let client = openai(&services.base_url(), MODEL_KEY);
    let stranger = openai(&services.base_url(), "sk-other-9cNd").transcribe(wav(AUDIO)).await;
    assert!(matches!(stranger, Err(ServiceError::Key { setting: "OPENAI_API_KEY", .. })), "{stranger:?}");
    let no_audio = client.transcribe(wav(b"text")).await;
    assert!(
        matches!(&no_audio, Err(ServiceError::Refused { why, .. }) if why.contains("format")),
        "{no_audio:?}"
    );
    services.meet([SpeechFault::TooManyRequests(Some(3))]);
    let busy = client.transcribe(wav(AUDIO)).await;
    assert!(
        matches!(busy, Err(ServiceError::Busy { retry_after: Some(wait), .. }) if wait.as_secs() == 3),
        "{busy:?}"
    );
    let asked = services.requests().len();
    for accident in [SpeechFault::Failure, SpeechFault::Cut, SpeechFault::Late(NEVER)] {
        services.meet([accident.clone()]);
        let lost = client.transcribe(wav(AUDIO)).await;
        assert!(matches!(lost, Err(ServiceError::Lost { .. })), "{accident:?}: {lost:?}");
    }
    // A paid request is never repeated by the client.
    assert_eq!(services.requests().len(), asked + 3);
    services.meet([SpeechFault::Redirect("https://elsewhere.example/v1".to_owned())]);
    let led_away = client.note("Hello").await;
    assert!(matches!(led_away, Err(ServiceError::Refused { .. })), "{led_away:?}");
    services.meet([SpeechFault::Endless(300 * 1024)]);
    assert!(matches!(client.note("Hello").await, Err(ServiceError::Unusable { .. })));
    let away = openai(&nobody(), MODEL_KEY).transcribe(wav(AUDIO)).await;
    assert!(matches!(away, Err(ServiceError::Unreachable { .. })), "{away:?}");
}

#[tokio::test]
async fn audio_that_is_too_long_or_empty_is_refused_before_anybody_is_asked() {
    let client = openai(&nobody(), MODEL_KEY);
    for audio in [vec![], vec![0; LONGEST_AUDIO + 1]] {
        let refused = client.transcribe(wav(&audio)).await;
        assert!(matches!(refused, Err(ServiceError::Refused { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn no_error_and_no_client_shows_the_key() {
    let services = services().await;
    let client = openai(&services.base_url(), MODEL_KEY);
    // This service repeats the begin and the end of a wrong key.
    let stranger = openai(&services.base_url(), "sk-other-Jp4LkV9cNd");
    let mut shown = vec![format!("{client:?}")];
    for error in [
        stranger.transcribe(wav(AUDIO)).await.expect_err("refused"),
        stranger.note("Hello").await.expect_err("refused"),
        openai(&nobody(), MODEL_KEY).note("Hello").await.expect_err("away"),
    ] {
        shown.extend([format!("{error:?}"), error.to_string()]);
    }
    assert_without_keys(&shown);
}
