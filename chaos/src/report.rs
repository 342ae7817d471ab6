//! What a fault did, in one line: figures, and `held` or `BROKEN`.

use std::fmt;
use std::time::Duration;

/// What was seen during one fault.
#[derive(Debug, Default)]
pub struct Findings {
    figures: Vec<String>,
    breaches: Vec<String>,
}

/// How a fault ended.
pub enum Verdict {
    /// Every promise was kept.
    Held(Findings),
    /// At least one was not.
    Broken(Findings),
    /// It could not be tried here, and why. Counts as not held.
    NotRun(String),
}

impl Findings {
    /// Notes a figure.
    pub fn figure(&mut self, figure: impl Into<String>) {
        self.figures.push(figure.into());
    }

    /// Notes a broken promise.
    pub fn breach(&mut self, breach: impl Into<String>) {
        self.breaches.push(breach.into());
    }

    /// Notes a broken promise where one is.
    pub fn expect(&mut self, kept: bool, breach: impl FnOnce() -> String) {
        if !kept {
            self.breach(breach());
        }
    }

    /// Takes in what was seen in one of several turns.
    pub fn absorb(&mut self, turn: &str, other: Self) {
        self.figures.extend(other.figures);
        self.breaches.extend(other.breaches.into_iter().map(|breach| format!("{turn}: {breach}")));
    }

    /// Whether nothing was broken so far.
    pub fn all_kept(&self) -> bool {
        self.breaches.is_empty()
    }
}

impl From<Findings> for Verdict {
    fn from(findings: Findings) -> Self {
        if findings.all_kept() { Self::Held(findings) } else { Self::Broken(findings) }
    }
}

impl Verdict {
    /// Whether every promise was kept.
    pub const fn held(&self) -> bool {
        matches!(self, Self::Held(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(findings) => write!(f, "{}: held", findings.figures.join(", ")),
            Self::Broken(findings) => {
                write!(f, "{}: BROKEN", findings.figures.join(", "))?;
                findings.breaches.iter().try_for_each(|breach| write!(f, "\n      {breach}"))
            }
            Self::NotRun(why) => write!(f, "not run: {why}"),
        }
    }
}

/// Median, 99th percentile and maximum of durations, in words.
pub fn percentiles(times: &[Duration]) -> String {
    let mut sorted = times.to_vec();
    sorted.sort();
    let at = |share: f64| {
        let last = sorted.len().saturating_sub(1);
        sorted.get((last as f64 * share).round() as usize).copied().unwrap_or_default().as_secs_f64()
    };
    format!("p50 {:.2} s, p99 {:.2} s, max {:.2} s", at(0.5), at(0.99), at(1.0))
}

/// The 99th percentile; `None` of nothing.
pub fn p99(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len().saturating_sub(1) * 99 / 100).copied()
}
