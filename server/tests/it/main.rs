//! The integration tests: one binary.

mod imports;
mod support;
mod twilio_contract;
