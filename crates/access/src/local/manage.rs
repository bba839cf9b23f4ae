//! What an administrator does with accounts. Everything wants a recent proof, and is in the audit.

use super::account::{Account, KIND, Reset, check_roles, check_username, find, fold, record, remove};
use super::mine::BY_CREDENTIAL;
use super::roles::by_registry;
use super::{LocalIdentity, totp, trail};
use crate::registry;
use crate::{AccessError, Actor, AskError, Manage, Refused, Reply};
use jiff::Timestamp;

/// Accounts listed at once.
const PAGE: usize = 200;

/// Who asks: the subject, for the audit.
pub(super) struct Administrator {
    pub subject: String,
    session: String,
    pub username: String,
}

impl LocalIdentity {
    pub(super) async fn manage(&self, session: &str, ask: Manage) -> Result<Reply, AskError> {
        let stored = self.sessions.alive(session).await?.ok_or(Refused::Ended)?;
        let account = find(self.store.as_ref(), &stored.username).await?;
        let account = account.filter(|a| !a.disabled).ok_or(Refused::Ended)?;
        let capacities = registry::capacities(self.store.as_ref(), &account, self.clock.now()).await?;
        let actor = registry::actor(&account, &capacities, stored.capacity.as_deref());
        if !actor.has_role("admin") {
            return Err(Refused::NotAllowed.into());
        }
        if !matches!(ask, Manage::List { .. } | Manage::View { .. } | Manage::Waiting) {
            self.fresh_session(&stored, &account)?;
        }
        let by = Administrator {
            subject: actor.subject,
            session: session.to_owned(),
            username: stored.username,
        };
        match ask {
            Manage::List { query } => self.list(&query).await,
            Manage::View { username } => self.view(&username, &by).await,
            Manage::Create {
                username,
                name,
                subject,
                roles,
                registry,
            } => {
                let actor = Actor {
                    subject: check_subject(&subject)?,
                    name,
                    roles,
                    ..Actor::default()
                };
                self.create_by(&by, &username, actor, registry).await
            }
            Manage::SetRoles {
                username,
                roles,
                registry,
            } => self.set_roles(&by, &username, roles, registry).await,
            Manage::Waiting => self.waiting().await,
            Manage::Decide { username, confirm } => self.decide(&by, &username, confirm).await,
            Manage::Reset { username, factors } => self.reset(&by, &username, factors).await,
            Manage::Disable { username, disabled } => self.disable(&by, &username, disabled).await,
            Manage::Revoke { username, id } => self.revoke_of(&by, &username, id.as_deref()).await,
        }
    }

    async fn list(&self, query: &str) -> Result<Reply, AskError> {
        let query = query.trim().to_lowercase();
        let all = self.accounts.all().await?.into_iter();
        let meant = |account: &Account| {
            let name = account.actor.name.to_lowercase();
            account.username.starts_with(&query) || query.split_whitespace().all(|word| name.contains(word))
        };
        Ok(Reply::Accounts(
            all.filter(meant).take(PAGE).map(|a| a.view()).collect(),
        ))
    }

    async fn view(&self, username: &str, by: &Administrator) -> Result<Reply, AskError> {
        let username = fold(username);
        let account = find(self.store.as_ref(), &username).await?;
        let account = account.ok_or_else(|| Refused::Unknown("account".into()))?;
        let sessions = self.sessions.of(&username).await?;
        let sessions = sessions
            .iter()
            .map(|(id, stored)| stored.info(id, &by.session))
            .collect();
        Ok(Reply::Account(Box::new(account.view()), sessions))
    }

    async fn create_by(
        &self,
        by: &Administrator,
        username: &str,
        actor: Actor,
        registry: bool,
    ) -> Result<Reply, AskError> {
        let username = check_username(username).map_err(told)?;
        check_roles(&actor.roles).map_err(told)?;
        let now = self.clock.now();
        if actor.subject == by.subject && (registry || !actor.roles.is_empty()) {
            return Err(Refused::OwnRoles.into());
        }
        let roles = actor.roles.clone();
        let bare = Actor {
            roles: Vec::new(),
            ..actor
        };
        let mut account = Account::new(username.clone(), bare, now);
        let by_registry = registry && by_registry(self, &account).await?;
        account.take(roles, registry, by_registry, (by, now));
        let (code, until) = self.new_reset(&mut account, by);
        let entry = trail::act(
            self.clock.now(),
            &by.subject,
            "account.create",
            &username,
            "permit admin",
        );
        let made = self
            .accounts
            .commit(vec![record(KIND, &username, true, &account)], vec![entry])
            .await;
        match made {
            Ok(()) => Ok(Reply::Reset { code, until }),
            Err(AccessError::Store(store::StoreError::Conflict { .. })) => Err(Refused::Taken("account".into()).into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn reset(&self, by: &Administrator, username: &str, factors: bool) -> Result<Reply, AskError> {
        let username = fold(username);
        let mut rows = self.sessions.ended(&username, |_, _| true).await?;
        let action = if factors {
            "account.reset-with-factors"
        } else {
            "account.reset"
        };
        let mut made = None;
        self.accounts
            .edit_with(&username, &by.subject, action, |account| {
                account.password_hash.clear();
                if factors {
                    rows.extend(
                        account
                            .passkeys
                            .iter()
                            .map(|passkey| remove(BY_CREDENTIAL, &passkey.id)),
                    );
                    (account.totp, account.recovery, account.passkeys) = (None, Vec::new(), Vec::new());
                }
                made = Some(self.new_reset(account, by));
                Ok(((), rows))
            })
            .await?;
        self.accounts.throttle.succeeded(&username).await?;
        let (code, until) = made.ok_or_else(|| Refused::Unknown("account".into()))?;
        Ok(Reply::Reset { code, until })
    }

    fn new_reset(&self, account: &mut Account, by: &Administrator) -> (String, Timestamp) {
        let code = totp::code(self.random.as_ref());
        let until = self.clock.now() + self.rules.reset;
        account.reset = Some(Reset {
            hash: totp::hash_code(&account.username, &code),
            until,
            by: by.subject.clone(),
        });
        (code, until)
    }

    async fn disable(&self, by: &Administrator, username: &str, disabled: bool) -> Result<Reply, AskError> {
        let username = fold(username);
        if disabled && username == by.username {
            // Who locks the own door from outside cannot open it again.
            return Err(Refused::NotAllowed.into());
        }
        let rows = self.sessions.ended(&username, |_, _| disabled).await?;
        let action = if disabled { "account.disable" } else { "account.enable" };
        self.accounts
            .edit_with(&username, &by.subject, action, |account| {
                account.disabled = disabled;
                Ok(((), rows))
            })
            .await?;
        Ok(Reply::Done)
    }

    async fn revoke_of(&self, by: &Administrator, username: &str, id: Option<&str>) -> Result<Reply, AskError> {
        let username = fold(username);
        let rows = self
            .sessions
            .ended(&username, |other, _| id.is_none_or(|id| id == other))
            .await?;
        let entry = trail::act(
            self.clock.now(),
            &by.subject,
            "session.revoke",
            &username,
            "permit admin",
        );
        self.accounts.commit(rows, vec![entry]).await?;
        Ok(Reply::Done)
    }
}

fn check_subject(subject: &str) -> Result<String, Refused> {
    let good = |id: &str| {
        !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
    };
    match subject.trim().split_once('/') {
        Some(("Practitioner" | "Patient", id)) if good(id) => Ok(subject.trim().to_owned()),
        _ => Err(Refused::Invalid {
            field: "subject".into(),
            message: "Practitioner/… or Patient/… with an id of the registry".into(),
        }),
    }
}

pub(super) fn told(error: AccessError) -> AskError {
    match error {
        AccessError::Invalid { field, message } => Refused::Invalid {
            field: field.into(),
            message,
        }
        .into(),
        other => other.into(),
    }
}
