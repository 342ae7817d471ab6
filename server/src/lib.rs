//! ProspectAI, the outbound calling server.

pub mod carrier;
