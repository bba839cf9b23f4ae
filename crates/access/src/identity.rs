//! Where accounts, sessions and the audit trail are kept: the store of this node, or another node.

use crate::{AccessError, Actor, Ask, AskError, Reply, SignInError};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use store::AuditEntry;

/// A signed-in browser. The wrapper puts it into the request's extensions when a session cookie identified the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub actor: Actor,
    /// Must come back with every state-changing request: header `x-csrf-token` or form field `_csrf`.
    pub csrf: String,
    /// Names the session; no secret.
    #[serde(default)]
    pub id: String,
    /// A new secret for the cookie: the present one is due to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<String>,
    /// Name of the person it acts for, to be shown on each page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<String>,
}

/// What a successful sign-in gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// The secret for the cookie.
    pub token: String,
    /// Path to go to.
    #[serde(default)]
    pub back: String,
    /// Recovery codes made on the way, to be shown once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<String>,
}

/// An account that may be shown on the sign-in page of a demo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAccount {
    /// User name.
    pub username: String,
    /// Password in clear: these are demo accounts.
    pub password: String,
    /// Name shown.
    pub name: String,
    /// Roles.
    pub roles: Vec<String>,
}

/// Keeps accounts, sessions and the audit trail. [`crate::LocalIdentity`] does over the store; a node without a store
/// of its own asks the one that has it.
#[async_trait]
pub trait Identity: Send + Sync + 'static {
    /// The session of a cookie, if it is alive; keeps it alive.
    async fn session(&self, token: &str) -> Result<Option<Session>, AccessError>;
    /// Everything that pages of sign-in, own access and accounts ask.
    async fn ask(&self, ask: Ask) -> Result<Reply, AskError>;
    /// Checks a password and opens a session; `previous` (the cookie the browser came with) is closed. Only for accounts
    /// that need nothing more than a password; the pages use [`Identity::ask`].
    async fn sign_in(&self, username: &str, password: &str, previous: Option<&str>) -> Result<SignedIn, SignInError>;
    /// Closes a session.
    async fn sign_out(&self, token: &str) -> Result<(), AccessError>;
    /// Checks a password without opening a session (HTTP Basic).
    async fn verify(&self, username: &str, password: &str) -> Result<Actor, SignInError>;
    /// Who somebody is now whose password was found right a moment ago (`known`: who it was then): the roles of this moment,
    /// without the cost of the password. `None`: the account is gone or disabled, or wants more than a password by now. A
    /// node without accounts says what it knows.
    async fn again(&self, _username: &str, known: &Actor) -> Result<Option<Actor>, AccessError> {
        Ok(Some(known.clone()))
    }
    /// Counts changes of accounts, so that what is remembered of one is asked anew; always the same on a node that has
    /// no accounts.
    fn changes(&self) -> u64 {
        0
    }
    /// Appends audit entries durably.
    async fn record(&self, entries: Vec<AuditEntry>) -> Result<(), AccessError>;
    /// Accounts to be listed on the sign-in page; empty outside a demo.
    async fn demo_accounts(&self) -> Result<Vec<DemoAccount>, AccessError>;
}
