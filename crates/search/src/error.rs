//! Results, and the error of a value that nobody can have written.

use store::StoreError;

/// Result of what a backend does inside.
pub type Outcome<T> = Result<T, StoreError>;

/// A stored value that this program cannot have written.
pub fn corrupt(what: &str) -> StoreError {
    StoreError::Backend(format!(
        "the database holds a value this program did not write: {what}; run the integrity check"
    ))
}
