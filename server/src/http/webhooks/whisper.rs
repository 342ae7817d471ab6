//! Somebody picked up to whom a person is put through, and Twilio asks what to say to them alone.
//!
//! The request comes from a call of its own, the child of ours: it is no news of our call, and nothing of it is kept.

use axum::extract::{Request, State};
use axum::response::Response;
use domain::ids::CallId;
use tracing::warn;

use super::form::SignedForm;
use super::line::Line;
use super::voice;
use crate::carrier::twilio::{Purpose, message, twiml};
use crate::http::state::HttpState;
use crate::store::StoreError;

/// What they hear before the two are connected; nothing, and they are connected at once, where there is nothing to say.
pub(super) async fn instructions(State(state): State<HttpState>, request: Request) -> Response {
    let form = match SignedForm::read(&state, Purpose::Whisper, request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let document = match form.call {
        None => None,
        Some(call) => document(&state, call).await.unwrap_or_else(|error| {
            warn!(call_id = %call, %error, "what is whispered on a call could not be read");
            None
        }),
    };
    // A person waits on the other line: whatever went wrong here, the two are connected.
    voice::answer(Some(document.unwrap_or_else(|| twiml::Response::new([]))))
}

async fn document(state: &HttpState, id: CallId) -> Result<Option<twiml::Response>, StoreError> {
    let Some(mut line) = Line::of(state, id).await?.filter(|line| !line.is_over()) else { return Ok(None) };
    let Some(words) = line.words(state).await? else { return Ok(None) };
    line.listen(state, &words).await;
    let said = words.whisper.as_deref().map(|text| line.said(text)).transpose();
    Ok(said.map(|said| said.map(|said| message::whisper(said, line.voice()))).unwrap_or_else(|error| {
        warn!(call_id = %id, %error, "what is whispered cannot be said of this person");
        None
    }))
}
