//! Transcription: what is known to be said in the audio, else a short conversation that follows from its bytes.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::desk::{Desk, mark};
use super::openai::Refusal;
use super::{MOST_AUDIO, audio};
use crate::dice::Dice;

/// What people say to each other on the telephone.
const SENTENCES: [&str; 16] = [
    "Hello, who is this?",
    "Yes, I have a minute.",
    "I am not interested, thank you.",
    "That sounds great, tell me more.",
    "How much does it cost?",
    "Could you call me back on Thursday afternoon?",
    "Please take me off your list.",
    "We already have a supplier for that.",
    "I would have to ask my manager.",
    "Can you send me the details by e-mail?",
    "That is much too expensive for us.",
    "Perfect, let's do it.",
    "The delivery was late last time.",
    "I am in a meeting right now.",
    "You were very helpful, thank you.",
    "Goodbye.",
];

#[derive(Default)]
struct Form {
    file: Option<Bytes>,
    model: Option<String>,
    response_format: Option<String>,
}

/// `POST /v1/audio/transcriptions`
pub(super) async fn transcribe(
    State(desk): State<Arc<Desk>>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form = form.map_err(|_| Refusal::bad("file", "expected multipart/form-data"))?;
    let form = read(form).await?;
    if form.model.is_none() {
        return Err(Refusal::bad("model", "you must provide a model parameter"));
    }
    let Some(file) = form.file else { return Err(Refusal::bad("file", "'file' is a required property")) };
    if !is_audio(&file) {
        let message = "Invalid file format. Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', 'ogg', \
                       'wav', 'webm']";
        return Err(Refusal::bad("file", message));
    }
    let sentences = sentences(&desk, &file);
    match form.response_format.as_deref() {
        Some("verbose_json") => Ok(Json(verbose(&sentences, audio::seconds(&file))).into_response()),
        Some("text") => Ok(format!("{}\n", sentences.join(" ")).into_response()),
        None | Some("json") => Ok(Json(json!({ "text": sentences.join(" ") })).into_response()),
        Some(_) => Err(Refusal::bad("response_format", "Invalid value for response_format")),
    }
}

async fn read(mut multipart: Multipart) -> Result<Form, Refusal> {
    let broken = |_| Refusal::bad("file", "Could not parse multipart form");
    let mut form = Form::default();
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        match field.name().unwrap_or_default().to_owned().as_str() {
            "file" => {
                let file = field.bytes().await.map_err(|_| Refusal::too_large())?;
                if file.len() > MOST_AUDIO {
                    return Err(Refusal::too_large());
                }
                form.file = Some(file);
            }
            "model" => form.model = Some(field.text().await.map_err(broken)?),
            "response_format" => form.response_format = Some(field.text().await.map_err(broken)?),
            _ => {}
        }
    }
    Ok(form)
}

fn is_audio(file: &[u8]) -> bool {
    file.starts_with(b"RIFF")
        || file.starts_with(b"ID3")
        || file.starts_with(b"OggS")
        || file.starts_with(b"fLaC")
        || matches!(file, [0xFF, second, ..] if second & 0xE0 == 0xE0)
}

fn sentences(desk: &Desk, file: &[u8]) -> Vec<String> {
    if let Some(said) = desk.said_in(file) {
        return split_sentences(&said);
    }
    let mut dice = Dice::new(0, &["said", &mark(file)]);
    let count = 2 + dice.bits() % 4;
    (0..count).map(|_| SENTENCES[(dice.bits() % SENTENCES.len() as u64) as usize].to_owned()).collect()
}

fn split_sentences(text: &str) -> Vec<String> {
    let parts = text.split_inclusive(['.', '!', '?']).map(|sentence| sentence.trim().to_owned());
    parts.filter(|sentence| !sentence.is_empty()).collect()
}

/// Each sentence gets the part of the time that its letters have of all letters.
fn verbose(sentences: &[String], seconds: f64) -> Value {
    let letters: usize = sentences.iter().map(String::len).sum::<usize>().max(1);
    let mut passed = 0;
    let at =
        |letters_passed: usize| (letters_passed as f64 / letters as f64 * seconds * 100.0).round() / 100.0;
    let mut segments = Vec::new();
    for (id, sentence) in sentences.iter().enumerate() {
        let start = at(passed);
        passed += sentence.len();
        segments.push(json!({
            "id": id, "seek": 0, "start": start, "end": at(passed), "text": format!(" {sentence}"),
            "tokens": [], "temperature": 0.0, "avg_logprob": -0.25, "compression_ratio": 1.2, "no_speech_prob": 0.01,
        }));
    }
    json!({
        "task": "transcribe",
        "language": "english",
        "duration": seconds,
        "text": sentences.join(" "),
        "segments": segments,
        "usage": { "type": "duration", "seconds": seconds.ceil() },
    })
}
