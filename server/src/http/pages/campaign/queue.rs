//! The queue of a campaign: who is rung next, in the very order of the dialer, and what people do about it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::disposition::Disposition;
use domain::ids::{CampaignId, ProspectId};
use domain::queue::Priority;
use maud::{Markup, html};
use serde::Deserialize;

use super::outlook::{Outlook, outlook};
use crate::actions::calls::PlacedMany;
use crate::actions::users::{Role, Visitor};
use crate::http::api::campaigns::load;
use crate::http::api::prospects::view::{Hold, hold_of};
use crate::http::auth::{Analyst, Operator};
use crate::http::pages::form::Form;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::{badge, empty, show, tiles};
use crate::http::state::HttpState;
use crate::http::{FieldError, PathId, Problem, Query};
use crate::store::prospects::ProspectRecord;

/// Those who are shown: the front of the line.
const ROWS: u64 = 50;
/// Calls placed by hand at once, at most.
const MOST_CALLS: u32 = 500;

/// Outcomes after which people may be put back in line, in the order in which they are offered.
const OUTCOMES: [Disposition; 5] = [
    Disposition::Busy,
    Disposition::NoAnswer,
    Disposition::Failed,
    Disposition::MachineAnswered,
    Disposition::Canceled,
];

/// What was just done, to how many.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
    n: u64,
}

impl Asked {
    fn done(&self) -> Option<String> {
        let people = show::number_of(self.n, "person", "people");
        match self.done.as_str() {
            "cleared" => Some(format!("{people} taken out of the line. They can be put back below.")),
            "restored" => Some(format!("{people} put back to where they stood.")),
            "requeued" => Some(format!("{people} put back in line.")),
            "changed" => Some("Done.".to_owned()),
            _ => None,
        }
    }
}

/// Shows the front of the line.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let done = asked.done();
    let notice = html! { @if let Some(done) = done { div.notice.good role="status" { p { (done) } } } };
    let page = page(&state, &visitor, id, notice).await?;
    Ok(page.live(Interest::Campaign(id)))
}

/// Gives somebody a priority, or passes them over for today.
pub async fn change(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let who: ProspectId = form.value("prospect").parse().map_err(|_| Problem::not_found("prospect"))?;
    let (actions, actor) = (&state.actions, visitor.actor.clone());
    let outcomes = match form.value("wish") {
        "next" => actions.prioritise(actor, id, vec![who], Priority::Next).await?,
        "normal" => actions.prioritise(actor, id, vec![who], Priority::Normal).await?,
        "skip" => actions.skip(actor, id, vec![who], None).await?,
        "unskip" => actions.unskip(actor, id, vec![who]).await?,
        _ => {
            return Err(
                FieldError::at("/wish", "unknown_value", "expected next, normal, skip or unskip").into()
            );
        }
    };
    match outcomes.into_iter().find_map(|(_, outcome)| outcome.err()) {
        None => Ok(back(id, "changed", 0)),
        Some(refused) => refused_page(&state, &visitor, id, &refused.to_string()).await,
    }
}

/// Places calls to the next few now.
pub async fn place_next(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    load(&state, &visitor, id).await?;
    let most = form.value("maxCalls").trim().parse().ok().filter(|most| (1..=MOST_CALLS).contains(most));
    let Some(most) = most else {
        let what = format!("Say how many, from 1 to {MOST_CALLS}.");
        return refused_page(&state, &visitor, id, &what).await;
    };
    let PlacedMany { placed, refused } = state.actions.place_next(visitor.actor.clone(), id, most).await?;
    let said = html! {
        div.notice.good[refused.is_empty()].warn[!refused.is_empty()] role="status" {
            p { (show::number_of(placed.len() as u64, "call is", "calls are")) " on the way." }
            @if let Some((_, why)) = refused.first() {
                p { "Not called: " (show::number_of(refused.len() as u64, "person", "people")) ". " (why) }
            }
            @if placed.is_empty() && refused.is_empty() { p { "Nobody is due." } }
        }
    };
    Ok(page(&state, &visitor, id, said).await?.into_response())
}

/// Puts back in line everybody whose last call ended in one of some ways.
pub async fn requeue(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
    form: Form,
) -> Result<Response, Problem> {
    let outcomes: Vec<Disposition> = form.all("outcome").filter_map(Disposition::parse).collect();
    if outcomes.is_empty() {
        return refused_page(&state, &visitor, id, "Choose at least one outcome.").await;
    }
    let swept = state.actions.requeue_all(visitor.actor, id, outcomes).await?;
    Ok(back(id, "requeued", swept.changed))
}

/// Takes everybody out of the line.
pub async fn clear(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Response, Problem> {
    let cleared = state.actions.clear_queue(visitor.actor, id).await?;
    Ok(back(id, "cleared", cleared.prospects))
}

/// Puts everybody back whom a clearing took out.
pub async fn restore(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Response, Problem> {
    let restored = state.actions.restore_queue(visitor.actor, id, None).await?;
    Ok(back(id, "restored", restored))
}

fn back(id: CampaignId, done: &str, n: u64) -> Response {
    Redirect::to(&format!("/campaigns/{id}/queue?done={done}&n={n}")).into_response()
}

async fn refused_page(
    state: &HttpState,
    visitor: &Visitor,
    id: CampaignId,
    why: &str,
) -> Result<Response, Problem> {
    let notice = html! { div.notice.warn role="alert" { p { strong { "Nothing was changed." } " " (why) } } };
    let page = page(state, visitor, id, notice).await?;
    Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
}

async fn page(state: &HttpState, visitor: &Visitor, id: CampaignId, notice: Markup) -> Result<Page, Problem> {
    let outlook = outlook(state, load(state, visitor, id).await?).await?;
    let (store, now) = (&state.actions.store, outlook.now());
    let places = store.line(&outlook.campaign, now, None, ROWS).await?;
    let ids: Vec<ProspectId> = places.iter().map(|place| place.prospect).collect();
    let prospects = store.prospects_in_order(&ids).await?;
    let installation = &state.actions.installation;
    let facts = store.hold_facts(&outlook.campaign, &prospects, installation.means(), now).await?;
    let cleared = store.count_cleared(id).await?;
    let held = |prospect: ProspectRecord| {
        let hold = hold_of(&prospect, &outlook.campaign, &facts, &installation.rates);
        (prospect, hold)
    };
    let line: Vec<_> = prospects.into_iter().map(held).collect();
    Ok(super::page(&outlook, visitor.role, "/queue")
        .with("notice", notice)
        .with("figures", figures(&outlook))
        .with("wishes", html! { @if visitor.role >= Role::Operator { (wishes(&outlook, cleared)) } })
        .with("line", line_markup(&outlook, &line, visitor.role)))
}

fn figures(outlook: &Outlook) -> Markup {
    let base = format!("/campaigns/{}/prospects", outlook.campaign.id);
    let queue = outlook.queue;
    let linked =
        |count: u64, status: &str| html! { a href={ (base) "?status=" (status) } { (show::grouped(count)) } };
    tiles(&[
        ("Ready", linked(queue.ready, "ready")),
        ("Waiting for another attempt", linked(queue.waiting, "waiting")),
        ("Passed over for now", html! { (show::grouped(queue.skipped)) }),
        ("In a call", linked(queue.in_call, "in_call")),
        ("Outcome unknown", linked(queue.held, "held")),
    ])
}

fn wishes(outlook: &Outlook, cleared: u64) -> Markup {
    let base = format!("/campaigns/{}/queue", outlook.campaign.id);
    let in_line = outlook.queue.ready + outlook.queue.waiting + outlook.queue.skipped;
    html! {
        div.columns.three {
            div.card {
                h2 { "Ring the next few now" }
                form.filters method="post" action={ (base) "/place" } {
                    div.field { label for="maxCalls" { "How many" } input #maxCalls name="maxCalls" type="number" min="1" max=(MOST_CALLS) value="10" required; }
                    button type="submit" { "Call them" }
                }
                p.muted { "Every gate is asked again for each of them." }
            }
            div.card {
                h2 { "Back in line" }
                form method="post" action={ (base) "/requeue" } {
                    fieldset {
                        legend.unseen { "Whose last call ended with" }
                        @for outcome in OUTCOMES {
                            label.check { input type="checkbox" name="outcome" value=(outcome.as_str()); (badge::disposition(outcome)) }
                        }
                    }
                    button type="submit" { "Put them back in line" }
                }
            }
            div.card {
                h2 { "The whole line" }
                @if in_line > 0 {
                    p { "Clearing takes " (show::number_of(in_line, "person", "people")) " out of the line. Calls under way go on. It can be undone." }
                    form method="post" action={ (base) "/clear" } { button.grave type="submit" { "Clear the queue" } }
                } @else { p.muted { "Nobody waits." } }
                @if cleared > 0 {
                    p { (show::number_of(cleared, "person was", "people were")) " taken out by a clearing." }
                    form method="post" action={ (base) "/restore" } { button type="submit" { "Put them back" } }
                }
            }
        }
    }
}

fn line_markup(outlook: &Outlook, line: &[(ProspectRecord, Option<Hold>)], role: Role) -> Markup {
    if line.is_empty() {
        let base = format!("/campaigns/{}/prospects", outlook.campaign.id);
        return empty(
            "Nobody waits in line",
            &html! { p { a href=(base) { "See where everybody stands" } } },
        );
    }
    html! {
        h2 #line-title { "Next in line" }
        div.frame.cards {
            table aria-labelledby="line-title" {
                thead {
                    tr {
                        th.right { "Place" } th { "Who" } th { "Number" } th { "Due" } th.right { "Attempt" } th { "Priority" } th { "Why not now" }
                        @if role >= Role::Operator { th { span.unseen { "Act" } } }
                    }
                }
                tbody {
                    @for (index, (prospect, hold)) in line.iter().enumerate() { (row(outlook, index, prospect, hold.as_ref(), role)) }
                }
            }
        }
        @if line.len() as u64 == ROWS { p.muted { "The first " (ROWS) " in line." } }
    }
}

fn row(
    outlook: &Outlook,
    index: usize,
    prospect: &ProspectRecord,
    hold: Option<&Hold>,
    role: Role,
) -> Markup {
    let (zone, now) = (&outlook.campaign.rules.zone, outlook.now());
    let name = show::name(&prospect.first_name, &prospect.last_name);
    html! {
        tr id=(prospect.id) {
            td.right data-label="Place" { (index + 1) }
            td data-label="Who" { a href={ "/prospects/" (prospect.id) } { (name) } }
            td data-label="Number" { (show::phone(&prospect.phone, role)) }
            td data-label="Due" { @if let Some(due) = prospect.due_at.filter(|due| *due > now) { (show::short_time(due, now, zone)) } @else { "now" } }
            td.right data-label="Attempt" { (prospect.attempts + 1) }
            td data-label="Priority" { (prospect.priority.as_str()) @if prospect.is_skipped(now) { ", skipped" } }
            td data-label="Why not now" { @match hold { Some(hold) => (hold.explanation()), None => "Nothing is in the way." } }
            @if role >= Role::Operator {
                td data-label="" {
                    form.actions method="post" action={ "/campaigns/" (outlook.campaign.id) "/queue" } {
                        input type="hidden" name="prospect" value=(prospect.id);
                        @if prospect.priority == Priority::Next {
                            button.small type="submit" name="wish" value="normal" { "Not first" span.unseen { ": " (name) } }
                        } @else {
                            button.small type="submit" name="wish" value="next" { "First" span.unseen { ": " (name) } }
                        }
                        @if prospect.is_skipped(now) {
                            button.small type="submit" name="wish" value="unskip" { "Do not skip" span.unseen { " " (name) } }
                        } @else {
                            button.small type="submit" name="wish" value="skip" { "Skip today" span.unseen { ": " (name) } }
                        }
                    }
                }
            }
        }
    }
}
