//! A sound as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::words::time;
use crate::http::state::ServerFacts;
use crate::store::sounds::{Origin, SoundRecord};

/// A sound that is played to people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Sound)]
pub struct SoundView {
    #[schema(example = "snd_0192f0c1a2b37cde8f00112233445566")]
    id: String,
    name: String,
    /// `uploaded`, or `spoken` by a voice.
    kind: &'static str,
    /// What it is sent as.
    #[schema(example = "audio/wav")]
    content_type: String,
    /// Size of the file.
    bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    sha256: String,
    /// Milliseconds.
    duration_ms: u64,
    /// Of a spoken one: characters that were paid for.
    characters: Option<u64>,
    /// Where it is heard, for whoever may.
    audio_url: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Whoever made it: `usr_…`, `key_…`, `console` or `server`.
    made_by: String,
}

impl SoundView {
    /// A sound as it is now.
    pub fn of(sound: &SoundRecord, server: &ServerFacts) -> Self {
        let base = server.public_url.as_str().trim_end_matches('/');
        Self {
            id: sound.id.to_string(),
            name: sound.name.clone(),
            kind: sound.origin.kind().as_str(),
            content_type: sound.content_type.clone(),
            bytes: sound.bytes,
            sha256: sound.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            duration_ms: sound.duration_ms,
            characters: match sound.origin {
                Origin::Uploaded => None,
                Origin::Spoken { characters, .. } => Some(characters),
            },
            audio_url: format!("{base}/api/sounds/{}/audio", sound.id),
            created_at: time(sound.created_at),
            made_by: sound.made_by.clone(),
        }
    }
}
