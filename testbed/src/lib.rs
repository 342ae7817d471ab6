//! What measurements and chaos stand on: a throw-away PostgreSQL, free addresses, signals to processes of our own,
//! and limits of file descriptors.

mod address;
mod descriptors;
mod postgres;
mod signals;

pub use address::free_address;
pub use descriptors::{limit_descriptors, raise_descriptors};
pub use postgres::Postgres;
pub use rustix::process::Signal;
pub use signals::{signal, stop};
