//! The door: signing in and out.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use secrecy::SecretString;
use serde::Deserialize;

use super::form::Form;
use super::page::{Page, Place};
use super::parts::field::{Field, mistakes};
use crate::http::api::session::{Peer, Refused, begin_session};
use crate::http::auth::{Credential, Known};
use crate::http::state::HttpState;
use crate::http::{Problem, Query};

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(default)]
    next: String,
}

/// Asks who is there; at the very first start it leads to where the owner is made.
pub async fn show(State(state): State<HttpState>, Query(wanted): Query<Wanted>) -> Result<Response, Problem> {
    if state.actions.store.has_no_users().await? {
        return Ok(Redirect::to("/welcome").into_response());
    }
    Ok(page(&Form::filled([("next", wanted.next)])).into_response())
}

/// Lets somebody in.
pub async fn enter(State(state): State<HttpState>, Peer(address): Peer, form: Form) -> Response {
    let password = SecretString::from(form.value("password").to_owned());
    match begin_session(&state, address, form.value("email"), password).await {
        Ok((cookie, _)) => {
            ([(header::SET_COOKIE, cookie)], Redirect::to(inside(form.value("next")))).into_response()
        }
        Err(Refused::Wrong) => {
            let what = "The e-mail address or the password is wrong.";
            refused(form, what, StatusCode::UNPROCESSABLE_ENTITY)
        }
        Err(Refused::TooOften(seconds)) => {
            let minutes = seconds.div_ceil(60);
            let what = format!("Too many attempts failed. Try again in about {minutes} min.");
            let mut response = refused(form, &what, StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Err(Refused::Problem(problem)) => problem.into_response(),
    }
}

/// Ends the session, and with it every open page of it.
pub async fn leave(State(state): State<HttpState>, known: Known) -> Result<Response, Problem> {
    if let Credential::Session(hash) = known.credential {
        state.actions.sign_out(known.visitor.actor, hash).await?;
    }
    Ok(([(header::SET_COOKIE, state.server.cookie.clear())], Redirect::to("/sign-in")).into_response())
}

fn refused(form: Form, what: &str, status: StatusCode) -> Response {
    let form = form.with_problem(&Problem::unprocessable("sign_in", what));
    page(&form).status(status).into_response()
}

/// Only an address of our own: anything else would make this page a springboard to another site.
fn inside(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\n', '\r', '\t']);
    if ours { next } else { "/" }
}

fn page(form: &Form) -> Page {
    let content = html! {
        div.card {
            h1 { "Sign in" }
            p.muted { "ProspectAI, the outbound calling server." }
            (mistakes(form))
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(form.value("next"));
                (Field::text(form, "email", "E-mail address").kind("email").required()
                    .with(&[("autocomplete", "username")]).line())
                (Field::text(form, "password", "Password").kind("password").required()
                    .with(&[("autocomplete", "current-password")]).line())
                button.primary type="submit" { "Sign in" }
            }
        }
        p.muted {
            "Forgotten? An administrator of your team gives you a new password, under Settings, Users. Whoever runs the server \
             can always make another owner with " code { "prospectai user create" } "."
        }
    };
    Page::new("Sign in", Place::Door).with("sign-in", content)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn nobody_is_led_to_another_site() {
        assert_eq!(inside("/campaigns?sort=name"), "/campaigns?sort=name");
        for elsewhere in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/x"]
        {
            assert_eq!(inside(elsewhere), "/", "{elsewhere}");
        }
    }
}
