//! Local accounts: record kind `account`, key the user name in lower case.

use super::password::{MAX_CHARACTERS, Passwords};
use super::rules::SignInRules;
use super::throttle::Throttle;
use super::{trail, weak};
use crate::{AccessError, AccountView, Actor, AskError, DemoAccount, Refused, SignInError, WaitingRoles};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{AuditEntry, Clock, RecordWrite, Store, Transaction};
use tokio::sync::Mutex;

pub(super) const KIND: &str = "account";
const DEMO: &str = "demo-account";
/// Most accounts listed at once.
const LIST: usize = 10_000;

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// User name: 3 to 64 of `a-z 0-9 . _ -`; capitals are folded.
    pub username: String,
    /// Password: 12 to 128 characters (a region may ask for more), none of the commonest.
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
    /// Whether it has a second factor: an authenticator app or a passkey.
    pub second_factor: bool,
}

/// An account as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub username: String,
    /// Empty: no password.
    pub password_hash: String,
    pub actor: Actor,
    #[serde(default)]
    pub disabled: bool,
    pub created: Timestamp,
    /// An invented person, whose password everybody may read: no second factor is demanded.
    #[serde(default)]
    pub demo: bool,
    /// The staff registry gives roles beside those of `actor`.
    #[serde(default)]
    pub registry: bool,
    /// Other FHIR references of the same person (a doctor is somebody's patient too).
    #[serde(default)]
    pub also: Vec<String>,
    #[serde(default)]
    pub totp: Option<StoredTotp>,
    /// Hashes of unused recovery codes.
    #[serde(default)]
    pub recovery: Vec<String>,
    /// WebAuthn user handle, 64 bytes in hexadecimal.
    #[serde(default)]
    pub handle: Option<String>,
    #[serde(default)]
    pub passkeys: Vec<StoredPasskey>,
    #[serde(default)]
    pub reset: Option<Reset>,
    /// Names of the providers that vouched for this account.
    #[serde(default)]
    pub providers: Vec<String>,
    /// Roles that wait for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<PendingRoles>,
    /// What a second person confirmed, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
}

/// Roles that wait for a second person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingRoles {
    pub roles: Vec<String>,
    /// The staff registry is to give roles, too.
    pub registry: bool,
    /// Who gave them: the subject, and the user name.
    pub by: String,
    pub username: String,
    pub at: Timestamp,
}

/// Roles that two people gave, by their user names.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Given {
    pub roles: Vec<String>,
    pub by: String,
    pub confirmed_by: String,
    pub at: Timestamp,
}

/// The authenticator app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredTotp {
    /// Sealed.
    pub secret: String,
    /// The last time step whose code was taken: it and those before are refused.
    pub last_step: u64,
    pub since: Timestamp,
}

/// A passkey: only what is public.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredPasskey {
    /// Credential id, hexadecimal.
    pub id: String,
    /// Public key, encoded by `webauthn_rp`, hexadecimal.
    pub key: String,
    /// Counter and flags, encoded by `webauthn_rp`, hexadecimal.
    pub state: String,
    pub transports: u8,
    pub name: String,
    pub since: Timestamp,
    pub used: Option<Timestamp>,
}

/// A one-time code of an administrator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reset {
    pub hash: String,
    pub until: Timestamp,
    pub by: String,
}

impl Account {
    /// A new one without any means to sign in.
    pub(crate) fn new(username: String, actor: Actor, now: Timestamp) -> Self {
        Self {
            username,
            password_hash: String::new(),
            actor,
            disabled: false,
            created: now,
            demo: false,
            registry: false,
            also: Vec::new(),
            totp: None,
            recovery: Vec::new(),
            handle: None,
            passkeys: Vec::new(),
            reset: None,
            providers: Vec::new(),
            pending: None,
            given: Vec::new(),
        }
    }

    pub(crate) fn has_second_factor(&self) -> bool {
        self.totp.is_some() || !self.passkeys.is_empty()
    }

    /// Without its secrets.
    pub(crate) fn view(&self) -> AccountView {
        AccountView {
            username: self.username.clone(),
            actor: self.actor.clone(),
            disabled: self.disabled,
            created: self.created,
            password: !self.password_hash.is_empty(),
            app: self.totp.is_some(),
            passkeys: self.passkeys.len(),
            registry: self.registry,
            providers: self.providers.clone(),
            reset: self.reset.is_some(),
            waiting: self.pending.as_ref().map(|pending| WaitingRoles {
                roles: pending.roles.clone(),
                registry: pending.registry,
                by: pending.username.clone(),
                at: pending.at,
            }),
        }
    }
}

/// Makes, lists, disables accounts and checks their passwords.
#[derive(Clone)]
pub struct Accounts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    passwords: Passwords,
    rules: SignInRules,
    pub(super) throttle: Throttle,
    /// Tries on one name happen one after the other (names share 64 gates): parallel guesses cannot slip past the
    /// counting of failures, and no change of an account is lost.
    gates: Arc<[Mutex<()>; 64]>,
    /// Changes of accounts since the process began.
    changes: Arc<AtomicU64>,
}

impl Accounts {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, passwords: Passwords, rules: SignInRules) -> Self {
        let throttle = Throttle::new(store.clone(), clock.clone());
        let gates = Arc::new(std::array::from_fn(|_| Mutex::new(())));
        Self {
            store,
            clock,
            passwords,
            rules,
            throttle,
            gates,
            changes: Arc::default(),
        }
    }

    /// How often accounts were changed: what is remembered of them holds while it stands.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Another node changed some.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Makes an account. Fails with a conflict when the user name is taken.
    pub async fn create(&self, new: NewAccount) -> Result<(), AccessError> {
        let username = check_username(&new.username)?;
        check_roles(&new.actor.roles)?;
        self.acceptable(&new.password, &username, &new.actor.name)
            .map_err(invalid_password)?;
        let mut account = Account::new(username.clone(), new.actor.clone(), self.clock.now());
        account.password_hash = self.passwords.hash(&new.password).await?;
        account.demo = new.demo;
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
        let audit = vec![trail::act(
            self.clock.now(),
            "system",
            "account.create",
            &username,
            "permit system",
        )];
        self.commit(records, audit).await
    }

    /// Changes the password, at the command line; failed tries are forgotten.
    pub async fn set_password(&self, username: &str, password: &str) -> Result<(), AccessError> {
        let username = fold(username);
        let account = find(self.store.as_ref(), &username)
            .await?
            .ok_or_else(|| unknown(&username))?;
        self.acceptable(password, &username, &account.actor.name)
            .map_err(invalid_password)?;
        let hash = self.passwords.hash(password).await?;
        self.edit(&username, "system", "account.password-set", |account| {
            account.password_hash = hash;
            account.reset = None;
            Ok(())
        })
        .await
        .map_err(|e| plain(e, &username))?;
        self.throttle.succeeded(&username).await
    }

    /// Refuses (or allows again) sign-in; open sessions of the account end at once.
    pub async fn set_disabled(&self, username: &str, disabled: bool) -> Result<(), AccessError> {
        let username = fold(username);
        let action = if disabled { "account.disable" } else { "account.enable" };
        self.edit(&username, "system", action, |account| {
            account.disabled = disabled;
            Ok(())
        })
        .await
        .map_err(|e| plain(e, &username))
    }

    /// Lets the staff registry (PractitionerRole) give roles to the account, or no longer.
    pub async fn set_registry(&self, username: &str, registry: bool) -> Result<(), AccessError> {
        let username = fold(username);
        self.edit(&username, "system", "account.registry", |account| {
            account.registry = registry;
            Ok(())
        })
        .await
        .map_err(|e| plain(e, &username))
    }

    /// Forgets app, recovery codes and passkeys: for who lost the phone and is the only administrator.
    pub async fn forget_factors(&self, username: &str) -> Result<(), AccessError> {
        let username = fold(username);
        self.edit(&username, "system", "account.factors-forgotten", |account| {
            (account.totp, account.recovery, account.passkeys) = (None, Vec::new(), Vec::new());
            Ok(())
        })
        .await
        .map_err(|e| plain(e, &username))
    }

    /// Every account, by user name.
    pub async fn list(&self) -> Result<Vec<AccountInfo>, AccessError> {
        let all = self.all().await?.into_iter();
        Ok(all
            .map(|account| AccountInfo {
                second_factor: account.totp.is_some() || !account.passkeys.is_empty(),
                username: account.username,
                actor: account.actor,
                disabled: account.disabled,
                created: account.created,
            })
            .collect())
    }

    pub(super) async fn all(&self) -> Result<Vec<Account>, AccessError> {
        let rows = self.store.snapshot().await?.records(KIND, "", LIST).await?;
        rows.iter().map(|(key, bytes)| parse(KIND, key, bytes)).collect()
    }

    pub(super) async fn demo(&self) -> Result<Vec<DemoAccount>, AccessError> {
        let rows = self.store.snapshot().await?.records(DEMO, "", 100).await?;
        rows.iter().map(|(key, bytes)| parse(DEMO, key, bytes)).collect()
    }

    /// The account of a right user name and password. Failures are counted; they are forgotten by
    /// [`Throttle::succeeded`], once the whole sign-in is over.
    pub(super) async fn check(&self, username: &str, password: &str) -> Result<Account, SignInError> {
        let username = fold(username);
        self.guess(&username, |account| {
            let hash = account.map(|a| a.password_hash.clone()).filter(|hash| !hash.is_empty());
            async move { self.passwords.verify(password, hash).await }
        })
        .await
    }

    /// One try at a secret of an account, counted when it fails.
    pub(super) async fn guess<'a, F>(
        &'a self,
        username: &str,
        right: impl FnOnce(Option<&Account>) -> F,
    ) -> Result<Account, SignInError>
    where
        F: Future<Output = Result<bool, AccessError>> + 'a,
    {
        let _turn = self.turn(username).await;
        self.throttle.check(username).await?;
        let account = find(self.store.as_ref(), username).await?;
        let right = right(account.as_ref()).await?;
        match account.filter(|a| right && !a.disabled) {
            Some(account) => Ok(account),
            None => {
                let error = self.throttle.failed(username).await?;
                let entry = trail::act(self.clock.now(), "anonymous", "sign-in", username, "deny wrong-secret");
                self.commit(Vec::new(), vec![entry]).await?;
                Err(error)
            }
        }
    }

    /// Changes an account under its gate, in one commit with the audit of the act.
    pub(super) async fn edit<T>(
        &self,
        username: &str,
        by: &str,
        action: &str,
        change: impl FnOnce(&mut Account) -> Result<T, Refused>,
    ) -> Result<T, AskError> {
        self.edit_with(username, by, action, |account| Ok((change(account)?, Vec::new())))
            .await
    }

    /// The same with other rows in the commit.
    pub(super) async fn edit_with<T>(
        &self,
        username: &str,
        by: &str,
        action: &str,
        change: impl FnOnce(&mut Account) -> Result<(T, Vec<RecordWrite>), Refused>,
    ) -> Result<T, AskError> {
        let _turn = self.turn(username).await;
        let found = find(self.store.as_ref(), username).await?;
        let mut account = found.ok_or_else(|| Refused::Unknown("account".into()))?;
        let (result, mut records) = change(&mut account)?;
        records.push(record(KIND, username, false, &account));
        let entry = trail::act(self.clock.now(), by, action, username, "permit account");
        self.commit(records, vec![entry]).await?;
        Ok(result)
    }

    /// Why a password cannot be taken, if so.
    pub(super) fn acceptable(&self, password: &str, username: &str, name: &str) -> Result<(), Refused> {
        match weak::fault(password, self.rules.min_password, MAX_CHARACTERS, &[username, name]) {
            Some(fault) => Err(Refused::Password(fault)),
            None => Ok(()),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    pub(super) async fn commit(&self, records: Vec<RecordWrite>, audit: Vec<AuditEntry>) -> Result<(), AccessError> {
        let changed = !records.is_empty();
        let transaction = Transaction {
            records,
            audit,
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        if changed {
            self.changes.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
    }

    async fn turn(&self, username: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let gate = Sha256::digest(username.as_bytes())[0] % 64;
        self.gates[usize::from(gate)].lock().await
    }
}

/// The account of a folded user name.
pub(super) async fn find(store: &dyn Store, username: &str) -> Result<Option<Account>, AccessError> {
    let bytes = store.snapshot().await?.record(KIND, username).await?;
    bytes.map(|b| parse(KIND, username, &b)).transpose()
}

pub(crate) fn record<T: Serialize>(kind: &str, key: &str, must_be_new: bool, value: &T) -> RecordWrite {
    let value = Some(serde_json::to_vec(value).expect("records serialise"));
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new,
        value,
    }
}

pub(crate) fn remove(kind: &str, key: &str) -> RecordWrite {
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new: false,
        value: None,
    }
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(
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

pub(super) fn fold(username: &str) -> String {
    username.trim().to_lowercase()
}

pub(super) fn check_username(username: &str) -> Result<String, AccessError> {
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

pub(super) fn check_roles(roles: &[String]) -> Result<(), AccessError> {
    if roles.iter().any(|role| role == "system") {
        let message = "'system' is the program itself, no person can have it".to_owned();
        return Err(AccessError::Invalid {
            field: "roles",
            message,
        });
    }
    Ok(())
}

fn unknown(username: &str) -> AccessError {
    AccessError::Invalid {
        field: "username",
        message: format!("there is no account '{username}'"),
    }
}

fn invalid_password(refused: Refused) -> AccessError {
    AccessError::Invalid {
        field: "password",
        message: refused.to_string(),
    }
}

/// For the command line, which knows that the account is no secret.
fn plain(error: AskError, username: &str) -> AccessError {
    match error {
        AskError::Refused(Refused::Unknown(_)) => unknown(username),
        AskError::Refused(refused) => AccessError::Invalid {
            field: "account",
            message: refused.to_string(),
        },
        AskError::Access(error) => error,
    }
}
