//! SQLite's errors in the store's words.

use store::StoreError;

/// Result of this crate's inner functions.
pub(crate) type Outcome<T> = Result<T, StoreError>;

/// Says what was being done when SQLite refused.
pub(crate) trait Backend<T> {
    /// Turns the error into [`StoreError::Backend`], prefixed with `what`.
    fn at(self, what: &str) -> Outcome<T>;
}

impl<T> Backend<T> for rusqlite::Result<T> {
    fn at(self, what: &str) -> Outcome<T> {
        self.map_err(|error| StoreError::Backend(format!("{what}: {error}")))
    }
}

/// A stored value that this program cannot have written.
pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Backend(format!(
        "the database holds a value this program did not write: {what}; run the integrity check"
    ))
}
