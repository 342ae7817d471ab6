//! The card itself: every gate between a person and a call, their calls, who they are, and what can be done.

use domain::gate::{self, GateCheck, Verdict};
use domain::ids::ProspectId;
use domain::prospect::ProspectStatus;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::actions::users::{Role, Visitor};
use crate::http::Problem;
use crate::http::api::prospects::load;
use crate::http::pages::page::{Page, Place};
use crate::http::pages::parts::{act, badge, facts, show};
use crate::http::state::HttpState;
use crate::store::call_list::{Begin, CallFilter, Order};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::prospects::ProspectRecord;

/// Calls that are shown.
const MOST_CALLS: u64 = 50;

/// A person with everything that their card shows.
pub(super) struct Card {
    prospect: ProspectRecord,
    pub campaign: CampaignRecord,
    gates: Vec<GateCheck>,
    calls: Vec<CallRecord>,
    role: Role,
    now: Timestamp,
}

impl Card {
    /// Reads it.
    pub async fn of(state: &HttpState, visitor: &Visitor, id: ProspectId) -> Result<Self, Problem> {
        let (prospect, campaign) = load(state, visitor, id).await?;
        let (store, now) = (&state.actions.store, state.actions.clock.now());
        let installation = &state.actions.installation;
        let known =
            store.hold_facts(&campaign, std::slice::from_ref(&prospect), installation.means(), now).await?;
        let gates = gate::examine(&known.of(&campaign, &prospect, &installation.rates)).to_vec();
        let mut filter = CallFilter::of(visitor.actor.workspace);
        filter.prospect = Some(id);
        let calls = store.calls(&filter, Order::NEWEST_FIRST, Begin::Skip(0), MOST_CALLS).await?;
        Ok(Self { prospect, campaign, gates, calls, role: visitor.role, now })
    }

    /// The page, with what has to be said first.
    pub fn page(&self, notice: &Markup) -> Page {
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
                    p { a href={ "/campaigns/" (self.campaign.id) "?prospectId=" (self.prospect.id) } { "All of them, with filters and export" } }
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
        gate::Gate::Voice => "Words spoken",
        gate::Gate::Pacing => "Pace",
    }
}
