//! Twilio asks what to say on a call that was picked up. There is always something speakable to answer, in time.

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::ids::CallId;
use tracing::warn;

use super::form::SignedForm;
use super::news;
use crate::carrier::twilio::Purpose;
use crate::carrier::twilio::message::Message;
use crate::carrier::twilio::twiml;
use crate::http::state::HttpState;
use crate::speech;
use crate::store::StoreError;

/// What to say on this call; a hang-up for one that is over, unknown or not to be spoken to.
pub(super) async fn instructions(State(state): State<HttpState>, request: Request) -> Response {
    let form = match SignedForm::read(&state, Purpose::Voice, request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let call = form.call;
    if let Err(error) = state.actions.take_in(news::from_form(&state, Purpose::Voice, form)).await {
        warn!(%error, "a request for instructions could not be kept");
    }
    let document = match call {
        None => None,
        Some(call) => document(&state, call).await.unwrap_or_else(|error| {
            warn!(call_id = %call, %error, "the message of a call could not be read");
            None
        }),
    };
    let document = document.unwrap_or_else(twiml::Response::hang_up);
    let xml = document.render().unwrap_or_else(|error| {
        warn!(%error, "the message of a call is too long");
        "<Response><Hangup/></Response>".to_owned()
    });
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response()
}

async fn document(state: &HttpState, id: CallId) -> Result<Option<twiml::Response>, StoreError> {
    let store = &state.actions.store;
    let Some(call) = store.any_call(id).await?.filter(|call| call.call.is_live()) else { return Ok(None) };
    let campaign = store.campaign(call.workspace, call.campaign).await?;
    let prospect = store.prospect(call.workspace, call.prospect).await?;
    let Some((campaign, prospect)) = campaign.zip(prospect) else { return Ok(None) };
    if store.is_do_not_call(call.workspace, &call.to).await? {
        return Ok(None);
    }
    if let Some(audio) = campaign.audio_url {
        return Ok(Some(Message::Audio(audio).document()));
    }
    let Some(script) = campaign.script else { return Ok(None) };
    let Some(script) = store.script(call.workspace, script).await? else { return Ok(None) };
    let text = speech::render(&script.body, &prospect.spoken_values()).ok();
    Ok(text.map(|text| Message::Text { text, voice: campaign.voice }.document()))
}
