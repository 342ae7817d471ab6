//! The first run: whoever started the server, and so has the code that it printed, makes the owner.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::form::Form;
use super::page::{Page, Place};
use super::parts::field::{Field, mistakes};
use crate::actions::Actor;
use crate::actions::users::{Role, UserRefused};
use crate::http::api::session::{Peer, Refused, begin_session};
use crate::http::auth::Operator;
use crate::http::state::HttpState;
use crate::http::{FieldError, Problem, Query, text};

/// People of the example campaign.
const EXAMPLE_PEOPLE: u32 = 200;

/// What the printed address carries.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    #[serde(default)]
    code: String,
}

/// Asks who the owner shall be.
pub async fn show(
    State(state): State<HttpState>,
    Query(printed): Query<Printed>,
) -> Result<Response, Problem> {
    if !state.actions.store.has_no_users().await? {
        return Ok(Redirect::to("/").into_response());
    }
    Ok(page(&Form::filled([("code", printed.code)])).into_response())
}

/// Makes the owner and lets them in.
pub async fn make_owner(
    State(state): State<HttpState>,
    Peer(address): Peer,
    form: Form,
) -> Result<Response, Problem> {
    if !state.actions.store.has_no_users().await? {
        return Ok(Redirect::to("/sign-in").into_response());
    }
    match owner_made(&state, &form).await {
        Ok(()) => {}
        Err(problem) if problem.status().is_server_error() => return Err(problem),
        Err(problem) => {
            let form = form.with_problem(&problem);
            return Ok(page(&form).status(StatusCode::UNPROCESSABLE_ENTITY).into_response());
        }
    }
    let password = SecretString::from(form.value("password").to_owned());
    match begin_session(&state, address, form.value("email"), password).await {
        Ok((cookie, _)) => {
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/welcome/next")).into_response())
        }
        Err(Refused::Problem(problem)) => Err(problem),
        Err(_) => Ok(Redirect::to("/sign-in").into_response()),
    }
}

async fn owner_made(state: &HttpState, form: &Form) -> Result<(), Problem> {
    let given = form.value("code").trim().as_bytes().to_vec();
    let right = state.server.setup_code.expose_secret().as_bytes().ct_eq(&given);
    if !bool::from(right) {
        let what = "This is not the code that the server printed when it started. Look there; after a restart it is another one.";
        return Err(FieldError::at("/code", "wrong_code", what).into());
    }
    let email = text::email("/email", form.value("email"))?;
    if form.value("password") != form.value("again") {
        return Err(FieldError::at("/again", "differs", "The two passwords differ.").into());
    }
    let workspace = state.actions.store.first_workspace().await?.ok_or_else(Problem::internal)?;
    let console = Actor { workspace, name: "console".to_owned() };
    let password = SecretString::from(form.value("password").to_owned());
    let made: Result<_, UserRefused> =
        state.actions.create_user(console, Role::Owner, email, password, Role::Owner).await;
    made.map(drop).map_err(Problem::from)
}

fn page(form: &Form) -> Page {
    let content = html! {
        div.card {
            h1 { "Welcome to ProspectAI" }
            p {
                "Make the owner of this installation. The owner may do everything: invite others, connect Twilio, launch campaigns."
            }
            (mistakes(form))
            form method="post" action="/welcome" {
                (Field::text(form, "code", "Setup code").required()
                    .hint("The server printed it when it started, so that nobody else on the network can be first.")
                    .with(&[("autocomplete", "off")]).line())
                (Field::text(form, "email", "Your e-mail address").kind("email").required()
                    .with(&[("autocomplete", "username")]).line())
                (Field::text(form, "password", "A password").kind("password").required()
                    .hint("12 characters at least. A few words that nobody would guess are best.")
                    .with(&[("autocomplete", "new-password")]).line())
                (Field::text(form, "again", "The password again").kind("password").required()
                    .with(&[("autocomplete", "new-password")]).line())
                button.primary type="submit" { "Make the owner" }
            }
        }
    };
    Page::new("Welcome", Place::Door).with("welcome", content)
}

/// What to do first.
pub async fn next(State(state): State<HttpState>, _: Operator) -> Page {
    let content = html! {
        div.head { div { h1 { "Where to begin" } p.lead { "You can change all of this later." } } }
        div.columns {
            div.card { h2 { "1. The telephone" } (telephone(state.server.simulation)) }
            div.card {
                h2 { "2. Somebody to ring" }
                p { "Look around with a made-up campaign of 200 people, or begin with your own." }
                div.actions {
                    form method="post" action="/welcome/example" {
                        button.primary type="submit" { "Make the example campaign" }
                    }
                    a.button href="/campaigns/new" { "Begin a campaign" }
                }
                p.muted { "Nobody is rung before you launch." }
            }
        }
    };
    Page::new("Where to begin", Place::Campaigns).with("next", content)
}

/// Makes the example campaign.
pub async fn example(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
) -> Result<Response, Problem> {
    let made = state.actions.make_example(visitor.actor, "Example", EXAMPLE_PEOPLE, false).await;
    let campaign = made.map_err(|refused| {
        tracing::error!(error = %refused, "the example campaign could not be made");
        Problem::internal()
    })?;
    Ok(Redirect::to(&format!("/campaigns/{campaign}")).into_response())
}

fn telephone(simulation: bool) -> Markup {
    html! {
        @if simulation {
            p {
                "You are on the phone network in the box: it answers like real people, machines and busy lines do, through \
                 the same client and webhooks. No real phone rings and nothing is charged."
            }
            p {
                "For real calls, give the server " code { "TWILIO_ACCOUNT_SID" } ", " code { "TWILIO_AUTH_TOKEN" } ", "
                code { "TWILIO_PHONE_NUMBER" } " and " code { "PUBLIC_URL" } ", and start it again. "
                a href="/settings" { "The settings" } " test the connection."
            }
        } @else {
            p { "Twilio is connected. " a href="/settings" { "Test the connection" } " before you launch." }
        }
    }
}
