//! One process per SQLite file, for the whole life of the process; and whether the file is still where it was opened.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A held lock; let go when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct DataLock {
    _file: File,
}

/// Why the lock could not be had.
pub(super) enum LockError {
    /// Another process holds it.
    Held,
    /// The file system refused.
    Io(io::Error),
}

impl DataLock {
    pub(super) fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join("prospectai.lock");
        let file =
            File::options().create(true).truncate(false).write(true).open(path).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held),
            Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
        }
    }
}

/// The file of the database as it was when it was opened.
///
/// A folder that is moved away, deleted, or gone with its disk keeps open files alive: what is written there is answered as
/// kept, and nobody finds it again.
#[derive(Debug)]
pub(super) struct DataFile {
    path: PathBuf,
    opened: Metadata,
}

impl DataFile {
    /// Remembers which file is there.
    pub(super) fn at(path: PathBuf) -> io::Result<Self> {
        let opened = std::fs::metadata(&path)?;
        Ok(Self { path, opened })
    }

    /// Whether the same file is there now.
    pub(super) fn is_in_place(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|now| is_same(&self.opened, &now))
    }
}

#[cfg(unix)]
fn is_same(then: &Metadata, now: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (then.dev(), then.ino()) == (now.dev(), now.ino())
}

#[cfg(not(unix))]
fn is_same(then: &Metadata, now: &Metadata) -> bool {
    then.created().ok() == now.created().ok()
}
