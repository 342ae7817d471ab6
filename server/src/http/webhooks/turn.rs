//! Twilio tells how a person's turn ended, and asks what follows. Whatever it means is committed before the answer.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::call_flow::{CallFlow, Turn};
use domain::carrier_event::AnsweredBy;
use domain::facts::{Evidence, Source};
use domain::reaction::Reaction;
use tracing::{info, warn};

use super::form::SignedForm;
use super::line::{Line, flow_of};
use super::{news, voice};
use crate::actions::Actor;
use crate::actions::carrier_events::News;
use crate::carrier::twilio::callback::turn_of;
use crate::carrier::twilio::{Purpose, TurnAt, twiml};
use crate::http::problem::Problem;
use crate::http::state::HttpState;
use crate::store::StoreError;

/// What follows a turn; a hang-up for a call that is over or not to be spoken to.
pub(super) async fn follow(State(state): State<HttpState>, request: Request) -> Response {
    let query = request.uri().query().map(str::to_owned).unwrap_or_default();
    let form = match SignedForm::read(&state, Purpose::Turn, request).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let Some((_, at)) = state.server.callback_urls.open_turn(&query) else {
        return Problem::not_found("turn").into_response();
    };
    match document(&state, form, &at).await {
        Ok(document) => voice::answer(document),
        // What the key meant is not kept: nothing may be said as though it were.
        Err(error) => {
            warn!(%error, "a person's turn could not be kept");
            Problem::unavailable("the turn could not be kept", 1).into_response()
        }
    }
}

async fn document(
    state: &HttpState,
    form: SignedForm,
    at: &TurnAt,
) -> Result<Option<twiml::Response>, StoreError> {
    let (call, fields) = (form.call, form.fields.clone());
    let mut news = news::from_form(state, Purpose::Turn, form);
    news.content_key = key_of(&news, at, &fields);
    // News of another account has lost its call.
    let line = match call.filter(|_| news.evidence.is_some()) {
        Some(call) => Line::of(state, call).await?,
        None => None,
    };
    let Some(mut line) = line else {
        state.actions.take_in(news).await?;
        return Ok(None);
    };
    let words = line.words(state).await?;
    let Some((words, Ok(flow))) = words.as_ref().map(|words| (words, flow_of(words))) else {
        state.actions.take_in(news).await?;
        return Ok(None);
    };
    let Some((turn, outcome)) = outcome_of(&flow, at, &fields) else {
        warn!(call_id = %line.call.id, step = at.step, "no step of the call waits for this turn");
        state.actions.take_in(news).await?;
        return Ok(None);
    };
    news.evidence = news.evidence.map(|evidence| with_reaction(evidence, turn, outcome.reaction));
    let opts_out = outcome.reaction == Some(Reaction::OptedOut);
    if opts_out {
        opt_out(state, &line).await?;
    }
    state.actions.take_in(news).await?;
    if line.is_over() || (!opts_out && line.is_forbidden(state).await?) {
        return Ok(None);
    }
    line.listen(state, words).await;
    let document = line.document(state, words, &outcome.leg, outcome.again.unwrap_or(1));
    Ok(document.map(Some).unwrap_or_else(|error| {
        warn!(call_id = %line.call.id, %error, "the script cannot be said to this person");
        None
    }))
}

/// The same key pressed twice on one call is twice as much news.
fn key_of(news: &News, at: &TurnAt, fields: &[(String, String)]) -> [u8; 32] {
    let at = ("at".to_owned(), at.to_string());
    let all: Vec<_> = fields.iter().cloned().chain([at]).collect();
    News::content_key(news.kind, news.call, &all)
}

fn outcome_of<'f>(
    flow: &'f CallFlow,
    at: &TurnAt,
    fields: &[(String, String)],
) -> Option<(Turn, domain::call_flow::Outcome<'f>)> {
    let turn = turn_of(&flow.waits_at(&at.step)?, fields);
    Some((turn, flow.after(&at.step, at.tried, turn)?))
}

fn with_reaction(evidence: Evidence, turn: Turn, reaction: Option<Reaction>) -> Evidence {
    match turn {
        Turn::Key(_) | Turn::PutThrough => {
            Evidence { reaction, answered_by: Some(AnsweredBy::Human), source: Source::Keypress, ..evidence }
        }
        _ => Evidence { reaction, ..evidence },
    }
}

/// Takes the person off every list, at once and for good. The call itself goes on to its goodbye.
async fn opt_out(state: &HttpState, line: &Line) -> Result<(), StoreError> {
    let reason = format!("Asked for it with a key on a call of the campaign {:?}.", line.campaign.name);
    state.actions.opt_out_on_call(Actor::server(line.call.workspace), &line.call, reason).await?;
    info!(call_id = %line.call.id, "a person asked with a key to get no more calls");
    Ok(())
}
