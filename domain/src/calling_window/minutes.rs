//! Times on the wall clock, to the minute, and the daily windows made of two of them.

use std::fmt;
use std::str::FromStr;

/// Minutes of a day on the wall clock.
const MINUTES_PER_DAY: u16 = 24 * 60;

/// A time on the wall clock, 00:00 to 24:00, to the minute. 24:00 exists so that a window can reach midnight.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MinuteOfDay(u16);

/// Half-open: `start` is inside, `end` is not. An `end` at or before midnight but not after `start` lies on the
/// following day, and the whole window belongs to the weekday of its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DailyWindow {
    start: MinuteOfDay,
    end: MinuteOfDay,
}

/// Why a time or a window was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// Not `HH:MM` between 00:00 and 24:00.
    #[error("a time of day is written HH:MM, from 00:00 to 24:00")]
    TimeOfDay,
    /// Start and end are the same minute.
    #[error("the window starts and ends at the same minute; write 00:00 to 24:00 for the whole day")]
    Empty,
    /// The window would start at 24:00.
    #[error("a window cannot start at 24:00; write 00:00 on the following weekday")]
    StartsAtEndOfDay,
}

impl MinuteOfDay {
    /// 00:00.
    pub const MIDNIGHT: Self = Self(0);
    /// 24:00.
    pub const END_OF_DAY: Self = Self(MINUTES_PER_DAY);

    /// `minutes` after 00:00, at most 1440.
    pub const fn new(minutes: u16) -> Result<Self, InvalidWindow> {
        if minutes > MINUTES_PER_DAY { Err(InvalidWindow::TimeOfDay) } else { Ok(Self(minutes)) }
    }

    /// Reads `HH:MM`.
    pub fn parse(text: &str) -> Result<Self, InvalidWindow> {
        let [h1, h2, b':', m1, m2] = text.as_bytes() else { return Err(InvalidWindow::TimeOfDay) };
        let two_digits = |tens: u8, ones: u8| {
            let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
            if digits {
                Ok(u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
            } else {
                Err(InvalidWindow::TimeOfDay)
            }
        };
        let (hour, minute) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?);
        if minute > 59 { Err(InvalidWindow::TimeOfDay) } else { Self::new(hour * 60 + minute) }
    }

    /// Minutes after 00:00, 0 to 1440.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl DailyWindow {
    /// 00:00–24:00.
    pub const WHOLE_DAY: Self = Self { start: MinuteOfDay::MIDNIGHT, end: MinuteOfDay::END_OF_DAY };

    /// From `start` up to, not including, `end`; past midnight where `start` is the later of the two.
    pub const fn new(start: MinuteOfDay, end: MinuteOfDay) -> Result<Self, InvalidWindow> {
        if start.0 == MINUTES_PER_DAY {
            Err(InvalidWindow::StartsAtEndOfDay)
        } else if start.0 == end.0 {
            Err(InvalidWindow::Empty)
        } else {
            Ok(Self { start, end })
        }
    }

    /// Reads two times, `parse("22:00", "06:00")`.
    pub fn parse(start: &str, end: &str) -> Result<Self, InvalidWindow> {
        Self::new(MinuteOfDay::parse(start)?, MinuteOfDay::parse(end)?)
    }

    /// The first minute inside.
    pub const fn start(self) -> MinuteOfDay {
        self.start
    }

    /// The first minute no longer inside.
    pub const fn end(self) -> MinuteOfDay {
        self.end
    }

    /// Whether it ends on the day after it starts.
    pub const fn runs_past_midnight(self) -> bool {
        self.start.0 > self.end.0
    }

    /// Minutes on the wall clock, 1 to 1440. On a day whose clock changes the real length differs.
    pub const fn length(self) -> u16 {
        if self.runs_past_midnight() {
            self.end.0 + MINUTES_PER_DAY - self.start.0
        } else {
            self.end.0 - self.start.0
        }
    }
}

impl FromStr for MinuteOfDay {
    type Err = InvalidWindow;

    fn from_str(text: &str) -> Result<Self, InvalidWindow> {
        Self::parse(text)
    }
}

impl fmt::Display for MinuteOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Debug for MinuteOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{}", self.start, self.end)
    }
}

impl fmt::Debug for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_shown_as_on_a_clock() {
        for text in ["00:00", "00:01", "09:05", "23:59", "24:00"] {
            assert_eq!(MinuteOfDay::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_not_a_time() {
        for text in [
            "",
            "9:00",
            "24:01",
            "25:00",
            "12:60",
            "12.30",
            "12:3a",
            "-1:00",
            "09:00:00",
            " 09:00",
            "０９:00",
        ] {
            assert_eq!(MinuteOfDay::parse(text), Err(InvalidWindow::TimeOfDay), "{text:?}");
        }
    }

    #[test]
    fn a_window_without_length_is_refused_and_a_whole_day_is_written_to_24() {
        assert_eq!(DailyWindow::parse("09:00", "09:00"), Err(InvalidWindow::Empty));
        assert_eq!(DailyWindow::parse("00:00", "00:00"), Err(InvalidWindow::Empty));
        assert_eq!(DailyWindow::parse("24:00", "06:00"), Err(InvalidWindow::StartsAtEndOfDay));
        assert_eq!(DailyWindow::parse("00:00", "24:00"), Ok(DailyWindow::WHOLE_DAY));
    }

    #[test]
    fn a_window_that_ends_before_it_starts_runs_past_midnight() {
        let night = DailyWindow::parse("22:00", "06:00").unwrap();
        assert!(night.runs_past_midnight());
        assert_eq!(night.length(), 480);
        assert_eq!(night.to_string(), "22:00–06:00");
        assert_eq!(DailyWindow::parse("22:00", "00:00").unwrap().length(), 120);
    }

    #[test]
    fn times_and_windows_are_told_in_the_same_words_everywhere() {
        let time: MinuteOfDay = "09:05".parse().unwrap();
        assert_eq!((time.minutes(), format!("{time:?}")), (545, "09:05".to_owned()));
        assert_eq!("9:05".parse::<MinuteOfDay>(), Err(InvalidWindow::TimeOfDay));
        let office = DailyWindow::parse("09:05", "17:00").unwrap();
        assert_eq!(
            (format!("{office}"), format!("{office:?}")),
            ("09:05–17:00".into(), "09:05–17:00".into())
        );
        assert_eq!((office.start(), office.end().minutes()), (time, 1_020));
        assert_eq!((office.length(), office.runs_past_midnight()), (475, false));
    }
}
