//! One person: their card, and what is done about them.

mod card;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::ProspectId;
use domain::queue::QueueRefused;
use maud::html;
use serde::Deserialize;

use self::card::Card;
use super::campaign::prospects::{fields_of, inputs};
use super::form::Form;
use super::page::{Interest, Page, Place};
use super::parts::head::done;
use super::parts::show;
use crate::actions::queue::Outcomes;
use crate::actions::users::Visitor;
use crate::http::api::prospects::fields::{NumberRules, ProspectFields};
use crate::http::api::prospects::load;
use crate::http::auth::{Analyst, Operator};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, json, text};
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;

/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

impl Asked {
    fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "saved" => Some("Saved."),
            "requeued" => Some("Back in line."),
            "skipped" => Some("Passed over for the rest of the campaign's day."),
            "unskipped" => Some("No longer passed over."),
            "listed" => Some("On the do-not-call list. Nobody rings this number any more."),
            _ => None,
        }
    }
}

/// Shows a person.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ProspectId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let card = Card::of(&state, &visitor, id).await?;
    let page = card.page(&html! { (done(asked.done())) });
    Ok(page.live(Interest::Campaign(card.campaign.id)))
}

/// Asks what shall be different about a person.
pub async fn edit(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Page, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    let form = Form::filled([
        ("firstName", prospect.first_name.clone()),
        ("lastName", prospect.last_name.clone()),
        ("phone", prospect.phone.to_string()),
        ("email", prospect.email.clone()),
        ("company", prospect.company.clone()),
        ("title", prospect.title.clone()),
        ("priority", prospect.priority.as_str().to_owned()),
    ]);
    Ok(edit_page(&prospect, &campaign, &form))
}

/// Changes a person.
pub async fn change(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
    form: Form,
) -> Result<Response, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    let (of, installation) = (campaign.clone(), state.actions.installation.clone());
    let changed = match json::from_value::<ProspectFields>(fields_of(&form)) {
        Err(problem) => Err(problem),
        Ok(fields) => {
            let change = move |prospect: &ProspectRecord| {
                fields.changed(prospect, &NumberRules::of(&of, &installation)).map_err(Problem::invalid)
            };
            state.actions.change_prospect(visitor.actor, id, change).await
        }
    };
    match changed {
        Ok(_) => Ok(back(id, "saved")),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let page = edit_page(&prospect, &campaign, &form.with_problem(&problem));
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Places a call now.
pub async fn place(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    match state.actions.place_one(visitor.actor.clone(), campaign.id, prospect.id, None, None).await {
        Ok(call) => Ok(Redirect::to(&format!("/calls/{}", call.id)).into_response()),
        Err(refused) => {
            let problem = Problem::from(refused);
            if problem.status().is_server_error() {
                return Err(problem);
            }
            let card = Card::of(&state, &visitor, id).await?;
            let why = html! {
                div.notice.warn role="alert" { p { strong { "Not called." } " " (problem.detail()) } }
            };
            Ok(card.page(&why).status(StatusCode::CONFLICT).into_response())
        }
    }
}

/// Puts a person back in line.
pub async fn requeue(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let outcomes = state.actions.requeue(visitor.actor.clone(), campaign.id, vec![id]).await?;
    queued(&state, &visitor, id, outcomes, "requeued").await
}

/// Passes a person over for the rest of the day.
pub async fn skip(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let outcomes = state.actions.skip(visitor.actor.clone(), campaign.id, vec![id], None).await?;
    queued(&state, &visitor, id, outcomes, "skipped").await
}

/// Passes a person over no longer.
pub async fn unskip(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let outcomes = state.actions.unskip(visitor.actor.clone(), campaign.id, vec![id]).await?;
    queued(&state, &visitor, id, outcomes, "unskipped").await
}

async fn queued(
    state: &HttpState,
    visitor: &Visitor,
    id: ProspectId,
    outcomes: Outcomes,
    done: &str,
) -> Result<Response, Problem> {
    let refused: Option<QueueRefused> = outcomes.into_iter().find_map(|(_, outcome)| outcome.err());
    let Some(refused) = refused else { return Ok(back(id, done)) };
    let card = Card::of(state, visitor, id).await?;
    let why =
        html! { div.notice.warn role="alert" { p { strong { "Nothing was changed." } " " (refused) } } };
    Ok(card.page(&why).status(StatusCode::CONFLICT).into_response())
}

/// Puts a person's number on the do-not-call list.
pub async fn do_not_call(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
    form: Form,
) -> Result<Response, Problem> {
    let (prospect, _) = load(&state, &visitor, id).await?;
    let reason = text::optional_name("/reason", Some(form.value("reason")), LONGEST_REASON)?;
    let reason = reason.unwrap_or_default();
    state.actions.add_do_not_call(visitor.actor, prospect.phone, "dashboard", reason).await?;
    Ok(back(id, "listed"))
}

/// Takes a person off the campaign.
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    state.actions.remove_prospect(visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/campaigns/{}/prospects?done=removed", campaign.id)).into_response())
}

fn back(id: ProspectId, done: &str) -> Response {
    Redirect::to(&format!("/prospects/{id}?done={done}")).into_response()
}

fn edit_page(prospect: &ProspectRecord, campaign: &CampaignRecord, form: &Form) -> Page {
    let name = show::name(&prospect.first_name, &prospect.last_name);
    let base = format!("/prospects/{}", prospect.id);
    let content = html! {
        p.crumbs { a href={ "/campaigns/" (campaign.id) "/prospects" } { (campaign.name) } " / " a href=(base) { (name) } }
        h1 { "Edit " (name) }
        div.card {
            form method="post" action={ (base) "/edit" } {
                (inputs(form))
                div.actions {
                    button.primary type="submit" { "Save" }
                    a.button href=(base) { "Cancel" }
                }
            }
        }
    };
    Page::new(format!("Edit {name}"), Place::Campaigns).with("edit", content)
}
