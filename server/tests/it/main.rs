//! The integration tests: one binary.

mod house_rules;
mod support;
