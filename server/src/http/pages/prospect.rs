//! The card of one person: who they are, every gate between them and a call, their calls, and what can be done.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::gate::{self, GateCheck, Verdict};
use domain::ids::ProspectId;
use domain::prospect::ProspectStatus;
use domain::queue::QueueRefused;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::campaign::prospects::{fields_of, inputs};
use super::form::Form;
use super::page::{Interest, Page, Place};
use super::parts::head::done;
use super::parts::{act, badge, facts, show};
use crate::actions::queue::Outcomes;
use crate::actions::users::{Role, Visitor};
use crate::http::api::prospects::fields::{NumberRules, ProspectFields};
use crate::http::api::prospects::load;
use crate::http::auth::{Analyst, Operator};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query, json, text};
use crate::store::call_list::{Begin, CallFilter, Order};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;

/// Calls that are shown.
const MOST_CALLS: u64 = 50;
/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    done: String,
}

impl Asked {
    fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "saved" => Some("Saved."),
            "placed" => {
                Some("The call is on its way. Every gate is asked once more right before it is made.")
            }
            "requeued" => Some("Back in line."),
            "skipped" => Some("Passed over for the rest of the campaign's day."),
            "unskipped" => Some("No longer passed over."),
            "listed" => Some("On the do-not-call list. Nobody rings this number any more."),
            _ => None,
        }
    }
}

/// Shows a person.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<ProspectId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let card = Card::of(&state, &visitor, id).await?;
    let page = card.page(&html! { (done(asked.done())) });
    Ok(page.live(Interest::Campaign(card.campaign.id)))
}

/// Asks what shall be different about a person.
pub async fn edit(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Page, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    let form = Form::filled([
        ("firstName", prospect.first_name.clone()),
        ("lastName", prospect.last_name.clone()),
        ("phone", prospect.phone.to_string()),
        ("email", prospect.email.clone()),
        ("company", prospect.company.clone()),
        ("title", prospect.title.clone()),
        ("priority", prospect.priority.as_str().to_owned()),
    ]);
    Ok(edit_page(&prospect, &campaign, &form))
}

/// Changes a person.
pub async fn change(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
    form: Form,
) -> Result<Response, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    let (of, installation) = (campaign.clone(), state.actions.installation.clone());
    let changed = match json::from_value::<ProspectFields>(fields_of(&form)) {
        Err(problem) => Err(problem),
        Ok(fields) => {
            let change = move |prospect: &ProspectRecord| {
                fields.changed(prospect, &NumberRules::of(&of, &installation)).map_err(Problem::invalid)
            };
            state.actions.change_prospect(visitor.actor, id, change).await
        }
    };
    match changed {
        Ok(_) => Ok(back(id, "saved")),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let page = edit_page(&prospect, &campaign, &form.with_problem(&problem));
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Places a call now.
pub async fn place(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (prospect, campaign) = load(&state, &visitor, id).await?;
    match state.actions.place_one(visitor.actor.clone(), campaign.id, prospect.id, None, None).await {
        Ok(call) => Ok(Redirect::to(&format!("/calls/{}", call.id)).into_response()),
        Err(refused) => {
            let problem = Problem::from(refused);
            if problem.status().is_server_error() {
                return Err(problem);
            }
            let card = Card::of(&state, &visitor, id).await?;
            let why = html! {
                div.notice.warn role="alert" { p { strong { "Not called." } " " (problem.detail()) } }
            };
            Ok(card.page(&why).status(StatusCode::CONFLICT).into_response())
        }
    }
}

/// Puts a person back in line.
pub async fn requeue(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let outcomes = state.actions.requeue(visitor.actor.clone(), campaign.id, vec![id]).await?;
    queued(&state, &visitor, id, outcomes, "requeued").await
}

/// Passes a person over for the rest of the day.
pub async fn skip(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let outcomes = state.actions.skip(visitor.actor.clone(), campaign.id, vec![id], None).await?;
    queued(&state, &visitor, id, outcomes, "skipped").await
}

/// Passes a person over no longer.
pub async fn unskip(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    let outcomes = state.actions.unskip(visitor.actor.clone(), campaign.id, vec![id]).await?;
    queued(&state, &visitor, id, outcomes, "unskipped").await
}

async fn queued(
    state: &HttpState,
    visitor: &Visitor,
    id: ProspectId,
    outcomes: Outcomes,
    done: &str,
) -> Result<Response, Problem> {
    let refused: Option<QueueRefused> = outcomes.into_iter().find_map(|(_, outcome)| outcome.err());
    let Some(refused) = refused else { return Ok(back(id, done)) };
    let card = Card::of(state, visitor, id).await?;
    let why =
        html! { div.notice.warn role="alert" { p { strong { "Nothing was changed." } " " (refused) } } };
    Ok(card.page(&why).status(StatusCode::CONFLICT).into_response())
}

/// Puts a person's number on the do-not-call list.
pub async fn do_not_call(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
    form: Form,
) -> Result<Response, Problem> {
    let (prospect, _) = load(&state, &visitor, id).await?;
    let reason = text::optional_name("/reason", Some(form.value("reason")), LONGEST_REASON)?;
    let reason = reason.unwrap_or_default();
    state.actions.add_do_not_call(visitor.actor, prospect.phone, "dashboard", reason).await?;
    Ok(back(id, "listed"))
}

/// Takes a person off the campaign.
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<ProspectId>,
) -> Result<Response, Problem> {
    let (_, campaign) = load(&state, &visitor, id).await?;
    state.actions.remove_prospect(visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/campaigns/{}/prospects?done=removed", campaign.id)).into_response())
}

fn back(id: ProspectId, done: &str) -> Response {
    Redirect::to(&format!("/prospects/{id}?done={done}")).into_response()
}

struct Card {
    prospect: ProspectRecord,
    campaign: CampaignRecord,
    gates: Vec<GateCheck>,
    calls: Vec<CallRecord>,
    role: Role,
    now: Timestamp,
}

impl Card {
    async fn of(state: &HttpState, visitor: &Visitor, id: ProspectId) -> Result<Self, Problem> {
        let (prospect, campaign) = load(state, visitor, id).await?;
        let (store, now) = (&state.actions.store, state.actions.clock.now());
        let installation = &state.actions.installation;
        let known =
            store.hold_facts(&campaign, std::slice::from_ref(&prospect), installation.pacing, now).await?;
        let gates = gate::examine(&known.of(&campaign, &prospect, &installation.rates)).to_vec();
        let mut filter = CallFilter::of(visitor.actor.workspace);
        filter.prospect = Some(id);
        let calls = store.calls(&filter, Order::NewestFirst, Begin::Skip(0), MOST_CALLS).await?;
        Ok(Self { prospect, campaign, gates, calls, role: visitor.role, now })
    }

    fn page(&self, notice: &Markup) -> Page {
        let name = show::name(&self.prospect.first_name, &self.prospect.last_name);
        Page::new(name, Place::Campaigns).with("head", self.head()).with("notice", notice.clone()).with(
            "card",
            html! {
                div.columns.uneven {
                    div.stack { (self.why()) (self.calls()) }
                    div.stack { (self.who()) (self.more()) }
                }
            },
        )
    }

    fn head(&self) -> Markup {
        let (prospect, base) = (&self.prospect, format!("/prospects/{}", self.prospect.id));
        html! {
            p.crumbs {
                a href="/campaigns" { "Campaigns" } " / "
                a href={ "/campaigns/" (self.campaign.id) "/prospects" } { (self.campaign.name) }
            }
            div.head {
                div {
                    h1 { (show::name(&prospect.first_name, &prospect.last_name)) }
                    p.lead { (badge::prospect(prospect.status)) " " (show::phone(&prospect.phone, self.role)) }
                }
                @if self.role >= Role::Operator {
                    div.actions {
                        @if matches!(prospect.status, ProspectStatus::Ready | ProspectStatus::Waiting) {
                            (act(&format!("{base}/place"), "Call now", "primary"))
                            @if prospect.is_skipped(self.now) {
                                (act(&format!("{base}/unskip"), "Do not skip", ""))
                            } @else {
                                (act(&format!("{base}/skip"), "Skip today", ""))
                            }
                        }
                        @if matches!(prospect.status, ProspectStatus::Done | ProspectStatus::Exhausted | ProspectStatus::Invalid | ProspectStatus::Waiting) {
                            (act(&format!("{base}/requeue"), "Back in line", ""))
                        }
                        a.button href={ (base) "/edit" } { "Edit" }
                    }
                }
            }
        }
    }

    fn why(&self) -> Markup {
        let zone = &self.campaign.rules.zone;
        let verdict = gate::verdict_of(&self.gates);
        html! {
            div.card {
                h2 { "Why not now" }
                p {
                    @match verdict {
                        Verdict::Dial => "Nothing is in the way: they are rung as soon as it is their turn.",
                        Verdict::Hold { reason, until } => {
                            strong { (reason.explain()) }
                            @if let Some(until) = until { " Next possible time: " (show::short_time(until, self.now, zone)) "." }
                        }
                        Verdict::Never(reason) => strong { (reason.explain()) },
                    }
                }
                details open[verdict != Verdict::Dial] {
                    summary { "Every question that is asked before a call, in order" }
                    ol.gates {
                        @for check in &self.gates {
                            li {
                                @match check.verdict {
                                    Verdict::Dial => { span.badge.tone-good { (gate_word(check.gate)) } span.muted { "open" } }
                                    Verdict::Hold { reason, until } => {
                                        span.badge.tone-warn.hollow { (gate_word(check.gate)) }
                                        span { (reason.explain()) @if let Some(until) = until { " Until " (show::short_time(until, self.now, zone)) "." } }
                                    }
                                    Verdict::Never(reason) => {
                                        span.badge.tone-danger.square { (gate_word(check.gate)) }
                                        span { (reason.explain()) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn calls(&self) -> Markup {
        let zone = &self.campaign.rules.zone;
        html! {
            div.card {
                h2 { "Calls" }
                @if self.calls.is_empty() { p.muted { "Not called yet." } } @else {
                    div.frame.cards {
                        table {
                            thead { tr { th { "Made" } th { "Status" } th { "Answered by" } th.right { "Duration" } th.right { "Cost" } } }
                            tbody {
                                @for call in &self.calls {
                                    tr id=(call.id) {
                                        td data-label="Made" { a href={ "/calls/" (call.id) } { (show::short_time(call.created_at, self.now, zone)) } }
                                        td data-label="Status" { (badge::call(call.call.status())) }
                                        td data-label="Answered by" { (call.call.facts.answered_by().map_or("–", badge::answered_by)) }
                                        td.right data-label="Duration" { (call.call.facts.duration_seconds.map_or("–".to_owned(), |it| show::duration(it.into()))) }
                                        td.right data-label="Cost" { (call.call.facts.price.map_or("–".to_owned(), show::price)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn who(&self) -> Markup {
        let prospect = &self.prospect;
        let text = |text: &str| {
            if text.is_empty() {
                html! { span.muted { "–" } }
            } else {
                html! { (text) }
            }
        };
        let custom: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&prospect.metadata).unwrap_or_default();
        html! {
            div.card {
                h2 { "Details" }
                (facts(&[
                    ("Company", text(&prospect.company)),
                    ("Title", text(&prospect.title)),
                    ("E-mail", text(&prospect.email)),
                    ("Number", show::phone(&prospect.phone, self.role)),
                    ("Priority", html! { (prospect.priority.as_str()) }),
                    ("Calls made", html! { (prospect.attempts) }),
                    ("Last outcome", prospect.disposition.map_or_else(|| text(""), |it| text(badge::disposition(it)))),
                    ("Added", show::short_time(prospect.created_at, self.now, &self.campaign.rules.zone)),
                ]))
                @if !custom.is_empty() {
                    h3 { "Fields of your own" }
                    dl.facts { @for (name, value) in &custom { dt { (name) } dd { (spoken(value)) } } }
                }
            }
        }
    }

    fn more(&self) -> Markup {
        let base = format!("/prospects/{}", self.prospect.id);
        html! {
            @if self.role >= Role::Operator && !matches!(self.prospect.status, ProspectStatus::Removed) {
                div.card {
                    h2 { "Never again" }
                    @if self.prospect.status != ProspectStatus::DoNotCall {
                        form method="post" action={ (base) "/do-not-call" } {
                            div.field {
                                label for="reason" { "Why" }
                                input #reason name="reason" type="text" maxlength="500";
                                span.hint { "The number goes on the do-not-call list of the whole team, at once." }
                            }
                            button.grave type="submit" { "Do not call" }
                        }
                    }
                    details {
                        summary { "Take off this campaign" }
                        p { "They are not rung by this campaign any more. Their calls stay on record." }
                        (act(&format!("{base}/remove"), "Take off", "grave"))
                    }
                }
            }
        }
    }
}

fn spoken(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const fn gate_word(gate: gate::Gate) -> &'static str {
    match gate {
        gate::Gate::DoNotCall => "Do-not-call",
        gate::Gate::Quarantine => "Quarantine",
        gate::Gate::Prospect => "Prospect",
        gate::Gate::Campaign => "Campaign",
        gate::Gate::KillSwitch => "Dialing switch",
        gate::Gate::Due => "Due",
        gate::Gate::CallingWindow => "Calling window",
        gate::Gate::DailyLimit => "Daily limit",
        gate::Gate::FrequencyCap => "Cap per number",
        gate::Gate::Budget => "Budget",
        gate::Gate::NumberFree => "Number free",
        gate::Gate::Pacing => "Pace",
    }
}

fn edit_page(prospect: &ProspectRecord, campaign: &CampaignRecord, form: &Form) -> Page {
    let name = show::name(&prospect.first_name, &prospect.last_name);
    let base = format!("/prospects/{}", prospect.id);
    let content = html! {
        p.crumbs { a href={ "/campaigns/" (campaign.id) "/prospects" } { (campaign.name) } " / " a href=(base) { (name) } }
        h1 { "Edit " (name) }
        div.card {
            form method="post" action={ (base) "/edit" } {
                (inputs(form))
                div.actions {
                    button.primary type="submit" { "Save" }
                    a.button href=(base) { "Cancel" }
                }
            }
        }
    };
    Page::new(format!("Edit {name}"), Place::Campaigns).with("edit", content)
}
