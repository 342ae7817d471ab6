//! The rules of ProspectAI: who may be rung, when, and what became of it.
//!
//! Pure: no I/O, no async, no clock, no randomness, no serialisation. Time and random bytes come in as arguments.

pub mod budget;
pub mod call;
pub mod call_flow;
pub mod calling_window;
pub mod campaign;
pub mod carrier_event;
pub mod dial_plan;
pub mod disposition;
pub mod experiment;
pub mod facts;
pub mod frequency;
pub mod gate;
pub mod ids;
pub mod limits;
pub mod money;
pub mod pacing;
pub mod phone_number;
pub mod prospect;
pub mod queue;
pub mod reaction;
pub mod recording;
pub mod recording_consent;
pub mod refusal;
pub mod retry;
pub mod sentiment;
pub mod statistics;
pub mod transcript;
