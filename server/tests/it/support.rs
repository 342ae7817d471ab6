//! What the integration tests stand on.

pub mod api_client;
pub mod bare;
pub mod browser;
pub mod campaigns;
pub mod commit_line;
pub mod postgres;
pub mod process;
pub mod real_server;
pub mod recorder;
pub mod snapshot;
pub mod test_app;
pub mod workbook;
pub mod world;
