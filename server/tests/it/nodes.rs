//! Several servers on one database.

mod clock;
mod leases;
mod relay;
mod schema;
mod together;
