//! What became of a campaign's calls: figures, charts, and the list with its filters, all of them in the address.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::call::CallStatus;
use domain::carrier_event::AnsweredBy;
use domain::ids::{CallId, CampaignId};
use domain::money::Usd;
use domain::statistics::Tally;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

use super::outlook::outlook;
use crate::actions::users::Role;
use crate::http::api::campaigns::load;
use crate::http::auth::Analyst;
use crate::http::pages::page::{Interest, Page};
use crate::http::pages::parts::chart::{Column, Heat, heat_map, stacked};
use crate::http::pages::parts::head::done;
use crate::http::pages::parts::pager::{address, pager};
use crate::http::pages::parts::{badge, empty, show, tiles};
use crate::http::query::{Cursor, ListIdentity, Position, SearchText};
use crate::http::state::HttpState;
use crate::http::{PathId, Problem, Query};
use crate::store::call_list::{Begin, CallFilter, Counted, Order};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;

/// Rows of a page.
const ROWS: u64 = 50;
/// Days of the chart by day.
const DAYS: i64 = 30;
/// What the heat map looks back on.
const HEAT_DAYS: i64 = 90;

/// Filters, order and page as they stand in the address. What cannot be read is passed over: an address is typed and
/// shared by people.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    status: String,
    #[serde(rename = "answeredBy")]
    answered_by: String,
    from: String,
    to: String,
    q: Option<SearchText>,
    sort: String,
    cursor: Option<Cursor>,
    done: String,
}

impl Asked {
    fn filter(&self, campaign: &CampaignRecord) -> CallFilter {
        let mut filter = CallFilter::of(campaign.workspace);
        filter.campaign = Some(campaign.id);
        filter.statuses = self.status.split(',').filter_map(CallStatus::parse).collect();
        filter.answered_by = match self.answered_by.as_str() {
            "machine" => AnsweredBy::ALL.into_iter().filter(|by| by.is_machine()).collect(),
            other => AnsweredBy::parse(other).into_iter().collect(),
        };
        let zone = &campaign.rules.zone;
        let midnight = |date: Date| zone.instant_of(date.at(0, 0, 0, 0));
        filter.from = self.from.parse().ok().and_then(midnight);
        // The last day is part of what is asked for.
        filter.to = self.to.parse::<Date>().ok().and_then(|date| date.tomorrow().ok()).and_then(midnight);
        filter.text = self.text().map(str::to_owned);
        filter
    }

    fn order(&self) -> Order {
        if self.sort == "createdAt" { Order::OldestFirst } else { Order::NewestFirst }
    }

    fn text(&self) -> Option<&str> {
        self.q.as_ref().and_then(SearchText::text)
    }

    fn is_filtered(&self) -> bool {
        !(self.status.is_empty() && self.answered_by.is_empty() && self.from.is_empty() && self.to.is_empty())
            || self.text().is_some()
    }

    /// The address of the same list with something else in it.
    fn address(&self, path: &str, sort: &str, cursor: &str) -> String {
        address(
            path,
            &[
                ("status", &self.status),
                ("answeredBy", &self.answered_by),
                ("from", &self.from),
                ("to", &self.to),
                ("q", self.text().unwrap_or_default()),
                ("sort", sort),
                ("cursor", cursor),
            ],
        )
    }

    fn done(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "launched" => Some("Launched. The first call begins as soon as the rules allow it."),
            "paused" => Some("Paused. Nobody is rung; calls under way go on to their end."),
            "resumed" => Some("Resumed."),
            "saved" => Some("Saved."),
            _ => None,
        }
    }
}

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
    let outlook = outlook(&state, campaign).await?;
    let campaign = &outlook.campaign;
    let page = super::page(&outlook, visitor.role, "")
        .with("done", done(asked.done()))
        .with("figures", figures(campaign, &tally))
        .with("charts", charts(campaign, &hours, now))
        .with("filters", filters(campaign, &asked))
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
    tiles(&[
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
    ])
}

const SERIES: [(&str, &str); 6] = [
    ("Completed", "fill-completed"),
    ("Busy", "fill-busy"),
    ("No answer", "fill-no-answer"),
    ("Failed", "fill-failed"),
    ("Canceled", "fill-canceled"),
    ("Under way or unknown", "fill-queued"),
];

fn charts(campaign: &CampaignRecord, hours: &[(Timestamp, Tally)], now: Timestamp) -> Markup {
    if hours.is_empty() {
        return html! {};
    }
    let zone = &campaign.rules.zone;
    html! {
        div.columns {
            div.card {
                h2 { "Outcomes by day" }
                (stacked("Calls by the day on which they were made", &SERIES, &by_day(campaign, hours, now)))
            }
            div.card {
                h2 { "Answer rate by hour and weekday" }
                p.muted { "Share of calls that a person answered, in the last " (HEAT_DAYS) " days, " (zone.name()) " time." }
                (heat_map("Share of calls that a person answered", &by_weekday_and_hour(campaign, hours)))
            }
        }
    }
}

fn by_day(campaign: &CampaignRecord, hours: &[(Timestamp, Tally)], now: Timestamp) -> Vec<Column> {
    let zone = &campaign.rules.zone;
    let first = hours.first().map_or(now, |(hour, _)| *hour);
    let earliest = zone.local_date(first.max(now - SignedDuration::from_hours(24 * (DAYS - 1))));
    let mut columns = Vec::new();
    let mut day = earliest;
    while day <= zone.local_date(now) {
        let of_day = hours.iter().filter(|(hour, _)| zone.local_date(*hour) == day);
        let tally: Tally = of_day.map(|(_, tally)| *tally).sum();
        let under_way = tally.queued + tally.ringing + tally.in_progress + tally.unknown;
        let counts = [tally.completed, tally.busy, tally.no_answer, tally.failed, tally.canceled, under_way];
        columns.push(Column {
            label: day.strftime("%-d %b").to_string(),
            link: format!("/campaigns/{}?from={day}&to={day}", campaign.id),
            counts: counts.map(i64::unsigned_abs).to_vec(),
        });
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    columns
}

fn by_weekday_and_hour(campaign: &CampaignRecord, hours: &[(Timestamp, Tally)]) -> [[Heat; 24]; 7] {
    let mut cells = [[Heat::default(); 24]; 7];
    for (hour, tally) in hours {
        let local = campaign.rules.zone.local_time(*hour);
        let day = local.weekday().to_monday_zero_offset().unsigned_abs() as usize;
        let cell = &mut cells[day][local.hour().unsigned_abs() as usize];
        cell.answered += tally.answered_by_human.unsigned_abs();
        cell.calls += tally.total.unsigned_abs();
    }
    cells
}

fn filters(campaign: &CampaignRecord, asked: &Asked) -> Markup {
    let base = format!("/campaigns/{}", campaign.id);
    let statuses = CallStatus::ALL.map(|status| (status.as_str(), badge::call_word(status)));
    let answers =
        [("human", "A person"), ("machine", "A machine"), ("fax", "A fax"), ("unknown", "Could not tell")];
    let live = "queued,ringing,in-progress,unknown";
    html! {
        h2 #list-title { "Calls" }
        form.filters method="get" action=(base) data-submit="yes" role="search" {
            div.field {
                label for="q" { "Search" }
                input #q name="q" type="search" value=[asked.text()] placeholder="Name or number" maxlength="128";
            }
            div.field {
                label for="status" { "Status" }
                select #status name="status" {
                    option value="" { "All" }
                    option value=(live) selected[asked.status == live] { "Under way" }
                    @for (value, word) in statuses { option value=(value) selected[asked.status == value] { (word) } }
                }
            }
            div.field {
                label for="answeredBy" { "Answered by" }
                select #answeredBy name="answeredBy" {
                    option value="" { "Anybody" }
                    @for (value, word) in answers { option value=(value) selected[asked.answered_by == value] { (word) } }
                }
            }
            div.field { label for="from" { "From" } input #from name="from" type="date" value=(asked.from); }
            div.field { label for="to" { "To" } input #to name="to" type="date" value=(asked.to); }
            @if !asked.sort.is_empty() { input type="hidden" name="sort" value=(asked.sort); }
            button type="submit" { "Filter" }
            @if asked.is_filtered() { a.button href=(base) { "Clear" } }
            a.button href={ (asked.address(&format!("{base}/calls.csv"), &asked.sort, "")) } { "Export CSV" }
        }
    }
}

struct List {
    calls: Vec<(CallRecord, String)>,
    counted: Counted,
    next: Option<String>,
}

impl List {
    async fn of(state: &HttpState, campaign: &CampaignRecord, asked: &Asked) -> Result<Self, Problem> {
        let (filter, order) = (asked.filter(campaign), asked.order());
        let store = &state.actions.store;
        let list = ListIdentity {
            endpoint: "calls page",
            workspace: &campaign.workspace.to_string(),
            filters: &format!("{filter:?} {order:?}"),
        };
        let key = &state.server.cursor_key;
        let begin = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
            Position::After(id) => Begin::Behind(id.parse().map_err(|_| Problem::invalid_cursor())?),
            Position::Skip(rows) => Begin::Skip(rows),
        };
        let (mut found, counted) =
            tokio::try_join!(store.calls(&filter, order, begin, ROWS + 1), store.count_calls(&filter))?;
        let more = found.len() as u64 > ROWS;
        found.truncate(ROWS as usize);
        let last: Option<CallId> = found.last().filter(|_| more).map(|last| last.id);
        let next = last.map(|id| key.seal(&list, &id.to_string())).transpose()?;
        let names = store.names_of(found.iter().map(|call| call.prospect)).await?;
        let named = |call: CallRecord| {
            let name = names.get(&call.prospect).cloned().unwrap_or_default();
            (call, name)
        };
        Ok(Self {
            calls: found.into_iter().map(named).collect(),
            counted: counted.ok_or_else(|| Problem::not_found("campaign"))?,
            next,
        })
    }

    fn markup(&self, campaign: &CampaignRecord, asked: &Asked, role: Role, now: Timestamp) -> Markup {
        if self.calls.is_empty() {
            return nothing(campaign, asked);
        }
        let base = format!("/campaigns/{}", campaign.id);
        let next = self.next.as_deref().map(|cursor| asked.address(&base, &asked.sort, cursor));
        let first = asked.cursor.is_some().then(|| asked.address(&base, &asked.sort, ""));
        let total = show::grouped(self.counted.calls);
        let total = if self.counted.capped { format!("more than {total}") } else { total };
        let (turned, arrow, sorted) = match asked.order() {
            Order::NewestFirst => ("createdAt", "↓", "descending"),
            Order::OldestFirst => ("-createdAt", "↑", "ascending"),
        };
        html! {
            div.frame.cards {
                table aria-labelledby="list-title" {
                    thead {
                        tr {
                            th aria-sort=(sorted) { a href=(asked.address(&base, turned, "")) { "Made " (arrow) } }
                            th { "Status" } th { "Who" } th { "Number" } th { "Answered by" } th.right { "Attempt" }
                            th.right { "Duration" } th.right { "Cost" }
                        }
                    }
                    tbody { @for (call, name) in &self.calls { (row(campaign, call, name, role, now)) } }
                }
            }
            (pager(self.calls.len(), &total, first.as_deref(), next.as_deref()))
        }
    }
}

fn row(campaign: &CampaignRecord, call: &CallRecord, name: &str, role: Role, now: Timestamp) -> Markup {
    let facts = &call.call.facts;
    let name = if name.is_empty() { "No name" } else { name };
    html! {
        tr id=(call.id) {
            td data-label="Made" { a href={ "/calls/" (call.id) } { (show::short_time(call.created_at, now, &campaign.rules.zone)) } }
            td data-label="Status" { (badge::call(call.call.status())) }
            td data-label="Who" { a href={ "/prospects/" (call.prospect) } { (name) } }
            td data-label="Number" { (show::phone(&call.to, role)) }
            td data-label="Answered by" { @if let Some(by) = facts.answered_by() { (badge::answered_by(by)) } @else { span.muted { "–" } } }
            td.right data-label="Attempt" { (call.attempt) }
            td.right data-label="Duration" { @if let Some(seconds) = facts.duration_seconds { (show::duration(seconds.into())) } @else { span.muted { "–" } } }
            td.right data-label="Cost" { @if let Some(price) = facts.price { (show::price(price)) } @else { span.muted { "–" } } }
        }
    }
}

fn nothing(campaign: &CampaignRecord, asked: &Asked) -> Markup {
    let base = format!("/campaigns/{}", campaign.id);
    if asked.is_filtered() || asked.cursor.is_some() {
        return empty("No call is like that", &html! { p { a href=(base) { "Show all calls" } } });
    }
    empty(
        "No call yet",
        &html! { p { "Calls appear here as they are made. " a href={ (base) "/prospects" } { "See who is on the list, and why they wait" } "." } },
    )
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
