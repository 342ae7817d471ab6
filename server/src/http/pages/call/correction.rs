//! Who picked up, on the card of a call: what the carrier says, what somebody of the team says, and the form to say it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::carrier_event::{AnsweredBy, CarrierStatus};
use domain::facts::CallFacts;
use domain::ids::CallId;
use maud::{Markup, html};

use super::page;
use super::transcript::Hearing;
use crate::http::api::calls::answered_by::say;
use crate::http::auth::Operator;
use crate::http::pages::form::Form;
use crate::http::pages::parts::badge;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, json};

/// What can be chosen; which kind of machine it was is the carrier's to tell.
const CHOICES: [(&str, &str); 4] =
    [("human", "A person"), ("machine_start", "A machine"), ("fax", "A fax"), ("unknown", "Nobody can tell")];

/// Writes down who picked up.
pub async fn correct(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CallId>,
    form: Form,
) -> Result<Response, Problem> {
    let said = form.texts(&["answeredBy", "reason"], &["reason"]);
    let corrected = match json::from_value(said.into()) {
        Ok(said) => say(&state, visitor.clone(), id, said).await,
        Err(problem) => Err(problem),
    };
    match corrected {
        Ok(_) => Ok(Redirect::to(&format!("/calls/{id}")).into_response()),
        Err(problem) if problem.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let page = page(&state, &visitor, id, &form.with_problem(&problem), &Hearing::default()).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
        Err(problem) => Err(problem),
    }
}

/// Who picked up, and who says so where that is not only the carrier.
pub(super) fn answered_by(facts: &CallFacts) -> Option<Markup> {
    let by = badge::answered_by(facts.answered_by()?);
    Some(html! {
        (by)
        @if facts.correction.is_some() {
            span.muted {
                ", somebody of the team says; the carrier "
                @match facts.answer { Some(answer) => { "says: " (badge::answered_by(answer.by)) }, None => "says nothing of it" }
            }
        }
    })
}

/// The form, for calls that were picked up.
pub(super) fn form(call: CallId, facts: &CallFacts, form: &Form) -> Markup {
    let answered = facts.answered_at.is_some()
        || facts.answer.is_some()
        || facts.status() == Some(CarrierStatus::Completed);
    let is_wrong = form.has("answeredBy") && !form.errors().is_empty();
    html! {
        @if answered {
            details open[is_wrong] {
                summary { "Correct who picked up" }
                p.muted { "Statistics follow at once. When this is the latest call to this person, the retry policy decides anew whether they are rung again." }
                @if is_wrong { (mistakes(form)) }
                form method="post" action={ "/calls/" (call) "/answered-by" } {
                    (Field::text(form, "answeredBy", "Who picked up").choice(&CHOICES))
                    (Field::text(form, "reason", "How you know").hint("For the audit trail; may stay empty").line())
                    button type="submit" { "Save" }
                }
            }
        }
    }
}

/// Who picked up by the word of a person, for the time line.
pub(super) fn in_words(by: AnsweredBy) -> String {
    let word = CHOICES.iter().find(|(choice, _)| *choice == by.as_str());
    let word = word.map_or_else(|| badge::answered_by(by).to_owned(), |(_, word)| (*word).to_owned());
    format!("Corrected who picked up: {}", word.to_lowercase())
}
