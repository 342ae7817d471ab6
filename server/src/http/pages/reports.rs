//! What works: campaigns side by side, with how sure one can be of the difference.

use axum::extract::State;
use domain::money::Usd;
use domain::statistics::Tally;
use maud::{Markup, html};

use super::page::{Interest, Page, Place};
use super::parts::head::head;
use super::parts::{badge, empty, show};
use crate::http::Problem;
use crate::http::auth::Analyst;
use crate::http::state::HttpState;
use crate::store::campaigns::CampaignRecord;
use crate::store::experiments::ExperimentRecord;

/// Campaigns that are compared: the newest.
const MOST: u64 = 50;
/// A/B tests that are shown: the newest.
const MOST_TESTS: u64 = 20;

/// Compares campaigns.
pub async fn show(State(state): State<HttpState>, Analyst(visitor): Analyst) -> Result<Page, Problem> {
    let store = &state.actions.store;
    let campaigns = store.campaigns(visitor.actor.workspace, None, MOST).await?;
    let mut rows = Vec::with_capacity(campaigns.len());
    for campaign in campaigns {
        let tally = store.tally(campaign.id).await?;
        rows.push((campaign, tally));
    }
    rows.retain(|(_, tally)| tally.total > 0);
    let content = html! {
        @if rows.is_empty() {
            (empty("No call to compare yet", &html! { p { a href="/campaigns" { "Launch a campaign" } ", and its figures appear here." } }))
        } @else { (table(&rows)) }
    };
    let tests = store.experiments_in(visitor.actor.workspace, MOST_TESTS).await?;
    let tests = tests_table(&tests, &rows)?;
    Ok(Page::new("Reports", Place::Reports)
        .with("head", head("Reports", "Campaigns side by side. Rates are shares of completed calls; behind each is the range in which the true rate lies, 19 times of 20.", &html! {}))
        .with("campaigns", content)
        .with("tests", tests)
        .live(Interest::Workspace))
}

/// The arms of each A/B test side by side.
fn tests_table(tests: &[ExperimentRecord], campaigns: &[(CampaignRecord, Tally)]) -> Result<Markup, Problem> {
    let mut rows = Vec::new();
    for test in tests {
        let campaign = campaigns.iter().find(|(campaign, _)| campaign.id == test.campaign);
        if let Some((campaign, _)) = campaign {
            rows.push((campaign, test, test.results()?.compare()));
        }
    }
    Ok(html! {
        @if !rows.is_empty() {
            h2 { "A/B tests" }
            div.frame.cards {
                table {
                    thead { tr { th { "Campaign" } th { "Arms" } th { "What may be said" } } }
                    tbody {
                        @for (campaign, test, comparison) in &rows {
                            tr {
                                td data-label="Campaign" { div { a href={ "/campaigns/" (campaign.id) "/message" } { (campaign.name) } span.sub { @if test.ended.is_some() { "over" } @else { "running" } } } }
                                td data-label="Arms" { div { @for arm in &comparison.arms { span.nowrap { (arm.arm) ": " (show::percent(arm.count.rate())) span.muted { " of " (show::grouped(arm.count.trials())) } } " " } } }
                                td data-label="Verdict" { (comparison.in_words(&[])) }
                            }
                        }
                    }
                }
            }
        }
    })
}

fn table(rows: &[(CampaignRecord, Tally)]) -> Markup {
    let all: Tally = rows.iter().map(|(_, tally)| *tally).sum();
    html! {
        div.frame.cards {
            table {
                thead {
                    tr {
                        th { "Campaign" } th.right { "Calls" } th.right { "Completed" } th.right { "A person answered" }
                        th.right { "A machine answered" } th.right { "Average duration" } th.right { "Cost" } th.right { "Cost per person reached" }
                    }
                }
                tbody {
                    @for (campaign, tally) in rows {
                        tr id=(campaign.id) {
                            td data-label="Campaign" { div { a href={ "/campaigns/" (campaign.id) } { (campaign.name) } " " (badge::campaign(campaign.status)) } }
                            (figures(tally))
                        }
                    }
                }
                tfoot { tr { td data-label="Campaign" { strong { "All of them" } } (figures(&all)) } }
            }
        }
    }
}

fn figures(tally: &Tally) -> Markup {
    let per_person = match tally.answered_by_human {
        0 => "–".to_owned(),
        people => show::sum(Usd::from_micros(tally.total_cost_micros / people)),
    };
    let average =
        tally.average_duration_seconds().map_or("–".to_owned(), |it| show::duration(it.round() as u64));
    html! {
        td.right data-label="Calls" { (show::count(tally.total)) }
        td.right data-label="Completed" { (show::count(tally.completed)) }
        td.right data-label="By a person" { div { (show::percent(tally.human_rate())) (range(tally.answered_by_human, tally.completed)) } }
        td.right data-label="By a machine" { div { (show::percent(tally.machine_rate())) (range(tally.answered_by_machine, tally.completed)) } }
        td.right data-label="Duration" { (average) }
        td.right data-label="Cost" { (show::sum(Usd::from_micros(tally.total_cost_micros))) }
        td.right data-label="Per person" { (per_person) }
    }
}

fn range(part: i64, whole: i64) -> Markup {
    html! {
        @if let Some((low, high)) = wilson(part, whole) {
            span.sub { (format!("{:.0}–{:.0} %", low * 100.0, high * 100.0)) }
        }
    }
}

/// The Wilson score interval at 95 % (E. B. Wilson, 1927): honest for few calls, where the simple one is not.
fn wilson(part: i64, whole: i64) -> Option<(f64, f64)> {
    if whole <= 0 {
        return None;
    }
    let (z, n) = (1.96, whole as f64);
    let share = part as f64 / n;
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let (middle, scale) = (share + z * z / (2.0 * n), 1.0 + z * z / n);
    Some((((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn the_range_is_wide_for_few_calls_and_narrow_for_many() {
        let (low, high) = wilson(1, 2).expect("a range");
        assert!(low < 0.1 && high > 0.9, "{low} {high}");
        let (low, high) = wilson(5_000, 10_000).expect("a range");
        assert!((0.489..0.491).contains(&low) && (0.509..0.511).contains(&high), "{low} {high}");
        assert_eq!(wilson(0, 0), None);
    }
}
