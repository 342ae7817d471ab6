//! The HTTP API: one file per noun.

pub mod imports;
/// What the refusals of actions become.
pub mod refusals;
