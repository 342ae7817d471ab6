//! The windows of a week, and the gate: open until when, or closed until when?

use std::fmt;

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};

use super::minutes::DailyWindow;
use super::zone::{CampaignZone, EvenStretch, SECONDS_PER_DAY, timestamp, whole_seconds};

const SECONDS_PER_WEEK: i64 = 7 * SECONDS_PER_DAY;
/// 1970-01-01 was a Thursday; the week here begins on Monday.
const MONDAY_TO_1970: i64 = 3 * SECONDS_PER_DAY;
/// How far ahead the gate looks. Beyond it only windows that never close are still open.
const LOOK_AHEAD: i64 = 366 * SECONDS_PER_DAY;

/// The hours in which a campaign may ring, per weekday. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct WeeklyWindows {
    /// As given, Monday first, each day sorted.
    days: [Vec<DailyWindow>; 7],
    /// What they amount to: disjoint, sorted, never touching.
    open: Vec<WeekSpan>,
    overlapping: bool,
}

/// Seconds after Monday 00:00, half-open, within one week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct WeekSpan {
    start: i64,
    end: i64,
}

/// No weekday has a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the campaign would never be allowed to ring: give at least one weekday a window")]
pub struct NeverOpen;

/// The gate's answer for one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// Ringing is allowed at every instant from now up to, not including, `until`. Windows that never close say a
    /// year from now; all others are closed at `until`.
    Open {
        /// The end of the opening.
        until: Timestamp,
    },
    /// Ringing is not allowed at any instant from now up to `next_open`.
    Closed {
        /// When the gate opens next; `None` only at the end of the calendar.
        next_open: Option<Timestamp>,
    },
}

/// One stretch of time in which ringing is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant no longer inside.
    pub until: Timestamp,
}

impl WeeklyWindows {
    /// The same window on every day of the week.
    pub fn every_day(window: DailyWindow) -> Self {
        Self::from_sorted_days(std::array::from_fn(|_| vec![window]))
    }

    /// Windows per weekday, several each, in any order; a weekday may be named more than once.
    pub fn from_days(days: impl IntoIterator<Item = (Weekday, Vec<DailyWindow>)>) -> Result<Self, NeverOpen> {
        let mut sorted: [Vec<DailyWindow>; 7] = Default::default();
        for (weekday, windows) in days {
            sorted[index_of(weekday)].extend(windows);
        }
        sorted.iter_mut().for_each(|windows| windows.sort_unstable());
        if sorted.iter().all(Vec::is_empty) { Err(NeverOpen) } else { Ok(Self::from_sorted_days(sorted)) }
    }

    /// Always open.
    pub fn around_the_clock() -> Self {
        Self::every_day(DailyWindow::WHOLE_DAY)
    }

    fn from_sorted_days(days: [Vec<DailyWindow>; 7]) -> Self {
        let mut spans: Vec<WeekSpan> = Vec::new();
        for (day, windows) in (0_i64..).zip(&days) {
            for window in windows {
                let start = day * SECONDS_PER_DAY + i64::from(window.start().minutes()) * 60;
                let end = start + i64::from(window.length()) * 60;
                spans.push(WeekSpan { start, end: end.min(SECONDS_PER_WEEK) });
                if end > SECONDS_PER_WEEK {
                    spans.push(WeekSpan { start: 0, end: end - SECONDS_PER_WEEK });
                }
            }
        }
        spans.sort_unstable();
        let overlapping = spans.windows(2).any(|pair| pair[1].start < pair[0].end);
        spans.dedup_by(|later, earlier| {
            let touching = later.start <= earlier.end;
            if touching {
                earlier.end = earlier.end.max(later.end);
            }
            touching
        });
        Self { days, open: spans, overlapping }
    }

    /// The windows that start on `weekday`, as they were given, sorted.
    pub fn on(&self, weekday: Weekday) -> &[DailyWindow] {
        &self.days[index_of(weekday)]
    }

    /// Some given windows cover the same time. They count once; whoever configured them may want to know.
    pub const fn has_overlaps(&self) -> bool {
        self.overlapping
    }

    /// Whether ringing is allowed at `now`, and up to when that answer holds.
    pub fn openness(&self, now: Timestamp, zone: &CampaignZone) -> Openness {
        let horizon = whole_seconds(now) + LOOK_AHEAD;
        let mut stretches = zone.even_stretches(now).peekable();
        let open = stretches.peek().is_some_and(|first| self.contains(first, first.from));
        let change = self.first_change(stretches, open, horizon);
        if open {
            Openness::Open { until: timestamp(change.unwrap_or(horizon)) }
        } else {
            Openness::Closed { next_open: change.and_then(|second| Timestamp::from_second(second).ok()) }
        }
    }

    /// `now` if the gate is open, else when it opens next.
    pub fn next_open(&self, now: Timestamp, zone: &CampaignZone) -> Option<Timestamp> {
        match self.openness(now, zone) {
            Openness::Open { .. } => Some(now),
            Openness::Closed { next_open } => next_open,
        }
    }

    /// The openings from `now` on, without end; the first one begins at `now` if the gate is open.
    pub fn openings<'a>(
        &'a self,
        now: Timestamp,
        zone: &'a CampaignZone,
    ) -> impl Iterator<Item = Opening> + 'a {
        let mut at = Some(now);
        std::iter::from_fn(move || {
            let from = self.next_open(at?, zone)?;
            let Openness::Open { until } = self.openness(from, zone) else { return None };
            at = (until > from).then_some(until);
            Some(Opening { from, until })
        })
    }

    /// The first second at which the gate is no longer as it is (`open`), looking no further than `horizon`.
    fn first_change(
        &self,
        stretches: impl Iterator<Item = EvenStretch>,
        open: bool,
        horizon: i64,
    ) -> Option<i64> {
        for stretch in stretches.take_while(|stretch| stretch.from < horizon) {
            // A clock change can carry the wall into or out of a window.
            if self.contains(&stretch, stretch.from) != open {
                return Some(stretch.from);
            }
            let change = self.change_on_an_even_clock(&stretch, open);
            if let Some(change) = change.filter(|change| stretch.until.is_none_or(|until| *change < until)) {
                return Some(change);
            }
        }
        None
    }

    /// When the gate changes if the clock just runs on; `None` if it is open all week.
    fn change_on_an_even_clock(&self, stretch: &EvenStretch, open: bool) -> Option<i64> {
        let local = second_of_week(stretch, stretch.from);
        let ahead = self.open.iter().find(|span| span.end > local);
        let edge = match (ahead, open) {
            (Some(span), false) => span.start,
            (Some(span), true) if span.end < SECONDS_PER_WEEK => span.end,
            (_, wants_end) => {
                // Over the end of the week: a span that ends there may go on in one that starts with the week.
                let first = self.open.first()?;
                let continues = first.start == 0;
                SECONDS_PER_WEEK
                    + match (wants_end, continues) {
                        (true, true) if first.end == SECONDS_PER_WEEK => return None,
                        (true, true) => first.end,
                        (true, false) => 0,
                        (false, _) => first.start,
                    }
            }
        };
        Some(stretch.from + (edge - local))
    }

    fn contains(&self, stretch: &EvenStretch, second: i64) -> bool {
        let local = second_of_week(stretch, second);
        self.open.iter().any(|span| span.start <= local && local < span.end)
    }
}

impl Openness {
    /// Ringing is allowed.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Ringing is allowed at `now` and for all of `guard` after it. A call handed to the carrier starts some time
    /// later, so a gate about to close counts as closed.
    pub fn stays_open(self, now: Timestamp, guard: SignedDuration) -> bool {
        matches!(self, Self::Open { until } if until.duration_since(now) >= guard)
    }
}

/// Seconds after Monday 00:00 on the wall.
fn second_of_week(stretch: &EvenStretch, second: i64) -> i64 {
    (second + stretch.offset + MONDAY_TO_1970).rem_euclid(SECONDS_PER_WEEK)
}

fn index_of(weekday: Weekday) -> usize {
    usize::from(weekday.to_monday_zero_offset().unsigned_abs())
}

impl fmt::Debug for WeeklyWindows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeeklyWindows").field(&self.days).finish()
    }
}
