//! One's own account: role, password, and where one is signed in. Everybody's business, whatever their role.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use domain::calling_window::CampaignZone;
use domain::ids::UserId;
use jiff::Timestamp;
use maud::{Markup, html};
use secrecy::SecretString;

use super::{Asked, may, tab, word};
use crate::actions::accounts::OpenSession;
use crate::credentials::SessionName;
use crate::http::api::account::{changed_password, own_session};
use crate::http::api::session::Peer;
use crate::http::auth::Known;
use crate::http::pages::form::Form;
use crate::http::pages::page::Page;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::{act, facts, show};
use crate::http::state::HttpState;
use crate::http::{FieldError, PathId, Problem, Query};

/// Shows one's own account.
pub async fn show(
    State(state): State<HttpState>,
    known: Known,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let said = match asked.done.as_str() {
        "password" => Some("Your password is changed. You are signed out everywhere but here."),
        "ended" => Some("Signed out there. What is open there ends within seconds."),
        _ => None,
    };
    let page = page(&state, &known, &Form::default()).await?;
    Ok(page.with("done", done(said)))
}

/// Changes one's own password.
pub async fn change_password(
    State(state): State<HttpState>,
    Peer(address): Peer,
    known: Known,
    form: Form,
) -> Result<Response, Problem> {
    let secret = |name: &str| SecretString::from(form.value(name).to_owned());
    let changed = if form.value("new") == form.value("again") {
        changed_password(&state, address, known.visitor.clone(), secret("current"), secret("new")).await
    } else {
        Err(FieldError::at("/again", "differs", "The two new passwords differ.").into())
    };
    match changed {
        Ok(cookie) => {
            let done = Redirect::to("/settings/account?done=password");
            Ok(([(header::SET_COOKIE, cookie)], done).into_response())
        }
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let status = problem.status();
            let page = page(&state, &known, &form.with_problem(&problem)).await?;
            let mut response = page.status(status).into_response();
            if let Some(seconds) = problem.retry_after() {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

/// Signs out in one place.
pub async fn end_session(
    State(state): State<HttpState>,
    known: Known,
    PathId(name): PathId<SessionName>,
) -> Result<Response, Problem> {
    let this_one = is_this_one(&known, name);
    if !state.actions.end_session(known.visitor.actor, name).await? {
        return Err(Problem::not_found("session"));
    }
    if this_one {
        let out = ([(header::SET_COOKIE, state.server.cookie.clear())], Redirect::to("/sign-in"));
        return Ok(out.into_response());
    }
    Ok(Redirect::to("/settings/account?done=ended").into_response())
}

/// Signs out everywhere but here.
pub async fn end_other_sessions(State(state): State<HttpState>, known: Known) -> Result<Redirect, Problem> {
    let kept = own_session(&known);
    state.actions.end_other_sessions(known.visitor.actor, kept).await?;
    Ok(Redirect::to("/settings/account?done=ended"))
}

fn is_this_one(known: &Known, name: SessionName) -> bool {
    own_session(known).is_some_and(|hash| SessionName::of(&hash.0) == name)
}

async fn page(state: &HttpState, known: &Known, form: &Form) -> Result<Page, Problem> {
    let (actor, role) = (&known.visitor.actor, known.visitor.role);
    let user = match actor.name.parse::<UserId>() {
        Ok(id) => state.actions.store.user(id).await?,
        Err(_) => None,
    };
    let page = tab(role, "/settings/account");
    let Some(user) = user else {
        let what = html! { div.card { p { "You came with a key, not as a user: there is no password to change and no session to end." } } };
        return Ok(page.with("account", what));
    };
    let sessions = state.actions.open_sessions(actor).await?;
    let now = state.actions.clock.now();
    let who = html! {
        div.card {
            h2 { "You" }
            (facts(&[
                ("E-mail address", html! { (user.email) }),
                ("Role", html! { (word(role)) ": " (may(role)) }),
            ]))
            p.muted { "Administrators of your team give roles." }
        }
    };
    Ok(page
        .with("account", html! { div.columns { (who) (password(form, &user.email)) } })
        .with("sessions", places(&sessions, known, now)))
}

fn password(form: &Form, email: &str) -> Markup {
    let field = |name, label, autocomplete| {
        let extra = [("autocomplete", autocomplete)];
        Field::text(form, name, label).kind("password").required().with(&extra).line()
    };
    html! {
        div.card {
            h2 { "Another password" }
            (mistakes(form))
            form method="post" action="/settings/account/password" {
                // For password managers: whose password this is.
                input type="email" value=(email) autocomplete="username" readonly hidden;
                (field("current", "Your password now", "current-password"))
                (Field::text(form, "new", "The new one").kind("password").required()
                    .hint("12 characters at least. A few words that nobody would guess are best.")
                    .with(&[("autocomplete", "new-password")]).line())
                (field("again", "The new one again", "new-password"))
                button.primary type="submit" { "Change the password" }
            }
            p.muted { "It signs you out everywhere but here." }
        }
    }
}

fn places(sessions: &[OpenSession], known: &Known, now: Timestamp) -> Markup {
    let utc = CampaignZone::utc();
    let others = sessions.iter().any(|session| !is_this_one(known, session.name));
    html! {
        div.head {
            h2 #sessions-title { "Where you are signed in" }
            @if others { div.actions { (act("/settings/account/sessions/end-others", "Sign out everywhere else", "grave")) } }
        }
        div.frame.cards {
            table aria-labelledby="sessions-title" {
                thead { tr { th { "Begun" } th { "Last seen" } th { "Ends by itself" } th { "Session" } } }
                tbody {
                    @for session in sessions {
                        tr id=(session.name) {
                            td data-label="Begun" { (show::short_time(session.begun_at, now, &utc)) }
                            td data-label="Last seen" { (show::short_time(session.seen_at, now, &utc)) }
                            td data-label="Ends" { (show::short_time(session.ends_at, now, &utc)) }
                            td data-label="Session" {
                                div.actions {
                                    form method="post" action={ "/settings/account/sessions/" (session.name) "/end" } {
                                        button.small type="submit" { "Sign out" span.unseen { " the session " (session.name) } }
                                    }
                                    @if is_this_one(known, session.name) { span.badge.tone-good { "This one" } }
                                }
                            }
                        }
                    }
                }
            }
        }
        p.muted { "A session also ends after an hour in which nobody used it. The server keeps no address and no browser of it." }
    }
}
