//! The phone network from outside: over HTTP, the way a Twilio client and its webhooks see it.

mod callbacks;
mod faults;
mod life;
mod recordings;
mod rest;
mod support;
mod twiml;
