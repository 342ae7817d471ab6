//! The card of one call: everything that is known of it, from the decision to the last price, with who says so.

/// Who picked up, by the word of people.
pub mod correction;
/// Its recordings.
pub mod recordings;
/// What was said on it.
pub mod transcript;
mod turns;

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::call::{CallStatus, Placement};
use domain::calling_window::CampaignZone;
use domain::facts::Source;
use domain::ids::CallId;
use jiff::Timestamp;
use maud::{Markup, html};

use self::transcript::Hearing;
use super::form::Form;
use super::frame::ForOpenPage;
use super::page::{Interest, Page, Place};
use super::parts::field::{Field, mistakes};
use super::parts::{badge, facts, show};
use crate::actions::users::{Role, Visitor};
use crate::http::api::calls::resolve::settle;
use crate::http::api::calls::{ask_when_quiet, load, view};
use crate::http::auth::{Admin, Listener, Operator};
use crate::http::state::{HttpState, ServerFacts};
use crate::http::{PathId, Problem, Query, json};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;
use crate::store::carrier_events::CarrierEventRecord;
use crate::store::prospects::ProspectRecord;
use crate::store::recordings::RecordingRecord;
use crate::store::transcripts::{Piece, TranscriptRecord};

/// Shows a call. One that went quiet is asked about, and the page shows the answer when it comes.
pub async fn show(
    State(state): State<HttpState>,
    Listener(visitor): Listener,
    PathId(id): PathId<CallId>,
    Query(hearing): Query<Hearing>,
    open: Option<Extension<ForOpenPage>>,
) -> Result<Page, Problem> {
    // Somebody came to look. A page that stays open asks for nothing: it would do so every few seconds.
    if open.is_none() {
        ask_when_quiet(&state, &load(&state, &visitor, id).await?).await?;
    }
    page(&state, &visitor, id, &Form::default(), &hearing).await
}

async fn page(
    state: &HttpState,
    visitor: &Visitor,
    id: CallId,
    form: &Form,
    hearing: &Hearing,
) -> Result<Page, Problem> {
    let call = load(state, visitor, id).await?;
    let store = &state.actions.store;
    let workspace = visitor.actor.workspace;
    let campaign =
        store.campaign(workspace, call.campaign).await?.ok_or_else(|| Problem::not_found("campaign"))?;
    let prospect =
        store.prospect(workspace, call.prospect).await?.ok_or_else(|| Problem::not_found("prospect"))?;
    let events = store.events_of_call(id).await?;
    let recordings = store.recordings_of_call(id).await?;
    let mut transcripts = Vec::new();
    if visitor.role > Role::Listener {
        for transcript in store.transcripts_of_call(id).await? {
            let pieces = store.transcript_pieces(transcript.recording).await?;
            transcripts.push((transcript, pieces));
        }
    }
    let now = state.actions.clock.now();
    let server = state.server.clone();
    let card =
        Card { call, campaign, prospect, events, recordings, transcripts, server, role: visitor.role, now };
    let place = if visitor.role > Role::Listener { Place::Campaigns } else { Place::Calls };
    let page = Page::new(format!("Call to {}", card.name()), place)
        .with("head", card.head())
        .with("trouble", card.trouble(form))
        .with(
            "card",
            html! { div.columns.uneven { div.stack { (card.recordings(hearing)) (transcript::transcripts(&card.transcripts, &card.recordings, hearing)) (card.timeline()) (card.raw()) } (card.facts(form)) } },
        );
    Ok(page.live(Interest::Campaign(card.call.campaign)))
}

/// Cancels a call that nobody picked up yet, or hangs up one that talks.
pub async fn end(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CallId>,
    form: Form,
) -> Result<Response, Problem> {
    state.actions.end_call(visitor.actor, id).await?;
    let back = if form.value("back") == "/live" { "/live".to_owned() } else { format!("/calls/{id}") };
    Ok(Redirect::to(&back).into_response())
}

/// Writes down what a person found out about a lost call.
pub async fn resolve(
    State(state): State<HttpState>,
    Admin(visitor): Admin,
    PathId(id): PathId<CallId>,
    form: Form,
) -> Result<Response, Problem> {
    let mut said = form.texts(&["outcome", "twilioCallSid", "reason"], &["twilioCallSid"]);
    said.insert("confirm".to_owned(), form.has("confirm").into());
    let settled = match json::from_value(said.into()) {
        Ok(said) => settle(&state, visitor.clone(), id, said).await,
        Err(problem) => Err(problem),
    };
    match settled {
        Ok(_) => Ok(Redirect::to(&format!("/calls/{id}")).into_response()),
        Err(problem) if problem.status().is_server_error() => Err(problem),
        Err(problem) => {
            let page = page(&state, &visitor, id, &form.with_problem(&problem), &Hearing::default()).await?;
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

struct Card {
    call: CallRecord,
    campaign: CampaignRecord,
    prospect: ProspectRecord,
    events: Vec<CarrierEventRecord>,
    recordings: Vec<RecordingRecord>,
    transcripts: Vec<(TranscriptRecord, Vec<Piece>)>,
    server: Arc<ServerFacts>,
    role: Role,
    now: Timestamp,
}

impl Card {
    fn name(&self) -> String {
        show::name(&self.prospect.first_name, &self.prospect.last_name)
    }

    fn zone(&self) -> &CampaignZone {
        &self.campaign.rules.zone
    }

    fn head(&self) -> Markup {
        let status = self.call.call.status();
        html! {
            p.crumbs {
                @if self.role > Role::Listener {
                    a href="/campaigns" { "Campaigns" } " / "
                    a href={ "/campaigns/" (self.campaign.id) } { (self.campaign.name) }
                } @else {
                    a href="/calls" { "Calls" } " / " (self.campaign.name)
                }
            }
            div.head {
                div {
                    h1 { "Call to " (self.name()) }
                    p.lead {
                        (badge::call(status)) " " (show::phone(&self.call.to, self.role))
                        ", attempt " (self.call.attempt)
                        @if let Some(by) = self.call.call.facts.answered_by() { ", answered by: " (badge::answered_by(by)) }
                        @if let Some(seconds) = self.running_for() {
                            ", for " span.number data-seconds=(seconds) { (show::duration(seconds)) }
                        }
                    }
                }
                @if self.role >= Role::Operator && self.call.call.is_live() {
                    div.actions {
                        @if self.call.end_requested_at.is_some() { span.muted { "Being ended…" } } @else {
                            form method="post" action={ "/calls/" (self.call.id) "/end" } {
                                button.grave type="submit" { @if status == CallStatus::InProgress { "Hang up" } @else { "Cancel the call" } }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Seconds since it rings or since somebody picked up.
    fn running_for(&self) -> Option<u64> {
        let facts = &self.call.call.facts;
        let since = facts.answered_at.or(facts.ringing_at).filter(|_| self.call.call.is_live())?;
        Some(self.now.duration_since(since).as_secs().max(0).unsigned_abs())
    }

    fn trouble(&self, form: &Form) -> Markup {
        let lost = matches!(self.call.call.placement, Placement::Unknown | Placement::PresumedNotPlaced);
        html! {
            @if let Some(message) = view::error_message(&self.call, self.role) {
                div.notice.warn { p { (message) } }
            }
            @if lost && self.role >= Role::Admin { (self.settle_by_hand(form)) }
        }
    }

    fn settle_by_hand(&self, form: &Form) -> Markup {
        let outcomes =
            [("not_placed", "The carrier never made this call"), ("placed", "The carrier made this call")];
        html! {
            details.card open[!form.errors().is_empty()] {
                summary { "Settle it by hand" }
                p { "For when you looked the call up at the carrier. Nobody is rung again on a guess: say what you found." }
                (mistakes(form))
                form method="post" action={ "/calls/" (self.call.id) "/resolve" } {
                    (Field::text(form, "outcome", "What you found").choice(&outcomes))
                    (Field::text(form, "twilioCallSid", "The carrier's name for it").hint("CA and 32 digits; needed when the call was made").line())
                    (Field::text(form, "reason", "How you found out").required().line())
                    div.field {
                        label.check { input type="checkbox" name="confirm" value="yes" required; "I looked. A call that was made after all would ring this person again." }
                    }
                    button type="submit" { "Settle" }
                }
            }
        }
    }

    fn facts(&self, form: &Form) -> Markup {
        let known = &self.call.call.facts;
        let dash = || html! { span.muted { "–" } };
        let cost = match (known.price, self.call.call.is_live()) {
            (Some(price), _) => html! { (show::price(price)) },
            (None, true) => html! { "at most " (show::price(self.call.quote.worst_case)) },
            (None, false) => html! { span.muted { "not rated yet" } },
        };
        let disposition = self.call.call.disposition().map(|it| html! { (badge::disposition(it)) });
        html! {
            div.card {
                h2 { "Details" }
                (facts(&[
                    ("Prospect", html! { @if self.role > Role::Listener { a href={ "/prospects/" (self.prospect.id) } { (self.name()) } } @else { (self.name()) } @if !self.prospect.company.is_empty() { ", " (self.prospect.company) } }),
                    ("To", show::phone(&self.call.to, self.role)),
                    ("From", show::phone(&self.call.from, self.role)),
                    ("Outcome", disposition.unwrap_or_else(dash)),
                    ("Duration", known.duration_seconds.map_or_else(dash, |seconds| html! { (show::duration(seconds.into())) })),
                    ("Cost", cost),
                    ("Answered by", correction::answered_by(known).unwrap_or_else(dash)),
                    ("What they did", known.reaction.map_or_else(dash, |it| html! { (badge::reaction_word(it)) })),
                    ("Script", self.script()),
                    ("Error", known.error_code.map_or_else(dash, |code| html! { "Twilio " (code) })),
                    ("Recording", self.call.recording_sid.as_ref().map_or_else(dash, |sid| html! { code { (sid) } })),
                    ("Twilio's name", self.call.carrier_sid.as_ref().map_or_else(dash, |sid| html! { code { (sid) } })),
                    ("Our name", html! { code { (self.call.id) } }),
                ]))
                @if self.role >= Role::Operator { (correction::form(self.call.id, known, form)) }
            }
        }
    }

    /// What was said, and in which arm of an A/B test.
    fn script(&self) -> Markup {
        let Some(said) = self.call.script else { return html! { "–" } };
        let version = format!("Version {}", said.version);
        html! {
            @if self.role > Role::Listener { a href={ "/campaigns/" (self.campaign.id) "/message" } { (version) } } @else { (version) }
            @if let Some(drawn) = self.call.drawn { ", Arm " (drawn.arm) " of an A/B test" }
        }
    }

    fn recordings(&self, hearing: &Hearing) -> Markup {
        let answered = self.call.call.facts.answered_at.is_some();
        let ruling = self.call.recording_ruling.filter(|_| answered);
        recordings::cards(&self.recordings, ruling, hearing, self.role, &self.server)
    }

    fn timeline(&self) -> Markup {
        let facts = &self.call.call.facts;
        let call = &self.call;
        let steps = [
            (Some(call.created_at), "Chosen to be made", "the dialer or a person"),
            (call.scheduled_for, "Wanted at this time", "a person"),
            (call.armed_at, "Every gate open: committed to be sent", "this server"),
            (call.placed_at, "Taken by the carrier", "Twilio's answer"),
            (facts.initiated_at, "Dialing", "Twilio"),
            (facts.ringing_at, "Ringing", "Twilio"),
            (facts.answered_at, "Picked up", "Twilio"),
            (call.end_requested_at, "Its end was asked for", "a person or a rule"),
            (call.call.ended_at(), "Over", self.ended_by()),
        ];
        let steps = steps.into_iter().filter_map(|(at, what, by)| Some((at?, what.to_owned(), by)));
        let turns = turns::turns(&self.events).into_iter().map(|(at, what)| (at, what, "the person"));
        let said = facts.correction.and_then(|said| Some((said.at?, correction::in_words(said.by))));
        let said = said.map(|(at, what)| (at, what, "somebody of the team"));
        let mut steps: Vec<_> = steps.chain(turns).chain(said).collect();
        steps.sort_by_key(|(at, ..)| *at);
        html! {
            div.card {
                h2 { "Timeline" }
                p.muted { (self.zone().local_date(call.created_at)) ", " (self.zone().name()) " time" }
                ol.timeline {
                    @for (at, what, by) in steps {
                        li { (show::clock(at, self.zone())) div { (what) span.muted { " · " (by) } } }
                    }
                }
            }
        }
    }

    fn ended_by(&self) -> &'static str {
        match self.call.call.facts.ending.map(|ending| ending.source) {
            Some(source) => source_word(source),
            None => "this server",
        }
    }

    fn raw(&self) -> Markup {
        let sent: Vec<_> = self.events.iter().filter(|event| event.kind != "correction").collect();
        html! {
            div.card {
                details {
                    summary { "What the carrier sent (" (sent.len()) ")" }
                    @if sent.is_empty() { p.muted { "Nothing yet." } }
                    @for event in &sent {
                        h3 { (event.kind) span.muted { " · received " (show::clock(event.received_at, self.zone())) } }
                        @if self.role > Role::Listener {
                            pre tabindex="0" { (readable(&event.payload)) }
                        } @else {
                            p.muted { "Numbers are hidden from listeners, and with them the raw text." }
                        }
                    }
                }
            }
        }
    }
}

const fn source_word(source: Source) -> &'static str {
    match source {
        Source::Inferred => "concluded by this server",
        Source::Person => "somebody of the team",
        Source::Rest => "Twilio, when asked",
        Source::InstructionsRequest | Source::Callback | Source::DetectionCallback | Source::Keypress => {
            "Twilio"
        }
    }
}

/// A form as one field per line; anything else as it is.
fn readable(payload: &str) -> String {
    if payload.contains('=') && !payload.trim_start().starts_with('{') {
        let fields =
            form_urlencoded::parse(payload.as_bytes()).map(|(name, value)| format!("{name}: {value}"));
        return fields.collect::<Vec<_>>().join("\n");
    }
    payload.to_owned()
}
