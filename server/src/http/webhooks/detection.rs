//! Twilio says who picked up while the call is under way.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::carrier_event::AnsweredBy;
use domain::ids::CallId;
use tracing::warn;

use super::form::SignedForm;
use super::news;
use crate::actions::carrier_events::News;
use crate::carrier::twilio::Purpose;
use crate::http::problem::Problem;
use crate::http::state::HttpState;
use crate::store::StoreError;

/// Keeps the verdict, and orders the message for a machine whose tone is over.
pub(super) async fn verdict(State(state): State<HttpState>, request: Request) -> Response {
    let form = match SignedForm::read(&state, Purpose::Amd, request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let news = news::from_form(&state, Purpose::Amd, form);
    let waits = machine_that_waits(&news);
    match keep(&state, news, waits).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        // Not durable: Twilio must try again.
        Err(error) => {
            warn!(%error, "who picked up could not be kept");
            Problem::unavailable("the news could not be kept", 1).into_response()
        }
    }
}

fn machine_that_waits(news: &News) -> Option<CallId> {
    let verdict = news.evidence.as_ref().and_then(|evidence| evidence.answered_by);
    news.call.filter(|_| verdict.is_some_and(AnsweredBy::takes_messages))
}

async fn keep(state: &HttpState, news: News, waits: Option<CallId>) -> Result<(), StoreError> {
    state.actions.take_in(news).await?;
    match waits {
        Some(call) => state.actions.order_voicemail(call).await,
        None => Ok(()),
    }
}
