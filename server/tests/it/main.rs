//! The integration tests: one binary.

mod support;
mod twilio_contract;
