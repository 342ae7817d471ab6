//! What the integration tests stand on.

pub mod api_client;
pub mod postgres;
