//! A/B tests: who hears what, what is counted of it, and what nobody may change meanwhile.

mod api;
mod counts;
pub mod ground;
mod hearing;
