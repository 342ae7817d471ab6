//! Voices over HTTP: listed, checked, heard, and what they take.

use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use simulator::{SpeechFault, SpeechServices, SpeechSettings};

use super::ground::{KEY, orders, services, speaking, voice, with_key};
use crate::support::test_app::TestApp;
use crate::support::world::{Database, on_both};

/// A program that uses the API of a server.
struct Program {
    http: reqwest::Client,
    key: String,
    home: String,
}

impl Program {
    async fn of(app: &TestApp) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, key: format!("Bearer {}", app.key().await), home: app.url("") }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.http.get(format!("{}{path}", self.home)).header(AUTHORIZATION, &self.key);
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.home)).header(AUTHORIZATION, &self.key);
        let answer = request.header("content-type", "application/json").body(body.to_string());
        let answer = answer.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn preview(&self, voice: &str, text: &str) -> (u16, Value) {
        self.post("/api/voices/preview", json!({ "voiceId": voice, "text": text })).await
    }

    async fn audio(&self, preview: &Value) -> Vec<u8> {
        let path = preview["audioUrl"].as_str().expect("an address");
        let request = self.http.get(format!("{}{path}", self.home)).header(AUTHORIZATION, &self.key);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        answer.bytes().await.expect("bytes").to_vec()
    }
}

#[test]
fn voices_are_listed_from_both_and_the_list_is_remembered() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(1.0), &services).start().await;
        let program = Program::of(&app).await;
        for _ in 0..3 {
            let list = program.get("/api/voices").await;
            assert_eq!(list["voices"].as_array().map(Vec::len), Some(24));
            assert_eq!(list["elevenLabsVoices"].as_array().map(Vec::len), Some(23));
            let first = &list["elevenLabsVoices"][0];
            assert_eq!(first["name"], "Agate");
            assert!(first["id"].as_str().is_some_and(|id| id.starts_with("elevenlabs:")), "{first}");
            assert!(first["labels"]["accent"].is_string(), "{first}");
            assert_eq!(
                (&list["elevenLabs"]["state"], &list["elevenLabs"]["trouble"]),
                (&json!("on"), &Value::Null)
            );
        }
        let lists = services.requests().iter().filter(|request| *request == "GET /v2/voices").count();
        assert_eq!(lists, 1, "23 voices are one page");
        app.stop().await;
        services.stop().await;
    });
}

#[tokio::test]
async fn when_the_service_is_away_the_carriers_voices_are_listed_and_the_rest_is_said_to_be_missing() {
    let services = services().await;
    let app = with_key(TestApp::on(Database::Sqlite).speed(1.0), &services, "sk_wrong").start().await;
    let program = Program::of(&app).await;
    let list = program.get("/api/voices").await;
    assert_eq!(list["voices"].as_array().map(Vec::len), Some(24));
    assert_eq!(list["elevenLabsVoices"], json!([]));
    assert_eq!(list["elevenLabs"]["state"], "away");
    assert!(
        list["elevenLabs"]["trouble"].as_str().is_some_and(|it| it.contains("ELEVENLABS_API_KEY")),
        "{list}"
    );
    // What cannot be checked is not refused.
    let (status, campaign) =
        program.post("/api/campaigns", json!({ "name": "A", "voiceId": "elevenlabs:abc" })).await;
    assert_eq!((status, &campaign["voiceId"]), (201, &json!("elevenlabs:abc")));
    app.stop().await;
    services.stop().await;
}

#[tokio::test]
async fn without_a_key_the_list_says_that_it_is_off_and_such_a_voice_is_refused() {
    let app = TestApp::on(Database::Sqlite).speed(1.0).start().await;
    let program = Program::of(&app).await;
    let list = program.get("/api/voices").await;
    assert_eq!((&list["elevenLabs"]["state"], &list["elevenLabsVoices"]), (&json!("off"), &json!([])));
    assert_eq!(program.get("/api/voices/quota").await["state"], "off");
    let (status, refused) =
        program.post("/api/campaigns", json!({ "name": "A", "voiceId": "elevenlabs:abc" })).await;
    assert_eq!((status, &refused["code"]), (422, &json!("voice_off")));
    assert!(refused["detail"].as_str().is_some_and(|it| it.contains("ELEVENLABS_API_KEY")), "{refused}");
    let (status, refused) = program.preview("elevenlabs:abc", "Hello.").await;
    assert_eq!((status, &refused["code"]), (409, &json!("voice_off")));
    app.stop().await;
}

#[tokio::test]
async fn a_campaigns_voice_is_one_that_the_account_has() {
    let services = services().await;
    let app = speaking(TestApp::on(Database::Sqlite).speed(1.0), &services).start().await;
    let program = Program::of(&app).await;
    let voice = voice(&services).await;
    let (status, campaign) = program.post("/api/campaigns", json!({ "name": "A", "voiceId": voice })).await;
    assert_eq!((status, &campaign["voiceId"]), (201, &json!(voice)));
    for unknown in ["elevenlabs:nobody", "elevenlabs:", "elevenlabs:../user"] {
        let (status, refused) =
            program.post("/api/campaigns", json!({ "name": "A", "voiceId": unknown })).await;
        assert_eq!((status, &refused["code"]), (422, &json!("unknown_voice")), "{unknown}");
    }
    app.stop().await;
    services.stop().await;
}

#[test]
fn a_text_is_heard_whole_and_its_sentences_are_paid_once_whoever_asks_and_however_often() {
    on_both(async |database| {
        let services = services().await;
        let app = speaking(TestApp::on(database).speed(1.0), &services).start().await;
        let program = Program::of(&app).await;
        let voice = voice(&services).await;
        let wish = json!({ "voiceId": voice, "text": "Hello Ada. This is Acme.", "costOnly": true });
        let (status, cost) = program.post("/api/voices/preview", wish).await;
        assert_eq!((status, &cost["soundId"], &cost["unspokenCharacters"]), (200, &Value::Null, &json!(23)));
        assert_eq!(orders(&services), 0, "asking for the price is free");

        let hear = async || program.preview(&voice, "Hello Ada. This is Acme.").await;
        let (one, two, three) = tokio::join!(hear(), hear(), hear());
        for (status, heard) in [&one, &two, &three] {
            assert_eq!(*status, 200, "{heard}");
            assert_eq!((&heard["characters"], &heard["soundId"]), (&json!(23), &one.1["soundId"]));
        }
        assert_eq!((orders(&services), services.characters_spoken()), (2, 23));
        let (_, again) = hear().await;
        assert_eq!(again["unspokenCharacters"], 0);
        let whole = program.audio(&again).await;
        let (_, greeting) = program.preview(&voice, "Hello Ada.").await;
        let (_, company) = program.preview(&voice, "This is Acme.").await;
        let parts = program.audio(&greeting).await.len() + program.audio(&company).await.len() - 44;
        assert_eq!(whole.len(), parts, "one head, and the sound of both");
        let length = |heard: &Value| heard["durationMs"].as_u64().expect("a length");
        assert_eq!(length(&again), length(&greeting) + length(&company));
        assert_eq!((orders(&services), services.characters_spoken()), (2, 23));
        let quota = program.get("/api/voices/quota").await;
        assert_eq!((&quota["limit"], &quota["spokenThisMonth"]), (&json!(100_000), &json!(23)));
        assert!(quota["renewsAt"].is_string(), "{quota}");
        app.stop().await;
        services.stop().await;
    });
}

#[tokio::test]
async fn what_cannot_be_heard_is_refused_in_plain_words() {
    let services = services().await;
    let app = speaking(TestApp::on(Database::Sqlite).speed(1.0), &services).start().await;
    let program = Program::of(&app).await;
    let voice = voice(&services).await;
    let long = "a".repeat(5_001);
    for (voice, text, status, code, said) in [
        ("Polly.Joanna", "Hello.", 422, "carrier_voice", "place that call"),
        ("elevenlabs:a/b", "Hello.", 422, "unknown_voice", "letters and digits"),
        ("elevenlabs:nobody", "Hello.", 409, "not_spoken", "was not found"),
        (voice.as_str(), " ", 422, "out_of_range", "5000"),
        (voice.as_str(), long.as_str(), 422, "out_of_range", "5000"),
    ] {
        let (answered, refused) = program.preview(voice, text).await;
        assert_eq!((answered, &refused["code"]), (status, &json!(code)), "{refused}");
        assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{refused}");
    }
    assert_eq!(services.characters_spoken(), 0);
    services.meet([SpeechFault::Cut]);
    let (status, lost) = program.preview(&voice, "Hello.").await;
    assert_eq!((status, &lost["code"], &lost["reason"]), (503, &json!("unavailable"), &json!("away")));
    assert!(lost["nextPossibleAt"].is_string() && lost["retryAfter"].is_u64(), "{lost}");
    app.abandon().await;
    services.stop().await;
}

#[tokio::test]
async fn a_used_up_quota_is_said_and_what_was_spoken_is_heard_all_the_same() {
    let mut settings = SpeechSettings::new(KEY, "key");
    settings.characters = 10;
    let services = SpeechServices::start(settings).await.expect("start");
    let app = speaking(TestApp::on(Database::Sqlite).speed(1.0), &services).start().await;
    let program = Program::of(&app).await;
    let voice = voice(&services).await;
    let (status, heard) = program.preview(&voice, "Hello.").await;
    assert_eq!(status, 200, "{heard}");
    let (status, refused) = program.preview(&voice, "Hello again.").await;
    assert_eq!((status, &refused["reason"]), (503, &json!("quota")));
    assert!(refused["detail"].as_str().is_some_and(|it| it.contains("quota")), "{refused}");
    let (status, heard) = program.preview(&voice, "Hello.").await;
    assert_eq!((status, &heard["unspokenCharacters"]), (200, &json!(0)));
    let quota = program.get("/api/voices/quota").await;
    assert!(quota["restsUntil"].is_string() && quota["trouble"].is_string(), "{quota}");
    app.abandon().await;
    services.stop().await;
}
