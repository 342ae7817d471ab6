//! `server.json` in the data folder: where a running server listens, and the key of its console.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// What a running server leaves for commands of the same machine.
#[derive(Serialize, Deserialize)]
pub(in crate::cli) struct ServerFile {
    /// Where it listens.
    pub(super) url: String,
    /// The key of its console.
    pub(super) key: String,
}

impl ServerFile {
    /// Writes it whole or not at all, readable by its owner only.
    pub(in crate::cli) fn write(
        folder: &Path,
        listening: SocketAddr,
        key: &SecretString,
    ) -> anyhow::Result<()> {
        let url = format!("http://{}", reachable(listening));
        let file = Self { url, key: key.expose_secret().to_owned() };
        std::fs::create_dir_all(folder).and_then(|()| file.write_to(folder)).with_context(|| {
            format!("{} cannot be written; may the process write there?", path(folder).display())
        })
    }

    fn write_to(&self, folder: &Path) -> std::io::Result<()> {
        // A temporary file is made readable by its owner only, and nobody reads half of it.
        let mut file = tempfile::Builder::new().prefix(".server-").tempfile_in(folder)?;
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.persist(path(folder))?;
        Ok(())
    }

    /// What a server left, where one did. It may be gone by now.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let text = std::fs::read(path(folder)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Takes away what the server with this key left. Another one may have written its own by now.
    pub(in crate::cli) fn remove(folder: &Path, key: &SecretString) {
        if Self::read(folder).is_some_and(|file| file.key == key.expose_secret()) {
            // What stays is recognised as stale.
            let _ = std::fs::remove_file(path(folder));
        }
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("server.json")
}

/// "Everywhere" is an address to listen on, not one to ask.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_left_is_read_again_and_only_its_own_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let [key, other] = ["one", "two"].map(SecretString::from);
        ServerFile::write(folder.path(), "0.0.0.0:3000".parse().expect("an address"), &key).expect("written");
        let read = ServerFile::read(folder.path()).expect("there");
        assert_eq!((read.url.as_str(), read.key.as_str()), ("http://127.0.0.1:3000", "one"));
        ServerFile::remove(folder.path(), &other);
        assert!(ServerFile::read(folder.path()).is_some());
        ServerFile::remove(folder.path(), &key);
        assert!(ServerFile::read(folder.path()).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let listening = "[::]:3000".parse().expect("an address");
        ServerFile::write(folder.path(), listening, &SecretString::from("one")).expect("written");
        let mode = std::fs::metadata(path(folder.path())).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(ServerFile::read(folder.path()).expect("there").url, "http://[::1]:3000");
    }

    #[test]
    fn what_is_not_understood_is_as_good_as_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(path(folder.path()), "{\"url\":").expect("written");
        assert!(ServerFile::read(folder.path()).is_none());
    }
}
