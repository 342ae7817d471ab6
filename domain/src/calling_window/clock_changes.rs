//! The gate on the days whose clocks change, counted minute by minute.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> CampaignZone {
    CampaignZone::parse(name).unwrap()
}

fn daily(start: &str, end: &str) -> WeeklyWindows {
    WeeklyWindows::every_day(DailyWindow::parse(start, end).unwrap())
}

/// Asks the gate at every minute from `from` up to `until`.
fn minutes_open(windows: &WeeklyWindows, zone: &CampaignZone, from: Timestamp, until: Timestamp) -> i64 {
    let minute = SignedDuration::from_mins(1);
    let instants = std::iter::successors(Some(from), |instant| Some(*instant + minute));
    let asked = instants.take_while(|instant| *instant < until);
    asked.filter(|instant| windows.openness(*instant, zone).is_open()).map(|_| 1).sum()
}

/// The same, added up from `openings`.
fn minutes_promised(windows: &WeeklyWindows, zone: &CampaignZone, from: Timestamp, until: Timestamp) -> i64 {
    let openings = windows.openings(from, zone).take_while(|opening| opening.from < until);
    openings.map(|opening| opening.until.min(until).duration_since(opening.from).as_mins()).sum()
}

#[test]
fn each_window_is_open_for_as_long_as_the_wall_shows_it() {
    // Zone, instant of the change, window, minutes open in the day around it.
    let table = [
        ("America/New_York", "2027-03-14T07:00:00Z", ("22:00", "06:00"), 420),
        ("America/New_York", "2027-11-07T06:00:00Z", ("22:00", "06:00"), 540),
        ("America/New_York", "2027-03-14T07:00:00Z", ("01:30", "02:30"), 30),
        ("America/New_York", "2027-11-07T06:00:00Z", ("01:30", "02:30"), 90),
        ("Australia/Lord_Howe", "2027-04-03T15:00:00Z", ("01:30", "02:30"), 90),
        ("Australia/Lord_Howe", "2027-10-02T15:30:00Z", ("01:30", "02:30"), 30),
        ("Pacific/Chatham", "2027-04-03T14:00:00Z", ("02:00", "04:00"), 180),
        ("Pacific/Chatham", "2027-09-25T14:00:00Z", ("02:00", "04:00"), 60),
        ("Pacific/Chatham", "2027-04-03T14:00:00Z", ("02:45", "03:00"), 30),
        ("Pacific/Chatham", "2027-09-25T14:00:00Z", ("02:45", "03:45"), 0),
        ("Antarctica/Troll", "2027-03-28T01:00:00Z", ("22:00", "06:00"), 360),
        ("Antarctica/Troll", "2027-03-28T01:00:00Z", ("01:00", "03:00"), 0),
        ("Antarctica/Troll", "2027-10-31T01:00:00Z", ("01:00", "03:00"), 240),
        // Morocco turned its clocks back for Ramadan, for the last time in 2026.
        ("Africa/Casablanca", "2026-02-15T02:00:00Z", ("22:00", "06:00"), 540),
        ("Africa/Casablanca", "2026-03-22T02:00:00Z", ("22:00", "06:00"), 420),
    ];
    for (name, change, (start, end), expected) in table {
        let (zone, windows) = (zone(name), daily(start, end));
        let (noon_before, noon_after) =
            (at(change) - SignedDuration::from_hours(12), at(change) + SignedDuration::from_hours(12));
        let case = format!("{name} {start}–{end} around {change}");
        assert_eq!(minutes_open(&windows, &zone, noon_before, noon_after), expected, "{case}");
        assert_eq!(
            minutes_promised(&windows, &zone, noon_before, noon_after),
            expected,
            "{case}, as promised"
        );
    }
}

#[test]
fn chatham_is_neither_on_the_hour_nor_on_the_half_hour() {
    let zone = zone("Pacific/Chatham");
    assert_eq!(zone.local_time(at("2027-04-03T13:59:00Z")).to_string(), "2027-04-04T03:44:00");
    assert_eq!(zone.local_time(at("2027-04-03T14:00:00Z")).to_string(), "2027-04-04T02:45:00");
    assert_eq!(zone.local_time(at("2027-09-25T13:59:00Z")).to_string(), "2027-09-26T02:44:00");
    assert_eq!(zone.local_time(at("2027-09-25T14:00:00Z")).to_string(), "2027-09-26T03:45:00");
}

#[test]
fn troll_never_skips_a_day() {
    let (zone, windows) = (zone("Antarctica/Troll"), daily("09:00", "17:00"));
    let opened: Vec<_> = windows
        .openings(at("2027-03-20T00:00:00Z"), &zone)
        .take(16)
        .map(|opening| zone.local_date(opening.from).day())
        .collect();
    assert_eq!(opened, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 1, 2, 3, 4]);
}

#[test]
fn a_zone_without_clock_changes_has_nights_of_one_length() {
    for name in ["America/Phoenix", "Asia/Kathmandu", "America/Sao_Paulo"] {
        let (zone, windows) = (zone(name), daily("22:00", "06:00"));
        let year_end = at("2028-01-01T12:00:00Z");
        let nights: Vec<_> = windows
            .openings(at("2027-01-01T16:00:00Z"), &zone)
            .take_while(|opening| opening.from < year_end)
            .collect();
        assert!(nights.len() >= 364, "{name}");
        for night in nights {
            assert_eq!(night.until.duration_since(night.from).as_mins(), 480, "{name} {night:?}");
        }
        let transitions = TimeZone::get(name).unwrap().following(at("2027-01-01T00:00:00Z")).count();
        assert_eq!(transitions, 0, "{name}");
    }
}

/// In older editions of the zone database the nights of 7 February and 14 March 2027 had 540 and 420 minutes. By
/// edition 2026f Morocco has given up changing its clocks: an example of why old zone data rings people at the wrong hour.
#[test]
fn morocco_no_longer_changes_its_clocks() {
    let (zone, windows) = (zone("Africa/Casablanca"), daily("22:00", "06:00"));
    for night in ["2027-02-07T02:00:00Z", "2027-03-14T02:00:00Z"] {
        let half_a_day = SignedDuration::from_hours(12);
        assert_eq!(minutes_open(&windows, &zone, at(night) - half_a_day, at(night) + half_a_day), 480);
    }
}

#[test]
fn a_fold_can_reopen_a_window_that_has_just_closed() {
    // 01:00–01:45 comes twice in New York that night, with a quarter of an hour between.
    let (zone, windows) = (zone("America/New_York"), daily("01:00", "01:45"));
    let openings: Vec<_> = windows.openings(at("2027-11-07T04:00:00Z"), &zone).take(2).collect();
    let expected = [("05:00", "05:45"), ("06:00", "06:45")]
        .map(|(from, until)| (at(&format!("2027-11-07T{from}:00Z")), at(&format!("2027-11-07T{until}:00Z"))));
    assert_eq!(openings.iter().map(|opening| (opening.from, opening.until)).collect::<Vec<_>>(), expected);
}

#[test]
fn a_gap_can_open_and_close_a_window_by_itself() {
    let zone = zone("America/New_York");
    // The wall jumps from 02:00 into the window.
    let opened = daily("02:30", "04:00").openness(at("2027-03-14T06:00:00Z"), &zone);
    assert_eq!(opened, Openness::Closed { next_open: Some(at("2027-03-14T07:00:00Z")) });
    // The wall jumps from 02:00 out of the window.
    let closed = daily("01:00", "02:30").openness(at("2027-03-14T06:30:00Z"), &zone);
    assert_eq!(closed, Openness::Open { until: at("2027-03-14T07:00:00Z") });
    // The wall jumps over the window.
    let skipped = daily("02:10", "02:50").openness(at("2027-03-14T06:00:00Z"), &zone);
    assert_eq!(skipped, Openness::Closed { next_open: Some(at("2027-03-15T06:10:00Z")) });
}

#[test]
fn a_weekday_that_a_zone_skips_has_no_windows() {
    // Samoa went from Thursday 29 December 2011 straight to Saturday 31 December.
    let zone = zone("Pacific/Apia");
    let office = DailyWindow::parse("09:00", "17:00").unwrap();
    let fridays = WeeklyWindows::from_days([(Weekday::Friday, vec![office])]).unwrap();
    let next = fridays.next_open(at("2011-12-29T12:00:00Z"), &zone).unwrap();
    assert_eq!(zone.local_time(next).to_string(), "2012-01-06T09:00:00");
    let thursday_evening = at("2011-12-30T05:00:00Z");
    assert_eq!(zone.next_midnight(thursday_evening), at("2011-12-30T10:00:00Z"));
    assert_eq!(zone.local_date(at("2011-12-30T10:00:00Z")).to_string(), "2011-12-31");
}

#[test]
fn the_day_begins_where_the_clock_jumps_over_midnight() {
    let zone = zone("America/Sao_Paulo");
    // 2018-11-04 began at 01:00.
    assert_eq!(zone.next_midnight(at("2018-11-03T15:00:00Z")), at("2018-11-04T03:00:00Z"));
    assert_eq!(zone.local_time(at("2018-11-04T03:00:00Z")).to_string(), "2018-11-04T01:00:00");
}

#[test]
fn the_last_moment_is_inside_and_the_end_is_not() {
    let (zone, windows) = (zone("Europe/London"), daily("09:00", "17:00"));
    let Openness::Open { until } = windows.openness(at("2027-06-01T12:00:00.5Z"), &zone) else {
        panic!("closed")
    };
    let millisecond = SignedDuration::from_millis(1);
    assert!(windows.openness(until - millisecond, &zone).is_open());
    assert_eq!(windows.openness(until - millisecond, &zone), Openness::Open { until });
    let Openness::Closed { next_open: Some(opens) } = windows.openness(until, &zone) else { panic!("open") };
    assert!(!windows.openness(opens - millisecond, &zone).is_open());
    assert!(windows.openness(opens, &zone).is_open());
}

#[test]
fn a_gate_about_to_close_does_not_stay_open() {
    let (zone, windows) = (zone("UTC"), daily("09:00", "17:00"));
    let guard = SignedDuration::from_secs(90);
    for (now, stays) in [("16:58:30", true), ("16:58:30.001", false), ("16:59", false), ("08:59", false)] {
        let now = at(&format!("2027-06-01T{now}Z"));
        assert_eq!(windows.openness(now, &zone).stays_open(now, guard), stays, "{now}");
    }
}

#[test]
fn windows_that_touch_or_overlap_are_one_opening() {
    let window = |start, end| DailyWindow::parse(start, end).unwrap();
    let monday = |windows: Vec<DailyWindow>| WeeklyWindows::from_days([(Weekday::Monday, windows)]).unwrap();
    let touching = monday(vec![window("12:00", "17:00"), window("09:00", "12:00")]);
    let overlapping = monday(vec![window("09:00", "13:00"), window("12:00", "17:00")]);
    assert!(!touching.has_overlaps() && overlapping.has_overlaps());
    for windows in [touching, overlapping] {
        let openness = windows.openness(at("2027-06-07T10:00:00Z"), &zone("UTC"));
        assert_eq!(openness, Openness::Open { until: at("2027-06-07T17:00:00Z") });
    }
}

#[test]
fn a_night_from_sunday_goes_on_into_monday() {
    let night = DailyWindow::parse("22:00", "06:00").unwrap();
    let windows = WeeklyWindows::from_days([(Weekday::Sunday, vec![night])]).unwrap();
    let openness = windows.openness(at("2027-06-06T23:00:00Z"), &zone("UTC"));
    assert_eq!(openness, Openness::Open { until: at("2027-06-07T06:00:00Z") });
    assert!(
        !windows.openness(at("2027-06-06T05:00:00Z"), &zone("UTC")).is_open(),
        "that night began on Saturday"
    );
}

#[test]
fn around_the_clock_never_closes() {
    let now = at("2027-06-01T12:00:00Z");
    let windows = WeeklyWindows::around_the_clock();
    let Openness::Open { until } = windows.openness(now, &zone("America/New_York")) else { panic!("closed") };
    assert!(until.duration_since(now) >= SignedDuration::from_hours(366 * 24));
    // Written as nights and days it is the same.
    let in_two = WeeklyWindows::from_days(Weekday::Monday.cycle_forward().take(7).map(|day| {
        (
            day,
            ["06:00", "18:00"]
                .windows(2)
                .flat_map(|t| [(t[0], t[1]), (t[1], t[0])])
                .map(|(s, e)| DailyWindow::parse(s, e).unwrap())
                .collect(),
        )
    }));
    assert!(
        matches!(in_two.unwrap().openness(now, &zone("America/New_York")), Openness::Open { until: same } if same == until)
    );
}

#[test]
fn no_window_at_all_is_refused() {
    assert_eq!(WeeklyWindows::from_days([(Weekday::Monday, vec![])]), Err(NeverOpen));
}

#[test]
fn only_regions_are_time_zones() {
    for name in ["America/New_York", "Europe/London", "America/Argentina/Buenos_Aires", "UTC", "Etc/UTC"] {
        assert_eq!(CampaignZone::parse(name).unwrap().name(), name);
    }
    assert_eq!(CampaignZone::parse("america/new_york").unwrap().name(), "America/New_York");
    for name in [
        "",
        " ",
        "EST",
        "EST5EDT",
        "GMT",
        "GMT+5",
        "Etc/GMT+5",
        "Mars/Base",
        "+05:00",
        "Local",
        "../etc/passwd",
        "America/",
    ] {
        assert_eq!(CampaignZone::parse(name), Err(UnknownTimeZone), "{name:?}");
    }
}

#[test]
fn windows_and_zones_are_told_as_they_were_given() {
    let window = |start, end| DailyWindow::parse(start, end).unwrap();
    let tuesday = vec![window("13:00", "17:00"), window("09:00", "12:00")];
    let windows = WeeklyWindows::from_days([(Weekday::Tuesday, tuesday)]).unwrap();
    assert_eq!(windows.on(Weekday::Tuesday), [window("09:00", "12:00"), window("13:00", "17:00")], "sorted");
    assert_eq!(windows.on(Weekday::Monday), []);
    let shown = "WeeklyWindows([[], [09:00–12:00, 13:00–17:00], [], [], [], [], []])";
    assert_eq!(format!("{windows:?}"), shown);
    let new_york: CampaignZone = "america/new_york".parse().unwrap();
    assert_eq!(
        (new_york.to_string(), format!("{new_york:?}")),
        (new_york.name().into(), new_york.name().into())
    );
    assert_eq!("EST".parse::<CampaignZone>(), Err(UnknownTimeZone));
    assert_eq!((CampaignZone::utc(), CampaignZone::utc().name()), (zone("UTC"), "UTC"));
}

#[test]
fn windows_that_meet_do_not_overlap() {
    let window = |start, end| DailyWindow::parse(start, end).unwrap();
    let overlaps = |second| {
        let monday = vec![window("09:00", "12:00"), window(second, "17:00")];
        WeeklyWindows::from_days([(Weekday::Monday, monday)]).unwrap().has_overlaps()
    };
    assert_eq!(["12:01", "12:00", "11:59"].map(overlaps), [false, false, true]);
}

#[test]
fn a_wall_time_is_the_first_instant_that_shows_it() {
    let zone = zone("America/New_York");
    let instant = |local: &str| zone.instant_of(local.parse().unwrap());
    assert_eq!(instant("2027-06-01T09:00:30"), Some(at("2027-06-01T13:00:30Z")));
    assert_eq!(instant("2027-11-07T01:30:00"), Some(at("2027-11-07T05:30:00Z")), "it comes twice");
    assert_eq!(instant("2027-03-14T02:30:00"), Some(at("2027-03-14T07:30:00Z")), "it never comes");
}

#[test]
fn the_end_of_the_calendar_is_no_surprise() {
    let (zone, windows) = (zone("America/New_York"), daily("22:00", "06:00"));
    for instant in [Timestamp::MAX, Timestamp::MIN, Timestamp::UNIX_EPOCH] {
        windows.openness(instant, &zone);
        assert!(zone.next_midnight(instant) >= instant);
    }
}
