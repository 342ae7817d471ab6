//! The integration tests: one binary.

mod cli;
mod support;
mod twilio_contract;
