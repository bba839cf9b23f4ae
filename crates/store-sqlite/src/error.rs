//! SQLite's errors in the store's words.

use store::StoreError;

pub(crate) use search::{Outcome, corrupt};

/// Says what was being done when SQLite refused.
pub(crate) trait Backend<T> {
    /// Turns the error into [`StoreError::Backend`], prefixed with `what`.
    fn at(self, what: &str) -> Outcome<T>;
}

impl<T> Backend<T> for rusqlite::Result<T> {
    fn at(self, what: &str) -> Outcome<T> {
        self.map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full(format!("{what}: {error}")),
            _ => StoreError::Backend(format!("{what}: {error}")),
        })
    }
}
