//! What measurements and chaos stand on: a throw-away PostgreSQL, free addresses, signals to processes of our own.

mod address;
mod postgres;
mod signals;

pub use address::free_address;
pub use postgres::Postgres;
pub use rustix::process::Signal;
pub use signals::{signal, stop};
