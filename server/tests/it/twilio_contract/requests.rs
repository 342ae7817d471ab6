//! None of our requests is one that Twilio does not document, and the checker that says so can say otherwise.

use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use jiff::Timestamp;
use prospectai::carrier::twilio::{ApiKey, ClientSettings, Credentials, Purpose, TwilioClient};
use prospectai::carrier::{
    CallSpeech, EndAs, EndOutcome, MachineDetection, PlaceCall, PlaceOutcome, Recording, RequestError,
};
use prospectai::clock::Uptime;

use super::strict_checker::StrictChecker;
use super::{ACCOUNT, CALL, a_call, callback_urls, client, number};

fn every_kind_of_call() -> Vec<PlaceCall> {
    let mut detections = vec![MachineDetection::Off];
    for asynchronous in [false, true] {
        detections.push(MachineDetection::Enable { asynchronous });
        detections.push(MachineDetection::DetectMessageEnd { asynchronous });
    }
    let texts = ["<Response><Say>Guten Tag, Jürgen &amp; Zoë — 😀</Say></Response>".to_owned()];
    let speeches = texts.map(CallSpeech::Inline).into_iter().chain([CallSpeech::Url]);
    let mut calls = Vec::new();
    for speech in speeches {
        for &machine_detection in &detections {
            for record in [Recording::Off, Recording::Mono, Recording::Dual] {
                for (ring, limit) in [(15, 60), (60, 14_400), (600, 86_400), (1, 1)] {
                    let (ring_timeout, time_limit) = (Duration::from_secs(ring), Duration::from_secs(limit));
                    let speech = speech.clone();
                    calls.push(PlaceCall {
                        speech,
                        machine_detection,
                        record,
                        ring_timeout,
                        time_limit,
                        ..a_call()
                    });
                }
            }
        }
    }
    calls
}

#[tokio::test]
async fn every_kind_of_call_is_a_documented_request() {
    let checker = StrictChecker::start().await;
    let client = client(checker.base_url());
    let calls = every_kind_of_call();
    for call in &calls {
        let outcome = client.place(call, Uptime::now()).await;
        assert!(matches!(outcome, PlaceOutcome::Placed(_)), "{call:?}: {outcome:?}");
    }
    assert_eq!(checker.refusals(), Vec::<String>::new());
    assert_eq!(checker.created().len(), calls.len());
}

#[tokio::test]
async fn every_callback_address_of_a_call_leads_back_to_it() {
    let checker = StrictChecker::start().await;
    let call = PlaceCall {
        speech: CallSpeech::Url,
        machine_detection: MachineDetection::Enable { asynchronous: true },
        record: Recording::Dual,
        ..a_call()
    };
    client(checker.base_url()).place(&call, Uptime::now()).await;
    let form = checker.created().remove(0);
    for (name, purpose) in [
        ("StatusCallback", Purpose::Status),
        ("Url", Purpose::Voice),
        ("FallbackUrl", Purpose::Voice),
        ("AsyncAmdStatusCallback", Purpose::Amd),
        ("RecordingStatusCallback", Purpose::Recording),
    ] {
        let (_, url) = form.iter().find(|(found, _)| found == name).expect(name);
        assert_eq!(callback_urls().recognise(url), Some((purpose, call.call_id)), "{name}");
    }
    let events: Vec<_> = form.iter().filter(|(name, _)| name == "StatusCallbackEvent").collect();
    assert_eq!(events.len(), 4, "the field is repeated for each event");
}

#[tokio::test]
async fn reading_listing_and_ending_are_documented_requests() {
    let checker = StrictChecker::start().await;
    let client = client(checker.base_url());
    for _ in 0..120 {
        client.place(&a_call(), Uptime::now()).await;
    }
    let (to, from) = (a_call().to, a_call().from);
    let found = client.list(&to, &from, Timestamp::UNIX_EPOCH).await.expect("a list");
    assert_eq!((found.calls.len(), found.complete), (120, true), "over three pages");
    let nobody = client.list(&number("+14155550000"), &from, Timestamp::UNIX_EPOCH).await.expect("a list");
    assert_eq!((nobody.calls.len(), nobody.complete), (0, true));

    let newest = &found.calls[0].sid;
    assert_eq!(client.fetch(newest).await.as_ref(), Ok(&found.calls[0]));
    let events = client.call_events(newest).await.expect("events");
    let status_callback = events[0].parameter("StatusCallback").expect("the create's parameters");
    assert_eq!(callback_urls().recognise(status_callback), Some((Purpose::Status, a_call().call_id)));
    for end in [EndAs::Canceled, EndAs::Completed] {
        let ended = client.end(newest, end).await;
        assert!(matches!(ended, Ok(EndOutcome::Ended(_))), "{ended:?}");
    }
    let unknown = CALL.parse().expect("a SID");
    assert_eq!(client.fetch(&unknown).await, Err(RequestError::Missing));
    assert_eq!(client.end(&unknown, EndAs::Completed).await, Err(RequestError::Missing));
    assert_eq!(client.fetch_account().await.expect("an account").status, "active");
    assert_eq!(checker.refusals(), Vec::<String>::new());
}

#[tokio::test]
async fn an_api_key_signs_in_for_the_account_of_the_path() {
    let checker = StrictChecker::start().await;
    let settings = ClientSettings::new(checker.base_url().parse().expect("a URL"));
    let key = ApiKey { sid: CALL.replace("CA", "SK"), secret: "key secret".into() };
    let credentials = Credentials::new(ACCOUNT.to_owned(), "token".into(), Some(key)).expect("credentials");
    assert!(!format!("{credentials:?}").contains("key secret"));
    let client = TwilioClient::new(&settings, credentials, callback_urls()).expect("a client");
    assert!(matches!(client.place(&a_call(), Uptime::now()).await, PlaceOutcome::Placed(_)));
    assert_eq!(checker.refusals(), Vec::<String>::new());
}

/// Each with one thing wrong, and a word that the refusal must hold.
const WRONG_FORMS: [(&str, &str); 20] = [
    ("From=%2B14155550199&Twiml=%3CResponse%2F%3E", "To"),
    ("To=%2B14155550123&From=%2B14155550199", "Twiml"),
    ("To=4155550123&From=%2B14155550199&Twiml=%3CResponse%2F%3E", "To"),
    ("@&to=%2B14155550123", "not documented"),
    ("@&StatusCallBack=https%3A%2F%2Fa.example%2F", "not documented"),
    ("@&To=%2B14155550124", "2 times"),
    ("@&Timeout=601", "Timeout"),
    ("@&Timeout=25s", "Timeout"),
    ("@&TimeLimit=0", "TimeLimit"),
    ("@&Record=yes", "Record"),
    ("@&Record=true&RecordingChannels=stereo", "RecordingChannels"),
    ("@&MachineDetection=enable", "MachineDetection"),
    ("@&MachineDetection=Enable&AsyncAmd=true", "AsyncAmdStatusCallback"),
    ("@&MachineDetection=Enable&SendDigits=1", "SendDigits"),
    ("@&Url=https%3A%2F%2Fa.example%2F", "beside Url"),
    ("@&StatusCallback=%2Fapi%2Fwebhooks", "StatusCallback"),
    ("@&StatusCallback=https%3A%2F%2Fmy_host.example%2F", "StatusCallback"),
    (
        "@&StatusCallback=https%3A%2F%2Fa.example%2F&StatusCallbackEvent=initiated+ringing",
        "StatusCallbackEvent",
    ),
    ("@&StatusCallback=https%3A%2F%2Fa.example%2F&StatusCallbackMethod=post", "StatusCallbackMethod"),
    ("To=%2B14155550123&From=%2B14155550199&Twiml=%3CResponse%3E", "Twiml"),
];

#[tokio::test]
async fn the_checker_refuses_what_twilio_does_not_document() {
    let checker = StrictChecker::start().await;
    // A provider that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("a client");
    let create = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Calls.json", checker.base_url());
    let good = "To=%2B14155550123&From=%2B14155550199&Twiml=%3CResponse%2F%3E";
    let form = "application/x-www-form-urlencoded";
    let post = |url: &str, user: &str, content_type: &str, body: String| {
        http.post(url).basic_auth(user, Some("x")).header(CONTENT_TYPE, content_type).body(body).send()
    };
    let accepted = post(&create, ACCOUNT, form, good.to_owned()).await.expect("an answer");
    assert_eq!(accepted.status(), 201, "the good form is good");

    for (wrong, word) in WRONG_FORMS {
        let answer = post(&create, ACCOUNT, form, wrong.replace('@', good)).await.expect("an answer");
        assert_eq!(answer.status(), 400, "{wrong}");
        let refusal = checker.refusals().pop().expect("a refusal");
        assert!(refusal.contains(word), "{wrong}: {refusal}");
    }
    let without_json = create.replace(".json", "");
    let other_account = ACCOUNT.replace("AC0", "AC9");
    for (url, user, content_type) in [
        (&without_json, ACCOUNT, form),
        (&create, &other_account, form),
        (&create, ACCOUNT, "application/json"),
        (&format!("{create}?To=1"), ACCOUNT, form),
    ] {
        let answer = post(url, user, content_type, good.to_owned()).await.expect("an answer");
        assert_eq!(answer.status(), 400, "{url} {user} {content_type}");
    }
    assert_eq!(checker.refusals().len(), WRONG_FORMS.len() + 4);
}
