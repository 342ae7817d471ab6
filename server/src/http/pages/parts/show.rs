//! Times, durations, money and numbers as people read them.

use domain::calling_window::CampaignZone;
use domain::money::Usd;
use domain::phone_number::PhoneNumber;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::actions::users::Role;

/// An instant in a zone, which is named; the reader's own time is added by the live script.
pub fn time(at: Timestamp, zone: &CampaignZone) -> Markup {
    html! { time datetime=(at) { (zoned(at, zone, "%a %-d %b %Y %H:%M:%S %Z")) } }
}

/// The same without seconds and, within half a year, without the year.
pub fn short_time(at: Timestamp, now: Timestamp, zone: &CampaignZone) -> Markup {
    let far = at.duration_since(now).unsigned_abs().as_secs() > 180 * 86_400;
    let format = if zone.local_date(at) == zone.local_date(now) {
        "today %H:%M %Z"
    } else if far {
        "%-d %b %Y %H:%M %Z"
    } else {
        "%a %-d %b %H:%M %Z"
    };
    html! { time.nowrap datetime=(at) { (zoned(at, zone, format)) } }
}

/// Only the time of day, to the second.
pub fn clock(at: Timestamp, zone: &CampaignZone) -> Markup {
    html! { time.nowrap datetime=(at) { (zoned(at, zone, "%H:%M:%S")) } }
}

fn zoned(at: Timestamp, zone: &CampaignZone, format: &str) -> String {
    at.to_zoned(zone.time_zone().clone()).strftime(format).to_string()
}

/// Seconds as 1:05.
pub fn duration(seconds: u64) -> String {
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// The price of one call: $0.0140.
pub fn price(amount: Usd) -> String {
    signed(amount, &amount.abs().to_string())
}

/// A sum: $12.34, to the nearest cent.
pub fn sum(amount: Usd) -> String {
    let cents = (amount.abs().micros() + 5_000) / 10_000;
    signed(amount, &format!("{}.{:02}", grouped((cents / 100).unsigned_abs()), cents % 100))
}

fn signed(amount: Usd, digits: &str) -> String {
    let sign = if amount < Usd::ZERO { "−" } else { "" };
    format!("{sign}${digits}")
}

/// A count with its thousands apart: 1,240.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count that is stored with a sign and never below zero.
pub fn count(count: i64) -> String {
    grouped(count.unsigned_abs())
}

/// A share of a whole: 34 %; a dash where there is no whole.
pub fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", share * 100.0))
}

/// How many of something there are, in words: 1 person, 3 people.
pub fn number_of(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A phone number in international format; its middle is hidden from those who only listen.
pub fn phone(number: &PhoneNumber, role: Role) -> Markup {
    let text = if role > Role::Listener { number.international() } else { number.masked() };
    html! { span.number.nowrap { (text) } }
}

/// A person's name, or that it is not known.
pub fn name(first: &str, last: &str) -> String {
    let name = format!("{first} {last}");
    let name = name.trim();
    if name.is_empty() { "No name".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        assert_eq!(price(Usd::from_micros(14_000)), "$0.0140");
        assert_eq!(sum(Usd::from_micros(12_344_999)), "$12.34");
        assert_eq!(sum(Usd::from_micros(1_234_565_000)), "$1,234.57");
        assert_eq!(sum(Usd::from_micros(-2_500_000)), "−$2.50");
        assert_eq!(sum(Usd::ZERO), "$0.00");
    }

    #[test]
    fn durations_and_counts_are_shown_as_people_write_them() {
        assert_eq!([duration(5), duration(65), duration(3_725)], ["0:05", "1:05", "1:02:05"]);
        assert_eq!(
            [grouped(0), grouped(999), grouped(1_240), grouped(1_000_000)],
            ["0", "999", "1,240", "1,000,000"]
        );
        assert_eq!(number_of(1, "person", "people"), "1 person");
        assert_eq!(percent(Some(0.337)), "34 %");
        assert_eq!(name("", " "), "No name");
    }
}
