//! What can happen to a call: reserve, arm, record what the carrier answered, end, and settle what follows.

mod arm;
mod arm_counts;
mod end;
mod place;
mod polling;
mod record;
mod recreate;
mod reserve;
mod resolve;
pub(super) mod settle;
pub(super) mod together;
mod unsent;

pub use arm::{Armed, ArmedCall};
pub use end::EndRefused;
pub(super) use end::{end_queued, release};
pub use place::{PlaceRefused, PlacedMany};
pub use record::{Outcome, UnknownEnd};
pub use recreate::{FoundCall, Recreated};
pub use resolve::ResolveRefused;
pub(super) use unsent::Unsent;
