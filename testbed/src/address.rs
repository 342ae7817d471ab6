//! Addresses on this machine.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

/// An address that nobody listens on at this moment.
///
/// # Errors
/// The machine has no free port.
pub async fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()
}
