//! The HTTP API as its users meet it, on both databases.

mod bad_input;
mod campaigns;
mod doors;
mod events;
mod figures;
mod holds;
mod idempotency;
mod incidents;
mod lists;
mod money;
mod nodes;
mod outside_urls;
mod people;
mod placing;
mod quarantine;
mod queue;
mod scripts;
