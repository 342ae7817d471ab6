//! Whether and when somebody is rung again.

use std::collections::BTreeMap;

use jiff::civil::{DateTime, Time};
use jiff::{SignedDuration, Timestamp};

use crate::calling_window::CampaignZone;
use crate::disposition::Disposition;

/// The longest delay before a retry, in minutes: 30 days. Growth stops here.
pub const LONGEST_DELAY: u32 = 43_200;
/// After a lost call the person may just have been rung, so no policy rings again sooner than this, in minutes.
pub const SHORTEST_DELAY_AFTER_LOST: u32 = 60;
/// The most attempts a policy can ask for, the first one included.
pub const MOST_ATTEMPTS: u32 = 10;

/// Which outcomes are tried again, when, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    rules: BTreeMap<Disposition, RetryRule>,
}

/// When to ring again after one kind of outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryRule {
    delay_minutes: u32,
    growth_percent: u16,
    other_half_of_day: bool,
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryDecision {
    /// Ring again, not before this instant; the calling window is asked again then.
    At(Timestamp),
    /// Do not ring again.
    GiveUp(GiveUp),
}

/// Why there is no further attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// This outcome is not retried.
    Final,
    /// This outcome would be retried, but the attempts are used up.
    Exhausted,
}

/// Why a retry policy was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRetryPolicy {
    /// Attempts outside 1 to 10.
    #[error("attempts must be between 1 and 10, the first call included (so at most 9 retries)")]
    Attempts,
    /// A delay outside 1 minute to 30 days.
    #[error("the delay before a retry must be between 1 and 43200 minutes (30 days)")]
    Delay,
    /// Growth outside ×1 to ×10.
    #[error("the delay can grow by a factor from 1 to 10 (100 to 1000 per cent) with each attempt")]
    Growth,
    /// Not a status that can be retried.
    #[error("{0:?} cannot be retried; use busy, no-answer, failed, canceled or voicemail")]
    Status(String),
    /// A rule for an outcome that is never retried.
    #[error("after {} nobody is rung again, so it cannot have a retry rule", .0.as_str())]
    NeverRetried(Disposition),
}

impl RetryPolicy {
    /// At most `max_attempts` (1 to 10, the first included), with `rules` for the outcomes that are retried.
    pub fn new(
        max_attempts: u32,
        rules: impl IntoIterator<Item = (Disposition, RetryRule)>,
    ) -> Result<Self, InvalidRetryPolicy> {
        if !(1..=MOST_ATTEMPTS).contains(&max_attempts) {
            return Err(InvalidRetryPolicy::Attempts);
        }
        let rules: BTreeMap<_, _> = rules.into_iter().collect();
        match rules.keys().find(|disposition| !disposition.may_be_retried()) {
            Some(never) => Err(InvalidRetryPolicy::NeverRetried(*never)),
            None => Ok(Self { max_attempts, rules }),
        }
    }

    /// The policy of three plain numbers: `max_retries` (0 to 9) after the first attempt, always `delay_minutes`
    /// later (1 to 43200), for `statuses` out of `busy`, `no-answer`, `failed`, `canceled` and `voicemail`. A call
    /// that got lost counts as `failed`.
    pub fn from_simple<'a>(
        max_retries: u32,
        delay_minutes: u32,
        statuses: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, InvalidRetryPolicy> {
        let rule = RetryRule::after_minutes(delay_minutes)?;
        let mut rules = BTreeMap::new();
        for status in statuses {
            for disposition in dispositions_of(status)? {
                rules.insert(*disposition, rule);
            }
        }
        Self::new(max_retries.checked_add(1).ok_or(InvalidRetryPolicy::Attempts)?, rules)
    }

    /// The attempts allowed, the first included.
    pub const fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// The rule for an outcome, if it is retried.
    pub fn rule(&self, disposition: Disposition) -> Option<RetryRule> {
        self.rules.get(&disposition).copied()
    }

    /// The outcomes that are retried, each with its rule.
    pub fn rules(&self) -> impl Iterator<Item = (Disposition, RetryRule)> + '_ {
        self.rules.iter().map(|(disposition, rule)| (*disposition, *rule))
    }

    /// What follows an attempt that ended at `ended_at` as `disposition`. `attempts_made` counts it.
    pub fn decide(
        &self,
        disposition: Disposition,
        attempts_made: u32,
        ended_at: Timestamp,
        zone: &CampaignZone,
    ) -> RetryDecision {
        let Some(rule) = self.rule(disposition) else { return RetryDecision::GiveUp(GiveUp::Final) };
        if attempts_made >= self.max_attempts {
            return RetryDecision::GiveUp(GiveUp::Exhausted);
        }
        let least = if disposition == Disposition::Lost { SHORTEST_DELAY_AFTER_LOST } else { 1 };
        let delay = rule.delay_after(attempts_made).max(least);
        let earliest = ended_at.saturating_add(SignedDuration::from_mins(i64::from(delay)));
        let earliest = earliest.unwrap_or(Timestamp::MAX);
        if rule.other_half_of_day {
            RetryDecision::At(in_the_other_half(ended_at, earliest, zone))
        } else {
            RetryDecision::At(earliest)
        }
    }
}

impl Default for RetryPolicy {
    /// Three attempts, delays doubling: busy after 20 minutes, no answer after 3 hours, transient failures after 30
    /// minutes, lost calls after an hour, voicemail on a later day in the other half of the day. What we cancelled
    /// ourselves stays cancelled.
    fn default() -> Self {
        let doubling =
            |delay_minutes| RetryRule { delay_minutes, growth_percent: 200, other_half_of_day: false };
        let voicemail = RetryRule { other_half_of_day: true, ..doubling(12 * 60) };
        Self {
            max_attempts: 3,
            rules: BTreeMap::from([
                (Disposition::Busy, doubling(20)),
                (Disposition::NoAnswer, doubling(3 * 60)),
                (Disposition::Failed, doubling(30)),
                (Disposition::Lost, doubling(SHORTEST_DELAY_AFTER_LOST)),
                (Disposition::MachineAnswered, voicemail),
            ]),
        }
    }
}

impl RetryRule {
    /// Always the same delay, 1 to 43200 minutes.
    pub fn after_minutes(delay_minutes: u32) -> Result<Self, InvalidRetryPolicy> {
        Self::new(delay_minutes, 100, false)
    }

    /// First after `delay_minutes` (1 to 43200), then each time `growth_percent` (100 to 1000) of the delay before, at
    /// most 30 days. With `other_half_of_day` on a later day as well, before noon if the last attempt was after noon
    /// and the other way round.
    pub fn new(
        delay_minutes: u32,
        growth_percent: u16,
        other_half_of_day: bool,
    ) -> Result<Self, InvalidRetryPolicy> {
        if !(1..=LONGEST_DELAY).contains(&delay_minutes) {
            return Err(InvalidRetryPolicy::Delay);
        }
        if !(100..=1_000).contains(&growth_percent) {
            return Err(InvalidRetryPolicy::Growth);
        }
        Ok(Self { delay_minutes, growth_percent, other_half_of_day })
    }

    /// Minutes before the first retry.
    pub const fn delay_minutes(self) -> u32 {
        self.delay_minutes
    }

    /// Each delay in per cent of the one before.
    pub const fn growth_percent(self) -> u16 {
        self.growth_percent
    }

    /// Whether the retry waits for a later day's other half.
    pub const fn other_half_of_day(self) -> bool {
        self.other_half_of_day
    }

    /// Minutes to wait after the given number of attempts.
    fn delay_after(self, attempts_made: u32) -> u32 {
        let mut delay = u64::from(self.delay_minutes);
        // Ten attempts are the most there are; counting further would only repeat the longest delay.
        for _ in 1..attempts_made.min(MOST_ATTEMPTS) {
            delay = (delay * u64::from(self.growth_percent) / 100).min(u64::from(LONGEST_DELAY));
        }
        u32::try_from(delay).unwrap_or(LONGEST_DELAY)
    }
}

/// The first suitable instant from `earliest` on, on a later day than the attempt and in the other half of the day.
fn in_the_other_half(ended_at: Timestamp, earliest: Timestamp, zone: &CampaignZone) -> Timestamp {
    let ended = zone.local_time(ended_at);
    let time = time_in_the_other_half(ended.time());
    let Ok(tomorrow) = ended.date().tomorrow() else { return earliest };
    let mut day = tomorrow.max(zone.local_date(earliest));
    loop {
        match zone.instant_of(DateTime::from_parts(day, time)) {
            Some(instant) if instant >= earliest => return instant,
            _ => match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => return earliest,
            },
        }
    }
}

/// Within usual office hours, or most calling windows would push the retry back into the half it was to avoid; spread
/// over them by the time of the attempt, or everybody's retry would fall on one minute.
fn time_in_the_other_half(ended: Time) -> Time {
    let was_morning = ended.hour() < 12;
    let (first_hour, hours) = if was_morning { (13, 4) } else { (9, 3) };
    Time::constant(first_hour + ended.hour() % hours, ended.minute(), 0, 0)
}

fn dispositions_of(status: &str) -> Result<&'static [Disposition], InvalidRetryPolicy> {
    match status {
        "busy" => Ok(&[Disposition::Busy]),
        "no-answer" => Ok(&[Disposition::NoAnswer]),
        "failed" => Ok(&[Disposition::Failed, Disposition::Lost]),
        "canceled" => Ok(&[Disposition::Canceled]),
        "voicemail" => Ok(&[Disposition::MachineAnswered]),
        other => Err(InvalidRetryPolicy::Status(other.chars().take(40).collect())),
    }
}

#[cfg(test)]
mod tests;
