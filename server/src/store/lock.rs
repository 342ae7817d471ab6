//! One process per SQLite file, for the whole life of the process.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

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
