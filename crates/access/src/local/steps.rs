//! A sign-in, step by step: what was proven travels in a ticket; nobody has a session before all that the account needs is
//! there, in this order: second factor, new password, app that a role demands, capacity.

use super::account::{Account, find, fold, remove};
use super::session::{Opening, ProviderSession};
use super::ticket::Opened;
use super::{LocalIdentity, totp, trail};
use crate::registry;
use crate::{AskError, Need, Refused, SignedIn, Step, Visit};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const PURPOSE: &str = "sign-in";

/// What was proven so far.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Started {
    pub username: String,
    pub visit: Visit,
    pub assurance: u8,
    pub capacity: Option<String>,
    /// Came with an administrator's one-time code: a new password is due.
    pub recovering: bool,
    pub provider: Option<ProviderSession>,
    /// Recovery codes made on the way.
    pub codes: Vec<String>,
}

impl LocalIdentity {
    /// User name and password.
    pub(super) async fn by_password(&self, username: &str, password: &str, visit: Visit) -> Result<Step, AskError> {
        let account = self.accounts.check(username, password).await.map_err(refused)?;
        let started = Started {
            username: account.username.clone(),
            visit,
            assurance: 1,
            ..Started::default()
        };
        self.advance(started, None).await
    }

    /// The one-time code of an administrator.
    pub(super) async fn by_reset(&self, username: &str, code: &str, visit: Visit) -> Result<Step, AskError> {
        let username = fold(username);
        let (hash, now) = (totp::hash_code(&username, code), self.clock.now());
        let right = |account: Option<&Account>| {
            let reset = account.and_then(|account| account.reset.as_ref());
            let right = reset.is_some_and(|reset| reset.hash == hash && now <= reset.until);
            async move { Ok(right) }
        };
        let account = self.accounts.guess(&username, right).await.map_err(refused)?;
        let started = Started {
            username: account.username.clone(),
            visit,
            assurance: 1,
            recovering: true,
            ..Started::default()
        };
        self.advance(started, None).await
    }

    /// What a sign-in that was begun still needs.
    pub(super) async fn look(&self, ticket: &str) -> Result<Step, AskError> {
        let opened = self.opened(ticket)?;
        let account = self.account_of(&opened.body).await?;
        match self.need(&account, &opened.body).await? {
            Some(need) => Ok(Step::Need {
                ticket: ticket.to_owned(),
                need,
            }),
            None => self.open(account, opened.body.clone(), Some(opened)).await,
        }
    }

    /// The second factor.
    pub(super) async fn by_code(&self, ticket: &str, code: &str) -> Result<Step, AskError> {
        let mut opened = self.opened(ticket)?;
        self.take_code(&opened.body.username, code).await?;
        opened.body.assurance = 2;
        self.advance(opened.body.clone(), Some(opened)).await
    }

    /// Takes a code of app or recovery, once; failures count as those of passwords.
    pub(super) async fn take_code(&self, username: &str, code: &str) -> Result<(), AskError> {
        self.accounts.throttle.check(username).await.map_err(refused)?;
        let (tickets, now) = (&self.tickets, self.clock.now());
        let taken = self.accounts.edit(username, username, "second-factor.used", |account| {
            if !account.disabled && totp::take(tickets, account, code, now) {
                Ok(())
            } else {
                Err(Refused::Wrong)
            }
        });
        match taken.await {
            Err(AskError::Refused(Refused::Wrong)) => {
                let error = self.accounts.throttle.failed(username).await?;
                let entry = trail::act(now, "anonymous", "second-factor", username, "deny wrong-code");
                self.accounts.commit(Vec::new(), vec![entry]).await?;
                Err(refused(error))
            }
            other => other,
        }
    }

    /// The app that a role demands, confirmed by its first code.
    pub(super) async fn by_enrolment(&self, ticket: &str, offer: &str, code: &str) -> Result<Step, AskError> {
        let mut opened = self.opened(ticket)?;
        let account = self.account_of(&opened.body).await?;
        if account.has_second_factor() {
            return Err(Refused::NotAllowed.into());
        }
        let (username, now) = (account.username.clone(), self.clock.now());
        let codes = self
            .accounts
            .edit(&username, &account.actor.subject, "account.totp-set", |account| {
                totp::confirm(&self.tickets, account, offer, code, now)?;
                Ok(totp::new_codes(account, self.random.as_ref()))
            });
        opened.body.codes = codes.await?;
        opened.body.assurance = 2;
        self.advance(opened.body.clone(), Some(opened)).await
    }

    /// The new password that is due.
    pub(super) async fn by_new_password(&self, ticket: &str, password: &str) -> Result<Step, AskError> {
        let mut opened = self.opened(ticket)?;
        let account = self.account_of(&opened.body).await?;
        if !matches!(self.need(&account, &opened.body).await?, Some(Need::NewPassword)) {
            return Err(Refused::Ended.into());
        }
        let username = account.username.clone();
        self.accounts.acceptable(password, &username, &account.actor.name)?;
        let hash = self.accounts.passwords().hash(password).await?;
        let subject = account.actor.subject.as_str();
        self.accounts
            .edit(&username, subject, "account.password-set", |account| {
                // The code was good for one new password.
                account.reset.take().ok_or(Refused::Ended)?;
                account.password_hash = hash;
                Ok(())
            })
            .await?;
        opened.body.recovering = false;
        self.advance(opened.body.clone(), Some(opened)).await
    }

    /// The capacity one comes in.
    pub(super) async fn by_choice(&self, ticket: &str, capacity: String) -> Result<Step, AskError> {
        let mut opened = self.opened(ticket)?;
        opened.body.capacity = Some(capacity);
        self.advance(opened.body.clone(), Some(opened)).await
    }

    /// A passkey: device and user verification are two factors in one.
    pub(super) async fn by_passkey(&self, ceremony: &str, answer: &Value, visit: Visit) -> Result<Step, AskError> {
        let account = self.prove_passkey(ceremony, answer, None).await?;
        let started = Started {
            username: account,
            visit,
            assurance: 2,
            ..Started::default()
        };
        self.advance(started, None).await
    }

    /// Checks a passkey; the user name it belongs to. `of`: it must be this one.
    pub(super) async fn prove_passkey(
        &self,
        ceremony: &str,
        answer: &Value,
        of: Option<&str>,
    ) -> Result<String, AskError> {
        let site = self.site.as_ref().ok_or(Refused::NoPasskeysHere)?;
        let claim = site.claim(&self.tickets, ceremony, answer)?;
        let username = self.owner_of_passkey(&claim.credential).await?.ok_or(Refused::Wrong)?;
        if of.is_some_and(|of| of != username) {
            return Err(Refused::Wrong.into());
        }
        let ticket: Opened<Value> = self.tickets.open("passkey sign-in", ceremony)?;
        let spent = self.tickets.spend(&ticket).await?;
        let now = self.clock.now();
        self.accounts
            .edit_with(&username, &username, "passkey.used", |account| {
                if account.disabled || account.handle.as_deref() != Some(claim.handle.as_str()) {
                    return Err(Refused::Wrong);
                }
                site.verify(claim, account, now)?;
                Ok(((), spent))
            })
            .await
            .map_err(already_used)?;
        Ok(username)
    }

    /// Goes on with what is proven: a session, or what is still needed.
    pub(crate) async fn advance(&self, started: Started, ticket: Option<Opened<Started>>) -> Result<Step, AskError> {
        let account = self.account_of(&started).await?;
        match self.need(&account, &started).await? {
            Some(need) => Ok(Step::Need {
                ticket: self.tickets.issue(PURPOSE, &started),
                need,
            }),
            None => self.open(account, started, ticket).await,
        }
    }

    async fn need(&self, account: &Account, started: &Started) -> Result<Option<Need>, AskError> {
        let strong = started.assurance >= 2;
        if !strong && account.has_second_factor() {
            return Ok(Some(Need::Code {
                app: account.totp.is_some(),
                passkey: !account.passkeys.is_empty() && self.site.is_some(),
            }));
        }
        if started.recovering {
            return Ok(Some(Need::NewPassword));
        }
        let now = self.clock.now();
        let capacities = registry::capacities(self.store.as_ref(), account, now).await?;
        if capacities.is_empty() {
            return Err(Refused::NoCapacity.into());
        }
        let demanded = |roles: &[String]| self.rules.demands_second_factor(roles, now);
        if !strong && !account.demo && capacities.iter().any(|capacity| demanded(&capacity.roles)) {
            return Ok(Some(Need::Enrol(totp::offer(
                &self.tickets,
                self.random.as_ref(),
                &account.username,
            ))));
        }
        let chosen = |key: &String| capacities.iter().any(|capacity| capacity.key == *key);
        if capacities.len() > 1 && !started.capacity.as_ref().is_some_and(chosen) {
            return Ok(Some(Need::Choose(capacities)));
        }
        Ok(None)
    }

    async fn open(
        &self,
        account: Account,
        started: Started,
        ticket: Option<Opened<Started>>,
    ) -> Result<Step, AskError> {
        // The capacity is pinned: one that begins later does not change what an open session may do.
        let capacity = match started.capacity {
            Some(chosen) => Some(chosen),
            None => {
                let all = registry::capacities(self.store.as_ref(), &account, self.clock.now()).await?;
                all.into_iter().next().map(|only| only.key)
            }
        };
        let mut records = vec![remove("sign-in", &account.username)];
        if let Some(ticket) = &ticket {
            records.extend(self.tickets.spend(ticket).await?);
        }
        let opening = Opening {
            account: &account,
            visit: &started.visit,
            assurance: started.assurance,
            capacity,
            provider: started.provider.clone(),
        };
        let opened = self.sessions.open(opening, (records, Vec::new())).await;
        let signed_in = opened.map_err(|error| already_used(error.into()))?;
        Ok(Step::Open(Box::new(SignedIn {
            codes: started.codes,
            ..signed_in
        })))
    }

    fn opened(&self, ticket: &str) -> Result<Opened<Started>, AskError> {
        Ok(self.tickets.open(PURPOSE, ticket)?)
    }

    async fn account_of(&self, started: &Started) -> Result<Account, AskError> {
        let account = find(self.store.as_ref(), &started.username).await?;
        Ok(account.filter(|a| !a.disabled).ok_or(Refused::Wrong)?)
    }
}

/// A ticket that was finished before.
fn already_used(error: AskError) -> AskError {
    match error {
        AskError::Access(crate::AccessError::Store(store::StoreError::Conflict { .. })) => Refused::Ended.into(),
        other => other,
    }
}

pub(super) fn refused(error: crate::SignInError) -> AskError {
    match error {
        crate::SignInError::Wrong | crate::SignInError::MoreNeeded => Refused::Wrong.into(),
        crate::SignInError::Locked { retry_after_s } => Refused::Locked { retry_after_s }.into(),
        crate::SignInError::Access(error) => error.into(),
    }
}
