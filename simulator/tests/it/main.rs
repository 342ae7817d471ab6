//! The phone network from outside: over HTTP, the way a Twilio client and its webhooks see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod callbacks;
mod faults;
mod life;
mod played;
mod recordings;
mod rest;
mod speech;
mod support;
mod twiml;
