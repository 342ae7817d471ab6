//! ProspectAI, the outbound calling server.
