//! The integration tests: one binary.

mod restart;
mod scenarios;
mod support;
mod twilio_contract;
mod webhooks;
