//! What happens to a campaign as a whole: launch with what stands in the way and what it leads to, pause, resume, remove.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::campaign::{CampaignStatus, LaunchBlocker};
use domain::ids::CampaignId;
use domain::money::Usd;
use maud::{Markup, html};

use super::outlook::{Outlook, outlook};
use crate::http::api::campaigns::figures::next_available;
use crate::http::api::campaigns::load;
use crate::http::auth::{Analyst, Operator};
use crate::http::pages::page::Page;
use crate::http::pages::parts::{facts, show};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::store::hold_facts::HoldFacts;

/// Shows what stands in the way of a launch, and what it would lead to, in numbers.
pub async fn before_launch(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    let blockers = state.actions.blockers(visitor.actor.workspace, id).await?;
    let content = launch_card(&state, &outlook, &blockers).await?;
    Ok(super::page(&outlook, visitor.role, "").with("launch", content))
}

/// Launches, or says everything that is missing.
pub async fn launch(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Response, Problem> {
    match state.actions.launch(visitor.actor.clone(), id).await.map_err(Problem::from) {
        Ok(_) => Ok(Redirect::to(&format!("/campaigns/{id}?done=launched")).into_response()),
        Err(problem) if problem.blockers().is_empty() => Err(problem),
        Err(_) => {
            let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
            let blockers = state.actions.blockers(visitor.actor.workspace, id).await?;
            let content = launch_card(&state, &outlook, &blockers).await?;
            let page = super::page(&outlook, visitor.role, "").with("launch", content);
            Ok(page.status(StatusCode::UNPROCESSABLE_ENTITY).into_response())
        }
    }
}

/// Pauses.
pub async fn pause(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Response, Problem> {
    state.actions.pause(visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/campaigns/{id}?done=paused")).into_response())
}

/// Goes on.
pub async fn resume(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Response, Problem> {
    state.actions.resume(visitor.actor, id).await?;
    Ok(Redirect::to(&format!("/campaigns/{id}?done=resumed")).into_response())
}

/// Removes a campaign that never rang anybody.
pub async fn remove(
    State(state): State<HttpState>,
    Operator(visitor): Operator,
    PathId(id): PathId<CampaignId>,
) -> Result<Response, Problem> {
    state.actions.remove_campaign(visitor.actor, id).await?;
    Ok(Redirect::to("/campaigns?done=removed").into_response())
}

async fn launch_card(
    state: &HttpState,
    outlook: &Outlook,
    blockers: &[LaunchBlocker],
) -> Result<Markup, Problem> {
    let id = outlook.campaign.id;
    if outlook.campaign.status == CampaignStatus::Active {
        return Ok(html! { div.notice.good { p { "The campaign is active already." } } });
    }
    if !blockers.is_empty() {
        return Ok(html! {
            div.notice.warn role="alert" {
                p { strong { "Not ready to launch yet." } " Put this right first:" }
                ul { @for blocker in blockers { li { a href={ "/campaigns/" (id) (place_of(*blocker)) } { (blocker.explain()) } } } }
            }
        });
    }
    let consequence = Consequence::of(state, outlook).await?;
    Ok(html! {
        div.card {
            h2 { "Launch “" (outlook.campaign.name) "”?" }
            (consequence.markup(state, outlook))
            div.actions {
                form method="post" action={ "/campaigns/" (id) "/launch" } { button.primary type="submit" { "Launch" } }
                a.button href={ "/campaigns/" (id) } { "Not now" }
            }
        }
    })
}

/// Where a blocker is put right.
const fn place_of(blocker: LaunchBlocker) -> &'static str {
    match blocker {
        LaunchBlocker::NoProspects => "/import",
        LaunchBlocker::NothingToSay
        | LaunchBlocker::SoundMissing
        | LaunchBlocker::VoiceOff
        | LaunchBlocker::ScriptBroken
        | LaunchBlocker::NobodyToTransferTo => "/message",
        LaunchBlocker::NoCallerId | LaunchBlocker::VoicemailUndetected => "/settings",
    }
}

/// What a launch leads to, at most.
struct Consequence {
    people: u64,
    worst_case: Option<Usd>,
    first_call: Option<jiff::Timestamp>,
    days: Option<u64>,
    facts: HoldFacts,
}

impl Consequence {
    async fn of(state: &HttpState, outlook: &Outlook) -> Result<Self, Problem> {
        let campaign = &outlook.campaign;
        let store = &state.actions.store;
        let queue = outlook.queue;
        let people = queue.ready + queue.waiting + queue.skipped;
        let next = store.next_due(campaign, outlook.now(), 1).await?;
        let first = store.prospects_in_order(&next).await?.pop();
        let rates = &state.actions.installation.rates;
        let quote = first.and_then(|prospect| campaign.quote(rates, &prospect.phone));
        let limit = u64::from(campaign.rules.daily_limit.calls());
        let facts =
            store.hold_facts(campaign, &[], state.actions.installation.means(), outlook.now()).await?;
        Ok(Self {
            people,
            worst_case: quote.map(|quote| quote.worst_case),
            first_call: next_available(&campaign.rules, outlook.used_today, outlook.now()),
            days: (limit > 0).then(|| people.div_ceil(limit)),
            facts,
        })
    }

    fn markup(&self, state: &HttpState, outlook: &Outlook) -> Markup {
        let rules = &outlook.campaign.rules;
        let money = |micros: i64| show::sum(Usd::from_micros(micros));
        let people = i64::try_from(self.people).unwrap_or(i64::MAX);
        let cost = self.worst_case.map(|each| html! {
            "at most " (show::price(each)) " a call, " (money(each.micros().saturating_mul(people))) " when everybody is rung once and talks to the limit"
        });
        let budget = match (rules.budgets.total, rules.budgets.per_day) {
            (Some(total), _) => html! { (show::sum(total)) ", never exceeded" },
            (None, Some(day)) => html! { (show::sum(day)) " a day, never exceeded" },
            (None, None) => html! { span.muted { "none" } },
        };
        html! {
            (facts(&[
                ("Rings", html! { strong { (show::number_of(self.people, "person", "people")) } ", each up to " (show::number_of(rules.retry.max_attempts().into(), "time", "times")) }),
                ("First call", match self.first_call {
                    Some(at) if at <= outlook.now() => html! { "at once" },
                    Some(at) => show::short_time(at, outlook.now(), &rules.zone),
                    None => html! { "never: the daily limit is 0" },
                }),
                ("First attempts done", match self.days {
                    Some(0 | 1) => html! { "on the first day" },
                    Some(days) => html! { "within " (days) " days of " (rules.daily_limit.calls()) " calls" },
                    None => html! { "never" },
                }),
                ("Cost", cost.unwrap_or_else(|| html! { span.muted { "nobody knows: there is no rate for these numbers" } })),
                ("Budget", budget),
                ("Phones", if state.server.simulation { html! { "simulated: no real phone rings" } } else { html! { strong { "real people's phones" } } }),
            ]))
            @if self.facts.is_switched_off() {
                div.notice.warn { p { "Dialing is switched off for everybody, so nobody is rung before it is switched on again." } }
            }
        }
    }
}
