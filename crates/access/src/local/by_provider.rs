//! Sign-in through a provider: who comes back is known by the codice fiscale, as Patient, Practitioner or both; the account
//! is made at the first time. And the provider's logout.

use super::account::{Account, KIND, find, record};
use super::session::provider_keys;
use super::steps::Started;
use super::ticket::{Opened, hex};
use super::{LocalIdentity, trail};
use crate::oidc::{Ended, Finished, ProviderFault, RelyingParty};
use crate::{AccessError, Actor, AskError, Refused, Step, Visit, registry};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Purpose of the ticket in the cookie.
const PURPOSE: &str = "oidc";
/// Sessions that one logout may end, at most.
const MAX_ENDED: usize = 100;

impl LocalIdentity {
    fn relying_party(&self) -> Result<&RelyingParty, Refused> {
        self.oidc.as_ref().ok_or_else(|| ProviderFault::Unknown.into())
    }

    /// Where to go, and the ticket for the browser's cookie.
    pub(super) async fn begin_at(&self, provider: &str, visit: Visit) -> Result<(String, String), AskError> {
        let (url, underway) = self
            .relying_party()?
            .begin(provider, visit)
            .await
            .map_err(Refused::from)?;
        Ok((url, self.tickets.issue(PURPOSE, &underway)))
    }

    /// The browser came back.
    pub(super) async fn finish_at(&self, ticket: &str, query: &BTreeMap<String, String>) -> Result<Step, AskError> {
        let party = self.relying_party()?;
        let opened: Opened<_> = self
            .tickets
            .open(PURPOSE, ticket)
            .map_err(|_| Refused::from(ProviderFault::Stray))?;
        let finished = party.finish(&opened.body, query).await;
        let finished = match finished {
            Ok(finished) => finished,
            Err(fault) => {
                let outcome = format!("deny {fault}");
                let entry = trail::act(
                    self.clock.now(),
                    "anonymous",
                    "sign-in",
                    &opened.body.provider,
                    &outcome,
                );
                self.accounts.commit(Vec::new(), vec![entry]).await?;
                return Err(Refused::from(fault).into());
            }
        };
        let username = self.person(&finished).await?;
        // One sign-in for one way out: a copied answer opens nothing.
        let spent = self.tickets.spend(&opened).await?;
        match self.accounts.commit(spent, Vec::new()).await {
            Err(AccessError::Store(store::StoreError::Conflict { .. })) => {
                return Err(Refused::from(ProviderFault::Stray).into());
            }
            other => other?,
        }
        let started = Started {
            username,
            visit: opened.body.visit,
            assurance: finished.level,
            provider: Some(finished.session),
            ..Started::default()
        };
        self.advance(started, None).await
    }

    /// The account of a person, made or brought up to date.
    async fn person(&self, finished: &Finished) -> Result<String, AskError> {
        let store = self.store.as_ref();
        let mut subjects = registry::by_fiscal_code(store, &finished.fiscal_code).await?;
        if subjects.is_empty() {
            return Err(Refused::from(ProviderFault::NotRegistered).into());
        }
        let first = subjects.remove(0);
        let hash = hex(&Sha256::digest(format!("codice fiscale {}", finished.fiscal_code)));
        let username = format!("eid-{}", &hash[..24]);
        if find(store, &username).await?.is_none() {
            let actor = Actor {
                subject: first.clone(),
                name: finished.name.clone(),
                ..Actor::default()
            };
            let mut account = Account::new(username.clone(), actor, self.clock.now());
            account.registry = true;
            let entry = trail::act(self.clock.now(), &first, "account.create", &username, "permit provider");
            let made = self
                .accounts
                .commit(vec![record(KIND, &username, true, &account)], vec![entry])
                .await;
            match made {
                // Two sign-ins of one person at once: the other one made it.
                Err(AccessError::Store(store::StoreError::Conflict { .. })) => {}
                other => other?,
            }
        }
        self.accounts
            .edit(&username, &first, "account.seen-by-provider", |account| {
                if account.disabled {
                    return Err(Refused::NotAllowed);
                }
                (account.actor.subject, account.also) = (first.clone(), subjects);
                if !finished.name.is_empty() {
                    account.actor.name.clone_from(&finished.name);
                }
                if !account.providers.contains(&finished.session.name) {
                    account.providers.push(finished.session.name.clone());
                }
                Ok(())
            })
            .await?;
        Ok(username)
    }

    /// Closes a session; the address where the provider's own session ends, if there is one.
    pub(super) async fn sign_out_of(&self, token: &str) -> Result<Option<(String, String)>, AskError> {
        let closed = self.sessions.close(token).await?;
        let Some(provider) = closed.and_then(|stored| stored.provider) else {
            return Ok(None);
        };
        let Ok(party) = self.relying_party() else {
            return Ok(None);
        };
        Ok(party.end_address(&provider).await.map(|url| (provider.name, url)))
    }

    /// The provider says that a session ended.
    pub(super) async fn back_channel(&self, provider: &str, token: &str) -> Result<(), AskError> {
        let ended = self
            .relying_party()?
            .logout_token(provider, token)
            .await
            .map_err(Refused::from)?;
        self.end_sessions(ended).await
    }

    /// The provider's page calls ours in the browser.
    pub(super) async fn front_channel(&self, provider: &str, issuer: &str, sid: &str) -> Result<(), AskError> {
        let ended = self
            .relying_party()?
            .front_channel(provider, issuer, sid)
            .map_err(Refused::from)?;
        self.end_sessions(ended).await
    }

    async fn end_sessions(&self, ended: Ended) -> Result<(), AskError> {
        let now = self.clock.now();
        let mut rows = Vec::new();
        if let Some((id, until)) = &ended.once {
            rows.extend(self.tickets.spend_id(id, *until).await?);
        }
        // With a sid that session only; without, every session of the person at this provider.
        let key = match (&ended.sid, &ended.subject) {
            (Some(sid), _) => provider_keys::sid(&ended.provider, sid),
            (None, Some(subject)) => provider_keys::subject(&ended.provider, subject),
            (None, None) => return Err(Refused::from(ProviderFault::Token).into()),
        };
        let (found, mut audit) = (self.sessions.of_provider(&key, MAX_ENDED).await?, Vec::new());
        for (id, stored) in found {
            let of = |given: &str| {
                stored
                    .provider
                    .as_ref()
                    .is_some_and(|provider| provider.subject == given)
            };
            if ended.subject.as_deref().is_some_and(|subject| !of(subject)) {
                continue;
            }
            audit.push(trail::act(
                now,
                "system",
                "session.ended-by-provider",
                &stored.username,
                "permit provider",
            ));
            rows.extend(super::session::gone(&id, &stored));
        }
        match self.accounts.commit(rows, audit).await {
            Err(AccessError::Store(store::StoreError::Conflict { .. })) => {
                Err(Refused::from(ProviderFault::Stray).into())
            }
            other => Ok(other?),
        }
    }
}
