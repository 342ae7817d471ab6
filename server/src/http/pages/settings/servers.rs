//! Servers, their clocks, and what must not happen and did.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::calling_window::CampaignZone;
use domain::ids::{CallId, IncidentId};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{refused, tab};
use crate::actions::nodes::ConfirmRefused;
use crate::actions::users::{Role, Visitor};
use crate::http::auth::{Admin, Analyst};
use crate::http::pages::page::Page;
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::pager::address;
use crate::http::pages::parts::{act, empty, facts, show};
use crate::http::query::{Cursor, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{Problem, Query};
use crate::store::incidents::{IncidentKind, IncidentRecord};
use crate::store::nodes::NodeRecord;
use crate::store::sweeps::SweepRecord;

/// Incidents of a page.
const ROWS: u64 = 50;

/// The page as it stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    cursor: Option<Cursor>,
    done: String,
}

/// Shows servers and incidents; servers only to administrators.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    page(&state, &visitor, &asked, None).await
}

/// Says that this server's clock is right.
pub async fn confirm_clock(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
) -> Result<Response, Problem> {
    match state.actions.confirm_clock(visitor.actor.clone()).await {
        Ok(()) => Ok(Redirect::to("/settings/servers?done=confirmed").into_response()),
        Err(ConfirmRefused::Skewed(hold)) => {
            let problem = Problem::conflict("clock_skewed", hold.explain());
            let page = page(&state, &visitor, &Asked::default(), Some(&problem)).await?;
            Ok(page.status(StatusCode::CONFLICT).into_response())
        }
        Err(ConfirmRefused::Store(error)) => Err(error.into()),
    }
}

async fn page(
    state: &HttpState,
    visitor: &Visitor,
    asked: &Asked,
    trouble: Option<&Problem>,
) -> Result<Page, Problem> {
    let (store, now) = (&state.actions.store, state.actions.clock.now());
    let nodes = if visitor.role >= Role::Admin { store.nodes().await? } else { Vec::new() };
    let sweep = store.latest_sweep().await?;
    let said = (asked.done == "confirmed").then_some("Confirmed. This server dials again.");
    Ok(tab(visitor.role, "/settings/servers")
        .with("done", done(said))
        .with("refused", refused(trouble))
        .with("servers", html! { @if !nodes.is_empty() { (servers(&nodes, now)) } })
        .with("sweep", last_sweep(sweep.as_ref(), now))
        .with("incidents", incidents(state, visitor, asked, now).await?))
}

fn servers(nodes: &[NodeRecord], now: Timestamp) -> Markup {
    let held: Vec<_> = nodes.iter().filter(|node| node.is_living() && node.role.dials()).collect();
    let holds = held.iter().filter_map(|node| Some((&node.name, node.hold.as_ref()?)));
    html! {
        @for (name, (_, detail)) in holds {
            div.notice.danger role="status" {
                p { strong { (name) " dials nobody: " } (detail) }
                p { "When the clock was set and is right now, say so, on that server: it dials again." }
                (act("/settings/servers/confirm-clock", "The clock is right", ""))
            }
        }
        h2 #servers-title { "Servers" }
        div.frame.cards {
            table aria-labelledby="servers-title" {
                thead { tr { th { "Server" } th { "State" } th { "Does" } th { "Version" } th { "Since" } th { "Lease until" } th { "Clock" } } }
                tbody { @for node in nodes { (server(node, now)) } }
            }
        }
    }
}

fn server(node: &NodeRecord, now: Timestamp) -> Markup {
    let utc = CampaignZone::utc();
    let does = match node.role.as_str() {
        "all" => "everything",
        "web" => "pages and webhooks",
        "dialer" => "dials",
        _ => "a command",
    };
    // On SQLite the lock of the file is the lease, and its end lies beyond every calendar.
    let for_ever = node.lease_until.duration_since(now).as_hours() > 24 * 365;
    html! {
        tr id=(node.id) {
            td data-label="Server" { div { (node.name) span.sub { (node.id) } } }
            td data-label="State" {
                @match node.stopped_at {
                    None => span.badge.tone-good { "Works" },
                    Some(at) => span.badge.hollow.tone-muted { "Ended " (show::short_time(at, now, &utc)) },
                }
            }
            td data-label="Does" { (does) }
            td data-label="Version" { (node.version) }
            td data-label="Since" { (show::short_time(node.started_at, now, &utc)) }
            td data-label="Lease" {
                div {
                    @if !node.is_living() { span.muted { "–" } }
                    @else if for_ever { "its end" }
                    @else { (show::short_time(node.lease_until, now, &utc)) }
                    @if node.epoch > 1 { span.sub { "changed hands: " (node.epoch - 1) } }
                }
            }
            td data-label="Clock" {
                div {
                    @if node.is_living() && node.hold.is_some() { span.badge.square.tone-danger { "Not trusted" } } @else { "trusted" }
                    @if node.skew_ms != 0 { span.sub { (node.skew_ms) " ms ahead of the database" } }
                }
            }
        }
    }
}

fn last_sweep(sweep: Option<&SweepRecord>, now: Timestamp) -> Markup {
    let utc = CampaignZone::utc();
    html! {
        div.card {
            h2 { "The daily comparison with the carrier’s list of calls" }
            @match sweep {
                None => p.muted { "Not yet. It is made once a day, at night in UTC." },
                Some(sweep) => (facts(&[
                    ("Began", show::short_time(sweep.began_at, now, &utc)),
                    ("Done", match sweep.finished_at {
                        Some(at) => show::short_time(at, now, &utc),
                        None => html! { span.muted { "not yet, or its server is gone" } },
                    }),
                    ("Calls in the list", html! { (show::grouped(sweep.findings.listed)) }),
                    ("Told us something new", html! { (show::grouped(sweep.findings.caught_up)) }),
                    ("Not ours", html! { (show::grouped(sweep.findings.stray)) }),
                    ("Missing there", html! { (show::grouped(sweep.findings.missing)) }),
                ])),
            }
        }
    }
}

async fn incidents(
    state: &HttpState,
    visitor: &Visitor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Markup, Problem> {
    let workspace = visitor.actor.workspace;
    let list = ListIdentity { endpoint: "incidents page", workspace: &workspace.to_string(), filters: "" };
    let key = &state.server.cursor_key;
    let after = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        // Our own seal is on it.
        Position::After(id) => id.parse::<IncidentId>().ok(),
        Position::Skip(_) => None,
    };
    let mut found = state.actions.store.incidents(workspace, after, ROWS + 1).await?;
    let more = found.len() as u64 > ROWS;
    found.truncate(ROWS as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next = last.map(|id| key.seal(&list, &id)).transpose()?;
    let next = next.map(|cursor| address("/settings/servers", &[("cursor", &cursor)]));
    Ok(html! {
        h2 #incidents-title { "What must not happen and did" }
        @if found.is_empty() {
            (empty("Nothing of the kind", &html! { p { "Here would stand rings outside of hours, calls from your numbers that nobody here made, and calls that the carrier has lost." } }))
        } @else {
            div.frame.cards {
                table aria-labelledby="incidents-title" {
                    thead { tr { th { "When" } th { "What" } th { "Call" } } }
                    tbody { @for incident in &found { (row(incident, now)) } }
                }
            }
            nav.pages aria-label="Pages" {
                span { (found.len()) " shown" }
                div.actions {
                    @if asked.cursor.is_some() { a.button.small href="/settings/servers" { "First page" } }
                    @if let Some(next) = &next { a.button.small href=(next) rel="next" { "Next page" } }
                }
            }
        }
    })
}

fn row(incident: &IncidentRecord, now: Timestamp) -> Markup {
    let kind = match incident.kind {
        IncidentKind::DialedOutsideHours => "Dialed outside of hours",
        IncidentKind::StrayCall => "A call that nobody here made",
        IncidentKind::MissingAtCarrier => "The carrier does not list it",
    };
    let known = incident.subject.parse::<CallId>().is_ok();
    html! {
        tr id=(incident.id) {
            td data-label="When" { (show::short_time(incident.noted_at, now, &CampaignZone::utc())) }
            td data-label="What" { div { strong { (kind) } span.sub { (incident.detail) } } }
            td data-label="Call" {
                @if known { a href={ "/calls/" (incident.subject) } { "Open the call" } } @else { code { (incident.subject) } }
            }
        }
    }
}
