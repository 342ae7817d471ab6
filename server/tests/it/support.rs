//! What the integration tests stand on.

pub mod campaigns;
pub mod postgres;
pub mod process;
pub mod test_app;
pub mod world;
