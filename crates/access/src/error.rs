//! What can go wrong while finding out who somebody is.

use crate::{AskError, Refused};
use store::StoreError;

/// A failure of accounts, sessions or keys.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place that keeps accounts and sessions (another node) failed.
    #[error("the identity service failed: {0}")]
    Remote(String),
    /// The key file cannot be used.
    #[error("key file {path}: {message}")]
    Key {
        /// File.
        path: String,
        /// What is wrong and what to do.
        message: String,
    },
    /// A value is not acceptable.
    #[error("{field}: {message}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// A stored record cannot be read.
    #[error("stored {kind} '{key}' cannot be read: {message}")]
    Corrupt {
        /// Record kind.
        kind: &'static str,
        /// Record key.
        key: String,
        /// Why.
        message: String,
    },
}

/// Why a sign-in did not succeed. The text never tells whether the account exists.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Unknown account, wrong password or disabled account.
    #[error("user name or password are wrong")]
    Wrong,
    /// Too many failures: try again later.
    #[error("too many failed sign-ins: try again in {retry_after_s} seconds")]
    Locked {
        /// Seconds until the next try counts.
        retry_after_s: u64,
    },
    /// The password is right, but the account needs more than one (second factor, new password).
    #[error("this account needs more than a password: sign in with a browser, or use an OAuth client")]
    MoreNeeded,
    /// Something else failed.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl From<AskError> for SignInError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Refused(Refused::Locked { retry_after_s }) => Self::Locked { retry_after_s },
            AskError::Refused(_) => Self::Wrong,
            AskError::Access(error) => Self::Access(error),
        }
    }
}
