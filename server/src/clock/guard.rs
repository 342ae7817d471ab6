//! Whether the clock can be trusted to know when people may be rung. What it is compared with is told; nothing here
//! reads any clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Uptime;

/// Further from the database's clock than this, a server arms nothing.
const LARGEST_SKEW: SignedDuration = SignedDuration::from_secs(2);
/// A clock this far behind the latest time that was seen has been set back.
const FARTHEST_BEHIND: SignedDuration = SignedDuration::from_secs(60);
/// The clock and the machine's own count of time may differ by this between two looks.
const LARGEST_JUMP: SignedDuration = SignedDuration::from_secs(5);
/// A clock that jumped is believed again after it has run evenly for this long.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// Why nobody is dialed although everything else is in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockHold {
    /// The clock differs from the database's; positive when it is ahead. Milliseconds.
    Skewed(i64),
    /// The clock is behind the latest time that was seen, by milliseconds.
    Behind(i64),
    /// The clock was set, by so many milliseconds; negative when back.
    Jumped(i64),
}

impl ClockHold {
    /// A word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skewed(_) => "clock_skewed",
            Self::Behind(_) => "clock_behind",
            Self::Jumped(_) => "clock_jumped",
        }
    }

    /// What it means, and what to do.
    pub fn explain(self) -> String {
        match self {
            Self::Skewed(ms) => format!(
                "The clock of this server is {} the database's by {}. Nobody is dialed until they agree to within 2 s; \
                 let a time service (NTP) set both.",
                if ms > 0 { "ahead of" } else { "behind" },
                in_words(ms)
            ),
            Self::Behind(ms) => format!(
                "The clock is {} behind a time that this installation has seen already. Nobody is dialed until it is \
                 right again, or an administrator says that it is (POST /api/dialing/confirm-clock).",
                in_words(ms)
            ),
            Self::Jumped(ms) => format!(
                "The clock was set {} by {}. Nobody is dialed until it has run evenly for a minute, or an administrator \
                 says that it is right (POST /api/dialing/confirm-clock).",
                if ms > 0 { "forward" } else { "back" },
                in_words(ms)
            ),
        }
    }
}

fn in_words(ms: i64) -> String {
    format!("{}.{:01} s", ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000 / 100)
}

/// What a clock is compared with.
#[derive(Debug, Clone, Copy)]
pub enum Reference {
    /// The database's clock, which was read between these two instants of ours.
    Database {
        /// What it said.
        said: Timestamp,
        /// Our clock before it was asked.
        asked: Timestamp,
    },
    /// Nothing but the past.
    Alone,
}

/// What is known of the clock so far.
#[derive(Debug, Clone)]
pub struct ClockGuard {
    hold: Option<ClockHold>,
    /// The latest time that was seen while the clock was trusted.
    mark: Timestamp,
    /// The last regular look: the clock, and the machine's count.
    last: Option<(Timestamp, Uptime)>,
    /// Since when the clock runs evenly.
    even_since: Uptime,
    skew_ms: i64,
}

impl ClockGuard {
    /// A guard that knows the latest time that an earlier run has seen.
    pub fn new(mark: Timestamp, at: Uptime) -> Self {
        Self { hold: None, mark, last: None, even_since: at, skew_ms: 0 }
    }

    /// Why nobody may be dialed.
    pub const fn hold(&self) -> Option<ClockHold> {
        self.hold
    }

    /// The latest time that was seen while the clock was trusted.
    pub const fn mark(&self) -> Timestamp {
        self.mark
    }

    /// How far the clock was ahead of the database's at the last look, in milliseconds.
    pub const fn skew_ms(&self) -> i64 {
        self.skew_ms
    }

    /// Looks at the clock, which says `now`.
    pub fn look(&mut self, now: Timestamp, at: Uptime, reference: Reference) {
        match reference {
            Reference::Database { said, asked } => self.compare(said, asked, now),
            Reference::Alone => self.look_alone(now, at),
        }
        if self.hold.is_none() {
            self.mark = self.mark.max(now);
        }
    }

    /// Somebody who can see a right clock says that ours is right.
    pub fn confirm(&mut self, now: Timestamp, at: Uptime) {
        *self = Self::new(now, at);
    }

    /// The answer took its time: what can be explained by that proves nothing.
    fn compare(&mut self, said: Timestamp, asked: Timestamp, now: Timestamp) {
        let ahead_at_least = asked.duration_since(said);
        let behind_at_least = said.duration_since(now);
        let middle = (asked.as_millisecond() + now.as_millisecond()) / 2;
        self.skew_ms = middle - said.as_millisecond();
        let proven = ahead_at_least.max(behind_at_least) > LARGEST_SKEW;
        self.hold = proven.then_some(ClockHold::Skewed(self.skew_ms));
    }

    fn look_alone(&mut self, now: Timestamp, at: Uptime) {
        let jump = self.last.map_or(SignedDuration::ZERO, |(then, counted)| {
            let counted = SignedDuration::try_from(at.since(counted)).unwrap_or(SignedDuration::MAX);
            now.duration_since(then).saturating_sub(counted)
        });
        self.last = Some((now, at));
        if jump.abs() > LARGEST_JUMP {
            self.even_since = at;
            self.hold = Some(ClockHold::Jumped(millis(jump)));
        }
        let behind = self.mark.duration_since(now);
        if behind > FARTHEST_BEHIND {
            self.hold = Some(ClockHold::Behind(millis(behind)));
        } else if at.since(self.even_since) >= STABLE_AFTER && now >= self.mark {
            self.hold = None;
        }
    }
}

fn millis(span: SignedDuration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock and the machine's count, as a test moves them.
    struct Machine {
        clock: Timestamp,
        count: Uptime,
        guard: ClockGuard,
    }

    impl Machine {
        fn started() -> Self {
            let clock = Timestamp::from_second(1_800_000_000).expect("a time");
            let count = Uptime::now();
            let mut guard = ClockGuard::new(clock, count);
            guard.look(clock, count, Reference::Alone);
            Self { clock, count, guard }
        }

        /// Time goes on, evenly, and the guard looks as often as a server does.
        fn run(&mut self, seconds: u64) {
            for _ in 0..seconds / 4 {
                self.count = self.count.after(Duration::from_secs(4));
                self.clock += SignedDuration::from_secs(4);
                self.guard.look(self.clock, self.count, Reference::Alone);
            }
        }

        fn set_clock(&mut self, by_seconds: i64) {
            self.clock += SignedDuration::from_secs(by_seconds);
            self.guard.look(self.clock, self.count, Reference::Alone);
        }

        fn word(&self) -> Option<&'static str> {
            self.guard.hold().map(ClockHold::as_str)
        }
    }

    #[test]
    fn a_clock_that_runs_evenly_is_trusted() {
        let mut machine = Machine::started();
        machine.run(3_600);
        assert_eq!(machine.word(), None);
        machine.set_clock(4);
        assert_eq!(machine.word(), None, "a small correction of a time service");
    }

    #[test]
    fn a_clock_set_forward_holds_until_it_has_run_evenly_for_a_minute() {
        let mut machine = Machine::started();
        machine.run(120);
        machine.set_clock(3_600);
        assert_eq!(machine.guard.hold(), Some(ClockHold::Jumped(3_600_000)));
        machine.run(56);
        assert_eq!(machine.word(), Some("clock_jumped"));
        machine.run(4);
        assert_eq!(machine.word(), None);
    }

    #[test]
    fn a_clock_set_back_an_hour_holds_until_the_hour_has_passed_or_somebody_confirms_it() {
        let mut machine = Machine::started();
        machine.run(120);
        machine.set_clock(-3_600);
        assert_eq!(machine.word(), Some("clock_behind"));
        machine.run(3_400);
        assert!(machine.word().is_some(), "still behind what was seen");
        machine.run(200);
        assert_eq!(machine.word(), None);

        machine.set_clock(-3_600);
        machine.guard.confirm(machine.clock, machine.count);
        assert_eq!(machine.word(), None);
        machine.run(60);
        assert_eq!(machine.word(), None);
    }

    #[test]
    fn a_clock_that_was_wrong_while_the_server_was_down_is_found_by_the_mark() {
        let Machine { clock, count, .. } = Machine::started();
        let mut guard = ClockGuard::new(clock + SignedDuration::from_secs(61), count);
        guard.look(clock, count, Reference::Alone);
        assert_eq!(guard.hold(), Some(ClockHold::Behind(61_000)));
    }

    #[test]
    fn more_than_two_seconds_from_the_database_hold_unless_its_answer_was_slow() {
        let Machine { clock, count, mut guard } = Machine::started();
        let after = |seconds| clock + SignedDuration::from_secs(seconds);
        let mut look = |asked, said, now| {
            guard.look(now, count, Reference::Database { said, asked });
            guard.hold().map(ClockHold::as_str)
        };
        assert_eq!(look(after(0), after(2), after(0)), None);
        assert_eq!(look(after(0), after(3), after(0)), Some("clock_skewed"));
        assert_eq!(look(after(3), after(0), after(3)), Some("clock_skewed"));
        assert_eq!(look(after(0), after(3), after(6)), None, "it may have answered at any time between");
    }
}
