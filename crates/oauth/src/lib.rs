//! The OAuth 2 authorisation server: SMART App Launch 2.2 (applications of persons), SMART Backend Services (systems), and
//! the vouchers of PDND. Told in `docs/machines.md`.
//!
//! Everything it keeps are `store` records; nothing secret is stored in clear (codes, refresh tokens and secrets as SHA-256,
//! signing keys sealed). Access tokens are signed and short; those of systems are checked without reading the store, those of
//! persons speak with the roles of the moment.

mod access_token;
mod approve;
mod authorize;
mod client;
mod client_auth;
mod config;
mod error;
mod form;
mod grant;
mod introspect;
mod key_sets;
mod keys;
mod launch;
mod metadata;
pub mod modi;
pub mod pdnd;
mod records;
mod replay;
mod revoke;
mod revoked;
mod routes;
mod scope;
mod token;

pub use approve::{Question, Who};
pub use client::{Client, ClientAuth, ClientChange};
pub use config::Config;
pub use error::{Code, OauthError};
pub use grant::Grant;
pub use keys::KeyInfo;
pub use launch::Launch;
pub use routes::routes;

use access::Seal;
use keys::SigningKeys;
use revoked::Revoked;
use sha2::{Digest as _, Sha256};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use store::{AuditEntry, Clock, Ids, Random, RecordWrite, Store, Transaction};

/// How long another server may take to answer.
const FETCH: Duration = Duration::from_secs(10);

/// The authorisation server over a store.
pub struct Oauth {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    random: Arc<dyn Random>,
    pub(crate) config: Config,
    pub(crate) keys: RwLock<Arc<SigningKeys>>,
    pub(crate) revoked: Revoked,
    pub(crate) key_sets: key_sets::KeySets,
    pub(crate) http: reqwest::Client,
    pub(crate) trust: modi::Trust,
    /// Seals what browsers carry.
    pub(crate) seal: Seal,
}

impl Oauth {
    /// Opens it: reads its keys, or makes them, and what was revoked.
    ///
    /// # Errors
    /// The store fails; the keys were sealed under another key of the installation.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        random: Arc<dyn Random>,
        config: Config,
    ) -> Result<Arc<Self>, OauthError> {
        let now = clock.now().as_second();
        let keys = SigningKeys::open(store.as_ref(), &config.key, now).await?;
        let revoked = Revoked::load(store.as_ref(), now).await?;
        let http = config.endpoints.client(FETCH);
        let http = http.map_err(|error| OauthError::new(Code::ServerError, format!("no HTTP client: {error}")))?;
        let key = Sha256::digest([&config.key[..], b"what browsers carry"].concat());
        let seal = Seal::new(key.into(), random.clone());
        let trust = modi::Trust::new(config.partners.clone())?;
        Ok(Arc::new(Self {
            store,
            clock,
            ids,
            random,
            config,
            keys: RwLock::new(Arc::new(keys)),
            revoked,
            key_sets: key_sets::KeySets::default(),
            http,
            trust,
            seal,
        }))
    }

    /// How it was configured.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub(crate) fn signing_keys(&self) -> Arc<SigningKeys> {
        self.keys.read().expect("key lock").clone()
    }

    /// 256 random bits in base64url.
    pub(crate) fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        jose::base64url(&bytes)
    }

    pub(crate) fn audited(
        &self,
        actor: &str,
        action: &str,
        client: &str,
        patient: Option<&str>,
        outcome: &str,
    ) -> AuditEntry {
        AuditEntry {
            at: self.clock.now(),
            actor: actor.into(),
            action: action.into(),
            target: format!("client/{client}"),
            patient: patient.map(str::to_owned),
            outcome: outcome.into(),
            status: 200,
            ..AuditEntry::default()
        }
    }

    pub(crate) async fn commit(&self, records: Vec<RecordWrite>, audit: Vec<AuditEntry>) -> Result<(), OauthError> {
        let transaction = Transaction {
            records,
            audit,
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        Ok(())
    }
}
