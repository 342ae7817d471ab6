//! What is happening right now: calls under way, the pace, the carrier's health, why campaigns wait, the switch.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use domain::call::CallStatus;
use domain::calling_window::CampaignZone;
use domain::campaign::CampaignStatus;
use domain::pacing::PaceTrouble;
use jiff::Timestamp;
use maud::{Markup, html};

use super::campaign::outlook::{Outlook, outlooks};
use super::page::{Interest, Page, Place};
use super::parts::head::head;
use super::parts::{badge, empty, show, tiles};
use crate::actions::users::{Role, Visitor};
use crate::http::Problem;
use crate::http::auth::{Admin, Analyst, Operator};
use crate::http::state::HttpState;
use crate::store::call_list::{Begin, CallFilter, Order};
use crate::store::calls::CallRecord;
use crate::store::incidents::IncidentRecord;
use crate::store::pace::PaceScope;

/// Calls under way that are shown, at most.
const MOST_CALLS: u64 = 100;
/// Incidents that are shown.
const MOST_INCIDENTS: u64 = 5;

/// Shows what is happening.
pub async fn show(State(state): State<HttpState>, Analyst(visitor): Analyst) -> Result<Page, Problem> {
    let seen = Seen::of(&state, &visitor).await?;
    let page = Page::new("Live", Place::Live)
        .with("head", head("Live", seen.summary(), &seen.switch()))
        .with("figures", seen.figures())
        .with("calls", seen.calls())
        .with("campaigns", seen.campaigns())
        .with("incidents", seen.incidents());
    Ok(page.live(Interest::Workspace))
}

/// Switches dialing off for everybody.
pub async fn stop(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
) -> Result<impl IntoResponse, Problem> {
    state.actions.switch_dialing(visitor.actor, true).await?;
    Ok(Redirect::to("/live"))
}

/// Switches dialing on again.
pub async fn resume(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
) -> Result<impl IntoResponse, Problem> {
    state.actions.switch_dialing(visitor.actor, false).await?;
    Ok(Redirect::to("/live"))
}

/// Ends a quarantine that is reconciled.
pub async fn resume_from_quarantine(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
) -> Result<impl IntoResponse, Problem> {
    state.actions.resume_from_quarantine(visitor.actor).await?;
    Ok(Redirect::to("/live"))
}

struct Seen {
    role: Role,
    now: Timestamp,
    stopped: bool,
    quarantine: bool,
    live: Vec<(CallRecord, String)>,
    live_total: u64,
    ceiling: u32,
    rate: f64,
    started_lately: u64,
    trouble: Option<(PaceTrouble, Timestamp)>,
    campaigns: Vec<Outlook>,
    incidents: Vec<IncidentRecord>,
    clock_holds: Vec<(String, String)>,
}

/// Calls started within this long say how many start per second.
const LATELY_SECONDS: i64 = 10;

impl Seen {
    async fn of(state: &HttpState, visitor: &Visitor) -> Result<Self, Problem> {
        let (store, workspace) = (&state.actions.store, visitor.actor.workspace);
        let now = state.actions.clock.now();
        let pacing = state.actions.installation.pacing;
        let mut filter = CallFilter::of(workspace);
        filter.statuses =
            vec![CallStatus::Queued, CallStatus::Ringing, CallStatus::InProgress, CallStatus::Unknown];
        let live = store.calls(&filter, Order::NEWEST_FIRST, Begin::Skip(0), MOST_CALLS).await?;
        let live_total = store.count_calls(&filter).await?.map_or(0, |counted| counted.calls);
        let names = store.names_of(live.iter().map(|call| call.prospect)).await?;
        let named = |call: CallRecord| {
            let name = names.get(&call.prospect).cloned().unwrap_or_default();
            (call, name)
        };
        let rules = store.workspace_rules(workspace).await?;
        let lately = now - jiff::SignedDuration::from_secs(LATELY_SECONDS);
        let active = store.campaigns_with_status(workspace, CampaignStatus::Active).await?;
        let held = store.nodes().await?.into_iter().filter(|node| node.is_living() && node.role.dials());
        Ok(Self {
            role: visitor.role,
            now,
            stopped: rules.dialing_stopped,
            quarantine: store.is_quarantined().await?,
            live: live.into_iter().map(named).collect(),
            live_total,
            ceiling: pacing.max_live(),
            rate: pacing.calls_per_second(),
            started_lately: store.calls_armed_since(workspace, lately).await?,
            trouble: store
                .pace(&PaceScope::Account)
                .await?
                .hold
                .filter(|hold| hold.until > now)
                .map(|hold| (hold.trouble, hold.until)),
            campaigns: outlooks(state, active, now).await?,
            incidents: store.incidents(workspace, None, MOST_INCIDENTS).await?,
            clock_holds: held.filter_map(|node| node.hold.map(|(_, detail)| (node.name, detail))).collect(),
        })
    }

    fn summary(&self) -> String {
        if self.stopped {
            return "Dialing is switched off. Calls under way go on to their end.".to_owned();
        }
        if self.quarantine {
            return "Nobody is rung: the database may have lost part of its history.".to_owned();
        }
        match (self.live_total, self.campaigns.len() as u64) {
            (0, 0) => "No campaign is active, so nobody is rung.".to_owned(),
            (0, active) => {
                format!(
                    "No call is on. {} active; below is what each waits for.",
                    show::number_of(active, "campaign is", "campaigns are")
                )
            }
            (on, active) => format!(
                "{} on, for {}.",
                show::number_of(on, "call is", "calls are"),
                show::number_of(active, "active campaign", "active campaigns")
            ),
        }
    }

    fn switch(&self) -> Markup {
        html! {
            @if self.quarantine && self.role >= Role::Admin {
                form method="post" action="/live/resume-from-quarantine" { button type="submit" { "Resume from quarantine" } }
            }
            @if self.stopped {
                @if self.role >= Role::Admin {
                    form method="post" action="/live/resume" { button.primary type="submit" { "Switch dialing on" } }
                } @else {
                    span.muted { "An administrator can switch it on again." }
                }
            } @else if self.role >= Role::Operator {
                form method="post" action="/live/stop" {
                    button.grave type="submit" title="Nobody is rung from the next instant on" { "Stop all dialing" }
                }
            }
        }
    }

    fn figures(&self) -> Markup {
        let per_second = self.started_lately as f64 / LATELY_SECONDS as f64;
        let carrier = match self.trouble {
            None => html! { span.badge.tone-good { "Well" } },
            Some((PaceTrouble::Throttled, until)) => html! {
                span.badge.tone-warn { "Asked to slow down" } small { " until " (show::clock(until, &CampaignZone::utc())) " UTC" }
            },
            Some((_, until)) => html! {
                span.badge.tone-danger { "Not reachable" } small { " tried again " (show::clock(until, &CampaignZone::utc())) " UTC" }
            },
        };
        html! {
            (tiles(&[
                ("Calls on", html! { (show::grouped(self.live_total)) small { " of " (show::grouped(self.ceiling.into())) " at most" } }),
                ("Started per second", html! { (format!("{per_second:.1}")) small { " of " (self.rate) " at most" } }),
                ("Active campaigns", html! { a href="/campaigns" { (self.campaigns.len()) } }),
                ("Carrier", carrier),
            ]))
            @for (node, detail) in &self.clock_holds {
                div.notice.danger role="status" { p { strong { (node) " dials nobody: " } (detail) } }
            }
        }
    }

    fn calls(&self) -> Markup {
        html! {
            h2 { "Calls under way" }
            @if self.live.is_empty() {
                (empty("No call is on", &html! {
                    p { @if self.campaigns.is_empty() { a href="/campaigns" { "Launch a campaign" } ", and its calls appear here as they begin." }
                        @else { "The next ones appear here as they begin." } }
                }))
            } @else {
                div.frame.cards {
                    table {
                        thead { tr { th { "Status" } th { "Who" } th { "Number" } th.right { "For" } th { span.unseen { "Act" } } } }
                        tbody {
                            @for (call, name) in &self.live { (self.row(call, name)) }
                        }
                    }
                }
                @if self.live_total > self.live.len() as u64 {
                    p.muted { "The latest " (self.live.len()) " of " (show::grouped(self.live_total)) "." }
                }
            }
        }
    }

    fn row(&self, call: &CallRecord, name: &str) -> Markup {
        let status = call.call.status();
        let facts = &call.call.facts;
        let since = facts.answered_at.or(facts.ringing_at).or(call.armed_at).unwrap_or(call.created_at);
        let seconds = self.now.duration_since(since).as_secs().max(0).unsigned_abs();
        html! {
            tr id={ "live-" (call.id) } {
                td data-label="Status" { (badge::call(status)) }
                td data-label="Who" { a href={ "/calls/" (call.id) } { (name) } }
                td data-label="Number" { (show::phone(&call.to, self.role)) }
                td.right data-label="For" { span.number data-seconds=(seconds) { (show::duration(seconds)) } }
                td data-label="" {
                    @if self.role >= Role::Operator {
                        @if call.end_requested_at.is_some() { span.muted { "Ending…" } } @else {
                            form method="post" action={ "/calls/" (call.id) "/end" } {
                                input type="hidden" name="back" value="/live";
                                button.small.grave type="submit" {
                                    @if status == CallStatus::InProgress { "Hang up" } @else { "Cancel" }
                                    span.unseen { " the call to " (name) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn campaigns(&self) -> Markup {
        html! {
            @if !self.campaigns.is_empty() {
                h2 { "Active campaigns" }
                div.frame.cards {
                    table {
                        thead { tr { th { "Campaign" } th { "Now" } th.right { "Calls on" } th.right { "Today" } } }
                        tbody {
                            @for outlook in &self.campaigns {
                                tr id={ "now-" (outlook.campaign.id) } {
                                    td data-label="Campaign" { a href={ "/campaigns/" (outlook.campaign.id) } { (outlook.campaign.name) } }
                                    td data-label="Now" { (outlook.sentence()) }
                                    td.right data-label="Calls on" { (outlook.calls_on()) }
                                    td.right data-label="Today" { (outlook.used_today) " of " (outlook.campaign.rules.daily_limit.calls()) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn incidents(&self) -> Markup {
        html! {
            @if !self.incidents.is_empty() {
                h2 { "What must not happen and did" }
                div.frame.cards {
                    table {
                        thead { tr { th { "When" } th { "What" } } }
                        tbody {
                            @for incident in &self.incidents {
                                tr {
                                    td data-label="When" { (show::short_time(incident.noted_at, self.now, &CampaignZone::utc())) }
                                    td data-label="What" { (incident.detail) span.sub { (incident.subject) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
