//! What was measured, beside what it is compared with and what it should be: as tables for people, as JSON for programs.

use std::fmt::Write as _;

use serde::Serialize;

/// Everything of one run.
#[derive(Default, Serialize)]
pub struct Report {
    /// `full` or `quick`; a quick run proves that the measurement works, its figures mean nothing.
    pub mode: &'static str,
    /// `release`, or `debug`, whose figures mean nothing either.
    pub build: &'static str,
    /// Processor cores, shared by the server and the load generator.
    pub cores: usize,
    /// One per subject, in the order of measuring.
    pub subjects: Vec<Subject>,
}

/// One table.
#[derive(Serialize)]
pub struct Subject {
    /// What it is about.
    pub name: &'static str,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What a reader must know to read the rows.
    pub notes: Vec<String>,
}

/// One measured value.
#[derive(Serialize)]
pub struct Row {
    what: String,
    median: f64,
    unit: &'static str,
    against: Option<Against>,
    goals: Vec<Judged>,
}

#[derive(Serialize)]
struct Against {
    what: String,
    value: f64,
    ratio: f64,
}

#[derive(Serialize)]
struct Judged {
    goal: String,
    met: bool,
    /// How many times better than the goal, or worse when below 1.
    margin: f64,
}

/// A bound on a value.
#[derive(Clone, Copy)]
pub enum Goal {
    /// Not less than this.
    AtLeast(f64),
    /// Not more than this.
    AtMost(f64),
}

impl Subject {
    /// An empty table.
    pub const fn new(name: &'static str) -> Self {
        Self { name, rows: Vec::new(), notes: Vec::new() }
    }

    /// Something to know.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

impl Row {
    /// A value of its own.
    pub fn new(what: impl Into<String>, median: f64, unit: &'static str) -> Self {
        Self { what: what.into(), median, unit, against: None, goals: Vec::new() }
    }

    /// Sets beside it another value of the same run and unit; the ratio is ours through theirs.
    pub fn against(mut self, what: impl Into<String>, value: f64) -> Self {
        let ratio = if value == 0.0 { 0.0 } else { self.median / value };
        self.against = Some(Against { what: what.into(), value, ratio });
        self
    }

    /// A bound on the value itself.
    pub fn goal(mut self, goal: Goal) -> Self {
        let text = goal.text(&format!(" {}", self.unit));
        self.goals.push(goal.judge(self.median, text));
        self
    }

    /// A bound on the ratio to what it stands against.
    pub fn ratio_goal(mut self, goal: Goal) -> Self {
        let ratio = self.against.as_ref().map_or(0.0, |against| against.ratio);
        self.goals.push(goal.judge(ratio, format!("ratio {}", goal.text(""))));
        self
    }

    /// A bound that is a multiple of a figure from another day, which `whose` names.
    pub fn times_goal(mut self, times: f64, whose: &str, figure: f64) -> Self {
        let text = format!("≥ {times} × {whose} ({} {})", number(figure), self.unit);
        self.goals.push(Goal::AtLeast(times * figure).judge(self.median, text));
        self
    }

    /// As [`Self::times_goal`] for a duration: `times` faster than the figure.
    pub fn times_faster_goal(mut self, times: f64, whose: &str, figure: f64) -> Self {
        let text = format!("≥ {times} × faster than {whose} ({} {})", number(figure), self.unit);
        self.goals.push(Goal::AtMost(figure / times).judge(self.median, text));
        self
    }
}

impl Goal {
    fn text(self, unit: &str) -> String {
        match self {
            Self::AtLeast(bound) => format!("≥ {}{unit}", number(bound)),
            Self::AtMost(bound) => format!("≤ {}{unit}", number(bound)),
        }
    }

    fn judge(self, value: f64, goal: String) -> Judged {
        let (met, margin) = match self {
            Self::AtLeast(bound) => (value >= bound, value / bound),
            Self::AtMost(bound) => (value <= bound, bound / value),
        };
        Judged { goal, met, margin }
    }
}

impl Report {
    /// Shows a finished subject at once: what comes later may fail.
    pub fn add(&mut self, subject: Subject) {
        println!("{}", table(&subject));
        self.subjects.push(subject);
    }
}

/// A subject as Markdown.
fn table(subject: &Subject) -> String {
    let mut text = format!("\n### {}\n\n", subject.name);
    text.push_str("| what | median | against | ratio | target |\n|---|---:|---|---:|---|\n");
    for row in &subject.rows {
        text.push_str(&line(row));
    }
    for note in &subject.notes {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{note}\n");
    }
    text
}

fn line(row: &Row) -> String {
    let (against, ratio) = match &row.against {
        Some(it) => (format!("{}: {} {}", it.what, number(it.value), row.unit), number(it.ratio)),
        None => (String::new(), String::new()),
    };
    let verdicts: Vec<String> = row.goals.iter().map(verdict).collect();
    let (median, verdicts) = (number(row.median), verdicts.join("; "));
    format!("| {} | {median} {} | {against} | {ratio} | {verdicts} |\n", row.what, row.unit)
}

fn verdict(judged: &Judged) -> String {
    match judged.met {
        true if !judged.margin.is_finite() => format!("{}: met", judged.goal),
        true => format!("{}: met, {} × better", judged.goal, number(judged.margin)),
        false => format!("{}: **missed**, {} of it", judged.goal, number(judged.margin)),
    }
}

/// Three digits that count, and thousands apart.
fn number(value: f64) -> String {
    match value.abs() {
        big if big >= 1_000.0 => {
            let digits = format!("{value:.0}");
            let mut text = String::new();
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && (digits.len() - at) % 3 == 0 {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
        tens if tens >= 100.0 => format!("{value:.0}"),
        ones if ones >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_says_by_how_much() {
        let row =
            Row::new("webhooks", 5_000.0, "/s").against("bare", 40_000.0).ratio_goal(Goal::AtLeast(0.25));
        let text = line(&row);
        assert!(text.contains("0.12") || text.contains("0.13"), "{text}");
        assert!(text.contains("**missed**, 0.50 of it"), "{text}");
    }

    #[test]
    fn a_duration_that_is_short_enough_meets_its_target() {
        let row = Row::new("start", 150.0, "ms").goal(Goal::AtMost(300.0));
        assert!(line(&row).contains("met, 2.00 × better"), "{}", line(&row));
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(
            (number(123.4), number(12.34), number(0.126)),
            ("123".into(), "12.3".into(), "0.13".into())
        );
    }
}
