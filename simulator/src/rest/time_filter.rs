//! Filters such as `StartTime`, `StartTime<` and `StartTime>`.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::errors::Refusal;
use super::form::Form;

/// On a day (or second), before it, or from it on.
pub(super) struct TimeFilter {
    from: Timestamp,
    before: Timestamp,
}

impl TimeFilter {
    /// Every filter on `name` in a query: `name` itself, `name<` and `name>`.
    ///
    /// # Errors
    /// 20001 when a value is neither a day nor an instant.
    pub(super) fn all(query: &Form, name: &str) -> Result<Vec<Self>, Refusal> {
        let mut filters = Vec::new();
        for suffix in ["", "<", ">"] {
            let field = format!("{name}{suffix}");
            let Some(text) = query.get(&field) else { continue };
            let (start, end) = span(text)
                .ok_or_else(|| Refusal::bad(20001, format!("{field} must be a date, YYYY-MM-DD: {text}")))?;
            filters.push(match suffix {
                "<" => Self { from: Timestamp::MIN, before: start },
                ">" => Self { from: start, before: Timestamp::MAX },
                _ => Self { from: start, before: end },
            });
        }
        Ok(filters)
    }

    /// Something that has not happened yet matches no filter.
    pub(super) fn matches(&self, at: Option<Timestamp>) -> bool {
        at.is_some_and(|at| self.from <= at && at < self.before)
    }
}

/// A day in UTC, or the second of an instant, which Twilio's libraries may send.
fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some((instant, instant.checked_add(SignedDuration::from_secs(1)).ok()?));
    }
    let day: Date = text.parse().ok()?;
    let midnight = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp());
    Some((midnight(day)?, midnight(day.tomorrow().ok()?)?))
}
