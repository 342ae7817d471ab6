//! What the integration tests stand on.

pub mod bare;
pub mod postgres;
