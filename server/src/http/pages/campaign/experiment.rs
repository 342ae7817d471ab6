//! A/B tests on the page of what people hear: the one that runs, what the last one showed, and how to start one.

mod ask;
mod result;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::CampaignId;
use maud::{Markup, html};

use self::result::Shown;
use super::message;
use crate::actions::users::{Role, Visitor};
use crate::http::api::campaigns::experiment::arm_at;
use crate::http::api::campaigns::load;
use crate::http::auth::Operator;
use crate::http::pages::form::Form;
use crate::http::pages::parts::field::Field;
use crate::http::pages::people::Names;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::store::campaigns::CampaignRecord;
use crate::store::scripts::ScriptRecord;

/// Tests that are shown: the one that runs, and some that are over.
const MOST: u64 = 10;

/// Starts a test.
pub async fn start(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    match ask::started(&state, &visitor, &campaign, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/campaigns/{id}/message?done=test")).into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let form = ask::with_problem(form, &problem);
            let page = message::page_with_test(&state, &visitor, campaign, &form).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Ends the test that runs, and goes on with an arm where one was chosen.
pub async fn end(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let adopt = form.given("adopt").map(|word| arm_at("/adopt", word)).transpose()?;
    state.actions.end_experiment(visitor.actor, id, adopt).await?;
    Ok(Redirect::to(&format!("/campaigns/{id}/message?done=ended")).into_response())
}

/// What the page says of tests: the results, and below them what can be done.
pub struct Sections {
    /// What was found so far.
    pub results: Markup,
    /// Forms to start one or to end it.
    pub moves: Markup,
}

/// The tests of a campaign, for somebody with this role. `form`: the test that somebody was about to start.
pub async fn sections(
    state: &HttpState,
    visitor: &Visitor,
    campaign: &CampaignRecord,
    scripts: &[ScriptRecord],
    form: Option<&Form>,
) -> Result<Sections, Problem> {
    let store = &state.actions.store;
    let tests = store.experiments_of(campaign.id, MOST).await?;
    let names = Names::of(state, visitor.actor.workspace).await?;
    let now = state.actions.clock.now();
    let mut shown = Vec::with_capacity(tests.len());
    for test in tests {
        let mut titles = Vec::with_capacity(test.arms.len());
        for arm in &test.arms {
            let script = store.script(campaign.workspace, arm.said.script).await?;
            titles.push(script.map(|script| script.name).unwrap_or_default());
        }
        shown.push(Shown { results: test.results()?, test, titles });
    }
    let (running, over): (Vec<_>, Vec<_>) = shown.iter().partition(|it| it.test.ended.is_none());
    let results = html! {
        @for it in &running { (it.card(campaign, &names, now)) }
        @for it in over.iter().take(1) { (it.card(campaign, &names, now)) }
        @if over.len() > 1 {
            details.card {
                summary { "Earlier tests (" (over.len() - 1) ")" }
                @for it in over.iter().skip(1) { (it.content(campaign, &names, now)) }
            }
        }
    };
    let moves = match running.first() {
        _ if visitor.role < Role::Operator => html! {},
        Some(it) => end_form(campaign, it),
        None => ask::card(campaign, scripts, form),
    };
    Ok(Sections { results, moves })
}

fn end_form(campaign: &CampaignRecord, shown: &Shown) -> Markup {
    let mut choices = vec![(String::new(), "What the campaign said before".to_owned())];
    choices.extend(shown.test.arms.iter().zip(&shown.titles).map(|(arm, title)| {
        let voice = arm.voice.as_deref().unwrap_or("the carrier's own voice");
        (arm.arm.to_string(), format!("{}: {title}, {voice}", arm.arm))
    }));
    html! {
        div.card {
            h2 { "End the test" }
            form method="post" action={ "/campaigns/" (campaign.id) "/experiment/end" } {
                (Field::text(&Form::default(), "adopt", "From then on everybody hears").choice(&choices))
                button type="submit" { "End the test" }
            }
        }
    }
}
