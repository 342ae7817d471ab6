//! API keys: made, shown once, revoked. An administrator's business.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::ApiKeyId;
use jiff::Timestamp;
use maud::{Markup, html};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Asked, role_of, roles_up_to, stored_time, tab};
use crate::actions::users::{Role, Visitor};
use crate::http::api::people::{NewKey, added_key};
use crate::http::auth::Admin;
use crate::http::pages::form::Form;
use crate::http::pages::page::Page;
use crate::http::pages::parts::empty;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, json};
use crate::store::people::ApiKeyRow;

/// Shows the keys, without their secrets.
pub async fn show(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let said = (asked.done == "revoked").then_some("Revoked. It opens nothing any more.");
    let page = page(&state, &visitor, &fresh()).await?;
    Ok(page.with("done", done(said)))
}

/// Makes a key, and shows its secret in this one answer.
pub async fn add(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    form: Form,
) -> Result<Response, Problem> {
    let added = match json::from_value::<NewKey>(form.texts(&["name", "role"], &[]).into()) {
        Ok(new) => added_key(&state, &visitor, new).await,
        Err(problem) => Err(problem),
    };
    match added {
        Ok((secret, key)) => Ok(once(&visitor, &secret, &key).status(StatusCode::CREATED).into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let page = page(&state, &visitor, &form.with_problem(&problem)).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Ends a key.
pub async fn revoke(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<ApiKeyId>,
) -> Result<Redirect, Problem> {
    let revoked = state.actions.revoke_key(visitor.actor, id).await?;
    if revoked { Ok(Redirect::to("/settings/keys?done=revoked")) } else { Err(Problem::not_found("key")) }
}

fn fresh() -> Form {
    Form::filled([("role", "operator")])
}

/// The answer that shows the secret. It is no live page, so no stream repeats it, and no cache keeps it.
fn once(visitor: &Visitor, secret: &SecretString, key: &ApiKeyRow) -> Page {
    let content = html! {
        div.card {
            h2 { "The key “" (key.name) "”" }
            div.notice.warn role="status" {
                p { strong { "It is shown only now." } " Copy it to where it is used. Nobody can read it again, not even an owner; whoever lost it makes another one." }
            }
            div.field {
                label for="secret" { "The key" }
                input.mono.wide #secret type="text" readonly value=(secret.expose_secret()) autocomplete="off" spellcheck="false";
                span.hint { "Programs send it as " code { "Authorization: Bearer …" } ". Its role is " (key.role) "." }
            }
            a.button href="/settings/keys" { "I have copied it" }
        }
    };
    tab(visitor.role, "/settings/keys").with("key", content)
}

async fn page(state: &HttpState, visitor: &Visitor, form: &Form) -> Result<Page, Problem> {
    let keys = state.actions.store.api_keys(visitor.actor.workspace).await?;
    let now = state.actions.clock.now();
    Ok(tab(visitor.role, "/settings/keys")
        .with("keys", table(&keys, now))
        .with("add", addition(form, visitor.role)))
}

fn table(keys: &[ApiKeyRow], now: Timestamp) -> Markup {
    if keys.is_empty() {
        return empty(
            "No key yet",
            &html! { p { "A key lets a program do here what a person of its role may do: fill campaigns, read results." } },
        );
    }
    html! {
        div.frame.cards {
            table {
                thead { tr { th { "What for" } th { "Role" } th { "Ends in" } th { "Made" } th { "State" } } }
                tbody { @for key in keys { (row(key, now)) } }
            }
        }
    }
}

fn row(key: &ApiKeyRow, now: Timestamp) -> Markup {
    let id = ApiKeyId::from_uuid(key.id).to_string();
    html! {
        tr id=(id) {
            td data-label="What for" { (key.name) }
            td data-label="Role" { (role_of(&key.role)) }
            td data-label="Ends in" { code { "…" (key.last_four) } }
            td data-label="Made" { (stored_time(key.created_at, now)) }
            td data-label="State" {
                @if let Some(at) = key.revoked_at {
                    span.badge.hollow.tone-muted { "Revoked " (stored_time(at, now)) }
                } @else {
                    details {
                        summary { "Revoke" span.unseen { " the key " (key.name) } }
                        p { "Whatever uses it is refused from the next request on." }
                        form method="post" action={ "/settings/keys/" (id) "/revoke" } {
                            button.small.grave type="submit" { "Revoke it" span.unseen { ": " (key.name) } }
                        }
                    }
                }
            }
        }
    }
}

fn addition(form: &Form, own: Role) -> Markup {
    html! {
        div.card {
            h2 { "Make a key" }
            (mistakes(form))
            form method="post" action="/settings/keys" {
                (Field::text(form, "name", "What it is for").required().hint("For example the name of the program that uses it.")
                    .with(&[("autocomplete", "off")]).line())
                (Field::text(form, "role", "Role").hint("At most your own; the least that does.").choice(&roles_up_to(own)))
                button.primary type="submit" { "Make the key" }
            }
        }
    }
}
