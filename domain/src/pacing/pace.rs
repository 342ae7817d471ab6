//! Where a limit on starting calls stands: when the next one may start, and what the carrier said of the last ones.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Pacing;

/// The share of what the carrier allows that is used. Above its allowance it queues calls, for up to a day, and a queued
/// call rings at a time that nobody checked; so its queue is kept empty.
const SHARE_USED: f64 = 0.8;
/// The allowance that may start at once after a pause, in seconds of it: a late wake-up must not slow a campaign down,
/// and an outage must not be caught up in a burst.
const BURST_SECONDS: f64 = 0.1;

/// The whole of a pace, in thousandths.
const WHOLE: u32 = 1_000;
/// However often the carrier complains, this much is tried.
const LEAST: u32 = 50;
/// Thousandths that come back in a second without complaint: from half to whole in fifty seconds.
const RECOVERY_PER_SECOND: u32 = 10;
/// Complaints within this time are one complaint about one burst.
const ONE_COMPLAINT: Duration = Duration::from_secs(1);

/// A carrier that asks to slow down without saying for how long; doubled with each further time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// This many requests that never left, within the window, mean that the carrier cannot be reached.
const FAILURES: u32 = 5;
const FAILURE_WINDOW: Duration = Duration::from_secs(30);
/// How long nobody is dialed then; doubled each time the carrier is still away.
const FIRST_BREAK: Duration = Duration::from_secs(30);
const LONGEST_BREAK: Duration = Duration::from_secs(300);
/// Between two calls that only try whether the carrier is back.
const BETWEEN_PROBES: Duration = Duration::from_secs(5);

/// Two servers' clocks differ by no more, or one of them stops dialing. A start planned further ahead than this and its own distance is one that a clock
/// set back left behind.
const CLOCKS_DIFFER_BY: SignedDuration = SignedDuration::from_secs(2);

/// What the carrier's answers said lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaceTrouble {
    /// It asks to slow down.
    Throttled,
    /// Requests do not reach it.
    Unreachable,
}

impl PaceTrouble {
    /// The word in our database and API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
        }
    }

    /// Reads the word in our database.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Throttled, Self::Unreachable].into_iter().find(|trouble| trouble.as_str() == word)
    }
}

/// Nobody is dialed for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceHold {
    /// Why.
    pub trouble: PaceTrouble,
    /// Until when.
    pub until: Timestamp,
}

/// May one more call start?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Yes.
    Now,
    /// At this instant, by the rate.
    At(Timestamp),
    /// The carrier is in trouble.
    Held(PaceHold),
}

/// Where a limit stands. The default is one that nothing has used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// The instant from which the next call is in time; earlier ones eat into the burst.
    pub next_start: Option<Timestamp>,
    /// Thousandths of the pace that the carrier's complaints leave, as of `share_at`.
    pub share: u32,
    /// When the share was set.
    pub share_at: Option<Timestamp>,
    /// Complaints, or breaks, since the carrier last took a call.
    pub streak: u32,
    /// Requests that never left since `failing_since`.
    pub failures: u32,
    /// When the first of them failed.
    pub failing_since: Option<Timestamp>,
    /// Nobody is dialed for a while.
    pub hold: Option<PaceHold>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            next_start: None,
            share: WHOLE,
            share_at: None,
            streak: 0,
            failures: 0,
            failing_since: None,
            hold: None,
        }
    }
}

impl Pace {
    /// Whether one more call may start at `now` under `limits`.
    pub fn may_start(&self, limits: Pacing, now: Timestamp) -> Start {
        if let Some(hold) = self.hold.filter(|hold| hold.until > now) {
            return Start::Held(hold);
        }
        let spacing = self.spacing(limits, now);
        let ahead = burst(limits) - 1.0;
        let earliest = self.planned(limits, now).checked_sub(spacing.mul_f64(ahead)).unwrap_or(now);
        if earliest <= now { Start::Now } else { Start::At(up_to_millisecond(earliest)) }
    }

    /// How many calls may start at `now`: for deciding how many to look for.
    pub fn startable(&self, limits: Pacing, now: Timestamp, most: usize) -> usize {
        let mut pace = self.clone();
        (0..most).take_while(|_| pace.may_start(limits, now) == Start::Now && pace.start(limits, now)).count()
    }

    /// Where it stands after `count` more starts at `now`.
    pub fn after(&self, count: usize, limits: Pacing, now: Timestamp) -> Self {
        let mut pace = self.clone();
        for _ in 0..count {
            pace.start(limits, now);
        }
        pace
    }

    /// A call starts. Always `true`, so that it reads well in a condition.
    pub fn start(&mut self, limits: Pacing, now: Timestamp) -> bool {
        let spacing = self.spacing(limits, now);
        let planned = self.planned(limits, now);
        self.next_start = planned.checked_add(spacing).ok();
        if self.hold.is_some_and(|hold| hold.trouble == PaceTrouble::Unreachable) {
            // After a break one call tries whether the carrier is back, then nobody until it answered.
            self.hold = hold_until(PaceTrouble::Unreachable, now, BETWEEN_PROBES);
        }
        true
    }

    /// The carrier asked to slow down, perhaps for a given time.
    pub fn note_throttled(&mut self, now: Timestamp, wait: Option<Duration>) {
        if self.complain(now) {
            self.streak = self.streak.saturating_add(1);
        }
        let doubled = FIRST_WAIT.saturating_mul(1 << self.streak.saturating_sub(1).min(6)).min(LONGEST_WAIT);
        let hold = hold_until(PaceTrouble::Throttled, now, wait.unwrap_or(doubled));
        if self.hold.map(|hold| hold.until) < hold.map(|hold| hold.until) {
            self.hold = hold;
        }
    }

    /// The carrier took a call, and said that it waits in its queue: we are too fast.
    pub fn note_queued(&mut self, now: Timestamp) {
        self.complain(now);
    }

    /// A request never left. Whether that was one too many, so that nobody is dialed for a while.
    pub fn note_not_sent(&mut self, now: Timestamp) -> bool {
        let recent = self.failing_since.filter(|since| within(*since, now, FAILURE_WINDOW));
        self.failures = if recent.is_some() { self.failures.saturating_add(1) } else { 1 };
        self.failing_since = recent.or(Some(now));
        let still_away = self.hold.is_some_and(|hold| hold.trouble == PaceTrouble::Unreachable);
        if self.failures < FAILURES && !still_away {
            return false;
        }
        let pause = FIRST_BREAK.saturating_mul(1 << self.streak.min(4)).min(LONGEST_BREAK);
        self.streak = self.streak.saturating_add(1);
        (self.failures, self.failing_since) = (0, None);
        self.hold = hold_until(PaceTrouble::Unreachable, now, pause);
        true
    }

    /// The carrier answered a request, whatever it said: it is there.
    pub fn note_answer(&mut self) {
        (self.streak, self.failures, self.failing_since) = (0, 0, None);
        self.hold = self.hold.filter(|hold| hold.trouble != PaceTrouble::Unreachable);
    }

    /// Whether an answer of the carrier would change anything.
    pub const fn is_troubled(&self) -> bool {
        self.streak > 0 || self.failures > 0 || self.hold.is_some()
    }

    /// Thousandths of the pace in use at `now`.
    pub fn share_now(&self, now: Timestamp) -> u32 {
        let since = self.share_at.map_or(0, |at| now.duration_since(at).as_secs().max(0));
        let back = u32::try_from(since).unwrap_or(WHOLE).saturating_mul(RECOVERY_PER_SECOND);
        self.share.saturating_add(back).min(WHOLE)
    }

    /// Halves the pace; `false` when this burst was complained about already.
    fn complain(&mut self, now: Timestamp) -> bool {
        if self.share_at.is_some_and(|at| within(at, now, ONE_COMPLAINT)) {
            return false;
        }
        self.share = (self.share_now(now) / 2).max(LEAST);
        self.share_at = Some(now);
        true
    }

    /// The time between two starts.
    fn spacing(&self, limits: Pacing, now: Timestamp) -> SignedDuration {
        let share = SHARE_USED * f64::from(self.share_now(now)) / f64::from(WHOLE);
        SignedDuration::from_secs_f64(1.0 / (limits.calls_per_second() * share))
    }

    /// The instant of the next start, not before `now`: what a pause leaves unused is not caught up.
    fn planned(&self, limits: Pacing, now: Timestamp) -> Timestamp {
        let spacing = self.spacing(limits, now);
        let planned = self.next_start.unwrap_or(now).max(now);
        let farthest = spacing.mul_f64(burst(limits)) + CLOCKS_DIFFER_BY;
        if planned.duration_since(now) <= farthest {
            return planned;
        }
        // Nobody plans that far ahead. One call may go, and from there it counts anew.
        now.checked_add(spacing.mul_f64(burst(limits) - 1.0)).unwrap_or(now)
    }
}

/// Calls that may start at once after a pause, at least one.
fn burst(limits: Pacing) -> f64 {
    (limits.calls_per_second() * BURST_SECONDS).floor().max(1.0)
}

fn within(earlier: Timestamp, now: Timestamp, span: Duration) -> bool {
    now.duration_since(earlier).unsigned_abs() < span
}

fn hold_until(trouble: PaceTrouble, now: Timestamp, wait: Duration) -> Option<PaceHold> {
    now.checked_add(wait).ok().map(|until| PaceHold { trouble, until })
}

/// Rounded up: a timer that rings a moment too early finds nothing to do.
fn up_to_millisecond(at: Timestamp) -> Timestamp {
    let nanos_over = i64::from(at.subsec_nanosecond()).rem_euclid(1_000_000);
    if nanos_over == 0 {
        return at;
    }
    at.checked_add(SignedDuration::from_nanos(1_000_000 - nanos_over)).unwrap_or(at)
}
