//! ProspectAI, the outbound calling server: a table of contents of its parts.

pub mod actions;
pub mod app;
pub mod carrier;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash_point;
pub mod credentials;
pub mod engine;
pub mod http;
pub mod live;
pub mod media;
pub mod speech;
pub mod speech_services;
pub mod store;
pub mod supervised;
pub mod telemetry;
pub mod wake;

/// A webhook makes and drops hundreds of small values on two threads: with the system's allocator it takes the server a
/// tenth longer (docs/decisions/0006-dependencies.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
