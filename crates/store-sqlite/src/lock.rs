//! Exactly one process per file.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use store::StoreError;

/// Holds the operating system's lock on `<file>.lock`; released when dropped, also by a crash.
#[derive(Debug)]
pub(crate) struct ProcessLock(File);

impl Drop for ProcessLock {
    fn drop(&mut self) {
        // Closing alone would not do while a child process is being started: it shares the open file for a moment.
        let _ = self.0.unlock();
    }
}

/// The file with `suffix` appended to its whole name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

impl ProcessLock {
    /// Takes the lock or says who cannot come in.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let lock = beside(path, ".lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(|error| {
                let told = format!("cannot open the lock file {}: {error}", lock.display());
                match error.kind() {
                    std::io::ErrorKind::StorageFull => StoreError::Full(told),
                    _ => StoreError::Backend(told),
                }
            })?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(format!(
                "{} is in use by another running store; SQLite allows exactly one process per file: stop the other one, \
                 or point this one at its own file",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => {
                Err(StoreError::Backend(format!("cannot lock {}: {error}", lock.display())))
            }
        }
    }
}
