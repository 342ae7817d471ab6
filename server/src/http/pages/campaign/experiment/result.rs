//! What a test shows: its arms side by side with what is certain of each, and the verdict in words.

use domain::experiment::Arm;
use domain::experiment::comparison::{ArmResult, Results, Verdict};
use domain::experiment::tally::Goal;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::http::pages::parts::{chart, show};
use crate::http::pages::people::Names;
use crate::store::campaigns::CampaignRecord;
use crate::store::experiments::{ArmRecord, ExperimentRecord};

/// A test as it is shown.
pub(super) struct Shown {
    pub test: ExperimentRecord,
    pub results: Results,
    /// The names of the arms' scripts, A first.
    pub titles: Vec<String>,
}

impl Shown {
    pub fn card(&self, campaign: &CampaignRecord, names: &Names, now: Timestamp) -> Markup {
        html! { div.card { (self.content(campaign, names, now)) } }
    }

    pub fn content(&self, campaign: &CampaignRecord, names: &Names, now: Timestamp) -> Markup {
        let title = if self.test.ended.is_some() { "A test that is over" } else { "A/B test" };
        html! {
            h2 { (title) }
            p.muted { (self.history(campaign, names, now)) }
            (self.verdict())
            (self.table(campaign))
            p.muted { "A person counts once, by the first of their calls that was picked up. The bar shows which rates are still possible. It is made for looking often: over all looks together, the chance of a false winner stays at most 5 %." }
            @if campaign.machine_detection == "off" {
                p.muted { "Answering machine detection is off, so machines count as people who picked up, in every arm alike." }
            }
        }
    }

    fn history(&self, campaign: &CampaignRecord, names: &Names, now: Timestamp) -> Markup {
        let (test, zone) = (&self.test, &campaign.rules.zone);
        html! {
            "Hopes that people " (hope(test.goal)) ". Begun " (show::short_time(test.started_at, now, zone)) " by " (names.of_actor(&test.started_by))
            @if let Some(ended) = &test.ended {
                ", ended " (show::short_time(ended.at, now, zone)) " by " (names.of_actor(&ended.by)) "; "
                @match ended.adopted {
                    Some(arm) => { "the campaign went on with " (arm) },
                    None => { "the campaign went on as before" },
                }
            }
            "."
        }
    }

    fn verdict(&self) -> Markup {
        let comparison = self.results.compare();
        let words = comparison.in_words(&[]);
        let is_won = matches!(comparison.verdict, Verdict::Winner { .. });
        let more = self.results.more_needed().filter(|_| self.test.ended.is_none());
        html! {
            div.notice.good[is_won].calm[!is_won] role="status" {
                p {
                    strong { (words) }
                    @if let Some(more) = more {
                        " If the rates stay as they are, about " (show::grouped(rounded(more))) " more people must pick up before that changes."
                    }
                }
            }
        }
    }

    fn table(&self, campaign: &CampaignRecord) -> Markup {
        let comparison = self.results.compare();
        let shares = self.test.split.shares();
        let arms = self.test.arms.iter().zip(&self.titles).zip(&comparison.arms).zip(shares);
        html! {
            div.frame.cards {
                table {
                    thead {
                        tr { th { "Arm" } th { "Says" } th.right { "Share" } th.right { "Rung" } th.right { "Picked up" } th.right { (success(self.test.goal)) } th { "Rate" } }
                    }
                    tbody { @for (((arm, title), result), share) in arms { (row(campaign, arm, title, result, share)) } }
                }
            }
        }
    }
}

fn row(campaign: &CampaignRecord, arm: &ArmRecord, title: &str, result: &ArmResult, share: f64) -> Markup {
    let letter = arm.arm;
    html! {
        tr id={ "arm-" (letter) } {
            td data-label="Arm" { a href={ "/campaigns/" (campaign.id) "?arm=" (letter) } { (letter) } }
            td data-label="Says" { div { (title) span.sub { "Version " (arm.said.version) ", " (arm.voice.as_deref().unwrap_or("the carrier's own voice")) } } }
            td.right data-label="Share" { (show::percent(Some(share))) }
            td.right data-label="Rung" { (show::count(arm.tally.people)) }
            td.right data-label="Picked up" { (show::grouped(result.count.trials())) }
            td.right data-label="Successes" { (show::grouped(result.count.successes())) }
            td data-label="Rate" { div.rate { (rate(letter, result)) } }
        }
    }
}

fn rate(arm: Arm, result: &ArmResult) -> Markup {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let rate = result.count.rate();
    let said = format!("{} to {} % are possible", percent(result.lowest), percent(result.highest));
    html! {
        (rate.map_or_else(|| "–".to_owned(), |rate| format!("{} %", percent(rate))))
        (chart::interval(&format!("Rate of {arm}"), &said, (result.lowest, result.highest), rate))
        span.sub { (said) }
    }
}

/// To two digits: more is not known.
fn rounded(number: u64) -> u64 {
    let step = 10_u64.pow(number.max(1).ilog10().saturating_sub(1));
    number.div_ceil(step) * step
}

/// What is hoped for, behind "people".
pub(super) const fn hope(goal: Goal) -> &'static str {
    match goal {
        Goal::Confirmed => "say yes",
        Goal::Transferred => "are put through to a person",
        Goal::Responded => "say yes, leave a message or are put through",
        Goal::NotOptedOut => "do not ask for an end of all calls",
    }
}

const fn success(goal: Goal) -> &'static str {
    match goal {
        Goal::Confirmed => "Said yes",
        Goal::Transferred => "Put through",
        Goal::Responded => "Responded",
        Goal::NotOptedOut => "Stayed on the list",
    }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn what_is_foretold_is_said_in_two_digits() {
        assert_eq!([7, 42, 1_234, 98_001].map(rounded), [7, 42, 1_300, 99_000]);
    }
}
