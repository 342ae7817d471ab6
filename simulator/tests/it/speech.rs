//! The speech services from outside: what is asked and answered over HTTP.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use simulator::{SpeechFault, SpeechServices, SpeechSettings};

const SPEECH_KEY: &str = "sk_speech_0123456789";
const MODEL_KEY: &str = "sk-model-0123456789";

struct Speech {
    services: SpeechServices,
    http: Client,
}

impl Speech {
    async fn start() -> Self {
        Self::with(SpeechSettings::new(SPEECH_KEY, MODEL_KEY)).await
    }

    async fn with(settings: SpeechSettings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let services = SpeechServices::start(settings).await.unwrap();
        Self { services, http: Client::builder().no_proxy().build().unwrap() }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path)).header("xi-api-key", SPEECH_KEY)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.services.base_url())
    }

    async fn voice(&self) -> String {
        let page = body(self.get("/v2/voices?page_size=1").send().await.unwrap()).await.1;
        page["voices"][0]["voice_id"].as_str().unwrap().to_owned()
    }

    async fn speak(&self, text: &str, format: &str) -> Response {
        let path = format!("/v1/text-to-speech/{}?output_format={format}", self.voice().await);
        let request = self.http.post(self.url(&path)).header("xi-api-key", SPEECH_KEY);
        request.json(&json!({ "text": text, "model_id": "eleven_multilingual_v2" })).send().await.unwrap()
    }

    /// A form with a file of its own making: the client's multipart feature is not built in.
    async fn transcribe(&self, file: &[u8], fields: &[(&str, &str)]) -> Response {
        let mut form = Vec::new();
        for (name, value) in fields {
            form.extend(
                format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                    .bytes(),
            );
        }
        form.extend(b"--line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n");
        form.extend(file);
        form.extend(b"\r\n--line--\r\n");
        let request = self.http.post(self.url("/v1/audio/transcriptions")).bearer_auth(MODEL_KEY);
        request.header("content-type", "multipart/form-data; boundary=line").body(form).send().await.unwrap()
    }

    async fn chat(&self, format: Value, said: &str) -> (StatusCode, Value) {
        let request = json!({
            "model": "a-model", "response_format": format, "messages": [{ "role": "user", "content": said }],
        });
        let url = self.url("/v1/chat/completions");
        body(self.http.post(url).bearer_auth(MODEL_KEY).json(&request).send().await.unwrap()).await
    }
}

async fn body(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn voices_come_in_pages_and_can_be_searched() {
    let speech = Speech::start().await;
    let (mut names, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("/v2/voices?page_size=10{token}");
        let page = body(speech.get(&path).send().await.unwrap()).await.1;
        names.extend(page["voices"].as_array().unwrap().iter().map(|voice| voice["name"].clone()));
        assert_eq!(page["total_count"], 23);
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&next_page_token={next}"),
            None => break,
        }
        assert_eq!(page["has_more"], true);
    }
    assert_eq!(names.len(), 23);
    let found = body(speech.get("/v2/voices?search=gran").send().await.unwrap()).await.1;
    assert_eq!(found["voices"][0]["name"], "Granite");
    let all = body(speech.get("/v1/voices").send().await.unwrap()).await.1;
    assert_eq!(all["voices"].as_array().unwrap().len(), 23);
    assert_eq!(speech.get("/v2/voices?page_size=101").send().await.unwrap().status(), 422);
    let preview = all["voices"][3]["preview_url"].as_str().unwrap();
    assert_eq!(speech.http.get(preview).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_text_becomes_audio_as_long_as_it_takes_to_say_and_is_paid_by_the_letter() {
    let speech = Speech::start().await;
    let text = "Hello, this is a sentence of sixty letters, as can be counted.";
    let mut sizes = Vec::new();
    for (format, kind, begin) in [
        ("mp3_44100_128", "audio/mpeg", &b"ID3"[..]),
        ("mp3_22050_32", "audio/mpeg", b"ID3"),
        ("wav_8000", "audio/wav", b"RIFF"),
        ("pcm_8000", "audio/pcm", b""),
        ("ulaw_8000", "audio/basic", b""),
    ] {
        let spoken = speech.speak(text, format).await;
        assert_eq!(
            (spoken.status().as_u16(), &spoken.headers()["content-type"].to_str().unwrap()),
            (200, &kind)
        );
        assert_eq!(spoken.headers()["character-cost"], "62");
        assert!(spoken.headers().contains_key("request-id"));
        let audio = spoken.bytes().await.unwrap();
        assert!(audio.starts_with(begin));
        sizes.push(audio.len());
    }
    // Five seconds: 16 kB, 4 kB, 16 kB, 16 kB and 8 kB each.
    for (size, expected) in sizes.iter().zip([80_000, 20_000, 80_044, 80_000, 40_000]) {
        assert!(size.abs_diff(expected) < expected / 20, "{sizes:?}");
    }
    let quota = body(speech.get("/v1/user/subscription").send().await.unwrap()).await.1;
    assert_eq!((&quota["character_count"], &quota["character_limit"]), (&json!(310), &json!(10_000)));
    let same = speech.speak(text, "ulaw_8000").await.bytes().await.unwrap();
    assert_eq!(same, speech.speak(text, "ulaw_8000").await.bytes().await.unwrap());
    assert_ne!(
        same,
        speech
            .speak("Hello, this is another one of sixty letters, as can be counted.", "ulaw_8000")
            .await
            .bytes()
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn refusals_have_the_words_of_the_service() {
    let mut settings = SpeechSettings::new(SPEECH_KEY, MODEL_KEY);
    settings.characters = 20;
    let speech = Speech::with(settings).await;
    let stranger = speech.http.get(speech.url("/v2/voices"));
    let (status, answer) = body(stranger.header("xi-api-key", "wrong").send().await.unwrap()).await;
    assert_eq!((status.as_u16(), &answer["detail"]["status"]), (401, &json!("invalid_api_key")));
    let (status, answer) = body(speech.speak("More letters than are left.", "mp3_44100_128").await).await;
    assert_eq!((status.as_u16(), &answer["detail"]["status"]), (401, &json!("quota_exceeded")));
    let (status, answer) = body(speech.speak(&"a".repeat(10_001), "mp3_44100_128").await).await;
    assert_eq!((status.as_u16(), &answer["detail"]["status"]), (400, &json!("max_character_limit_exceeded")));
    let (status, answer) = body(speech.speak("Hello", "mp3_1_1").await).await;
    assert_eq!((status.as_u16(), &answer["detail"][0]["loc"][1]), (422, &json!("output_format")));
    let lost = speech.http.post(speech.url("/v1/text-to-speech/nobody")).header("xi-api-key", SPEECH_KEY);
    let (status, answer) = body(lost.json(&json!({ "text": "Hi" })).send().await.unwrap()).await;
    assert_eq!((status.as_u16(), &answer["detail"]["status"]), (404, &json!("voice_not_found")));
    assert_eq!(speech.services.characters_spoken(), 0);
}

#[tokio::test]
async fn more_texts_at_once_than_the_plan_has_are_refused() {
    let mut settings = SpeechSettings::new(SPEECH_KEY, MODEL_KEY);
    settings.concurrent = 0;
    let speech = Speech::with(settings).await;
    let (status, answer) = body(speech.speak("Hello", "mp3_44100_128").await).await;
    assert_eq!((status.as_u16(), &answer["detail"]["status"]), (429, &json!("too_many_concurrent_requests")));
}

#[tokio::test]
async fn what_was_spoken_here_is_transcribed_word_for_word_with_times() {
    let speech = Speech::start().await;
    let audio = speech.speak("Hello there. Do you have a minute?", "wav_8000").await.bytes().await.unwrap();
    let fields = [
        ("model", "whisper-1"),
        ("response_format", "verbose_json"),
        ("timestamp_granularities[]", "segment"),
    ];
    let (status, answer) = body(speech.transcribe(&audio, &fields).await).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["text"], "Hello there. Do you have a minute?");
    let segments = answer["segments"].as_array().unwrap();
    assert_eq!(segments.len(), 2);
    assert_eq!((&segments[0]["start"], &segments[1]["end"]), (&json!(0.0), &answer["duration"]));
    assert_eq!(segments[0]["end"], segments[1]["start"]);
}

#[tokio::test]
async fn other_audio_has_words_that_follow_from_its_bytes_or_that_were_told() {
    let speech = Speech::start().await;
    let of = async |audio: &[u8]| {
        body(speech.transcribe(audio, &[("model", "whisper-1")]).await).await.1["text"].clone()
    };
    let first = of(b"RIFF one").await;
    assert_eq!(first, of(b"RIFF one").await);
    assert_ne!(first, of(b"RIFF two").await);
    speech.services.remember(b"RIFF one", "Quite something else.");
    assert_eq!(of(b"RIFF one").await, "Quite something else.");
    let (status, answer) = body(speech.transcribe(b"no audio", &[("model", "whisper-1")]).await).await;
    assert_eq!((status.as_u16(), &answer["error"]["param"]), (400, &json!("file")));
    let (status, _) = body(speech.transcribe(b"RIFF", &[]).await).await;
    assert_eq!(status, 400);
    let (status, _) =
        body(speech.transcribe(&[0xFF; 26 * 1024 * 1024], &[("model", "whisper-1")]).await).await;
    assert_eq!(status, 413);
}

#[tokio::test]
async fn the_model_fills_in_the_schema_it_is_given_or_says_what_was_planned() {
    let speech = Speech::start().await;
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["summary", "tone", "score"],
        "properties": {
            "summary": { "type": "string" },
            "tone": { "type": "string", "enum": ["good", "bad"] },
            "score": { "type": "number", "minimum": -1, "maximum": 1 },
        },
    });
    let format =
        json!({ "type": "json_schema", "json_schema": { "name": "note", "strict": true, "schema": schema } });
    let (status, answer) = speech.chat(format.clone(), "They asked for a call on Thursday.").await;
    assert_eq!(status, 200, "{answer}");
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let filled: Value = serde_json::from_str(content).unwrap();
    assert_eq!(filled["summary"], "They asked for a call on Thursday.");
    assert!(["good", "bad"].contains(&filled["tone"].as_str().unwrap()));
    assert!(filled["score"].as_f64().unwrap().abs() <= 1.0);
    assert_eq!(speech.chat(format.clone(), "They asked for a call on Thursday.").await.1, answer);
    speech.services.say_next("not even JSON");
    assert_eq!(speech.chat(format, "").await.1["choices"][0]["message"]["content"], "not even JSON");
}

#[tokio::test]
async fn accidents_are_met_one_each_in_their_order() {
    let speech = Speech::start().await;
    speech.services.meet([
        SpeechFault::TooManyRequests(Some(7)),
        SpeechFault::Failure,
        SpeechFault::Redirect("http://127.0.0.1:9/elsewhere".into()),
        SpeechFault::Cut,
    ]);
    let busy = speech.get("/v1/voices").send().await.unwrap();
    assert_eq!((busy.status().as_u16(), &busy.headers()["retry-after"].to_str().unwrap()), (429, &"7"));
    assert_eq!(body(busy).await.1["detail"]["status"], "system_busy");
    assert_eq!(speech.get("/v1/voices").send().await.unwrap().status(), 500);
    let elsewhere = speech.get("/v1/voices").send().await;
    assert!(elsewhere.unwrap_err().is_connect());
    let cut = speech.get("/v1/voices").send().await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());
    assert_eq!(speech.get("/v1/voices").send().await.unwrap().status(), 200);
    assert_eq!(speech.services.requests(), vec!["GET /v1/voices"; 5]);
    speech.services.meet([SpeechFault::Late(Duration::from_secs(3_600))]);
    let waited = speech.get("/v1/voices").timeout(Duration::from_millis(50)).send().await;
    assert!(waited.unwrap_err().is_timeout());
    speech.services.stop().await;
}

#[tokio::test]
async fn a_wrong_key_of_the_model_is_refused_with_a_part_of_it() {
    let speech = Speech::start().await;
    let asked =
        speech.http.post(speech.url("/v1/chat/completions")).bearer_auth("sk-wrong-0123456789").body("{}");
    let (status, answer) = body(asked.send().await.unwrap()).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (401, &json!("invalid_api_key")));
    assert_eq!(answer["error"]["message"], "Incorrect API key provided: sk-wrong********6789.");
}
