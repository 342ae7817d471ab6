//! How the campaigns are doing, one row each.

use axum::extract::State;
use domain::prospect::ProspectStatus;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

use super::campaign::outlook::{Outlook, outlooks};
use super::page::{Interest, Page, Place};
use super::parts::chart::{Part, progress, sparkline};
use super::parts::head::head;
use super::parts::pager::{address, pager};
use super::parts::{badge, empty, show};
use crate::actions::users::Role;
use crate::http::auth::Analyst;
use crate::http::query::{Cursor, ListIdentity, Position};
use crate::http::state::HttpState;
use crate::http::{Problem, Query};
use crate::store::budgets::BudgetScope;
use domain::budget::Commitment;
use domain::statistics::Tally;

/// Rows of a page.
const ROWS: u64 = 25;
/// Days of the answer rate's line.
const DAYS: i64 = 14;

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    cursor: Option<Cursor>,
    done: Option<String>,
}

/// Lists campaigns, newest first.
pub async fn show(
    State(state): State<HttpState>,
    Analyst(visitor): Analyst,
    Query(asked): Query<Asked>,
) -> Result<Page, Problem> {
    let (store, workspace) = (&state.actions.store, visitor.actor.workspace);
    let now = state.actions.clock.now();
    let list = ListIdentity { endpoint: "campaigns", workspace: &workspace.to_string(), filters: "" };
    let key = &state.server.cursor_key;
    let before = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
        Position::After(id) => Some(id.parse().map_err(|_| Problem::invalid_cursor())?),
        Position::Skip(_) => None,
    };
    let mut found = store.campaigns(workspace, before, ROWS + 1).await?;
    let more = found.len() as u64 > ROWS;
    found.truncate(ROWS as usize);
    let last = found.last().filter(|_| more).map(|last| last.id.to_string());
    let next = last.map(|id| key.seal(&list, &id)).transpose()?;
    let mut rows = Vec::with_capacity(found.len());
    for outlook in outlooks(&state, found, now).await? {
        rows.push(Row::of(&state, outlook, now).await?);
    }
    let may_write = visitor.role >= Role::Operator;
    let actions = html! {
        @if may_write { a.button.primary href="/campaigns/new" { "New campaign" } }
    };
    let removed = asked.done.as_deref() == Some("removed");
    let table = html! {
        (super::parts::head::done(removed.then_some("The campaign was removed.")))
        @if rows.is_empty() { (nothing_yet(may_write)) } @else {
            (table(&rows))
            @let next = next.map(|cursor| address("/campaigns", &[("cursor", &cursor)]));
            @if next.is_some() || before.is_some() {
                (pager(rows.len(), "all campaigns", before.map(|_| "/campaigns"), next.as_deref()))
            }
        }
    };
    let page = Page::new("Campaigns", Place::Campaigns)
        .with("head", head("Campaigns", summary(&rows), &actions))
        .with("list", table);
    Ok(page.live(Interest::Workspace))
}

struct Row {
    outlook: Outlook,
    tally: Tally,
    prospects: Vec<(ProspectStatus, u64)>,
    committed: Commitment,
    answer_rates: Vec<Option<f64>>,
}

impl Row {
    async fn of(state: &HttpState, outlook: Outlook, now: Timestamp) -> Result<Self, Problem> {
        let store = &state.actions.store;
        let (id, zone) = (outlook.campaign.id, &outlook.campaign.rules.zone);
        let since = now - SignedDuration::from_hours(24 * DAYS);
        let hours = store.tally_by_hour_since(id, since).await?;
        let today = zone.local_date(now);
        let rate_on = |days_ago: i64| {
            let day = today.checked_sub(jiff::Span::new().days(days_ago)).ok()?;
            let of_day = hours.iter().filter(|(hour, _)| zone.local_date(*hour) == day);
            let tally: Tally = of_day.map(|(_, tally)| *tally).sum();
            tally.human_rate()
        };
        Ok(Self {
            tally: store.tally(id).await?,
            prospects: store.prospects_by_status(id).await?,
            committed: store.committed(BudgetScope::Campaign(id)).await?,
            answer_rates: (0..DAYS).rev().map(rate_on).collect(),
            outlook,
        })
    }

    fn people(&self) -> u64 {
        self.prospects.iter().map(|(_, count)| count).sum()
    }

    fn finished(&self) -> u64 {
        self.prospects.iter().filter(|(status, _)| status.is_final()).map(|(_, count)| count).sum()
    }

    fn markup(&self) -> Markup {
        let campaign = &self.outlook.campaign;
        let base = format!("/campaigns/{}", campaign.id);
        html! {
            tr id=(campaign.id) {
                td data-label="Campaign" {
                    div {
                        a href=(base) { (campaign.name) } " " (badge::campaign(campaign.status))
                        span.sub { (self.outlook.sentence()) }
                    }
                }
                td data-label="People" {
                    div {
                        a href={ (base) "/prospects" } { (show::grouped(self.finished())) " of " (show::grouped(self.people())) }
                        span.sub { (self.progress()) }
                    }
                }
                td.right data-label="Today" { a href={ (base) "/schedule" } { (self.outlook.used_today) " of " (show::grouped(campaign.rules.daily_limit.calls().into())) } }
                td.right data-label="Calls" {
                    div {
                        a href=(base) { (show::count(self.tally.total)) }
                        @if self.tally.queued + self.tally.ringing + self.tally.in_progress > 0 {
                            span.sub { (self.outlook.calls_on()) " on" }
                        }
                    }
                }
                td.right data-label="Answered" { div { (show::percent(self.tally.human_rate())) span.sub { (sparkline("Share of completed calls that a person answered, by day", &self.answer_rates)) } } }
                td.right data-label="Spent" {
                    div {
                        (show::sum(self.committed.spent))
                        @if let Some(budget) = campaign.rules.budgets.total { span.sub { "of " (show::sum(budget)) } }
                    }
                }
            }
        }
    }

    fn progress(&self) -> Markup {
        let of =
            |status| self.prospects.iter().find(|(known, _)| *known == status).map_or(0, |(_, count)| *count);
        progress("Where the people stand", &parts_by_standing(of))
    }
}

/// Everybody by where they stand, from done to not rung yet.
pub fn parts_by_standing(of: impl Fn(ProspectStatus) -> u64) -> [Part; 8] {
    [
        Part::new("done", "fill-completed", of(ProspectStatus::Done)),
        Part::new("exhausted", "fill-no-answer", of(ProspectStatus::Exhausted)),
        Part::new("invalid", "fill-failed", of(ProspectStatus::Invalid)),
        Part::new(
            "not to be called, or removed",
            "fill-canceled",
            of(ProspectStatus::DoNotCall) + of(ProspectStatus::Removed),
        ),
        Part::new("in a call", "fill-accent", of(ProspectStatus::InCall)),
        Part::new("with an outcome that is not known yet", "fill-unknown", of(ProspectStatus::Held)),
        Part::new("waiting for another attempt", "fill-queued", of(ProspectStatus::Waiting)),
        Part::new("not rung yet", "fill-sunken", of(ProspectStatus::Ready)),
    ]
}

fn table(rows: &[Row]) -> Markup {
    html! {
        div.frame.cards {
            table {
                thead {
                    tr {
                        th { "Campaign" } th { "People with their answer" } th.right { "Today" } th.right { "Calls" }
                        th.right { "Answered by a person" } th.right { "Spent" }
                    }
                }
                tbody { @for row in rows { (row.markup()) } }
            }
        }
    }
}

fn summary(rows: &[Row]) -> String {
    let active =
        rows.iter().filter(|row| row.outlook.campaign.status == domain::campaign::CampaignStatus::Active);
    let active = active.count() as u64;
    match rows.len() as u64 {
        0 => "None yet.".to_owned(),
        _ if active == 0 => "None is active, so nobody is rung.".to_owned(),
        _ => format!("{} active.", show::number_of(active, "is", "are")),
    }
}

fn nothing_yet(may_write: bool) -> Markup {
    empty(
        "No campaign yet",
        &html! {
            p { "A campaign is a list of people, what they hear, and when they may be rung." }
            @if may_write {
                p { a.button.primary href="/campaigns/new" { "Begin the first one" } }
            } @else {
                p { "An operator of your team can begin one." }
            }
        },
    )
}
