//! Sounds that are played to people: who can fetch them, what may be sent, and that calls play them.

mod addresses;
mod files;
pub mod ground;
mod page;
mod played;
mod reencoding;
mod uploads;
