//! Recordings: every one that the carrier has ends in our store, verified, or says why not.

mod consent;
#[cfg(debug_assertions)]
mod crashes;
mod disk_full;
mod fake_s3;
mod faults;
pub mod ground;
pub mod hearing;
mod life;
mod other_store;
mod player;
mod recount;
