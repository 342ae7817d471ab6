//! What every page and every API handler stands on: strict input, one shape of problem, a guarded server.

/// The HTTP API, one file per noun.
pub mod api;
/// The style sheet, the live script and the icon.
pub mod assets;
/// Who asks.
pub mod auth;
/// `Idempotency-Key` and `If-Match`: what a write may demand of the request besides its body.
pub mod conditions;
/// Whether calls can be made.
pub mod connection;
/// Writes that carry a cookie must come from our own pages.
pub mod csrf;
/// Files that people open in a spreadsheet.
pub mod csv;
/// Whether this server can do its work.
pub mod health;
/// A text spoken for somebody who wants to hear it.
pub mod hearing;
/// JSON bodies, read strictly.
pub mod json;
/// The layers around every route: request ids, headers, guards, panics, request log.
pub mod middleware;
/// The API description and the page that shows it.
pub mod openapi;
/// URLs given by people that the carrier or we will fetch.
pub mod outside_url;
/// What people see.
pub mod pages;
mod policy_reports;
/// The one answer for everything that went wrong.
pub mod problem;
mod public_sounds;
/// Query strings, read strictly; paging and time ranges.
pub mod query;
/// One part of a file.
pub mod range;
/// Every address of the server on one page.
pub mod router;
/// Connections: timeouts, caps, and a stop that finishes what it began.
pub mod server;
/// How often a sign-in may fail.
pub mod sign_in_throttle;
mod sound_answer;
/// What credentials of long answers open.
pub mod standing;
/// What every handler is given.
pub mod state;
/// Text written by people.
pub mod text;
/// The voices of the service that speaks, remembered for some minutes.
pub mod voice_shelf;
/// Signed news from the carrier.
pub mod webhooks;
/// Why people are not rung, in counts that add up.
pub mod why;

/// The whole server as one service.
pub use axum::Router;
pub use conditions::{IdempotencyKey, IfMatch, PathId};
pub use json::{JsonBody, OneOrMany};
pub use problem::{Blocker, FieldError, Problem};
pub use query::Query;

#[cfg(test)]
mod acceptance;
