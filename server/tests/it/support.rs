//! What the integration tests stand on.

pub mod api_client;
pub mod bare;
pub mod campaigns;
pub mod postgres;
pub mod process;
pub mod test_app;
pub mod world;
