//! Twilio asks what to say on a call that was picked up. There is always something speakable to answer, in time.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::carrier_event::AnsweredBy;
use domain::ids::CallId;
use tracing::warn;

use super::form::SignedForm;
use super::line::{Line, flow_of};
use super::news;
use crate::carrier::twilio::{Purpose, message, twiml};
use crate::http::state::HttpState;
use crate::speech::ScriptError;
use crate::store::StoreError;

/// What to say on this call; a hang-up for one that is over, unknown or not to be spoken to.
pub(super) async fn instructions(State(state): State<HttpState>, request: Request) -> Response {
    let form = match SignedForm::read(&state, Purpose::Voice, request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let call = form.call;
    let news = news::from_form(&state, Purpose::Voice, form);
    let answered_by = news.evidence.as_ref().and_then(|evidence| evidence.answered_by);
    if let Err(error) = state.actions.take_in(news).await {
        warn!(%error, "a request for instructions could not be kept");
    }
    let document = match call {
        None => None,
        Some(call) => beginning(&state, call, answered_by).await.unwrap_or_else(|error| {
            warn!(call_id = %call, %error, "the message of a call could not be read");
            None
        }),
    };
    answer(document)
}

/// A document as Twilio takes it; a hang-up where there is none.
pub(super) fn answer(document: Option<twiml::Response>) -> Response {
    let document = document.unwrap_or_else(twiml::Response::hang_up);
    let xml = document.render().unwrap_or_else(|error| {
        warn!(%error, "the message of a call is too long");
        "<Response><Hangup/></Response>".to_owned()
    });
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response()
}

async fn beginning(
    state: &HttpState,
    id: CallId,
    answered_by: Option<AnsweredBy>,
) -> Result<Option<twiml::Response>, StoreError> {
    let Some(line) = Line::of(state, id).await?.filter(|line| !line.is_over()) else { return Ok(None) };
    if line.is_forbidden(state).await? {
        return Ok(None);
    }
    let noticed = |document| message::begun_with(document, line.notice(), line.voice());
    if let Some(audio) = line.campaign.audio_url.clone() {
        return Ok(Some(noticed(message::sound(audio))));
    }
    let Some(words) = line.words(state).await? else { return Ok(None) };
    let document = match (&words.voicemail, answered_by) {
        (Some(voicemail), Some(machine)) if machine.is_machine() => to_a_machine(&line, voicemail, machine),
        _ => flow_of(&words).and_then(|flow| line.document(state, &flow.beginning(), 1)).map(Some),
    };
    let document = document.unwrap_or_else(|error| {
        warn!(call_id = %id, %error, "the script cannot be said to this person");
        None
    });
    Ok(document.map(noticed))
}

/// Speaks to a machine whose tone is over; before it, nothing that is said would be kept.
fn to_a_machine(
    line: &Line,
    voicemail: &str,
    machine: AnsweredBy,
) -> Result<Option<twiml::Response>, ScriptError> {
    if machine == AnsweredBy::MachineStart {
        return Ok(None);
    }
    Ok(Some(message::text(line.said(voicemail)?, line.voice())))
}
