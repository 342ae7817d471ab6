//! The list of a campaign's calls.

use jiff::Timestamp;
use maud::{Markup, html};

use super::asked::Asked;
use crate::actions::users::Role;
use crate::http::Problem;
use crate::http::pages::parts::pager::pager;
use crate::http::pages::parts::{badge, empty, show};
use crate::http::query::{ListIdentity, Position};
use crate::http::state::HttpState;
use crate::store::call_list::{Begin, By, Counted, Order};
use crate::store::calls::CallRecord;
use crate::store::campaigns::CampaignRecord;

/// Rows of a page.
const ROWS: u64 = 50;

pub(super) struct List {
    calls: Vec<(CallRecord, String)>,
    counted: Counted,
    next: Option<String>,
}

impl List {
    pub(super) async fn of(
        state: &HttpState,
        campaign: &CampaignRecord,
        asked: &Asked,
    ) -> Result<Self, Problem> {
        let (filter, order) = (asked.filter(campaign), asked.order());
        let store = &state.actions.store;
        let list = ListIdentity {
            endpoint: "calls page",
            workspace: &campaign.workspace.to_string(),
            filters: &format!("{filter:?} {order:?}"),
        };
        let key = &state.server.cursor_key;
        let begin = match Position::<String>::new(None, asked.cursor.as_ref(), &list, key)? {
            Position::After(spot) => Begin::Behind(spot.parse().map_err(|_| Problem::invalid_cursor())?),
            Position::Skip(rows) => Begin::Skip(rows),
        };
        let (mut found, counted) =
            tokio::try_join!(store.calls(&filter, order, begin, ROWS + 1), store.count_calls(&filter))?;
        let more = found.len() as u64 > ROWS;
        found.truncate(ROWS as usize);
        let last = found.last().filter(|_| more).map(|last| order.spot(last));
        let next = last.map(|spot| key.seal(&list, &spot.to_string())).transpose()?;
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

    pub(super) fn markup(
        &self,
        campaign: &CampaignRecord,
        asked: &Asked,
        role: Role,
        now: Timestamp,
    ) -> Markup {
        if self.calls.is_empty() {
            return nothing(campaign, asked);
        }
        let base = format!("/campaigns/{}", campaign.id);
        let next = self.next.as_deref().map(|cursor| asked.page(&base, cursor));
        let first = asked.cursor.is_some().then(|| asked.page(&base, ""));
        let total = show::grouped(self.counted.calls);
        let total = if self.counted.capped { format!("more than {total}") } else { total };
        let by = |by, word| heading(asked, &base, by, word);
        html! {
            div.frame.cards {
                table aria-labelledby="list-title" {
                    thead {
                        tr {
                            (by(By::Made, "Made"))
                            th { "Status" } th { "Who" } th { "Number" } th { "Answered by" } th.right { "Attempt" }
                            (by(By::Duration, "Duration")) (by(By::Cost, "Cost"))
                        }
                    }
                    tbody { @for (call, name) in &self.calls { (row(campaign, call, name, role, now)) } }
                }
            }
            (pager(self.calls.len(), &total, first.as_deref(), next.as_deref()))
        }
    }
}

/// The heading of a column that the list can be put in the order of: the largest first, and turned when it is so already.
fn heading(asked: &Asked, base: &str, by: By, word: &str) -> Markup {
    let order = asked.order();
    let chosen = order.by == by;
    let sorted = chosen.then_some(if order.largest_first { "descending" } else { "ascending" });
    let arrow = sorted.map(|_| if order.largest_first { " ↓" } else { " ↑" });
    let turned = Order { by, largest_first: !(chosen && order.largest_first) };
    html! {
        th.right[by != By::Made] aria-sort=[sorted] {
            a href=(asked.sorted(base, turned)) { (word) (arrow.unwrap_or_default()) }
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
            td.right data-label="Attempt" { div { (call.attempt) @if let Some(drawn) = call.drawn { span.sub { "Arm " (drawn.arm) } } } }
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
