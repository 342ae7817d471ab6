//! Instants and ranges of time in query strings.

use jiff::{SignedDuration, Timestamp};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::http::problem::{FieldError, Problem};

/// An instant in RFC 3339 with a zone, from the years 2000 to 2100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTimeParam(pub Timestamp);

impl<'de> Deserialize<'de> for DateTimeParam {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        instant(&String::deserialize(deserializer)?).map(Self).ok_or_else(|| {
            D::Error::custom(
                "expected a date and time with zone between 2000 and 2100, such as 2026-03-01T09:00:00Z \
                 (write the + of an offset as %2B)",
            )
        })
    }
}

/// Reads RFC 3339 and nothing else of what date libraries accept.
fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let day_and_time = bytes.get(..19)?;
    let in_shape = day_and_time.iter().zip(b"dddd-dd-ddTdd:dd:dd").all(|(byte, shape)| match shape {
        b'd' => byte.is_ascii_digit(),
        other => byte.eq_ignore_ascii_case(other),
    });
    let rest = bytes.get(19..)?;
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return None;
            }
            &fraction[digits..]
        }
    };
    let zoned = matches!(rest, [b'Z' | b'z'] | [b'+' | b'-', _, _, b':', _, _]);
    if !in_shape || !zoned {
        return None;
    }
    text.parse::<Timestamp>().ok().filter(|instant| in_our_century(*instant))
}

fn in_our_century(instant: Timestamp) -> bool {
    // 2000-01-01 and 2101-01-01, UTC, in seconds.
    (946_684_800..4_133_980_800).contains(&instant.as_second())
}

/// From one instant (inclusive) to another (exclusive), either of which may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DateRange {
    /// The first instant inside.
    pub from: Option<Timestamp>,
    /// The first instant outside.
    pub to: Option<Timestamp>,
}

impl DateRange {
    const LONGEST: SignedDuration = SignedDuration::from_hours(366 * 24);

    /// 422 when the range runs backwards or is longer than 366 days.
    pub fn new(from: Option<DateTimeParam>, to: Option<DateTimeParam>) -> Result<Self, Problem> {
        let range = Self { from: from.map(|from| from.0), to: to.map(|to| to.0) };
        if let (Some(from), Some(to)) = (range.from, range.to) {
            let length = to.duration_since(from);
            if length.is_negative() {
                return Err(FieldError::parameter("from", "out_of_range", "`from` is after `to`").into());
            }
            if length > Self::LONGEST {
                return Err(
                    FieldError::parameter("to", "out_of_range", "more than 366 days after `from`").into()
                );
            }
        }
        Ok(range)
    }
}
