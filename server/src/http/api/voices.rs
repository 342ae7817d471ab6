//! The voices that read scripts aloud: those of the carrier, which need no key.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::auth::Analyst;
use crate::http::{FieldError, Problem};

/// A voice.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Voice {
    /// What to give as `voiceId`.
    #[schema(example = "Polly.Joanna-Neural")]
    id: &'static str,
    /// The language it speaks.
    #[schema(example = "en-US")]
    language: &'static str,
    /// `basic`, `standard` or `neural`.
    kind: &'static str,
}

const fn voice(id: &'static str, language: &'static str, kind: &'static str) -> Voice {
    Voice { id, language, kind }
}

/// Voices of Twilio's `<Say>` (Twilio, "Text-to-Speech": Basic and Amazon Polly voices).
const VOICES: [Voice; 24] = [
    voice("man", "en-US", "basic"),
    voice("woman", "en-US", "basic"),
    voice("alice", "en-US", "basic"),
    voice("Polly.Joanna", "en-US", "standard"),
    voice("Polly.Joanna-Neural", "en-US", "neural"),
    voice("Polly.Matthew", "en-US", "standard"),
    voice("Polly.Matthew-Neural", "en-US", "neural"),
    voice("Polly.Salli-Neural", "en-US", "neural"),
    voice("Polly.Joey-Neural", "en-US", "neural"),
    voice("Polly.Kendra-Neural", "en-US", "neural"),
    voice("Polly.Amy", "en-GB", "standard"),
    voice("Polly.Amy-Neural", "en-GB", "neural"),
    voice("Polly.Emma-Neural", "en-GB", "neural"),
    voice("Polly.Brian-Neural", "en-GB", "neural"),
    voice("Polly.Olivia-Neural", "en-AU", "neural"),
    voice("Polly.Lupe-Neural", "es-US", "neural"),
    voice("Polly.Lucia-Neural", "es-ES", "neural"),
    voice("Polly.Lea-Neural", "fr-FR", "neural"),
    voice("Polly.Gabrielle-Neural", "fr-CA", "neural"),
    voice("Polly.Vicki-Neural", "de-DE", "neural"),
    voice("Polly.Hans", "de-DE", "standard"),
    voice("Polly.Bianca-Neural", "it-IT", "neural"),
    voice("Polly.Camila-Neural", "pt-BR", "neural"),
    voice("Polly.Mizuki", "ja-JP", "standard"),
];

/// The voices.
#[derive(Debug, Serialize, ToSchema)]
pub struct VoiceList {
    voices: &'static [Voice],
}

/// Lists the voices that need no further key. Other Polly and Google voices of Twilio may be named as well.
#[utoipa::path(get, path = "/api/voices", tag = "scripts",
    responses((status = 200, body = VoiceList), (status = "4XX", body = Problem)))]
pub async fn list(_visitor: Analyst) -> Json<VoiceList> {
    Json(VoiceList { voices: &VOICES })
}

/// The voices as a person chooses among them: what to give, and what to show.
pub fn choices() -> Vec<(&'static str, String)> {
    let each =
        VOICES.iter().map(|voice| (voice.id, format!("{} ({}, {})", voice.id, voice.language, voice.kind)));
    std::iter::once(("", "The carrier's own".to_owned())).chain(each).collect()
}

/// A voice that the carrier can be expected to have: one of the list, or one of the two families it passes on.
pub fn known(pointer: &str, id: String) -> Result<String, FieldError> {
    let listed = VOICES.iter().any(|voice| voice.id == id);
    let family = ["Polly.", "Google."].iter().find_map(|family| id.strip_prefix(family));
    let named = family.is_some_and(|name| {
        (1..=60).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    });
    if listed || named {
        return Ok(id);
    }
    Err(FieldError::at(pointer, "unknown_voice", "there is no such voice; list them at /api/voices"))
}
