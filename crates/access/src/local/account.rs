//! Local accounts: record kind `account`, key the user name in lower case.

use super::password::{MAX_PASSWORD, PasswordCost, Passwords};
use super::throttle::Throttle;
use crate::{AccessError, Actor, DemoAccount, SignInError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::{Clock, Random, RecordWrite, Store, Transaction};
use tokio::sync::Mutex;

const KIND: &str = "account";
const DEMO: &str = "demo-account";
/// Shortest password (NIST SP 800-63B: 8; more since there is no second factor yet).
const MIN_PASSWORD: usize = 10;
/// Most accounts listed at once.
const LIST: usize = 10_000;

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// User name: 3 to 64 of `a-z 0-9 . _ -`; capitals are folded.
    pub username: String,
    /// Password: 10 to 1024 bytes.
    pub password: String,
    /// Who it is.
    pub actor: Actor,
    /// Keep the password in clear too, to be shown on the sign-in page. Only for a demo's invented people.
    pub demo: bool,
}

/// An account as listed: no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// User name.
    pub username: String,
    /// Who it is.
    pub actor: Actor,
    /// Whether sign-in is refused.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    pub username: String,
    pub password_hash: String,
    pub actor: Actor,
    #[serde(default)]
    pub disabled: bool,
    pub created: Timestamp,
}

/// Makes, lists, disables accounts and checks their passwords.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
    throttle: Throttle,
    /// Tries on one name happen one after the other (names share 64 gates): parallel guesses cannot slip past the
    /// counting of failures.
    gates: Arc<[Mutex<()>; 64]>,
}

impl Accounts {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        cost: PasswordCost,
    ) -> Self {
        let throttle = Throttle::new(store.clone(), clock.clone());
        let gates = Arc::new(std::array::from_fn(|_| Mutex::new(())));
        Self {
            store,
            clock,
            passwords: Passwords::new(cost, random),
            throttle,
            gates,
        }
    }

    /// Makes an account. Fails with a conflict when the user name is taken.
    pub async fn create(&self, new: NewAccount) -> Result<(), AccessError> {
        let username = check_username(&new.username)?;
        check_password(&new.password)?;
        if new.actor.has_role("system") {
            let message = "'system' is the program itself, no person can have it".to_owned();
            return Err(AccessError::Invalid {
                field: "roles",
                message,
            });
        }
        let account = Account {
            username: username.clone(),
            password_hash: self.passwords.hash(&new.password).await?,
            actor: new.actor.clone(),
            disabled: false,
            created: self.clock.now(),
        };
        let mut records = vec![record(KIND, &username, true, &account)];
        if new.demo {
            let (name, roles) = (new.actor.name, new.actor.roles);
            let shown = DemoAccount {
                username: username.clone(),
                password: new.password,
                name,
                roles,
            };
            records.push(record(DEMO, &username, false, &shown));
        }
        self.store
            .commit(Transaction {
                records,
                ..Transaction::default()
            })
            .await?;
        Ok(())
    }

    /// Changes the password; failed tries are forgotten.
    pub async fn set_password(&self, username: &str, password: &str) -> Result<(), AccessError> {
        check_password(password)?;
        let password_hash = self.passwords.hash(password).await?;
        self.change(username, |account| account.password_hash = password_hash)
            .await?;
        self.throttle.succeeded(&fold(username)).await
    }

    /// Refuses (or allows again) sign-in; open sessions of the account end at once.
    pub async fn set_disabled(&self, username: &str, disabled: bool) -> Result<(), AccessError> {
        self.change(username, |account| account.disabled = disabled).await
    }

    /// Every account, by user name.
    pub async fn list(&self) -> Result<Vec<AccountInfo>, AccessError> {
        let rows = self.store.snapshot().await?.records(KIND, "", LIST).await?;
        rows.iter()
            .map(|(key, bytes)| {
                let Account {
                    username,
                    actor,
                    disabled,
                    created,
                    ..
                } = parse(KIND, key, bytes)?;
                Ok(AccountInfo {
                    username,
                    actor,
                    disabled,
                    created,
                })
            })
            .collect()
    }

    pub(super) async fn demo(&self) -> Result<Vec<DemoAccount>, AccessError> {
        let rows = self.store.snapshot().await?.records(DEMO, "", 100).await?;
        rows.iter().map(|(key, bytes)| parse(DEMO, key, bytes)).collect()
    }

    /// The account of a right user name and password.
    pub(super) async fn check(&self, username: &str, password: &str) -> Result<Account, SignInError> {
        let username = fold(username);
        let gate = Sha256::digest(username.as_bytes())[0] % 64;
        let _turn = self.gates[usize::from(gate)].lock().await;
        self.throttle.check(&username).await?;
        let account = find(self.store.as_ref(), &username).await?;
        let hash = account.as_ref().map(|a| a.password_hash.clone());
        let right = self.passwords.verify(password, hash).await?;
        match account.filter(|a| right && !a.disabled) {
            Some(account) => {
                self.throttle.succeeded(&username).await?;
                Ok(account)
            }
            None => Err(self.throttle.failed(&username).await?),
        }
    }

    async fn change(&self, username: &str, edit: impl FnOnce(&mut Account)) -> Result<(), AccessError> {
        let username = fold(username);
        let Some(mut account) = find(self.store.as_ref(), &username).await? else {
            let message = format!("there is no account '{username}'");
            return Err(AccessError::Invalid {
                field: "username",
                message,
            });
        };
        edit(&mut account);
        let records = vec![record(KIND, &username, false, &account)];
        self.store
            .commit(Transaction {
                records,
                ..Transaction::default()
            })
            .await?;
        Ok(())
    }
}

/// The account of a folded user name.
pub(super) async fn find(store: &dyn Store, username: &str) -> Result<Option<Account>, AccessError> {
    let bytes = store.snapshot().await?.record(KIND, username).await?;
    bytes.map(|b| parse(KIND, username, &b)).transpose()
}

pub(super) fn record<T: Serialize>(kind: &str, key: &str, must_be_new: bool, value: &T) -> RecordWrite {
    let value = Some(serde_json::to_vec(value).expect("records serialise"));
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new,
        value,
    }
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    kind: &'static str,
    key: &str,
    bytes: &[u8],
) -> Result<T, AccessError> {
    serde_json::from_slice(bytes).map_err(|e| AccessError::Corrupt {
        kind,
        key: key.to_owned(),
        message: e.to_string(),
    })
}

fn fold(username: &str) -> String {
    username.trim().to_lowercase()
}

fn check_username(username: &str) -> Result<String, AccessError> {
    let username = fold(username);
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if (3..=64).contains(&username.len()) && username.bytes().all(good) {
        return Ok(username);
    }
    let message = "3 to 64 letters, digits, dots, underscores and hyphens".to_owned();
    Err(AccessError::Invalid {
        field: "username",
        message,
    })
}

fn check_password(password: &str) -> Result<(), AccessError> {
    if (MIN_PASSWORD..=MAX_PASSWORD).contains(&password.len()) {
        return Ok(());
    }
    let message = format!("{MIN_PASSWORD} to {MAX_PASSWORD} characters");
    Err(AccessError::Invalid {
        field: "password",
        message,
    })
}
