//! Signed news from Twilio: verified to the letter, kept durably, then answered. Forged news changes nothing.

mod detection;
mod form;
mod line;
mod news;
mod turn;
mod voice;
mod whisper;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tracing::warn;

use super::middleware::{BODY_DEADLINE, body_within};
use super::problem::Problem;
use super::state::HttpState;
use crate::carrier::twilio::Purpose;
use form::SignedForm;

/// The lane of the carrier. It has no other traffic, and no other limits than its own.
pub fn routes() -> Router<HttpState> {
    Router::new()
        .route(Purpose::Status.path(), post(status))
        .route(Purpose::Recording.path(), post(recording))
        .route(Purpose::Amd.path(), post(detection::verdict))
        .route(Purpose::Voice.path(), post(voice::instructions))
        .route(Purpose::Turn.path(), post(turn::follow))
        .route(Purpose::Whisper.path(), post(whisper::instructions))
        .layer(from_fn_with_state(BODY_DEADLINE, body_within))
}

async fn status(State(state): State<HttpState>, request: Request) -> Response {
    receive(&state, Purpose::Status, request).await
}

async fn recording(State(state): State<HttpState>, request: Request) -> Response {
    receive(&state, Purpose::Recording, request).await
}

async fn receive(state: &HttpState, purpose: Purpose, request: Request) -> Response {
    let form = match SignedForm::read(state, purpose, request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    match state.actions.take_in(news::from_form(state, purpose, form)).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        // Not durable: Twilio must try again, and the reconciler asks in any case.
        Err(error) => {
            warn!(%error, "a webhook could not be kept");
            Problem::unavailable("the news could not be kept", 1).into_response()
        }
    }
}
