//! Whom never to ring: search, add, remove with a reason, and the whole list as a file.

/// Numbers that come as a file.
pub mod import;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use domain::calling_window::CampaignZone;
use domain::phone_number::{PhoneNumber, Region};
use futures_util::stream;
use maud::{Markup, html};
use serde::Deserialize;

use super::form::Form;
use super::page::{Page, Place};
use super::parts::field::{Field, mistakes};
use super::parts::head::{done, head};
use super::parts::pager::{address, pager};
use super::parts::{empty, show};
use crate::actions::users::{Role, Visitor};
use crate::http::auth::{Admin, Analyst, Operator};
use crate::http::csv::push_row;
use crate::http::query::{Cursor, ListIdentity, Position, SearchText};
use crate::http::state::HttpState;
use crate::http::{FieldError, Problem, Query, text};
use crate::store::StoreError;

/// Rows of a page.
const ROWS: u64 = 50;
/// Rows read at once for a file.
const AT_ONCE: u64 = 1_000;
/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// Search and page as they stand in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: Option<SearchText>,
    cursor: Option<Cursor>,
    done: String,
}

impl Asked {
    fn text(&self) -> Option<&str> {
        self.q.as_ref().and_then(SearchText::text)
    }

    fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "added" => Some("Added. Nobody rings this number any more."),
            "known" => Some("The number was on the list already."),
            "removed" => Some(
                "Removed. People with this number stay as they are until somebody puts them back in line.",
            ),
            _ => None,
        }
    }
}

/// Shows the list.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    page(&state, &visitor, &asked, &Form::default()).await
}

/// Puts a number on the list.
pub async fn add(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    form: Form,
) -> Result<Response, Problem> {
    match read(&form) {
        Ok((number, reason)) => {
            let new = state.actions.add_do_not_call(visitor.actor, number, "dashboard", reason).await?;
            let done = if new { "added" } else { "known" };
            Ok(Redirect::to(&format!("/do-not-call?done={done}")).into_response())
        }
        Err(problem) => {
            let form = form.with_problem(&problem);
            let page = page(&state, &visitor, &Asked::default(), &form).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Takes a number off the list, with the reason on record.
pub async fn remove(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    form: Form,
) -> Result<Response, Problem> {
    let (number, reason) = read(&form)?;
    if reason.is_empty() {
        let what = "Say why it may be rung again; the reason is kept.";
        return Err(FieldError::at("/reason", "required", what).into());
    }
    state.actions.remove_do_not_call(visitor.actor, number, reason).await?;
    Ok(Redirect::to("/do-not-call?done=removed").into_response())
}

fn read(form: &Form) -> Result<(PhoneNumber, String), Problem> {
    let region = Region::parse("US").ok();
    let number = PhoneNumber::parse(form.value("phone"), region);
    let number = number.map_err(|error| FieldError::at("/phone", error.code(), error.to_string()))?;
    let reason = text::optional_name("/reason", Some(form.value("reason")), LONGEST_REASON)?;
    Ok((number, reason.unwrap_or_default()))
}

async fn page(state: &HttpState, visitor: &Visitor, asked: &Asked, form: &Form) -> Result<Page, Problem> {
    let workspace = visitor.actor.workspace;
    let list = ListIdentity {
        endpoint: "do-not-call page",
        workspace: &workspace.to_string(),
        filters: asked.text().unwrap_or_default(),
    };
    let key = &state.server.cursor_key;
    let after = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(number) => Some(PhoneNumber::from_e164_unchecked(number)),
        Position::Skip(_) => None,
    };
    let store = &state.actions.store;
    let mut found = store.do_not_call_list(workspace, asked.text(), after.as_ref(), ROWS + 1).await?;
    let more = found.len() as u64 > ROWS;
    found.truncate(ROWS as usize);
    let last = found.last().filter(|_| more).map(|last| last.phone.to_string());
    let next = last.map(|number| key.seal(&list, &number)).transpose()?;
    let total = store.count_do_not_call(workspace).await?;
    let (editable, removable) = (visitor.role >= Role::Operator, visitor.role >= Role::Admin);
    let now = state.actions.clock.now();
    let utc = CampaignZone::utc();
    let rows = html! {
        @if found.is_empty() { (nothing(asked)) } @else {
            div.frame.cards {
                table {
                    thead { tr { th { "Number" } th { "Since" } th { "From" } th { "Reason" } th { span.unseen { "Act" } } } }
                    tbody {
                        @for entry in &found {
                            tr id={ "n" (entry.phone.as_str().trim_start_matches('+')) } {
                                td data-label="Number" { (show::phone(&entry.phone, visitor.role)) }
                                td data-label="Since" { (show::short_time(entry.created_at, now, &utc)) }
                                td data-label="From" { (entry.source) }
                                td data-label="Reason" { @if entry.reason.is_empty() { span.muted { "–" } } @else { (entry.reason) } }
                                td data-label="" { @if removable { (removal(&entry.phone)) } }
                            }
                        }
                    }
                }
            }
            @let next = next.map(|cursor| address("/do-not-call", &[("q", asked.text().unwrap_or_default()), ("cursor", &cursor)]));
            @let first = asked.cursor.is_some().then(|| address("/do-not-call", &[("q", asked.text().unwrap_or_default())]));
            (pager(found.len(), &show::grouped(total), first.as_deref(), next.as_deref()))
        }
    };
    let lead = format!(
        "{} that nobody rings, in any campaign, from the instant they are added.",
        show::number_of(total, "number", "numbers")
    );
    let actions = html! {
        @if editable { a.button href="/do-not-call/import" { "Import…" } }
        a.button href="/do-not-call.csv" { "Export CSV" }
    };
    Ok(Page::new("Do-not-call", Place::DoNotCall)
        .with("head", head("Do-not-call", lead, &actions))
        .with("done", done(asked.done()))
        .with("add", html! { @if editable { (addition(form)) } })
        .with("search", search(asked))
        .with("list", rows))
}

fn addition(form: &Form) -> Markup {
    html! {
        div.card {
            h2 { "Add a number" }
            (mistakes(form))
            form method="post" action="/do-not-call" {
                div.row {
                    (Field::text(form, "phone", "Phone number").kind("tel").required().line())
                    (Field::text(form, "reason", "Why").line())
                }
                button.primary type="submit" { "Do not call" }
            }
        }
    }
}

fn search(asked: &Asked) -> Markup {
    html! {
        form.filters method="get" action="/do-not-call" role="search" {
            div.field {
                label for="q" { "Search" }
                input #q name="q" type="search" value=[asked.text()] placeholder="Part of a number" maxlength="128";
            }
            button type="submit" { "Search" }
            @if asked.text().is_some() { a.button href="/do-not-call" { "Clear" } }
        }
    }
}

fn removal(number: &PhoneNumber) -> Markup {
    html! {
        details {
            summary { "Remove" span.unseen { " " (number.international()) } }
            form method="post" action="/do-not-call/remove" {
                input type="hidden" name="phone" value=(number);
                div.field {
                    label { "Why it may be rung again" input name="reason" type="text" required maxlength="500"; }
                }
                button.small.grave type="submit" { "Remove" }
            }
        }
    }
}

fn nothing(asked: &Asked) -> Markup {
    if asked.text().is_some() {
        return empty(
            "No such number on the list",
            &html! { p { a href="/do-not-call" { "Show the whole list" } } },
        );
    }
    empty(
        "Nobody has opted out yet",
        &html! { p { "Numbers come here by hand, from a prospect's page, by an import, through the API, or when somebody asks on the phone." } },
    )
}

/// The whole list as a file.
pub async fn export(State(state): State<HttpState>, Analyst(visitor): Analyst) -> Response {
    let workspace = visitor.actor.workspace;
    let mut header = String::new();
    push_row(&mut header, ["number", "since", "source", "reason"]);
    let store = state.actions.store.clone();
    let rows = stream::try_unfold(Some((None, header)), move |at: Option<(Option<PhoneNumber>, String)>| {
        let store = store.clone();
        async move {
            let Some((after, mut text)) = at else { return Ok::<_, StoreError>(None) };
            let found = store.do_not_call_list(workspace, None, after.as_ref(), AT_ONCE).await?;
            for entry in &found {
                let since = entry.created_at.to_string();
                push_row(&mut text, [entry.phone.as_str(), &since, &entry.source, &entry.reason]);
            }
            let full = found.len() as u64 == AT_ONCE;
            let next = found.last().filter(|_| full).map(|last| (Some(last.phone.clone()), String::new()));
            Ok(Some((Bytes::from(text), next)))
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"do-not-call.csv\""),
    ];
    (headers, Body::from_stream(rows)).into_response()
}
