//! Accounts, sessions and audit over the store of this node.

mod account;
mod by_provider;
mod grants;
mod manage;
mod mine;
mod passkey;
mod password;
mod present;
mod roles;
mod rules;
mod session;
mod steps;
#[cfg(test)]
mod tests;
mod throttle;
mod ticket;
mod totp;
mod trail;
mod weak;

pub(crate) use account::Account;
pub use account::{AccountInfo, Accounts, NewAccount};
pub use password::PasswordCost;
pub use rules::SignInRules;
pub(crate) use session::ProviderSession;

use crate::oidc::RelyingParty;
use crate::{
    AccessError, Actor, Ask, AskError, DemoAccount, Identity, OidcConfig, ProviderFault, Refused, Reply, Seal, Session,
    SignInError, SignedIn, SigningKey, Step, Visit, registry,
};
use async_trait::async_trait;
use passkey::Site;
use password::Passwords;
use session::Sessions;
use std::sync::Arc;
use store::{AuditEntry, Clock, Random, Store, Transaction};
use ticket::Tickets;

/// Rules and costs.
#[derive(Debug, Clone, Default)]
pub struct IdentityOptions {
    /// Lifetimes of sessions, who needs a second factor.
    pub rules: SignInRules,
    /// Work of one password hash.
    pub password: PasswordCost,
    /// Base URL of the site: passkeys belong to its domain.
    pub site: Option<String>,
    /// Seals secrets of authenticator apps and tickets. A random key, without this: apps would stop working with the
    /// process.
    pub key: Option<SigningKey>,
}

/// [`Identity`] over a [`Store`]: record kinds `account`, `session`, `session-of`, `sign-in`, `passkey`, `used` and
/// `demo-account`.
#[derive(Clone)]
pub struct LocalIdentity {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    rules: SignInRules,
    accounts: Accounts,
    sessions: Sessions,
    tickets: Tickets,
    site: Option<Site>,
    oidc: Option<RelyingParty>,
    /// Held while an access is opened: two requests at one moment open one.
    opening: Arc<tokio::sync::Mutex<()>>,
}

impl LocalIdentity {
    /// Over `store`.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        options: IdentityOptions,
    ) -> Self {
        let rules = options.rules;
        let key = options.key.unwrap_or_else(|| SigningKey::random(random.as_ref()));
        let seal = Seal::new(key.derive("secrets of accounts"), random.clone());
        let passwords = Passwords::new(options.password, random.clone());
        Self {
            accounts: Accounts::new(store.clone(), clock.clone(), passwords, rules.clone()),
            sessions: Sessions::new(store.clone(), clock.clone(), random.clone(), rules.clone()),
            tickets: Tickets::new(seal, clock.clone(), random.clone(), store.clone()),
            site: options.site.as_deref().and_then(Site::at),
            oidc: None,
            opening: Arc::default(),
            rules,
            store,
            clock,
            random,
        }
    }

    /// With identity providers; `base_url` is where the browser comes back to.
    ///
    /// # Errors
    /// An address of the configuration cannot be used.
    pub fn with_providers(mut self, config: OidcConfig, base_url: &str) -> Result<Self, AccessError> {
        let party = RelyingParty::new(config, base_url, self.clock.clone(), self.random.clone())?;
        self.oidc = Some(party);
        Ok(self)
    }

    /// Hears when other nodes change accounts, until the store closes; returns at once where one process has the store for
    /// itself. What is remembered of accounts (right passwords, tokens of persons) is forgotten then.
    pub async fn follow(&self) {
        let Some(mut others) = self.accounts.store().others() else {
            return;
        };
        let mut before = others.borrow_and_update().clone();
        while others.changed().await.is_ok() {
            let now = others.borrow_and_update().clone();
            if now.changed(&before, "record:account") {
                self.accounts.changed();
            }
            before = now;
        }
    }

    /// The accounts, to create and change them.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
}

impl LocalIdentity {
    /// Who the person of an account is now, where a password is enough; `None`: it is not.
    async fn by_password_alone(&self, account: &account::Account) -> Result<Option<Actor>, AccessError> {
        let now = self.clock.now();
        let capacities = registry::capacities(self.store.as_ref(), account, now).await?;
        let demanded = capacities
            .iter()
            .any(|c| self.rules.demands_second_factor(&c.roles, now));
        if account.has_second_factor() || (demanded && !account.demo) {
            return Ok(None);
        }
        let mut actor = registry::actor(account, &capacities, None);
        actor.assurance = 1;
        Ok(Some(actor))
    }
}

#[async_trait]
impl Identity for LocalIdentity {
    fn changes(&self) -> u64 {
        self.accounts.changes()
    }

    async fn session(&self, token: &str) -> Result<Option<Session>, AccessError> {
        self.sessions.find(token).await
    }

    async fn ask(&self, ask: Ask) -> Result<Reply, AskError> {
        let step = match ask {
            Ask::Password {
                username,
                password,
                visit,
            } => self.by_password(&username, &password, visit).await?,
            Ask::Look { ticket } => self.look(&ticket).await?,
            Ask::Code { ticket, code } => self.by_code(&ticket, &code).await?,
            Ask::Enrol { ticket, offer, code } => self.by_enrolment(&ticket, &offer, &code).await?,
            Ask::NewPassword { ticket, password } => self.by_new_password(&ticket, &password).await?,
            Ask::Choose { ticket, capacity } => self.by_choice(&ticket, capacity).await?,
            Ask::Recover { username, code, visit } => self.by_reset(&username, &code, visit).await?,
            Ask::Passkey {
                ceremony,
                answer,
                visit,
            } => self.by_passkey(&ceremony, &answer, visit).await?,
            Ask::PasskeyChallenge => {
                let site = self.site.as_ref().ok_or(Refused::NoPasskeysHere)?;
                return Ok(Reply::Challenge(site.challenge(&self.tickets)?));
            }
            Ask::ProviderBack { ticket, query } => self.finish_at(&ticket, &query).await?,
            Ask::Provider { provider, visit } => {
                let (url, ticket) = self.begin_at(&provider, visit).await?;
                return Ok(Reply::Away { url, ticket });
            }
            Ask::Providers => {
                let links = self.oidc.as_ref().map(RelyingParty::links);
                return Ok(Reply::Providers(links.unwrap_or_default()));
            }
            Ask::ProviderKeys => {
                let party = self.oidc.as_ref().ok_or(Refused::Provider(ProviderFault::Unknown))?;
                return Ok(Reply::Keys(party.jwks()));
            }
            Ask::SignOut { token } => {
                let elsewhere = self.sign_out_of(&token).await?;
                return Ok(Reply::SignedOut(elsewhere));
            }
            Ask::BackChannel { provider, token } => {
                self.back_channel(&provider, &token).await?;
                return Ok(Reply::Done);
            }
            Ask::FrontChannel { provider, issuer, sid } => {
                self.front_channel(&provider, &issuer, &sid).await?;
                return Ok(Reply::Done);
            }
            Ask::Grants(ask) => return self.grants(ask).await,
            Ask::ActorsOf { subject } => return self.actors_of(&subject).await,
            Ask::Mine { session, ask } => return self.mine(&session, ask).await,
            Ask::Manage { session, ask } => return self.manage(&session, ask).await,
        };
        Ok(Reply::Step(Box::new(step)))
    }

    async fn sign_in(&self, username: &str, password: &str, previous: Option<&str>) -> Result<SignedIn, SignInError> {
        let visit = Visit {
            previous: previous.map(str::to_owned),
            ..Visit::default()
        };
        match self.by_password(username, password, visit).await? {
            Step::Open(signed_in) => Ok(*signed_in),
            Step::Need { .. } => Err(SignInError::MoreNeeded),
        }
    }

    async fn sign_out(&self, token: &str) -> Result<(), AccessError> {
        self.sessions.close(token).await.map(drop)
    }

    async fn verify(&self, username: &str, password: &str) -> Result<Actor, SignInError> {
        let account = self.accounts.check(username, password).await?;
        let actor = self.by_password_alone(&account).await?;
        let actor = actor.ok_or(SignInError::MoreNeeded)?;
        self.accounts.throttle.succeeded(&account.username).await?;
        Ok(actor)
    }

    async fn again(&self, username: &str, _known: &Actor) -> Result<Option<Actor>, AccessError> {
        let account = account::find(self.store.as_ref(), &account::fold(username)).await?;
        match account.filter(|account| !account.disabled) {
            Some(account) => self.by_password_alone(&account).await,
            None => Ok(None),
        }
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
