//! The time zone a campaign keeps its hours and its days in.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

pub(super) const SECONDS_PER_DAY: i64 = 86_400;

/// A region of the IANA time zone database, such as `America/New_York`.
#[derive(Clone, PartialEq, Eq)]
pub struct CampaignZone(TimeZone);

/// The name is not a region of the IANA time zone database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown time zone: give a region of the IANA time zone database such as America/New_York, Europe/London or UTC; \
     abbreviations (EST) and offsets (GMT+5) are not accepted because they do not say when clocks change"
)]
pub struct UnknownTimeZone;

/// A stretch of time in which the zone's clock runs evenly, in seconds since 1970 (UTC).
#[derive(Debug, Clone, Copy)]
pub(super) struct EvenStretch {
    /// First second inside.
    pub from: i64,
    /// First second no longer inside; `None` where no further clock change is known.
    pub until: Option<i64>,
    /// What to add to UTC to read the wall clock.
    pub offset: i64,
}

impl CampaignZone {
    /// Reads a region name in any letter case. `UTC` and `Etc/UTC` are the only names accepted beside regions.
    pub fn parse(name: &str) -> Result<Self, UnknownTimeZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownTimeZone)?;
        let canonical = zone.iana_name().ok_or(UnknownTimeZone)?;
        let is_region = canonical.contains('/') && !canonical.starts_with("Etc/");
        if is_region || matches!(canonical, "UTC" | "Etc/UTC") {
            Ok(Self(zone))
        } else {
            Err(UnknownTimeZone)
        }
    }

    /// Coordinated Universal Time.
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The name as the database spells it.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone itself, for writing times.
    pub const fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// What calendar and clock on the wall show at `instant`.
    pub fn local_time(&self, instant: Timestamp) -> DateTime {
        self.0.to_datetime(instant)
    }

    /// The calendar day at `instant`.
    pub fn local_date(&self, instant: Timestamp) -> Date {
        self.local_time(instant).date()
    }

    /// The first instant after `instant` whose calendar day is a later one. Usually midnight; where a clock change
    /// skips midnight or a whole day, the instant of the change.
    pub fn next_midnight(&self, instant: Timestamp) -> Timestamp {
        let today = self.local_date(instant);
        let Ok(tomorrow) = today.tomorrow() else { return Timestamp::MAX };
        let midnight = local_seconds(tomorrow.to_datetime(jiff::civil::Time::midnight()));
        for stretch in self.even_stretches(instant) {
            // Where the change itself jumps over midnight, the stretch already begins on the later day.
            let reached = (midnight - stretch.offset).max(stretch.from);
            if stretch.until.is_none_or(|until| reached < until) {
                return timestamp(reached);
            }
        }
        Timestamp::MAX
    }

    /// The instant at which the wall shows `local`. In a gap the wall time just as far behind the gap, in a fold the
    /// first of the two: only for hints and plans, never to decide whether somebody may be rung.
    pub fn instant_of(&self, local: DateTime) -> Option<Timestamp> {
        self.0.to_timestamp(local).ok()
    }

    /// The stretches between clock changes, beginning with the one that contains `instant`, from `instant` on.
    pub(super) fn even_stretches(&self, instant: Timestamp) -> impl Iterator<Item = EvenStretch> {
        let mut changes = self.0.following(instant);
        let mut next = Some((whole_seconds(instant), i64::from(self.0.to_offset(instant).seconds())));
        std::iter::from_fn(move || {
            let (from, offset) = next?;
            next = changes.next().map(|c| (c.timestamp().as_second(), i64::from(c.offset().seconds())));
            Some(EvenStretch { from, until: next.map(|(change, _)| change), offset })
        })
    }
}

/// Seconds since 1970, rounded towards the past.
pub(super) fn whole_seconds(instant: Timestamp) -> i64 {
    let rounded_towards_1970 = instant.as_second();
    rounded_towards_1970 - i64::from(instant.subsec_nanosecond() < 0)
}

/// The instant `seconds` after 1970, or the end of the calendar if it lies beyond.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

/// Seconds from 1970 to a wall time as if there were no time zones.
fn local_seconds(local: DateTime) -> i64 {
    let days = i64::from((local.date() - Date::constant(1970, 1, 1)).get_days());
    let time = local.time();
    days * SECONDS_PER_DAY
        + i64::from(time.hour()) * 3_600
        + i64::from(time.minute()) * 60
        + i64::from(time.second())
}

impl FromStr for CampaignZone {
    type Err = UnknownTimeZone;

    fn from_str(name: &str) -> Result<Self, UnknownTimeZone> {
        Self::parse(name)
    }
}

impl fmt::Display for CampaignZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for CampaignZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
