//! What became of a campaign's calls: figures, charts, and the list with its filters, all of them in the address.

mod asked;
mod charts;
mod list;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::ids::CampaignId;
use domain::money::Usd;
use domain::reaction::Reaction;
use domain::statistics::Tally;
use jiff::SignedDuration;
use maud::{Markup, html};

use self::asked::{Asked, filters};
use self::charts::{HEAT_DAYS, charts};
use self::list::List;
use super::outlook::outlook;
use crate::http::api::campaigns::load;
use crate::http::auth::Analyst;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::{badge, show, tiles};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::campaigns::CampaignRecord;

/// Shows what became of the calls.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let (store, now) = (&state.actions.store, state.actions.clock.now());
    let since = now - SignedDuration::from_hours(24 * HEAT_DAYS);
    let (tally, hours) = tokio::try_join!(store.tally(id), store.tally_by_hour_since(id, since))?;
    let list = List::of(&state, &campaign, &asked).await?;
    let person = match asked.prospect() {
        Some(id) => {
            store.prospect(visitor.actor.workspace, id).await?.filter(|it| it.campaign == campaign.id)
        }
        None => None,
    };
    let person = person.map(|it| show::name(&it.first_name, &it.last_name));
    let outlook = outlook(&state, campaign).await?;
    let campaign = &outlook.campaign;
    let page = super::page(&outlook, visitor.role, "")
        .with("done", done(asked.done()))
        .with("figures", figures(campaign, &tally))
        .with("charts", charts(campaign, &hours, now))
        .with("filters", filters(campaign, &asked, person.as_deref()))
        .with("calls", list.markup(campaign, &asked, visitor.role, now));
    Ok(page.live(Interest::Campaign(id)))
}

fn figures(campaign: &CampaignRecord, tally: &Tally) -> Markup {
    let base = format!("/campaigns/{}", campaign.id);
    let linked = |count: i64, query: &str| {
        html! { a href={ (base) "?" (query) } { (show::count(count)) } }
    };
    let on = tally.queued + tally.ringing + tally.in_progress;
    let average =
        tally.average_duration_seconds().map_or("–".to_owned(), |it| show::duration(it.round() as u64));
    let share =
        |count: i64, share: Option<f64>| html! { (show::percent(share)) small { " " (show::count(count)) } };
    let did = Reaction::ALL.map(|reaction| (reaction, tally.reactions(reaction)));
    let did = did.into_iter().filter(|(_, count)| *count > 0);
    let did: Vec<(&str, Markup)> = did
        .map(|(reaction, count)| {
            let query = format!("reaction={}", reaction.as_str());
            (badge::reaction_word(reaction), linked(count, &query))
        })
        .collect();
    let calls = tiles(&[
        ("Calls", html! { a href=(base) { (show::count(tally.total)) } }),
        ("On now", linked(on, "status=queued,ringing,in-progress")),
        ("Completed", linked(tally.completed, "status=completed")),
        ("Busy", linked(tally.busy, "status=busy")),
        ("No answer", linked(tally.no_answer, "status=no-answer")),
        ("Failed", linked(tally.failed, "status=failed")),
        ("Canceled", linked(tally.canceled, "status=canceled")),
        ("Outcome unknown", linked(tally.unknown, "status=unknown")),
        (
            "A person answered",
            html! { a href={ (base) "?answeredBy=human" } { (share(tally.answered_by_human, tally.human_rate())) } },
        ),
        (
            "A machine answered",
            html! { a href={ (base) "?answeredBy=machine" } { (share(tally.answered_by_machine, tally.machine_rate())) } },
        ),
        ("Average duration", html! { (average) }),
        ("Cost", html! { (show::sum(Usd::from_micros(tally.total_cost_micros))) }),
    ]);
    html! {
        (calls)
        @if !did.is_empty() { (tiles(&did)) }
    }
}

/// The same list as a file, whole.
pub async fn export(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let campaign = load(&state, &visitor, id).await?;
    let file = crate::http::pages::export::calls(&state, asked.filter(&campaign), asked.order());
    let name = format!("attachment; filename=\"calls-{id}.csv\"");
    Ok((
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)],
        file,
    )
        .into_response())
}
