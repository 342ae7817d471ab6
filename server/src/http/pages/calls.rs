//! The latest calls of every campaign: the first page of those who only listen. Everybody else also searches here for what
//! was said.

mod words;

use axum::extract::State;
use domain::calling_window::CampaignZone;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Interest, Page, Place};
use super::parts::head::head;
use super::parts::pager::{address, pager};
use super::parts::{badge, empty, show};
use crate::actions::users::Role;
use crate::http::auth::Listener;
use crate::http::query::{Cursor, ListIdentity, Position, SearchText};
use crate::http::state::HttpState;
use crate::http::{Problem, Query};
use crate::store::call_list::{Begin, CallFilter, Order};
use crate::store::calls::CallRecord;

/// Rows of a page.
const ROWS: u64 = 50;

/// The page as it stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    words: Option<SearchText>,
    cursor: Option<Cursor>,
}

/// Shows the latest calls, or those in which something was said.
pub async fn show(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let wanted = asked.words.as_ref().and_then(SearchText::text);
    if let Some(wanted) = wanted {
        // What was said is not for those who only listen.
        if visitor.role == Role::Listener {
            return Err(Problem::forbidden());
        }
        return words::found(&state, &visitor, wanted, asked.cursor.as_ref()).await;
    }
    let workspace = visitor.actor.workspace;
    let list =
        ListIdentity { endpoint: "calls of all campaigns", workspace: &workspace.to_string(), filters: "" };
    let key = &state.server.cursor_key;
    let begin = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(spot) => Begin::Behind(spot.parse().map_err(|_| Problem::invalid_cursor())?),
        Position::Skip(rows) => Begin::Skip(rows),
    };
    let (store, filter) = (&state.actions.store, CallFilter::of(workspace));
    let (mut found, counted) = tokio::try_join!(
        store.calls(&filter, Order::NEWEST_FIRST, begin, ROWS + 1),
        store.count_calls(&filter)
    )?;
    let more = found.len() as u64 > ROWS;
    found.truncate(ROWS as usize);
    let last = found.last().filter(|_| more).map(|last| Order::NEWEST_FIRST.spot(last));
    let next = last.map(|spot| key.seal(&list, &spot.to_string())).transpose()?;
    let names = store.names_of(found.iter().map(|call| call.prospect)).await?;
    let now = state.actions.clock.now();
    let total = counted.map_or_else(String::new, |counted| {
        let total = show::grouped(counted.calls);
        if counted.capped { format!("more than {total}") } else { total }
    });
    let rows = found.iter().map(|call| {
        let name = names.get(&call.prospect).map(String::as_str).filter(|name| !name.is_empty());
        row(call, name.unwrap_or("No name"), visitor.role, now)
    });
    let next = next.map(|cursor| address("/calls", &[("cursor", &cursor)]));
    let first = asked.cursor.is_some().then_some("/calls");
    let content = html! {
        @if found.is_empty() {
            (empty("No call yet", &html! { p { "Calls appear here as soon as a campaign makes them." } }))
        } @else {
            div.frame.cards {
                table {
                    thead { tr { th { "Made" } th { "Status" } th { "Who" } th { "Number" } th { "Answered by" } th.right { "Duration" } } }
                    tbody { @for row in rows { (row) } }
                }
            }
            (pager(found.len(), &total, first, next.as_deref()))
        }
    };
    let mut page = Page::new("Calls", place(visitor.role))
        .with("head", head("Calls", "The calls of every campaign, the latest first.", &html! {}));
    if visitor.role > Role::Listener {
        page = page.with("search", words::search(""));
    }
    let page = page.with("calls", content);
    Ok(page.live(Interest::Workspace))
}

/// Those who do more than listen come here from their campaigns.
fn place(role: Role) -> Place {
    if role > Role::Listener { Place::Campaigns } else { Place::Calls }
}

fn row(call: &CallRecord, name: &str, role: Role, now: Timestamp) -> Markup {
    let facts = &call.call.facts;
    html! {
        tr id=(call.id) {
            td data-label="Made" { a href={ "/calls/" (call.id) } { (show::short_time(call.created_at, now, &CampaignZone::utc())) } }
            td data-label="Status" { (badge::call(call.call.status())) }
            td data-label="Who" { (name) }
            td data-label="Number" { (show::phone(&call.to, role)) }
            td data-label="Answered by" { @if let Some(by) = facts.answered_by() { (badge::answered_by(by)) } @else { span.muted { "–" } } }
            td.right data-label="Duration" { @if let Some(seconds) = facts.duration_seconds { (show::duration(seconds.into())) } @else { span.muted { "–" } } }
        }
    }
}
