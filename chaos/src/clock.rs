//! What time it is, for the outside world that judges.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Now, by the machine's clock.
pub fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the judge is outside of the server and has its own clock")]
    Timestamp::now()
}

/// Seconds from `earlier` to `later`; negative when it is the other way round.
pub fn seconds_between(earlier: Timestamp, later: Timestamp) -> f64 {
    later.duration_since(earlier).as_secs_f64()
}

/// Reads an instant of a JSON document.
pub fn instant<'de, D: Deserializer<'de>>(text: D) -> Result<Timestamp, D::Error> {
    String::deserialize(text)?.parse().map_err(D::Error::custom)
}

/// Reads an instant of a JSON document that may be null.
pub fn maybe_instant<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(text)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}
