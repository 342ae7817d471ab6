//! Outcomes by day, and when people answer.

use domain::statistics::Tally;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::http::pages::parts::chart::{Column, Heat, heat_map, stacked};
use crate::store::campaigns::CampaignRecord;

/// Days of the chart by day.
const DAYS: i64 = 30;
/// What the heat map looks back on.
pub(super) const HEAT_DAYS: i64 = 90;

const SERIES: [(&str, &str); 6] = [
    ("Completed", "fill-completed"),
    ("Busy", "fill-busy"),
    ("No answer", "fill-no-answer"),
    ("Failed", "fill-failed"),
    ("Canceled", "fill-canceled"),
    ("Under way or unknown", "fill-queued"),
];

pub(super) fn charts(campaign: &CampaignRecord, hours: &[(Timestamp, Tally)], now: Timestamp) -> Markup {
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
