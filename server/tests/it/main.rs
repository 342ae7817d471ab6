//! The integration tests: one binary.

mod api;
mod support;
mod twilio_contract;
