//! Pictures of figures, drawn on the server: they follow the page into the dark, need no script, and have a table behind
//! them for those who cannot see them.

use maud::{Markup, html};

use super::show;

/// One part of a whole.
pub struct Part {
    name: &'static str,
    class: &'static str,
    count: u64,
}

impl Part {
    /// A part with its name and the class that fills it.
    pub const fn new(name: &'static str, class: &'static str, count: u64) -> Self {
        Self { name, class, count }
    }
}

/// A bar in which each part takes its share.
pub fn progress(label: &str, parts: &[Part]) -> Markup {
    let whole: u64 = parts.iter().map(|part| part.count).sum();
    let mut said: Vec<String> = Vec::new();
    let mut drawn = Vec::new();
    let mut at = 0.0;
    for part in parts.iter().filter(|part| part.count > 0) {
        let width = 100.0 * part.count as f64 / whole as f64;
        drawn.push((part.class, at, width));
        said.push(format!("{} {}", show::grouped(part.count), part.name));
        at += width;
    }
    let said = if said.is_empty() { "nobody".to_owned() } else { said.join(", ") };
    html! {
        svg.progress viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label={ (label) ": " (said) } {
            title { (said) }
            @for (class, at, width) in drawn {
                rect class=(class) x=(tidy(at)) y="0" width=(tidy(width)) height="8" {}
            }
        }
    }
}

/// The part of 0 to 1 that something lies in, with a mark at what was seen.
pub fn interval(label: &str, said: &str, (low, high): (f64, f64), seen: Option<f64>) -> Markup {
    html! {
        svg.interval viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label={ (label) ": " (said) } {
            title { (said) }
            rect.fill-sunken x="0" y="4" width="100" height="4" {}
            rect.fill-accent x=(tidy(low * 100.0)) y="2" width=(tidy(((high - low) * 100.0).max(0.5))) height="8" {}
            @if let Some(seen) = seen { rect.fill-text x=(tidy((seen * 100.0 - 0.4).max(0.0))) y="0" width="0.8" height="12" {} }
        }
    }
}

/// A line through shares of 0 to 1; where there is no share there is no line.
pub fn sparkline(label: &str, shares: &[Option<f64>]) -> Markup {
    let step = 96.0 / (shares.len().max(2) - 1) as f64;
    let points = shares.iter().enumerate();
    let points = points.filter_map(|(index, share)| {
        Some(format!("{},{}", tidy(index as f64 * step), tidy(22.0 - 20.0 * (*share)?)))
    });
    let points: Vec<String> = points.collect();
    let latest = shares.iter().rev().find_map(|share| *share);
    html! {
        @if points.len() > 1 {
            svg.sparkline viewBox="0 0 96 24" role="img" aria-label={ (label) "; latest " (show::percent(latest)) } {
                polyline.stroke-accent points=(points.join(" ")) {}
            }
        }
    }
}

/// One column of a stacked chart.
pub struct Column {
    /// Its label below.
    pub label: String,
    /// Where a click leads.
    pub link: String,
    /// The height of each part, in the order of the series.
    pub counts: Vec<u64>,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 160.0;
const LEFT: f64 = 40.0;
const BOTTOM: f64 = 20.0;

/// Columns of stacked counts; `series` names the parts with the class that fills each.
pub fn stacked(caption: &str, series: &[(&str, &str)], columns: &[Column]) -> Markup {
    let highest = columns.iter().map(|column| column.counts.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let top = round_up(highest);
    let room = HEIGHT - BOTTOM - 8.0;
    let slot = (WIDTH - LEFT) / columns.len().max(1) as f64;
    let width = (slot * 0.72).min(40.0);
    let height_of = |count: u64| room * count as f64 / top as f64;
    // Every label would run into the next one.
    let every = (76.0 / slot).ceil().max(1.0) as usize;
    html! {
        (legend(series))
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } aria-hidden="true" {
            @for share in [0.0, 0.5, 1.0] {
                @let y = tidy(8.0 + room * (1.0 - share));
                line.grid x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
                text x=(LEFT - 6.0) y=(y) text-anchor="end" dominant-baseline="middle" {
                    (show::grouped((top as f64 * share) as u64))
                }
            }
            @for (index, column) in columns.iter().enumerate() {
                @let x = LEFT + slot * index as f64 + (slot - width) / 2.0;
                a href=(column.link) tabindex="-1" {
                    title { (column.label) ": " (in_words(series, column)) }
                    @for (part, (_, class)) in series.iter().enumerate() {
                        @let below: u64 = column.counts[..part].iter().sum();
                        @let height = height_of(column.counts[part]);
                        rect class=(class) x=(tidy(x)) y=(tidy(8.0 + room - height_of(below) - height)) width=(tidy(width)) height=(tidy(height)) {}
                    }
                }
                @if (columns.len() - 1 - index).is_multiple_of(every) {
                    text x=(tidy(x + width / 2.0)) y=(HEIGHT - 4.0) text-anchor="middle" { (column.label) }
                }
            }
        }
        (table_behind(caption, series, columns))
    }
}

fn legend(series: &[(&str, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (name, class) in series {
                li { span class={ "badge square " (class.replace("fill-", "tone-")) } { (name) } }
            }
        }
    }
}

fn in_words(series: &[(&str, &str)], column: &Column) -> String {
    let parts = series.iter().zip(&column.counts).filter(|(_, count)| **count > 0);
    let parts: Vec<String> =
        parts.map(|((name, _), count)| format!("{} {name}", show::grouped(*count))).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn table_behind(caption: &str, series: &[(&str, &str)], columns: &[Column]) -> Markup {
    html! {
        details.behind {
            summary { "As a table" }
            div.frame tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { "When" } @for (name, _) in series { th.right scope="col" { (name) } } } }
                    tbody {
                        @for column in columns {
                            tr {
                                th scope="row" { a href=(column.link) { (column.label) } }
                                @for count in &column.counts { td.right { (show::grouped(*count)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One cell of a heat map: how much of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heat {
    /// Calls that a person answered.
    pub answered: u64,
    /// All calls that are over.
    pub calls: u64,
}

impl Heat {
    fn share(self) -> Option<f64> {
        (self.calls > 0).then(|| self.answered as f64 / self.calls as f64)
    }
}

/// Names of the days, as the rows of a heat map or a grid of the week.
pub const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Shares by weekday and hour, the darker the higher, each with its figure.
pub fn heat_map(caption: &str, cells: &[[Heat; 24]; 7]) -> Markup {
    let (cell, row) = ((WIDTH - LEFT) / 24.0, 20.0);
    let highest = cells.iter().flatten().filter_map(|heat| heat.share()).fold(0.01, f64::max);
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (row * 7.0 + BOTTOM) } aria-hidden="true" {
            @for (day, hours) in cells.iter().enumerate() {
                text x=(LEFT - 6.0) y=(tidy(row * day as f64 + row / 2.0)) text-anchor="end" dominant-baseline="middle" { (WEEKDAYS[day]) }
                @for (hour, heat) in hours.iter().enumerate() {
                    @let x = tidy(LEFT + cell * hour as f64 + 1.0);
                    @let y = tidy(row * day as f64 + 1.0);
                    rect.fill-sunken x=(x) y=(y) width=(tidy(cell - 2.0)) height=(row - 2.0) rx="3" {}
                    @if let Some(share) = heat.share() {
                        rect.fill-completed x=(x) y=(y) width=(tidy(cell - 2.0)) height=(row - 2.0) rx="3"
                            fill-opacity=(tidy(0.12 + 0.88 * share / highest)) {
                            title { (WEEKDAYS[day]) " " (hour) ":00: " (show::percent(Some(share))) " of " (show::number_of(heat.calls, "call", "calls")) }
                        }
                    }
                }
            }
            @for hour in (0..24).step_by(3) {
                text x=(tidy(LEFT + cell * f64::from(hour))) y=(row * 7.0 + 14.0) { (hour) }
            }
        }
        details.behind {
            summary { "As a table" }
            div.frame tabindex="0" role="region" aria-label=(caption) {
                table {
                    caption { (caption) }
                    thead { tr { th scope="col" { "Hour" } @for day in WEEKDAYS { th.right scope="col" { (day) } } } }
                    tbody {
                        @for hour in hours_with_calls(cells) {
                            tr {
                                th scope="row" { (hour) ":00" }
                                @for day in cells { td.right { (show::percent(day[hour].share())) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn hours_with_calls(cells: &[[Heat; 24]; 7]) -> impl Iterator<Item = usize> {
    (0..24).filter(|hour| cells.iter().any(|day| day[*hour].calls > 0))
}

/// The next number that looks good at the end of an axis.
fn round_up(highest: u64) -> u64 {
    let mut step = 1;
    loop {
        for top in [2 * step, 4 * step, 10 * step] {
            if top >= highest {
                return top;
            }
        }
        step *= 10;
    }
}

/// Two decimals are more than a screen shows.
fn tidy(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_good_number_above_everything() {
        assert_eq!([1, 2, 3, 7, 11, 39, 41, 100, 101].map(round_up), [2, 2, 4, 10, 20, 40, 100, 100, 200]);
    }

    #[test]
    fn every_figure_of_a_chart_is_in_the_table_behind_it() {
        let columns = [
            Column { label: "1 Mar".into(), link: "/a".into(), counts: vec![3, 1_000] },
            Column { label: "2 Mar".into(), link: "/b".into(), counts: vec![0, 7] },
        ];
        let drawn =
            stacked("Calls by day", &[("Completed", "fill-completed"), ("Busy", "fill-busy")], &columns).0;
        let (_, table) = drawn.split_once("<table>").expect("a table");
        for figure in [">3<", ">1,000<", ">0<", ">7<", "href=\"/a\"", "href=\"/b\""] {
            assert!(table.contains(figure), "{figure}: {table}");
        }
    }
}
