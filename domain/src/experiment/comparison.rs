//! Whether one arm is better, said so that it may be looked at every day.
//!
//! A usual test is right once. Looked at daily until it says something, it names a winner among equals in more than one of four
//! experiments. What is said here is right at all looks together: whatever the rates are, the chance that an arm is **ever**
//! called better than one that is at least as good is at most [`FALSE_WINNER_LEVEL`]. `certainty` has the proof. The price is
//! that it takes more people.
//!
//! It supposes that every trial is one person's, that the arms were drawn by the [`split`](super::split), and that an arm's
//! rate stays what it is. Shares may be unequal and may change.

use super::certainty::{interval, is_better, least_difference};
use super::{Arm, MOST_ARMS};

/// The chance of ever naming a false winner, and that of an interval ever missing its rate, at most. Each holds over all looks
/// and over all arms of one test together.
pub const FALSE_WINNER_LEVEL: f64 = 0.05;

/// Nothing is foretold beyond so many people.
pub const FORESEEN: u64 = 1_000_000;

/// What became of the people who heard one arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    trials: u64,
    successes: u64,
}

/// The counts of all arms, A first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results(Vec<Count>);

/// Counts that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResults {
    /// More successes than trials.
    #[error("an arm cannot have more successes than trials")]
    Successes,
    /// Too few or too many arms.
    #[error("a test has between 2 and 8 arms")]
    Arms,
}

/// What may be said of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Each arm, A first.
    pub arms: Vec<ArmResult>,
    /// Whether one is better than all others.
    pub verdict: Verdict,
}

/// What may be said of one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmResult {
    /// Which.
    pub arm: Arm,
    /// What it is based on.
    pub count: Count,
    /// The lowest rate that is not ruled out, 0 to 1.
    pub lowest: f64,
    /// The highest rate that is not ruled out, 0 to 1.
    pub highest: f64,
}

/// Whether one arm is better than all others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Chance alone can still explain what is seen.
    NoWinnerYet {
        /// The arm with the highest rate so far; `None` before the first trial of every arm, and between equals.
        ahead: Option<Arm>,
    },
    /// One arm is better.
    Winner {
        /// Which.
        arm: Arm,
        /// Its rate is higher than that of every other arm by at least this, in fractions of one, above 0.
        at_least: f64,
    },
}

impl Count {
    /// So many successes among so many trials.
    ///
    /// # Errors
    /// [`InvalidResults::Successes`].
    pub const fn new(successes: u64, trials: u64) -> Result<Self, InvalidResults> {
        if successes > trials {
            return Err(InvalidResults::Successes);
        }
        Ok(Self { trials, successes })
    }

    /// People who heard the arm, each counted once.
    pub const fn trials(self) -> u64 {
        self.trials
    }

    /// Those among them who did what was hoped for.
    pub const fn successes(self) -> u64 {
        self.successes
    }

    /// Those who did not.
    pub const fn failures(self) -> u64 {
        self.trials - self.successes
    }

    /// The share of successes so far, 0 to 1; `None` before the first trial.
    pub fn rate(self) -> Option<f64> {
        (self.trials > 0).then(|| self.successes as f64 / self.trials as f64)
    }

    /// Both together.
    pub const fn and(self, other: Self) -> Self {
        Self {
            trials: self.trials.saturating_add(other.trials),
            successes: self.successes.saturating_add(other.successes),
        }
    }
}

impl Results {
    /// The counts of 2 to 8 arms, A first.
    ///
    /// # Errors
    /// [`InvalidResults::Arms`].
    pub fn new(counts: Vec<Count>) -> Result<Self, InvalidResults> {
        if (2..=MOST_ARMS).contains(&counts.len()) { Ok(Self(counts)) } else { Err(InvalidResults::Arms) }
    }

    /// What may be said.
    pub fn compare(&self) -> Comparison {
        let alpha = FALSE_WINNER_LEVEL / self.0.len() as f64;
        let result = |(arm, count): (Arm, Count)| {
            let (lowest, highest) = interval(count, alpha);
            ArmResult { arm, count, lowest, highest }
        };
        Comparison { arms: self.each().map(result).collect(), verdict: self.verdict() }
    }

    /// Only whether there is a winner.
    pub fn verdict(&self) -> Verdict {
        let Some((ahead, count)) = self.ahead() else { return Verdict::NoWinnerYet { ahead: None } };
        let alpha = FALSE_WINNER_LEVEL / self.pairs();
        let others = || self.each().filter(|(arm, _)| *arm != ahead).map(|(_, other)| other);
        if !others().all(|other| is_better(count, other, alpha)) {
            return Verdict::NoWinnerYet { ahead: Some(ahead) };
        }
        let at_least = others().map(|other| least_difference(count, other, alpha)).fold(1.0, f64::min);
        Verdict::Winner { arm: ahead, at_least }
    }

    /// About how many more people must be heard before there is a winner, all arms together, if every rate and every share
    /// stays what it is so far; `None` while nobody is ahead, once there is a winner, and beyond [`FORESEEN`].
    pub fn more_needed(&self) -> Option<u64> {
        let Verdict::NoWinnerYet { ahead: Some(_) } = self.verdict() else { return None };
        let now = self.trials();
        let wins = |trials: u64| {
            let grown = self.grown(trials as f64 / now as f64);
            matches!(grown.verdict(), Verdict::Winner { .. })
        };
        let (mut too_few, mut enough) = (now, now);
        while !wins(enough) {
            if enough > FORESEEN {
                return None;
            }
            (too_few, enough) = (enough, enough.saturating_mul(2));
        }
        // To one part in a hundred: more is not known.
        while enough - too_few > enough / 100 {
            let middle = u64::midpoint(too_few, enough);
            if wins(middle) {
                enough = middle;
            } else {
                too_few = middle;
            }
        }
        Some(enough - now)
    }

    fn trials(&self) -> u64 {
        self.0.iter().map(|count| count.trials).sum()
    }

    /// So many times as many people with the same rates.
    fn grown(&self, times: f64) -> Self {
        let grow = |number: u64| (number as f64 * times).round() as u64;
        let counts = self.0.iter().map(|count| {
            let trials = grow(count.trials);
            Count { trials, successes: grow(count.successes).min(trials) }
        });
        Self(counts.collect())
    }

    fn each(&self) -> impl Iterator<Item = (Arm, Count)> {
        self.0.iter().enumerate().filter_map(|(place, count)| Some((Arm::at(place)?, *count)))
    }

    /// The arm whose rate is above all others'.
    fn ahead(&self) -> Option<(Arm, Count)> {
        let rates: Vec<f64> = self.0.iter().map(|count| count.rate()).collect::<Option<_>>()?;
        let best = rates.iter().copied().fold(0.0, f64::max);
        let mut with_best = self.each().zip(&rates).filter(|(_, rate)| **rate >= best);
        let (first, _) = with_best.next()?;
        with_best.next().is_none().then_some(first)
    }

    /// Every two arms are compared at a part of the level. Of two arms the level need not be halved for "A is better" and "B is
    /// better": where one of them is false, both are ruled out by the same event.
    fn pairs(&self) -> f64 {
        let arms = self.0.len();
        (arms * (arms - 1) / 2) as f64
    }
}

impl Comparison {
    /// The verdict in a sentence or two; `names` are what people call the arms, A first.
    pub fn in_words(&self, names: &[&str]) -> String {
        let name = |arm: Arm| match names.get(arm.place()) {
            Some(name) => (*name).to_owned(),
            None => arm.to_string(),
        };
        match self.verdict {
            Verdict::Winner { arm, at_least } => {
                let others = if self.arms.len() == 2 { "the other" } else { "every other" };
                let points = if at_least < 0.001 {
                    "less than 0.1 percentage points, but surely".to_owned()
                } else {
                    format!("by at least {:.1} percentage points", floor_of_tenths(at_least))
                };
                format!(
                    "{} is better than {others}, {points}. The chance that this is a mistake is at most {:.0} %, however \
                     often you look.",
                    name(arm),
                    FALSE_WINNER_LEVEL * 100.0
                )
            }
            Verdict::NoWinnerYet { ahead: Some(arm) } => format!(
                "No winner yet. {} is ahead, but chance alone can explain that. You may look as often as you like.",
                name(arm)
            ),
            Verdict::NoWinnerYet { ahead: None } => {
                "No winner yet: nobody is ahead. You may look as often as you like.".to_owned()
            }
        }
    }
}

/// Percentage points with one decimal, never more than there are.
fn floor_of_tenths(fraction: f64) -> f64 {
    (fraction * 1_000.0).floor() / 10.0
}

#[cfg(test)]
mod tests;
