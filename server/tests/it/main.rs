//! The integration tests: one binary.

mod convergence;
mod house_rules;
mod imports;
mod limits;
mod support;
mod twilio_contract;
