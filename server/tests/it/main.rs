//! The integration tests: one binary.

mod api;
mod cli;
mod convergence;
mod experiments;
mod faults;
mod house_rules;
mod imports;
mod limits;
mod nodes;
mod pages;
mod promises;
mod quarantine;
mod recordings;
mod restart;
mod roles;
mod scenarios;
mod sdk;
mod speech_services;
mod support;
mod transcripts;
mod twilio_contract;
mod webhooks;
