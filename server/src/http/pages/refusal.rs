//! A page instead of a problem: what happened, what it means, what to do next.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::page::{Page, Place};
use crate::actions::users::Role;
use crate::http::middleware::current_request_id;
use crate::http::problem::Problem;

/// The page for a refusal; `role` is that of whoever asked, where they were let in.
pub fn page(problem: &Problem, role: Option<Role>) -> Page {
    let status = problem.status();
    let (title, lead, next) = words(problem, role);
    let place = if role.is_some() { Place::Campaigns } else { Place::Door };
    let content = html! {
        div.card.empty {
            h1 { (title) }
            p { (lead) }
            @for error in problem.errors() { p { (error.detail) } }
            (next)
            @if status.is_server_error() {
                @if let Some(id) = current_request_id() {
                    p.muted { "When you ask for help, quote " code { (id) } "." }
                }
            }
        }
    };
    Page::new(title, place).with("refusal", content).status(status)
}

fn words(problem: &Problem, role: Option<Role>) -> (&'static str, String, Markup) {
    let home = html! { p { a.button href="/" { "Go to the start" } } };
    let back = html! { p.muted { "Use your browser's back button: what you typed is still there." } };
    match problem.status() {
        StatusCode::NOT_FOUND => (
            "Not found",
            "There is nothing at this address. It was removed, belongs to another team, or the address is mistyped."
                .to_owned(),
            home,
        ),
        StatusCode::FORBIDDEN if problem.code() == "csrf" => (
            "Not from here",
            "This came from another site, so nothing was changed. Open the page here and try again.".to_owned(),
            home,
        ),
        StatusCode::FORBIDDEN => {
            let role = role.map_or("visitor", Role::as_str);
            let lead = format!("Your role here is {role}, and it does not allow this. Ask an administrator of your team.");
            ("No permission", lead, home)
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            ("Not found", "This address only takes what its form sends.".to_owned(), home)
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            let again = html! { p { a.button href="" { "Try again" } } };
            ("Not at this moment", problem.detail().to_owned(), again)
        }
        status if status.is_server_error() => (
            "Something went wrong here",
            "It is our fault, not yours. The server's log says more. Nothing was half done.".to_owned(),
            home,
        ),
        _ => ("That did not work", problem.detail().to_owned(), back),
    }
}
