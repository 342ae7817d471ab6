//! What other systems do, measured by us on another day on two cores of this class: the yardstick of the multiples.
//!
//! They are not measured again here: they need a JavaScript runtime. Ratios within one run are what to trust.

/// The system of the specification as a good JavaScript team would run it: Next.js, Prisma, the official SDK.
pub const PEER: &str = "the peer";
/// A lean hand-tuned Node server with hand-written SQL.
pub const LEAN: &str = "the lean server";

/// Signed status webhooks per second of the peer, at its best number of connections.
pub const PEER_WEBHOOKS: f64 = 200.0;
/// Calls placed per second through the peer's API.
pub const PEER_PLACED: f64 = 60.0;
/// Calls placed per second through the lean server's API.
pub const LEAN_PLACED: f64 = 150.0;
/// Milliseconds for the peer's first page of ten thousand calls.
pub const PEER_FIRST_PAGE: f64 = 11.0;
/// Milliseconds for a page deep in ten thousand calls.
pub const PEER_DEEP_PAGE: f64 = 13.0;
/// Milliseconds for the statistics of ten thousand calls.
pub const PEER_STATISTICS: f64 = 30.0;
