//! The integration tests: one binary.

mod scenarios;
mod support;
mod twilio_contract;
mod webhooks;
