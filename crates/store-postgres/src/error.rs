//! PostgreSQL's errors in the store's words.

pub(crate) use search::{Outcome, corrupt};

use store::StoreError;
use tokio_postgres::error::SqlState;

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
                Some(&SqlState::DISK_FULL) => StoreError::Full(told),
                // Nobody can have stored what the database has no letters for.
                Some(&SqlState::CHARACTER_NOT_IN_REPERTOIRE) => StoreError::Invalid(format!(
                    "{what}: a text holds the character NUL, which the database cannot hold; leave it out"
                )),
                Some(code) if gone(code) => StoreError::Unreachable(told),
                _ if error.is_closed() => StoreError::Unreachable(told),
                _ => StoreError::Backend(told),
            }
        })
    }
}

/// Whether the server says that it ends, recovers, starts, has no place for one more, or ended this connection: nothing is wrong
/// with what was asked, and it may be asked again.
fn gone(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ]
    .contains(code)
}
