//! The rules of ProspectAI: who may be rung, when, and what became of it.
//!
//! Pure: no I/O, no async, no clock, no randomness, no serialisation. Time and random bytes come in as arguments.

pub mod carrier_event;
pub mod ids;
pub mod money;
pub mod phone_number;
pub mod refusal;
