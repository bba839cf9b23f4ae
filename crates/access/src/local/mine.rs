//! What a person does with the own access. What matters (factors, passwords) wants a recent proof of who one is.

use super::account::{Account, find, record, remove};
use super::session::Stored;
use super::steps::refused;
use super::{LocalIdentity, passkey, totp, trail};
use crate::registry;
use crate::{AskError, Challenge, Mine, MyAccess, PasskeyInfo, PasswordFault, Refused, Reply, WardReason};
use serde_json::Value;

/// `passkey` rows: credential id to user name.
pub(super) const BY_CREDENTIAL: &str = "passkey";

/// Who asks.
struct Asking {
    id: String,
    stored: Stored,
    account: Account,
}

impl LocalIdentity {
    pub(super) async fn mine(&self, session: &str, ask: Mine) -> Result<Reply, AskError> {
        let asking = self.asking(session).await?;
        match ask {
            Mine::View => self.my_access(&asking).await,
            Mine::Prove { secret } => self.prove(&asking, &secret).await,
            Mine::ProvePasskey { ceremony, answer } => {
                let username = Some(asking.account.username.as_str());
                self.prove_passkey(&ceremony, &answer, username).await?;
                self.proven(&asking, 2).await
            }
            Mine::ChangePassword { old, new } => self.change_password(&asking, &old, &new).await,
            Mine::StartTotp => {
                self.fresh(&asking)?;
                let username = &asking.account.username;
                Ok(Reply::Totp(totp::offer(&self.tickets, self.random.as_ref(), username)))
            }
            Mine::ConfirmTotp { ticket, code } => self.confirm_totp(&asking, &ticket, &code).await,
            Mine::RemoveTotp => self.remove_totp(&asking).await,
            Mine::NewCodes => self.new_codes(&asking).await,
            Mine::StartPasskey => Ok(Reply::Challenge(self.start_passkey(&asking).await?)),
            Mine::FinishPasskey { ceremony, answer, name } => {
                self.finish_passkey(&asking, &ceremony, &answer, &name).await
            }
            Mine::RemovePasskey { id } => self.remove_passkey(&asking, &id).await,
            Mine::Revoke { id } => self.revoke(&asking, |other, _| *other == *id).await,
            Mine::RevokeOthers => self.revoke(&asking, |other, _| *other != *asking.id).await,
            Mine::Switch { capacity } => self.switch(&asking, &capacity).await,
            Mine::ActFor { patient } => self.act_for(&asking, patient).await,
        }
    }

    async fn asking(&self, session: &str) -> Result<Asking, AskError> {
        let stored = self.sessions.alive(session).await?.ok_or(Refused::Ended)?;
        let account = find(self.store.as_ref(), &stored.username).await?;
        let account = account.filter(|a| !a.disabled).ok_or(Refused::Ended)?;
        Ok(Asking {
            id: session.to_owned(),
            stored,
            account,
        })
    }

    fn fresh(&self, asking: &Asking) -> Result<(), Refused> {
        self.fresh_session(&asking.stored, &asking.account)
    }

    /// A proof of a few minutes ago, with the second factor where there is one.
    pub(super) fn fresh_session(&self, stored: &Stored, account: &Account) -> Result<(), Refused> {
        let age = self.clock.now().duration_since(stored.proven);
        let weak = account.has_second_factor() && stored.assurance < 2;
        if age > self.rules.proof || weak {
            return Err(Refused::ProofNeeded);
        }
        Ok(())
    }

    async fn my_access(&self, asking: &Asking) -> Result<Reply, AskError> {
        let (account, now) = (&asking.account, self.clock.now());
        let sessions = self.sessions.of(&account.username).await?;
        let mut sessions: Vec<_> = sessions
            .iter()
            .map(|(id, stored)| stored.info(id, &asking.id))
            .collect();
        sessions.sort_by_key(|session| !session.current);
        let passkeys = account.passkeys.iter().map(|passkey| PasskeyInfo {
            id: passkey.id.clone(),
            name: passkey.name.clone(),
            since: passkey.since,
            used: passkey.used,
        });
        let capacities = registry::capacities(self.store.as_ref(), account, now).await?;
        let actor = registry::actor(account, &capacities, asking.stored.capacity.as_deref());
        Ok(Reply::Access(Box::new(MyAccess {
            account: account.view(),
            sessions,
            passkeys: passkeys.collect(),
            app_since: account.totp.as_ref().map(|totp| totp.since),
            codes_left: account.recovery.len(),
            passkeys_possible: self.site.is_some(),
            capacity: asking.stored.capacity.clone(),
            capacities,
            wards: registry::wards(self.store.as_ref(), &actor, now).await?,
        })))
    }

    /// The password (where it is the only factor), a code, or a recovery code.
    async fn prove(&self, asking: &Asking, secret: &str) -> Result<Reply, AskError> {
        let username = &asking.account.username;
        if asking.account.has_second_factor() {
            self.take_code(username, secret).await?;
            return self.proven(asking, 2).await;
        }
        self.accounts.check(username, secret).await.map_err(refused)?;
        self.proven(asking, 1).await
    }

    async fn proven(&self, asking: &Asking, assurance: u8) -> Result<Reply, AskError> {
        self.accounts.throttle.succeeded(&asking.account.username).await?;
        let now = self.clock.now();
        let token = self.sessions.turn_over(&asking.id, |stored| {
            stored.proven = now;
            stored.assurance = stored.assurance.max(assurance);
        });
        Ok(Reply::Renewed(token.await?.ok_or(Refused::Ended)?))
    }

    async fn change_password(&self, asking: &Asking, old: &str, new: &str) -> Result<Reply, AskError> {
        let (username, name) = (&asking.account.username, &asking.account.actor.name);
        if asking.account.has_second_factor() {
            self.fresh(asking)?;
        }
        self.accounts.check(username, old).await.map_err(refused)?;
        if old == new {
            return Err(Refused::Password(PasswordFault::Same).into());
        }
        self.accounts.acceptable(new, username, name)?;
        let hash = self.accounts.passwords().hash(new).await?;
        let others = self.sessions.ended(username, |id, _| id != asking.id).await?;
        let subject = asking.account.actor.subject.as_str();
        self.accounts
            .edit_with(username, subject, "account.password-set", |account| {
                (account.password_hash, account.reset) = (hash, None);
                Ok(((), others))
            })
            .await?;
        self.accounts.throttle.succeeded(username).await?;
        Ok(Reply::Done)
    }

    async fn confirm_totp(&self, asking: &Asking, ticket: &str, code: &str) -> Result<Reply, AskError> {
        self.fresh(asking)?;
        let now = self.clock.now();
        let codes = self.edit_mine(asking, "account.totp-set", |account| {
            totp::confirm(&self.tickets, account, ticket, code, now)?;
            Ok(totp::new_codes(account, self.random.as_ref()))
        });
        let codes = codes.await?;
        // The code that was just shown is a proof of the second factor.
        self.sessions
            .change(&asking.id, |stored| stored.assurance = stored.assurance.max(2))
            .await?;
        Ok(Reply::Codes(codes))
    }

    async fn remove_totp(&self, asking: &Asking) -> Result<Reply, AskError> {
        self.fresh(asking)?;
        self.may_lose_factor(asking, asking.account.passkeys.len()).await?;
        self.edit_mine(asking, "account.totp-removed", |account| {
            account.totp = None;
            if account.passkeys.is_empty() {
                account.recovery.clear();
            }
            Ok(())
        })
        .await?;
        Ok(Reply::Done)
    }

    async fn new_codes(&self, asking: &Asking) -> Result<Reply, AskError> {
        self.fresh(asking)?;
        let codes = self.edit_mine(asking, "account.codes-made", |account| {
            if !account.has_second_factor() {
                return Err(Refused::Unknown("second factor".into()));
            }
            Ok(totp::new_codes(account, self.random.as_ref()))
        });
        Ok(Reply::Codes(codes.await?))
    }

    async fn start_passkey(&self, asking: &Asking) -> Result<Challenge, AskError> {
        self.fresh(asking)?;
        let site = self.site.as_ref().ok_or(Refused::NoPasskeysHere)?;
        if asking.account.passkeys.len() >= passkey::MAX {
            return Err(Refused::TooMany(passkey::MAX).into());
        }
        let mut account = asking.account.clone();
        if account.handle.is_none() {
            let handle = passkey::new_handle(self.random.as_ref());
            account = self
                .edit_mine(asking, "account.handle", |account| {
                    account.handle.get_or_insert(handle);
                    Ok(account.clone())
                })
                .await?;
        }
        Ok(site.start(&self.tickets, &account)?)
    }

    async fn finish_passkey(
        &self,
        asking: &Asking,
        ceremony: &str,
        answer: &Value,
        name: &str,
    ) -> Result<Reply, AskError> {
        self.fresh(asking)?;
        let site = self.site.as_ref().ok_or(Refused::NoPasskeysHere)?;
        let now = self.clock.now();
        let username = asking.account.username.clone();
        let made = self.accounts.edit_with(
            &username,
            &asking.account.actor.subject,
            "account.passkey-set",
            |account| {
                if account.passkeys.len() >= passkey::MAX {
                    return Err(Refused::TooMany(passkey::MAX));
                }
                let name = if name.trim().is_empty() { "Passkey" } else { name.trim() };
                let made = site.finish(&self.tickets, account, ceremony, answer, name, now)?;
                // A credential of somebody else must not be taken over: its row must be new.
                let row = record(BY_CREDENTIAL, &made.id, true, &account.username);
                account.passkeys.push(made);
                Ok(((), vec![row]))
            },
        );
        made.await?;
        self.sessions
            .change(&asking.id, |stored| stored.assurance = stored.assurance.max(2))
            .await?;
        Ok(Reply::Done)
    }

    async fn remove_passkey(&self, asking: &Asking, id: &str) -> Result<Reply, AskError> {
        self.fresh(asking)?;
        let left = asking
            .account
            .passkeys
            .iter()
            .filter(|passkey| passkey.id != id)
            .count();
        self.may_lose_factor(asking, left + usize::from(asking.account.totp.is_some()))
            .await?;
        let (username, subject) = (&asking.account.username, &asking.account.actor.subject);
        self.accounts
            .edit_with(username, subject, "account.passkey-removed", |account| {
                let before = account.passkeys.len();
                account.passkeys.retain(|passkey| passkey.id != id);
                if account.passkeys.len() == before {
                    return Err(Refused::Unknown("passkey".into()));
                }
                if !account.has_second_factor() {
                    account.recovery.clear();
                }
                Ok(((), vec![remove(BY_CREDENTIAL, id)]))
            })
            .await?;
        Ok(Reply::Done)
    }

    /// Refuses to take the last factor of somebody whose role demands one.
    async fn may_lose_factor(&self, asking: &Asking, left: usize) -> Result<(), AskError> {
        let (account, now) = (&asking.account, self.clock.now());
        if left > 0 || account.demo {
            return Ok(());
        }
        let capacities = registry::capacities(self.store.as_ref(), account, now).await?;
        let demanded = capacities
            .iter()
            .any(|c| self.rules.demands_second_factor(&c.roles, now));
        if demanded {
            Err(Refused::FactorNeeded.into())
        } else {
            Ok(())
        }
    }

    async fn revoke(&self, asking: &Asking, which: impl Fn(&str, &Stored) -> bool) -> Result<Reply, AskError> {
        let username = &asking.account.username;
        let rows = self.sessions.ended(username, which).await?;
        if rows.is_empty() {
            return Err(Refused::Unknown("session".into()).into());
        }
        let subject = &asking.account.actor.subject;
        let entry = trail::act(self.clock.now(), subject, "session.revoke", username, "permit own");
        self.accounts.commit(rows, vec![entry]).await?;
        Ok(Reply::Done)
    }

    async fn switch(&self, asking: &Asking, capacity: &str) -> Result<Reply, AskError> {
        let now = self.clock.now();
        let capacities = registry::capacities(self.store.as_ref(), &asking.account, now).await?;
        if !capacities.iter().any(|known| known.key == capacity) {
            return Err(Refused::Unknown("capacity".into()).into());
        }
        self.noted(asking, &format!("session.capacity {capacity}")).await?;
        let token = self.sessions.turn_over(&asking.id, |stored| {
            (stored.capacity, stored.acts_for) = (Some(capacity.to_owned()), None);
        });
        Ok(Reply::Renewed(token.await?.ok_or(Refused::Ended)?))
    }

    async fn act_for(&self, asking: &Asking, patient: Option<String>) -> Result<Reply, AskError> {
        let now = self.clock.now();
        let mut chosen = None;
        if let Some(patient) = patient {
            let capacities = registry::capacities(self.store.as_ref(), &asking.account, now).await?;
            let actor = registry::actor(&asking.account, &capacities, asking.stored.capacity.as_deref());
            let wards = registry::wards(self.store.as_ref(), &actor, now).await?;
            let ward = wards
                .into_iter()
                .find(|ward| ward.patient == patient)
                .ok_or(Refused::NotAllowed)?;
            let why = match ward.why {
                WardReason::Parent => "parent",
                WardReason::Guardian => "guardian",
                WardReason::Delegate => "delegate",
            };
            self.noted(asking, &format!("session.acts-for {patient} {why}")).await?;
            chosen = Some((ward.patient, ward.name));
        } else {
            self.noted(asking, "session.acts-for self").await?;
        }
        let token = self.sessions.turn_over(&asking.id, |stored| stored.acts_for = chosen);
        Ok(Reply::Renewed(token.await?.ok_or(Refused::Ended)?))
    }

    async fn noted(&self, asking: &Asking, action: &str) -> Result<(), AskError> {
        let (now, account) = (self.clock.now(), &asking.account);
        let mut entry = trail::act(now, &account.actor.subject, action, &account.username, "permit own");
        entry.patient = action
            .split(' ')
            .find_map(|word| word.strip_prefix("Patient/"))
            .map(str::to_owned);
        Ok(self.accounts.commit(Vec::new(), vec![entry]).await?)
    }

    async fn edit_mine<T>(
        &self,
        asking: &Asking,
        action: &str,
        change: impl FnOnce(&mut Account) -> Result<T, Refused>,
    ) -> Result<T, AskError> {
        let (username, subject) = (&asking.account.username, &asking.account.actor.subject);
        self.accounts.edit(username, subject, action, change).await
    }

    pub(super) async fn owner_of_passkey(&self, credential: &str) -> Result<Option<String>, AskError> {
        let bytes = self.store.snapshot().await?.record(BY_CREDENTIAL, credential).await?;
        let owner = bytes
            .map(|b| super::account::parse(BY_CREDENTIAL, credential, &b))
            .transpose()?;
        Ok(owner)
    }
}
