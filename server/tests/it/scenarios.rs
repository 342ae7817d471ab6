//! Whole campaigns against the phone network, with what people decide and what goes wrong between the two.

mod accidents;
mod decisions;
mod pace;
mod queue;
mod refusals;
mod retries;
