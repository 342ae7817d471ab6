//! ProspectAI, the outbound calling server.

pub mod credentials;
pub mod http;
