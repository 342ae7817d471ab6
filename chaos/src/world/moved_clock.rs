//! A clock for servers, database and phone network that stands behind the machine's and can be moved while they run, by
//! libfaketime. Days pass in minutes, and everybody agrees on them.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::clock::now;

/// Where Debian's package `faketime` puts its library.
const LIBRARIES: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];
/// Why a fault that needs the library is not run.
pub const NOT_INSTALLED: &str = "libfaketime is not installed (apt-get install faketime)";

/// The library that gives a process another clock, where it is installed.
pub fn library() -> Option<&'static str> {
    LIBRARIES.into_iter().find(|library| Path::new(library).exists())
}

/// A clock behind the machine's.
pub struct MovedClock {
    library: &'static str,
    behind: SignedDuration,
    folder: TempDir,
}

impl MovedClock {
    /// One that is behind by so much; `None` without the library.
    pub fn behind(by: SignedDuration) -> anyhow::Result<Option<Self>> {
        use std::os::unix::fs::PermissionsExt as _;
        let Some(library) = library() else { return Ok(None) };
        // PostgreSQL may run as another user, and reads the offset too.
        let open = std::fs::Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("prospectai-clock.").permissions(open).tempdir()?;
        let clock = Self { library, behind: by, folder };
        clock.write()?;
        Ok(Some(clock))
    }

    /// What time it is on this clock.
    pub fn now(&self) -> Timestamp {
        now() - self.behind
    }

    /// Moves it on, for every process that runs by it.
    pub fn advance(&mut self, by: SignedDuration) -> anyhow::Result<()> {
        self.behind -= by;
        self.write()
    }

    /// What gives a process this clock. Its timers go on by the machine's count.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut environment = self.environment_with_timers();
        environment.push(("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()));
        environment
    }

    /// The same with its timers: what it waits for has passed when the clock was moved.
    pub fn environment_with_timers(&self) -> Vec<(String, String)> {
        vec![
            ("LD_PRELOAD".to_owned(), self.library.to_owned()),
            ("FAKETIME_TIMESTAMP_FILE".to_owned(), self.file().display().to_string()),
            ("FAKETIME_NO_CACHE".to_owned(), "1".to_owned()),
        ]
    }

    /// In one step: a process that read half of it would see another time.
    fn write(&self) -> anyhow::Result<()> {
        let whole = self.folder.path().join("next");
        std::fs::write(&whole, format!("{:+}\n", -self.behind.as_secs()))?;
        Ok(std::fs::rename(whole, self.file())?)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}
