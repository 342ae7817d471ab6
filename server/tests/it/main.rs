//! The integration tests: one binary.

mod api;
mod convergence;
mod faults;
mod house_rules;
mod imports;
mod limits;
mod restart;
mod scenarios;
mod support;
mod twilio_contract;
mod webhooks;
