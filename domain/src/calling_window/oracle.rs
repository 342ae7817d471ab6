//! The gate against an independent one: chrono's calendar, chrono-tz's zone data, and the definition word for word.

use chrono::{DateTime, Datelike, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};

use super::*;

/// The two libraries carry different editions of the zone database. They agree on the past; rules for coming years
/// still change, so instants are taken from years that are over in both.
const YEARS: (&str, &str) = ("2015-01-01T00:00:00Z", "2025-01-01T00:00:00Z");

/// Windows per weekday, Monday first, in minutes after midnight.
type Days = [Vec<(u16, u16)>; 7];

/// A window contains an instant if the wall shows a time on its weekday from start up to end, or for one that runs
/// past midnight, a time from start on, or on the following weekday one before end.
fn oracle(days: &Days, zone: Tz, instant: Timestamp) -> bool {
    let utc: DateTime<Utc> = DateTime::from_timestamp_nanos(i64::try_from(instant.as_nanosecond()).unwrap());
    let wall = zone.from_utc_datetime(&utc.naive_utc());
    let minute = u16::try_from(wall.hour() * 60 + wall.minute()).unwrap();
    let today = wall.weekday().num_days_from_monday() as usize;
    let begun_today = |(start, end): &(u16, u16)| {
        if start < end { *start <= minute && minute < *end } else { *start <= minute }
    };
    let begun_yesterday = |(start, end): &(u16, u16)| start > end && minute < *end;
    days[today].iter().any(begun_today) || days[(today + 6) % 7].iter().any(begun_yesterday)
}

fn windows_of(days: &Days) -> WeeklyWindows {
    let minute = |minutes: u16| MinuteOfDay::new(minutes).unwrap();
    let windows = Weekday::Monday.cycle_forward().zip(days).map(|(weekday, windows)| {
        (weekday, windows.iter().map(|(s, e)| DailyWindow::new(minute(*s), minute(*e)).unwrap()).collect())
    });
    WeeklyWindows::from_days(windows).unwrap()
}

/// Every region that both libraries know.
fn zones() -> Vec<(Tz, CampaignZone)> {
    let zones: Vec<_> = chrono_tz::TZ_VARIANTS
        .iter()
        .filter_map(|zone| CampaignZone::parse(zone.name()).ok().map(|ours| (*zone, ours)))
        .collect();
    assert!(zones.len() > 400, "only {} zones", zones.len());
    zones
}

/// Repeatable numbers (splitmix64): a failure names everything needed to see it again.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn window(&mut self) -> (u16, u16) {
        // Half of them near the hours in which clocks change.
        let span = if self.below(2) == 0 { 1_440 } else { 240 };
        let start = self.below(span) as u16;
        let end = self.below(1_441) as u16;
        if start == end { (start, (end + 30).min(1_440)) } else { (start, end) }
    }

    fn days(&mut self) -> Days {
        let mut days: Days = std::array::from_fn(|_| (0..self.below(3)).map(|_| self.window()).collect());
        if days.iter().all(Vec::is_empty) {
            days[self.below(7) as usize].push(self.window());
        }
        days
    }

    /// Any second of the years, every other time one within a day of a clock change.
    fn instant(&mut self, zone: &CampaignZone) -> Timestamp {
        let (first, last): (Timestamp, Timestamp) = (YEARS.0.parse().unwrap(), YEARS.1.parse().unwrap());
        let seconds = (last.as_second() - first.as_second()).unsigned_abs();
        let anywhere = first + SignedDuration::from_secs(self.below(seconds) as i64);
        let change =
            jiff::tz::TimeZone::get(zone.name()).unwrap().following(anywhere).next().map(|t| t.timestamp());
        match change.filter(|change| self.below(2) == 0 && *change < last) {
            Some(change) => change + SignedDuration::from_secs(self.below(2 * 86_400) as i64 - 86_400),
            None => anywhere,
        }
    }
}

#[test]
fn a_hundred_thousand_random_weeks_agree_with_the_oracle() {
    let zones = zones();
    let mut draw = Draw(1);
    for case in 0..100_000 {
        let (theirs, ours) = &zones[draw.below(zones.len() as u64) as usize];
        let (days, now) = (draw.days(), draw.instant(ours));
        let openness = windows_of(&days).openness(now, ours);
        let context = || format!("case {case}: {theirs} {now} {days:?} {openness:?}");
        assert_eq!(openness.is_open(), oracle(&days, *theirs, now), "{}", context());
        let change = match openness {
            Openness::Open { until } => until,
            Openness::Closed { next_open } => {
                next_open.unwrap_or_else(|| panic!("never opens, {}", context()))
            }
        };
        if change.to_string().as_str() >= YEARS.1 {
            continue;
        }
        // Right up to the change nothing changes, and then it does.
        let seconds = change.duration_since(now).as_secs();
        let between = now + SignedDuration::from_secs(draw.below(seconds.unsigned_abs() + 1) as i64);
        let before = change - SignedDuration::from_millis(1);
        assert_eq!(oracle(&days, *theirs, before.max(now)), openness.is_open(), "before, {}", context());
        assert_eq!(
            oracle(&days, *theirs, between.min(before)),
            openness.is_open(),
            "{between}, {}",
            context()
        );
        assert_ne!(oracle(&days, *theirs, change), openness.is_open(), "after, {}", context());
        if case % 200 == 0 {
            for minute in 1..=(seconds / 60).min(3 * 1_440) {
                let instant = change - SignedDuration::from_mins(minute);
                assert_eq!(
                    oracle(&days, *theirs, instant.max(now)),
                    openness.is_open(),
                    "{instant}, {}",
                    context()
                );
            }
        }
    }
}

#[test]
fn days_begin_where_the_oracle_says() {
    let zones = zones();
    let mut draw = Draw(2);
    for case in 0..20_000 {
        let (theirs, ours) = &zones[draw.below(zones.len() as u64) as usize];
        let now = draw.instant(ours);
        let midnight = ours.next_midnight(now);
        let date = |instant: Timestamp| {
            let utc = DateTime::from_timestamp(instant.as_second(), 0).unwrap();
            theirs.from_utc_datetime(&utc.naive_utc()).date_naive()
        };
        let context = format!("case {case}: {theirs} {now} → {midnight}");
        assert_eq!(ours.local_date(now).to_string(), date(now).to_string(), "{context}");
        assert!(date(midnight) > date(now), "{context}");
        assert_eq!(date((midnight - SignedDuration::from_secs(1)).max(now)), date(now), "{context}");
    }
}

#[test]
fn a_year_of_ringing_by_the_hints_stays_inside_and_misses_nothing() {
    let names = [
        "America/New_York",
        "America/Los_Angeles",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Phoenix",
        "Europe/London",
        "Africa/Casablanca",
        "Antarctica/Troll",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Pacific/Apia",
    ];
    // Nights on weekdays, an afternoon on Saturday, a short window in the hour of most clock changes on Sunday.
    let mut days: Days = std::array::from_fn(|_| vec![(22 * 60, 6 * 60)]);
    days[5] = vec![(13 * 60, 17 * 60 + 30)];
    days[6] = vec![(90, 150), (20 * 60, 24 * 60)];
    let windows = windows_of(&days);
    // Every offset, clock change and window edge here lies on a quarter of an hour.
    let quarter = SignedDuration::from_mins(15);
    let ring_every = SignedDuration::from_mins(7);
    for name in names {
        let (theirs, ours): (Tz, _) = (name.parse().unwrap(), CampaignZone::parse(name).unwrap());
        let mut now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let year_end: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let mut rings = 0;
        while now < year_end {
            match windows.openness(now, &ours) {
                Openness::Open { until } => {
                    while now < until {
                        assert!(oracle(&days, theirs, now), "{name}: a ring at {now} is outside");
                        rings += 1;
                        now += ring_every;
                    }
                    now = until;
                }
                Openness::Closed { next_open } => {
                    let next = next_open.unwrap();
                    while now < next {
                        assert!(!oracle(&days, theirs, now), "{name}: {now} is missed");
                        now += quarter;
                    }
                    now = next;
                }
            }
        }
        assert!(rings > 15_000, "{name}: only {rings} rings");
    }
}
