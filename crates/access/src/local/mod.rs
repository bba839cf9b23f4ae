//! Accounts, sessions and audit over the store of this node.

mod account;
mod password;
mod session;
mod throttle;

pub use account::{AccountInfo, Accounts, NewAccount};
pub use password::PasswordCost;

use crate::{AccessError, Actor, DemoAccount, Identity, Session, SignInError, SignedIn};
use async_trait::async_trait;
use jiff::SignedDuration;
use session::Sessions;
use std::sync::Arc;
use store::{AuditEntry, Clock, Random, Store, Transaction};

/// Lifetimes and costs.
#[derive(Debug, Clone, Copy)]
pub struct IdentityOptions {
    /// A session without requests ends after this.
    pub idle: SignedDuration,
    /// A session ends after this in any case.
    pub absolute: SignedDuration,
    /// Work of one password hash.
    pub password: PasswordCost,
}

impl Default for IdentityOptions {
    /// 30 minutes idle, 12 hours in all (one shift), OWASP's argon2id cost.
    fn default() -> Self {
        Self {
            idle: SignedDuration::from_mins(30),
            absolute: SignedDuration::from_hours(12),
            password: PasswordCost::default(),
        }
    }
}

/// [`Identity`] over a [`Store`]: record kinds `account`, `session`, `sign-in` and `demo-account`.
#[derive(Clone)]
pub struct LocalIdentity {
    store: Arc<dyn Store>,
    accounts: Accounts,
    sessions: Sessions,
}

impl LocalIdentity {
    /// Over `store`.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        options: IdentityOptions,
    ) -> Self {
        let accounts = Accounts::new(store.clone(), clock.clone(), random.clone(), options.password);
        let sessions = Sessions::new(store.clone(), clock, random, options);
        Self {
            store,
            accounts,
            sessions,
        }
    }

    /// The accounts, to create and change them.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

#[async_trait]
impl Identity for LocalIdentity {
    async fn session(&self, token: &str) -> Result<Option<Session>, AccessError> {
        self.sessions.find(token).await
    }

    async fn sign_in(&self, username: &str, password: &str, previous: Option<&str>) -> Result<SignedIn, SignInError> {
        let account = self.accounts.check(username, password).await?;
        Ok(self.sessions.open(&account, previous).await?)
    }

    async fn sign_out(&self, token: &str) -> Result<(), AccessError> {
        self.sessions.close(token).await
    }

    async fn verify(&self, username: &str, password: &str) -> Result<Actor, SignInError> {
        Ok(self.accounts.check(username, password).await?.actor)
    }

    async fn record(&self, entries: Vec<AuditEntry>) -> Result<(), AccessError> {
        self.store
            .commit(Transaction {
                audit: entries,
                ..Transaction::default()
            })
            .await?;
        Ok(())
    }

    async fn demo_accounts(&self) -> Result<Vec<DemoAccount>, AccessError> {
        self.accounts.demo().await
    }
}
