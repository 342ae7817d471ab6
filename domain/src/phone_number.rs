//! Phone numbers in international form: read from what people type, never from what they may have meant.

mod destination;
mod north_america;
mod reading;
mod region;

use std::fmt;

pub use destination::{DestinationPolicy, DestinationRefused};
pub use reading::PhoneNumberError;
pub use region::{Region, UnknownRegion};

/// A phone number in E.164 form: a plus and up to fifteen digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Reads a number written internationally (`+1 415 555 0123`) or, where `default_region` is given, as people
    /// there write it (`(415) 555-0123`). Only numbers that an ordinary subscriber can have are accepted.
    pub fn parse(raw: &str, default_region: Option<Region>) -> Result<Self, PhoneNumberError> {
        reading::read(raw, default_region).map(Self)
    }

    /// Wraps text that is already known to be E.164, such as a column of our own database.
    pub fn from_e164_unchecked(e164: String) -> Self {
        Self(e164)
    }

    /// The number as `+14155550123`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country or territory whose numbering plan the number belongs to. Territories that share a calling code
    /// are told apart: `+1 242` is the Bahamas, not the United States. `None` only for text that was not parsed here.
    pub fn region(&self) -> Option<Region> {
        reading::region_of(&self.0)
    }

    /// The IANA zones in which the number may ring, for the strictest reading of legal hours: several for mobile and
    /// toll-free numbers, none if the numbering plan does not say.
    pub fn zones(&self) -> Vec<String> {
        reading::zones_of(&self.0)
    }

    /// The number as people write it abroad: `+1 415-555-0123`.
    pub fn international(&self) -> String {
        reading::international(&self.0)
    }

    /// The number with its middle hidden, for logs: `+1415•••0123`.
    pub fn masked(&self) -> String {
        let visible_tail = self.0.len().saturating_sub(4);
        let visible_head = visible_tail.min(5);
        format!("{}•••{}", &self.0[..visible_head], &self.0[visible_tail..])
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    /// Masked, so that a stray debug print never shows a person's number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod corpus;
