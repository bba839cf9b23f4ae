//! PostgreSQL's errors in the store's words.

pub(crate) use search::{Outcome, corrupt};

use store::StoreError;

/// Says what was being done when the database refused.
pub(crate) trait Backend<T> {
    /// Turns the error into [`StoreError::Backend`], prefixed with `what`.
    fn at(self, what: &str) -> Outcome<T>;
}

impl<T> Backend<T> for Result<T, tokio_postgres::Error> {
    fn at(self, what: &str) -> Outcome<T> {
        self.map_err(|error| {
            let detail = match error.as_db_error() {
                Some(db) => format!("{} ({})", db.message(), db.code().code()),
                None => error.to_string(),
            };
            let told = format!("{what}: {detail}");
            match error.code() {
                Some(&tokio_postgres::error::SqlState::DISK_FULL) => StoreError::Full(told),
                _ if error.is_closed() => StoreError::Unreachable(told),
                _ => StoreError::Backend(told),
            }
        })
    }
}
