//! Connections to a server, as the kernel lists them.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// The ports of clients whose connection a server has taken. Where the system's queue was full, a client believes in a
/// connection of which the server was never told.
pub fn taken_by(node: SocketAddr) -> anyhow::Result<BTreeSet<u16>> {
    let port = |address: &str| u16::from_str_radix(address.split(':').nth(1)?, 16).ok();
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let taken = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (local, remote, inode) = (port(columns.get(1)?)?, port(columns.get(2)?)?, *columns.get(9)?);
        // What nobody has taken yet has no file.
        (local == node.port() && inode != "0").then_some(remote)
    });
    Ok(taken.collect())
}
