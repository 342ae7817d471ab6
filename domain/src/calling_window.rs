//! When a campaign may ring: weekly windows on the wall clock of its time zone.
//!
//! The gate always asks what the clock on the wall shows at an instant (UTC → local, which has one answer), never
//! which instant a wall time means (which in the hour around a clock change has none or two). Clock changes are
//! taken from the zone's real transitions.

mod minutes;
mod weekly;
mod zone;

pub use minutes::{DailyWindow, InvalidWindow, MinuteOfDay};
pub use weekly::{NeverOpen, Opening, Openness, WeeklyWindows};
pub use zone::{CampaignZone, UnknownTimeZone};

#[cfg(test)]
mod clock_changes;
#[cfg(test)]
mod oracle;
