//! A text, to hear before anybody is rung.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::auth::Operator;
use crate::http::hearing::Text;
use crate::http::state::HttpState;
use crate::http::{JsonBody, Problem};

/// What to hear, and in which voice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = VoicePreviewWish)]
pub struct Wish {
    /// A voice of ElevenLabs; those of Twilio speak only on calls.
    #[schema(example = "elevenlabs:21m00Tcm4TlvDq8ikWAM")]
    voice_id: String,
    /// 1 to 5000 characters, without variables.
    #[schema(max_length = 5000)]
    text: String,
    /// Only says what it would take from the quota; nothing is spoken.
    #[serde(default)]
    cost_only: bool,
}

/// A text that can be heard, or what it would take.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoicePreview {
    /// Its sound; null when only the cost was asked for.
    sound_id: Option<String>,
    /// Where to hear it.
    audio_url: Option<String>,
    /// Its length in milliseconds.
    duration_ms: Option<u64>,
    /// Characters of the text.
    characters: u64,
    /// Characters of the sentences among them that were not spoken before, and are taken from the quota.
    unspoken_characters: u64,
}

/// Has a text spoken. Sentences that were spoken before, for a call or a preview, are not paid for again.
#[utoipa::path(post, path = "/api/voices/preview", tag = "scripts", request_body = Wish,
    responses((status = 200, body = VoicePreview), (status = "4XX", body = Problem),
        (status = 503, body = Problem, description = "The service is away, asks to wait, or its quota is used up")))]
pub async fn preview(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<Json<VoicePreview>, Problem> {
    let text = Text::read(&state, visitor.actor.workspace, &wish.voice_id, &wish.text)?;
    if wish.cost_only {
        let cost = text.cost().await?;
        return Ok(Json(VoicePreview {
            sound_id: None,
            audio_url: None,
            duration_ms: None,
            characters: cost.characters,
            unspoken_characters: cost.unspoken,
        }));
    }
    let heard = text.hear().await?;
    Ok(Json(VoicePreview {
        sound_id: Some(heard.sound.id.to_string()),
        audio_url: Some(format!("/api/sounds/{}/audio", heard.sound.id)),
        duration_ms: Some(heard.sound.duration_ms),
        characters: heard.cost.characters,
        unspoken_characters: heard.cost.unspoken,
    }))
}
