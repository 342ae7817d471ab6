//! Whole campaigns against the phone network, with what people decide and what goes wrong between the two.

mod accidents;
mod closing;
mod corrections;
mod decisions;
mod keys;
mod machines;
mod outsiders;
mod pace;
mod queue;
mod refusals;
mod retries;
mod sweep;
