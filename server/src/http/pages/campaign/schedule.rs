//! When a campaign may ring: the week as a grid of open hours with the line of now, today's limit, the next possible time.

use axum::extract::State;
use domain::budget::Commitment;
use domain::calling_window::Openness;
use domain::ids::CampaignId;
use domain::limits::DailyLimit;
use domain::money::Usd;
use jiff::civil::Weekday;
use maud::{Markup, html};

use super::outlook::{Outlook, outlook};
use crate::actions::users::Role;
use crate::http::api::campaigns::figures::next_available;
use crate::http::api::campaigns::load;
use crate::http::auth::Analyst;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::chart::{Part, WEEKDAYS, progress};
use crate::http::pages::parts::{show, tiles};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem};
use crate::store::budgets::BudgetScope;

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
const MINUTES_PER_DAY: f64 = 1_440.0;

/// Shows the schedule.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    PathId(id): PathId<CampaignId>,
) -> Result<Page, Problem> {
    let outlook = outlook(&state, load(&state, &visitor, id).await?).await?;
    let rules = &outlook.campaign.rules;
    let (now, used) = (outlook.now(), outlook.used_today);
    let today = rules.zone.local_date(now);
    let store = &state.actions.store;
    let spent = store.committed(BudgetScope::Campaign(id)).await?;
    let spent_today = store.committed(BudgetScope::CampaignDay(id, today)).await?;
    let openness = rules.windows.openness(now, &rules.zone);
    let figures = tiles(&[
        (
            "Now",
            match openness {
                Openness::Open { until } => {
                    html! { "Open" small { " until " (show::short_time(until, now, &rules.zone)) } }
                }
                Openness::Closed { .. } => html! { "Closed" },
            },
        ),
        (
            "Next possible call",
            match next_available(rules, used, now) {
                Some(at) if at <= now => html! { "now" },
                Some(at) => html! { small { (show::short_time(at, now, &rules.zone)) } },
                None => html! { "never" },
            },
        ),
        ("Calls today", html! { (used) small { " of " (show::grouped(rules.daily_limit.calls().into())) } }),
        ("Remaining today", html! { (show::grouped(rules.daily_limit.remaining(used).into())) }),
        (
            "Counts anew",
            html! { small { (show::short_time(DailyLimit::resets_at(now, &rules.zone), now, &rules.zone)) } },
        ),
        (
            "Spent today",
            html! { (show::sum(spent_today.spent)) @if let Some(budget) = rules.budgets.per_day { small { " of " (show::sum(budget)) } } },
        ),
    ]);
    let page = super::page(&outlook, visitor.role, "/schedule")
        .with("figures", figures)
        .with("week", week(&outlook, visitor.role))
        .with("budget", budgets(&outlook, spent, spent_today));
    Ok(page.live(Interest::Campaign(id)))
}

fn week(outlook: &Outlook, role: Role) -> Markup {
    let rules = &outlook.campaign.rules;
    let local = rules.zone.local_time(outlook.now());
    let today = local.weekday();
    html! {
        div.card {
            div.head {
                div {
                    h2 { "Calling hours" }
                    p.muted { (rules.zone.name()) " time. The red line is now." }
                }
                @if role >= Role::Operator { a.button.small href={ "/campaigns/" (outlook.campaign.id) "/settings#hours" } { "Change" } }
            }
            @if rules.windows.has_overlaps() {
                p.muted { "Some windows overlap; together they are one." }
            }
            div.columns.uneven {
            (grid(outlook, local.hour().into(), local.minute().into(), today))
            table.tight {
                caption.unseen { "Calling hours by weekday" }
                thead.unseen { tr { th { "Day" } th { "Open" } } }
                tbody {
                    @for (name, day) in WEEKDAYS.into_iter().zip(WEEK) {
                        tr {
                            th scope="row" aria-current=[(day == today).then_some("date")] { (name) @if day == today { " (today)" } }
                            td {
                                @let windows = rules.windows.on(day);
                                @if windows.is_empty() { span.muted { "closed" } }
                                @for (index, window) in windows.iter().enumerate() {
                                    @if index > 0 { ", " }
                                    (window.start()) "–" (window.end())
                                    @if window.runs_past_midnight() { span.muted { " (next day)" } }
                                }
                            }
                        }
                    }
                }
            }
            }
        }
    }
}

/// What was spent and what is held, against what may be.
fn budgets(outlook: &Outlook, spent: Commitment, spent_today: Commitment) -> Markup {
    let budgets = outlook.campaign.rules.budgets;
    html! {
        div.card {
            h2 { "Money" }
            @if budgets.total.is_none() && budgets.per_day.is_none() {
                p.muted { "No budget is set: calls cost what they cost. " (show::sum(spent.spent)) " was spent so far." }
            }
            @if let Some(budget) = budgets.total { (money("The whole campaign", budget, spent)) }
            @if let Some(budget) = budgets.per_day { (money("Today", budget, spent_today)) }
        }
    }
}

fn money(what: &'static str, budget: Usd, committed: Commitment) -> Markup {
    let cents = |amount: Usd| (amount.micros() / 10_000).max(0).unsigned_abs();
    let left = budget - committed.spent - committed.held;
    let parts = [
        Part::new("cents spent", "fill-accent", cents(committed.spent)),
        Part::new("cents held for calls without a price yet", "fill-queued", cents(committed.held)),
        Part::new("cents left", "fill-sunken", cents(left)),
    ];
    html! {
        p {
            strong { (what) } ": " (show::sum(committed.spent)) " spent, " (show::sum(committed.held)) " held at worst case, "
            (show::sum(left.max(Usd::ZERO))) " left of " (show::sum(budget)) "."
        }
        p { (progress(what, &parts)) }
    }
}

fn grid(outlook: &Outlook, hour: f64, minute: f64, today: Weekday) -> Markup {
    let (left, width, row) = (40.0, 504.0, 20.0);
    let x = |minutes: f64| ((left + width * minutes / MINUTES_PER_DAY) * 100.0).round() / 100.0;
    let windows = &outlook.campaign.rules.windows;
    let mut open: Vec<(usize, f64, f64)> = Vec::new();
    for (index, day) in WEEK.into_iter().enumerate() {
        for window in windows.on(day) {
            let start = f64::from(window.start().minutes());
            let end = start + f64::from(window.length());
            open.push((index, start, end.min(MINUTES_PER_DAY)));
            if end > MINUTES_PER_DAY {
                open.push(((index + 1) % 7, 0.0, end - MINUTES_PER_DAY));
            }
        }
    }
    html! {
        svg.chart viewBox="0 0 560 160" aria-hidden="true" {
            @for (index, name) in WEEKDAYS.into_iter().enumerate() {
                @let y = row * index as f64;
                text x=(left - 6.0) y=(y + row / 2.0) text-anchor="end" dominant-baseline="middle" { (name) }
                rect.fill-sunken x=(left) y=(y + 1.0) width=(width) height=(row - 2.0) rx="3" {}
            }
            @for (index, start, end) in open {
                rect.fill-open x=(x(start)) y=(row * index as f64 + 1.0) width=(x(end) - x(start)) height=(row - 2.0) rx="3" {}
            }
            @let index = f64::from(today.to_monday_zero_offset());
            @let at = x(hour * 60.0 + minute);
            line.today x1=(at) x2=(at) y1=(row * index) y2=(row * (index + 1.0)) {}
            @for hour in (0..=24).step_by(3) {
                text x=(x(f64::from(hour) * 60.0)) y="156" text-anchor="middle" { (hour) }
            }
        }
    }
}
