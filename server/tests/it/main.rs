//! The integration tests: one binary.

mod restart;
mod scenarios;
mod sdk;
mod support;
mod twilio_contract;
mod webhooks;
