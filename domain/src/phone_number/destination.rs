//! Which countries may be rung: none but those that were switched on.

use std::collections::BTreeSet;

use super::{PhoneNumber, Region};

/// The countries and territories a workspace may ring. Whoever steals an API key earns money by having expensive
/// numbers rung, so everything is off that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DestinationPolicy {
    allowed: BTreeSet<Region>,
}

/// The number lies in a country that is not switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "calls to {} are not switched on; ask an administrator to allow this country if you have people there",
    .region.map_or_else(|| "numbers without a country".to_owned(), |region| format!("{region} numbers"))
)]
pub struct DestinationRefused {
    /// Where the number is, if it is anywhere.
    pub region: Option<Region>,
}

impl DestinationPolicy {
    /// Exactly these countries. Territories count by themselves: `US` includes neither Puerto Rico nor the Caribbean,
    /// `GB` neither Jersey nor Guernsey.
    pub fn only(allowed: impl IntoIterator<Item = Region>) -> Self {
        Self { allowed: allowed.into_iter().collect() }
    }

    /// The countries switched on, in the order of their codes.
    pub fn allowed(&self) -> impl Iterator<Item = Region> + '_ {
        self.allowed.iter().copied()
    }

    /// Refuses a number outside the countries switched on.
    pub fn allows(&self, number: &PhoneNumber) -> Result<(), DestinationRefused> {
        let region = number.region();
        if region.is_some_and(|region| self.allowed.contains(&region)) {
            Ok(())
        } else {
            Err(DestinationRefused { region })
        }
    }
}

impl Default for DestinationPolicy {
    /// The United States and Canada.
    fn default() -> Self {
        Self::only(["US", "CA"].into_iter().filter_map(|code| Region::parse(code).ok()))
    }
}

impl DestinationRefused {
    /// The reason in one word, for the API.
    pub const fn code(self) -> &'static str {
        "destination_not_enabled"
    }
}
