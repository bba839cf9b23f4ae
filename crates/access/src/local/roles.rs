//! Roles given to an account by hand. Those that nobody gives alone (`rules/sensitive-roles.json`) wait for a second
//! administrator, or for the command line, whoever has the machine: neither who gave them nor whose they are, nor who waits
//! for a role, nor two people in turn. Nobody gives a role to the own account.

use super::account::{Account, Given, PendingRoles, check_roles, find, fold};
use super::manage::{Administrator, told};
use super::{Accounts, LocalIdentity};
use crate::registry::{self, reciprocal_days, takes_two};
use crate::{AccessError, AskError, Refused, Reply};
use jiff::{SignedDuration, Timestamp};

/// Decisions remembered for one account.
const MAX_GIVEN: usize = 50;

impl Account {
    fn is_of(&self, by: &Administrator) -> bool {
        self.username == by.username || self.actor.subject == by.subject || self.also.contains(&by.subject)
    }

    /// Takes roles as somebody gives them; those that take two wait. Gives whether some do. `by_registry`: the staff registry
    /// would give this account one that does.
    pub(super) fn take(
        &mut self,
        roles: Vec<String>,
        registry: bool,
        by_registry: bool,
        by: (&Administrator, Timestamp),
    ) -> bool {
        let (by, now) = by;
        let wait = |role: &String| !self.actor.roles.contains(role) && takes_two(role, now);
        let (waiting, at_once): (Vec<_>, Vec<_>) = roles.into_iter().partition(wait);
        let registry_waits = registry && !self.registry && by_registry;
        self.actor.roles = at_once;
        self.registry = registry && !registry_waits;
        let waits = !waiting.is_empty() || registry_waits;
        if waits {
            self.pending = Some(PendingRoles {
                roles: waiting,
                registry: registry_waits,
                by: by.subject.clone(),
                username: by.username.clone(),
                at: now,
            });
        }
        waits
    }

    fn confirm(&mut self, by: &str, now: Timestamp) {
        let Some(pending) = self.pending.take() else { return };
        self.registry |= pending.registry;
        for role in &pending.roles {
            if !self.actor.roles.contains(role) {
                self.actor.roles.push(role.clone());
            }
        }
        self.given.push(Given {
            roles: pending.roles,
            by: pending.username,
            confirmed_by: by.to_owned(),
            at: now,
        });
        let over = self.given.len().saturating_sub(MAX_GIVEN);
        self.given.drain(..over);
    }
}

/// Whether an account would have a role that takes two from the staff registry.
pub(super) async fn by_registry(identity: &LocalIdentity, account: &Account) -> Result<bool, AccessError> {
    let now = identity.clock.now();
    let mut tried = account.clone();
    tried.registry = true;
    let all = registry::capacities(identity.store.as_ref(), &tried, now).await?;
    let mut roles = all.iter().flat_map(|one| &one.roles);
    Ok(roles.any(|role| !account.actor.roles.contains(role) && takes_two(role, now)))
}

impl LocalIdentity {
    /// Changes the roles of an account.
    pub(super) async fn set_roles(
        &self,
        by: &Administrator,
        username: &str,
        roles: Vec<String>,
        registry: bool,
    ) -> Result<Reply, AskError> {
        check_roles(&roles).map_err(told)?;
        let username = fold(username);
        let account = find(self.store.as_ref(), &username).await?;
        let account = account.ok_or_else(|| Refused::Unknown("account".into()))?;
        let by_registry = registry && by_registry(self, &account).await?;
        let now = self.clock.now();
        let waits = self
            .accounts
            .edit(&username, &by.subject, "account.roles", |account| {
                let more = roles.iter().any(|role| !account.actor.roles.contains(role));
                if account.is_of(by) && (more || (registry && !account.registry)) {
                    return Err(Refused::OwnRoles);
                }
                Ok(account.take(roles, registry, by_registry, (by, now)))
            })
            .await?;
        Ok(if waits { Reply::Waiting } else { Reply::Done })
    }

    /// The accounts whose roles wait.
    pub(super) async fn waiting(&self) -> Result<Reply, AskError> {
        let all = self.accounts.all().await?.into_iter();
        let waiting = all.filter(|account| account.pending.is_some());
        Ok(Reply::Accounts(waiting.map(|account| account.view()).collect()))
    }

    /// Confirms what waits for an account, or refuses it.
    pub(super) async fn decide(&self, by: &Administrator, username: &str, yes: bool) -> Result<Reply, AskError> {
        let username = fold(username);
        let all = self.accounts.all().await?;
        let now = self.clock.now();
        let action = match yes {
            true => "account.roles-confirmed",
            false => "account.roles-refused",
        };
        self.accounts
            .edit(&username, &by.subject, action, |account| {
                let pending = account.pending.as_ref();
                let pending = pending.ok_or_else(|| Refused::Unknown("role that waits".into()))?;
                if account.is_of(by) {
                    return Err(Refused::OwnRoles);
                }
                if !yes {
                    account.pending = None;
                    return Ok(());
                }
                may_confirm(&all, account, pending, by, now)?;
                account.confirm(&by.username, now);
                Ok(())
            })
            .await?;
        Ok(Reply::Done)
    }
}

/// Whether an administrator is the second person for what waits.
fn may_confirm(
    all: &[Account],
    account: &Account,
    pending: &PendingRoles,
    by: &Administrator,
    now: Timestamp,
) -> Result<(), Refused> {
    if pending.username == by.username || pending.by == by.subject {
        return Err(Refused::SecondPerson);
    }
    let mine = all.iter().filter(|one| one.is_of(by));
    let since = now - SignedDuration::from_hours(24 * reciprocal_days());
    let confirmed = |of: &Account, giver: Option<&str>, by: &str| {
        let lately = of.given.iter().filter(|given| given.at >= since);
        lately
            .filter(|given| giver.is_none_or(|giver| given.by == giver))
            .any(|given| given.confirmed_by == by)
    };
    for own in mine {
        // Who waits for a role could be paid with this one; and who had one from the giver's confirmation lately was.
        if own.pending.is_some() || confirmed(own, None, &pending.username) {
            return Err(Refused::SecondPerson);
        }
    }
    // The one who gets it confirmed lately what this administrator gave.
    if all
        .iter()
        .any(|one| confirmed(one, Some(&by.username), &account.username))
    {
        return Err(Refused::SecondPerson);
    }
    Ok(())
}

impl Accounts {
    /// Confirms what waits for an account, at the command line: for an installation that has no second administrator yet.
    ///
    /// # Errors
    /// There is no such account, or nothing waits for it.
    pub async fn confirm_roles(&self, username: &str) -> Result<Vec<String>, AccessError> {
        let username = fold(username);
        let now = self.now();
        let done = self
            .edit(&username, "system", "account.roles-confirmed", |account| {
                let pending = account.pending.as_ref();
                let roles = pending.map(|pending| pending.roles.clone());
                let roles = roles.ok_or_else(|| Refused::Unknown("role that waits".into()))?;
                account.confirm("system", now);
                Ok(roles)
            })
            .await;
        done.map_err(|error| match error {
            AskError::Refused(Refused::Unknown(what)) => AccessError::Invalid {
                field: "username",
                message: format!("'{username}': there is no such {what}"),
            },
            AskError::Refused(other) => AccessError::Invalid {
                field: "username",
                message: other.to_string(),
            },
            AskError::Access(error) => error,
        })
    }
}
