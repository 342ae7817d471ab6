//! The integration tests: one binary.

mod twilio_contract;
