//! Calling hours as the API writes them: one window for every day, or windows per weekday.

use domain::calling_window::{DailyWindow, WeeklyWindows};
use jiff::civil::Weekday;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::FieldError;

/// One window of a day on the wall clock. An end at or before the start lies on the following day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Window {
    /// The first minute inside, `HH:MM`.
    #[schema(example = "09:00")]
    pub start: String,
    /// The first minute no longer inside, `HH:MM` up to `24:00`.
    #[schema(example = "17:00")]
    pub end: String,
}

/// The windows of each weekday; several per day, none for a day off.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Week {
    /// Windows that begin on Monday.
    pub monday: Vec<Window>,
    /// Windows that begin on Tuesday.
    pub tuesday: Vec<Window>,
    /// Windows that begin on Wednesday.
    pub wednesday: Vec<Window>,
    /// Windows that begin on Thursday.
    pub thursday: Vec<Window>,
    /// Windows that begin on Friday.
    pub friday: Vec<Window>,
    /// Windows that begin on Saturday.
    pub saturday: Vec<Window>,
    /// Windows that begin on Sunday.
    pub sunday: Vec<Window>,
}

/// Windows in one day, at most: one per hour.
const MOST_WINDOWS: usize = 24;

impl Week {
    /// The windows as the rules read them; every mistake with its place below `pointer`.
    pub fn read(&self, pointer: &str) -> Result<WeeklyWindows, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut days = Vec::new();
        for (name, weekday, windows) in self.days() {
            if windows.len() > MOST_WINDOWS {
                let what = format!("use at most {MOST_WINDOWS} windows a day");
                errors.push(FieldError::at(format!("{pointer}/{name}"), "too_many", what));
                continue;
            }
            let mut read = Vec::new();
            for (index, window) in windows.iter().enumerate() {
                match DailyWindow::parse(&window.start, &window.end) {
                    Ok(window) => read.push(window),
                    Err(error) => {
                        let here = format!("{pointer}/{name}/{index}");
                        errors.push(FieldError::at(here, "invalid_window", error.to_string()));
                    }
                }
            }
            days.push((weekday, read));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        WeeklyWindows::from_days(days)
            .map_err(|never| vec![FieldError::at(pointer, "never_open", never.to_string())])
    }

    /// The windows as the API shows them.
    pub fn of(windows: &WeeklyWindows) -> Self {
        let on = |day| windows.on(day).iter().map(Window::of).collect();
        Self {
            monday: on(Weekday::Monday),
            tuesday: on(Weekday::Tuesday),
            wednesday: on(Weekday::Wednesday),
            thursday: on(Weekday::Thursday),
            friday: on(Weekday::Friday),
            saturday: on(Weekday::Saturday),
            sunday: on(Weekday::Sunday),
        }
    }

    /// Each day's name in the API, the day, and its windows.
    pub fn days(&self) -> [(&'static str, Weekday, &[Window]); 7] {
        [
            ("monday", Weekday::Monday, &self.monday),
            ("tuesday", Weekday::Tuesday, &self.tuesday),
            ("wednesday", Weekday::Wednesday, &self.wednesday),
            ("thursday", Weekday::Thursday, &self.thursday),
            ("friday", Weekday::Friday, &self.friday),
            ("saturday", Weekday::Saturday, &self.saturday),
            ("sunday", Weekday::Sunday, &self.sunday),
        ]
    }
}

impl Window {
    fn of(window: &DailyWindow) -> Self {
        Self { start: window.start().to_string(), end: window.end().to_string() }
    }
}

/// The one window that holds on every day, where there is such a one.
pub fn same_every_day(windows: &WeeklyWindows) -> Option<Window> {
    let [monday] = windows.on(Weekday::Monday) else { return None };
    let others = [
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    others.into_iter().all(|day| windows.on(day) == [*monday]).then(|| Window::of(monday))
}

/// One window for every day of the week.
pub fn every_day(start: &str, end: &str) -> Result<WeeklyWindows, FieldError> {
    let pointer = match (DailyWindow::parse(start, "23:59"), DailyWindow::parse("00:00", end)) {
        (Err(_), _) if start != "23:59" => "/callWindowStart",
        _ => "/callWindowEnd",
    };
    DailyWindow::parse(start, end)
        .map(WeeklyWindows::every_day)
        .map_err(|error| FieldError::at(pointer, "invalid_window", error.to_string()))
}
