//! A sound on its way in: counted as it comes, decoded, written anew, kept, read back, and only then written down.

use std::fs::File;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header;
use tokio::sync::Semaphore;
use tracing::{error, warn};

use crate::actions::Actor;
use crate::actions::sounds::SoundFile;
use crate::http::Problem;
use crate::http::api::imports::upload;
use crate::http::state::HttpState;
use crate::media::{MediaError, ObjectName, Reencoded, Unfit, reencode};
use crate::store::sounds::{Origin, SoundRecord};

/// Bytes of a file that is sent.
pub const MOST_BYTES: u64 = 20 * 1024 * 1024;
/// Of what is heard.
pub const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Decoding takes a processor and some ten megabytes each.
static DECODERS: Semaphore = Semaphore::const_new(2);

/// The body of a request, on disk without a name.
pub async fn receive(request: Request) -> Result<File, Problem> {
    let headers = request.headers();
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::unsupported_media_type(
            "Compressed files are not read. Send the sound as it is.",
        ));
    }
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = stated.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits = kind.is_empty()
        || kind.starts_with("audio/")
        || matches!(kind.as_str(), "application/ogg" | "application/octet-stream");
    if !fits {
        return Err(Problem::unsupported_media_type(
            "Send the bytes of the sound themselves, as `audio/wav`, `audio/mpeg` or `audio/ogg`.",
        ));
    }
    upload::must_announce_at_most(headers, MOST_BYTES)?;
    upload::keep(request.into_body().into_data_stream(), MOST_BYTES).await
}

/// Makes a sound of a file that was sent.
pub async fn take_in(
    state: &HttpState,
    actor: Actor,
    name: String,
    file: File,
) -> Result<SoundRecord, Problem> {
    let Reencoded { wav, sound } = decoded(file).await?;
    let (id, object) = state.actions.new_sound(&actor);
    let at = ObjectName::stored(object.clone());
    let stored = match state.media.keep(&at, wav).await {
        Ok(stored) => stored,
        Err(error) => {
            forget(state, &at).await;
            return Err(not_kept(&error));
        }
    };
    let file = SoundFile {
        object,
        content_type: "audio/wav".to_owned(),
        bytes: stored.bytes,
        sha256: stored.sha256,
        duration_ms: sound.duration_ms,
        peaks: sound.peaks,
    };
    match state.actions.keep_sound(actor, id, name, Origin::Uploaded, file).await {
        Ok(sound) => Ok(sound),
        // When nobody knows whether it was written down, the file stays: it is cleared away when nothing names it.
        Err(error) => Err(error.into()),
    }
}

async fn decoded(file: File) -> Result<Reencoded, Problem> {
    let turn = DECODERS.acquire().await.map_err(|_| Problem::unavailable("The server is stopping.", 5))?;
    let decoding = tokio::task::spawn_blocking(move || reencode(file, LONGEST)).await;
    drop(turn);
    match decoding {
        Ok(decoded) => decoded.map_err(Problem::from),
        Err(_) => {
            warn!("a decoder stumbled over a file that somebody sent");
            Err(Unfit::Damaged("its sound cannot be decoded".to_owned()).into())
        }
    }
}

async fn forget(state: &HttpState, at: &ObjectName) {
    if let Err(error) = state.media.clear(at).await {
        warn!(%error, "the rest of a sound that was not kept could not be deleted");
    }
}

fn not_kept(error: &MediaError) -> Problem {
    error!(%error, "a sound could not be kept");
    match error {
        MediaError::Full => {
            Problem::unavailable("The disk of the sound files is full. Nothing was kept.", 60)
        }
        _ => Problem::unavailable(
            "The store of the sound files does not take it. Nothing was kept; try again.",
            5,
        ),
    }
}

impl From<Unfit> for Problem {
    fn from(unfit: Unfit) -> Self {
        let detail = capitalised(&unfit.to_string());
        match unfit {
            Unfit::Disk(error) => upload::unreadable(&error),
            Unfit::Empty => Self::unprocessable("sound_empty", detail),
            Unfit::NotSound | Unfit::Codec(_) => Self::unprocessable("sound_type", detail),
            Unfit::Damaged(_) => Self::unprocessable("sound_damaged", detail),
            Unfit::TooLong(_) => Self::unprocessable("sound_too_long", detail),
            Unfit::TooShort => Self::unprocessable("sound_too_short", detail),
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
