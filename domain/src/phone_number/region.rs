//! Countries and territories by their two letters.

use std::fmt;
use std::str::FromStr;

/// A country or territory with a numbering plan, by its two-letter code (ISO 3166-1), such as `US`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(namba::Region);

/// Not a two-letter code of a country that has phone numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown country: give its two-letter code, such as US or GB")]
pub struct UnknownRegion;

impl Region {
    /// Reads a two-letter code in any letter case.
    pub fn parse(code: &str) -> Result<Self, UnknownRegion> {
        namba::Region::new(code).map(Self).map_err(|_| UnknownRegion)
    }

    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) const fn known(region: namba::Region) -> Self {
        Self(region)
    }

    pub(super) const fn plan(self) -> namba::Region {
        self.0
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        Self::parse(code)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
