//! What a person is today, for permissions that outlive a session: an application that comes back a month later acts with
//! the roles of that day, or not at all.

use crate::{AccessError, Actor};
use async_trait::async_trait;

/// Knows the persons behind accounts. [`crate::LocalIdentity`] does.
#[async_trait]
pub trait Persons: Send + Sync + 'static {
    /// The account behind an open session, by the session's id.
    async fn username(&self, session: &str) -> Result<Option<String>, AccessError>;
    /// Who the person of an account is now, in the capacity it had (`was`: same subject, organization, person acted for).
    /// `None`: the account is gone or disabled, or the capacity has ended.
    async fn present(&self, username: &str, was: &Actor) -> Result<Option<Actor>, AccessError>;
}
