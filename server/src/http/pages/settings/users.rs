//! Users and their roles: an administrator's business.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::ids::UserId;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;

use super::{Asked, refused, role_of, roles_up_to, stored_time, tab, word};
use crate::actions::accounts::UserChange;
use crate::actions::users::{Role, Visitor};
use crate::http::api::people::{NewUser, UserFields, added_user};
use crate::http::auth::Admin;
use crate::http::pages::form::Form;
use crate::http::pages::page::Page;
use crate::http::pages::parts::field::{Field, mistakes};
use crate::http::pages::parts::head::done;
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, json as strict};
use crate::store::people::UserRow;

/// Shows who may come in.
pub async fn show(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let said = match asked.done.as_str() {
        "added" => Some(
            "Added. Tell them their password on another way than e-mail; they change it under “My account”.",
        ),
        "role" => Some("Changed. They sign in anew, and may do what the new role allows."),
        "disabled" => Some("Closed. Their sessions have ended, and what they had open ends within seconds."),
        "password" => Some(
            "They sign in with the new password from now on. Tell them on another way than e-mail; they change it under “My account”.",
        ),
        "enabled" => Some("Open again. They sign in with the password they had."),
        _ => None,
    };
    let page = page(&state, &visitor, &fresh(), None).await?;
    Ok(page.with("done", done(said)))
}

/// Adds a user.
pub async fn add(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    form: Form,
) -> Result<Response, Problem> {
    let said = form.texts(&["email", "role"], &[]);
    let mut said: serde_json::Value = said.into();
    // A password is taken as it is: space around it is part of it.
    said["password"] = json!(form.value("password"));
    let added = match strict::from_value::<NewUser>(said) {
        Ok(new) => added_user(&state, &visitor, new).await,
        Err(problem) => Err(problem),
    };
    match added {
        Ok(_) => Ok(Redirect::to("/settings/users?done=added").into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let page = page(&state, &visitor, &form.with_problem(&problem), None).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Gives a user another role.
pub async fn change_role(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<UserId>,
    form: Form,
) -> Result<Response, Problem> {
    let said = strict::from_value::<UserFields>(form.texts(&["role"], &[]).into());
    changed(&state, visitor, id, said.map(UserChange::from), "role").await
}

/// Gives a user a new password, for those who forgot theirs.
pub async fn reset_password(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<UserId>,
    form: Form,
) -> Result<Response, Problem> {
    let password = Some(form.value("password").to_owned().into());
    let change = UserChange { password, ..UserChange::default() };
    changed(&state, visitor, id, Ok(change), "password").await
}

/// Closes a user's account.
pub async fn disable(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<UserId>,
) -> Result<Response, Problem> {
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    changed(&state, visitor, id, Ok(change), "disabled").await
}

/// Opens a closed account again.
pub async fn enable(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<UserId>,
) -> Result<Response, Problem> {
    let change = UserChange { disabled: Some(false), ..UserChange::default() };
    changed(&state, visitor, id, Ok(change), "enabled").await
}

async fn changed(
    state: &HttpState,
    visitor: Visitor,
    id: UserId,
    change: Result<UserChange, Problem>,
    done: &str,
) -> Result<Response, Problem> {
    let changed = match change {
        Ok(change) => {
            let actions = &state.actions;
            actions.change_user(visitor.actor.clone(), visitor.role, id, change).await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    match changed {
        Ok(_) => Ok(Redirect::to(&format!("/settings/users?done={done}")).into_response()),
        Err(problem)
            if matches!(problem.status(), StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) =>
        {
            let page = page(state, &visitor, &fresh(), Some(&problem)).await?;
            Ok(page.status(problem.status()).into_response())
        }
        Err(problem) => Err(problem),
    }
}

fn fresh() -> Form {
    Form::filled([("role", "operator")])
}

async fn page(
    state: &HttpState,
    visitor: &Visitor,
    form: &Form,
    trouble: Option<&Problem>,
) -> Result<Page, Problem> {
    let users = state.actions.store.users(visitor.actor.workspace).await?;
    let now = state.actions.clock.now();
    Ok(tab(visitor.role, "/settings/users")
        .with("refused", refused(trouble))
        .with("users", table(&users, visitor, now))
        .with("add", addition(form, visitor.role)))
}

fn table(users: &[UserRow], visitor: &Visitor, now: Timestamp) -> Markup {
    html! {
        p.muted { "A new role, and closing an account, end that person's sessions at once." }
        div.frame.cards {
            table {
                thead { tr { th { "E-mail address" } th { "Role" } th { "Since" } th { "Last seen" } th { "Account" } } }
                tbody { @for user in users { (row(user, visitor, now)) } }
            }
        }
    }
}

fn row(user: &UserRow, visitor: &Visitor, now: Timestamp) -> Markup {
    let id = UserId::from_uuid(user.id).to_string();
    let own = visitor.actor.name == id;
    let in_reach = Role::parse(&user.role).is_some_and(|role| role <= visitor.role);
    html! {
        tr id=(id) {
            td data-label="E-mail" { span { (user.email) @if own { span.muted { " (you)" } } } }
            td data-label="Role" {
                @if in_reach && !own { (choice(user, &id, visitor.role)) } @else { (role_of(&user.role)) }
            }
            td data-label="Since" { (stored_time(user.created_at, now)) }
            td data-label="Last seen" {
                @match user.last_seen_at { Some(at) => (stored_time(at, now)), None => span.muted { "never" } }
            }
            td data-label="Account" {
                div {
                    div.actions {
                        @match user.disabled_at {
                            Some(at) => span.badge.hollow.tone-danger { "Closed " (stored_time(at, now)) },
                            None => span.badge.tone-good { "Open" },
                        }
                        @if in_reach && !own { (switch(user, &id)) }
                    }
                    @if in_reach && !own { (forgotten(user, &id)) }
                }
            }
        }
    }
}

fn choice(user: &UserRow, id: &str, own: Role) -> Markup {
    let given = Role::ALL.into_iter().filter(|role| *role <= own);
    html! {
        form.actions method="post" action={ "/settings/users/" (id) "/role" } {
            select name="role" aria-label={ "Role of " (user.email) } {
                @for role in given { option value=(role.as_str()) selected[role.as_str() == user.role] { (word(role)) } }
            }
            button.small type="submit" { "Change" span.unseen { " the role of " (user.email) } }
        }
    }
}

fn switch(user: &UserRow, id: &str) -> Markup {
    let (deed, label, class) = if user.disabled_at.is_some() {
        ("enable", "Open again", "small")
    } else {
        ("disable", "Close", "small grave")
    };
    html! {
        form method="post" action={ "/settings/users/" (id) "/" (deed) } {
            button class=(class) type="submit" { (label) span.unseen { " the account of " (user.email) } }
        }
    }
}

fn forgotten(user: &UserRow, id: &str) -> Markup {
    html! {
        details {
            summary { "Forgot the password" span.unseen { ": " (user.email) } }
            form method="post" action={ "/settings/users/" (id) "/password" } {
                div.field {
                    label { "A new one" input name="password" type="password" required minlength="12" autocomplete="new-password"; }
                }
                button.small type="submit" { "Set it" span.unseen { " for " (user.email) } }
            }
        }
    }
}

fn addition(form: &Form, own: Role) -> Markup {
    html! {
        div.card {
            h2 { "Add a user" }
            (mistakes(form))
            form method="post" action="/settings/users" {
                (Field::text(form, "email", "E-mail address").kind("email").required().with(&[("autocomplete", "off")]).line())
                (Field::text(form, "password", "Their first password").kind("password").required()
                    .hint("12 characters at least. A few words that nobody would guess are best.")
                    .with(&[("autocomplete", "new-password")]).line())
                (Field::text(form, "role", "Role").hint("At most your own.").choice(&roles_up_to(own)))
                button.primary type="submit" { "Add the user" }
            }
        }
    }
}
