//! OpenID Connect relying party: sign-in with SPID, CIE or any other provider, several at once.
//!
//! OpenID Connect Core 1.0 (code flow), RFC 7636 (PKCE S256), RFC 7523 (`private_key_jwt`), RFC 9101 (signed request
//! objects), RFC 9207 (`iss` of the answer), RP-Initiated, Front-Channel and Back-Channel Logout 1.0; levels of assurance
//! as the SPID and CIE OpenID Connect technical rules write them. Who a person is comes from the codice fiscale alone.

mod begin;
mod config;
mod finish;
mod id_token;
mod logout;
mod metadata;
#[cfg(test)]
mod tests;

pub use config::{OidcConfig, ProviderLink};

pub(crate) use finish::Finished;
pub(crate) use logout::Ended;

use crate::outgoing::EndpointPolicy;
use crate::{AccessError, Refused};
use config::Provider;
use jiff::SignedDuration;
use jose::{Jwks, PrivateKey, SignHeader};
use metadata::Known;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Clock, Random};
use tokio::sync::Mutex;

/// Longest wait for a provider.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Life of what we sign for a provider.
const OURS: SignedDuration = SignedDuration::from_secs(120);

/// What went wrong with a provider, for the person and for the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, Serialize, thiserror::Error)]
pub enum ProviderFault {
    /// There is no such provider.
    #[error("there is no such provider")]
    Unknown,
    /// It cannot be reached, or answers what cannot be used.
    #[error("the provider cannot be reached, or its answer cannot be used")]
    Away,
    /// The answer is not to a question of this browser, or came too late.
    #[error("the answer belongs to no sign-in of this browser, or came too late")]
    Stray,
    /// The person gave up, or did not consent.
    #[error("the sign-in was cancelled, or the consent was not given")]
    Cancelled,
    /// The provider says no; its code.
    #[error("the provider refused: {0}")]
    Denied(String),
    /// A token does not hold what it must.
    #[error("the provider's token was not accepted")]
    Token,
    /// The level of assurance is lower than asked.
    #[error("the level of the identity is lower than needed")]
    Level,
    /// Nobody of the registries has this codice fiscale.
    #[error("the person is in no registry of this region")]
    NotRegistered,
}

/// The relying party. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RelyingParty(Arc<Inner>);

struct Inner {
    base_url: String,
    providers: Vec<Provider>,
    keys: Vec<PrivateKey>,
    policy: EndpointPolicy,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

impl RelyingParty {
    pub(crate) fn new(
        config: OidcConfig,
        base_url: &str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, AccessError> {
        let invalid = |message: String| AccessError::Invalid { field: "oidc", message };
        // What the administrator wrote may lie inside the network; what it names is held to the same addresses.
        let issuers: Vec<String> = config.trusted();
        let policy = EndpointPolicy::default().listed(&issuers).map_err(invalid)?;
        let http = policy.client(TIMEOUT).map_err(|e| invalid(e.to_string()))?;
        Ok(Self(Arc::new(Inner {
            base_url: base_url.trim_end_matches('/').to_owned(),
            providers: config.providers,
            keys: config.keys,
            policy,
            http,
            clock,
            random,
            known: Mutex::default(),
        })))
    }

    /// The providers, for the sign-in page.
    pub(crate) fn links(&self) -> Vec<ProviderLink> {
        self.0.providers.iter().map(Provider::link).collect()
    }

    /// Our public keys, for the providers.
    pub(crate) fn jwks(&self) -> serde_json::Value {
        let keys = self.0.keys.iter().map(|key| key.public().clone()).collect();
        Jwks { keys }.to_json()
    }

    fn provider(&self, name: &str) -> Result<&Provider, ProviderFault> {
        let found = self.0.providers.iter().find(|provider| provider.name == name);
        found.ok_or(ProviderFault::Unknown)
    }

    fn redirect_uri(&self, provider: &Provider) -> String {
        format!("{}/accedi/ritorno/{}", self.0.base_url, provider.name)
    }

    /// Signs something of ours with the first key.
    fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, ProviderFault> {
        let key = self.0.keys.first().ok_or(ProviderFault::Away)?;
        let header = SignHeader {
            typ,
            ..SignHeader::default()
        };
        key.sign(&header, claims).map_err(|error| {
            tracing::error!(%error, "the key of the relying party cannot sign");
            ProviderFault::Away
        })
    }

    fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.0.random.fill(&mut bytes);
        jose::base64url(&bytes)
    }

    fn now(&self) -> i64 {
        self.0.clock.now().as_second()
    }
}

impl From<ProviderFault> for Refused {
    fn from(fault: ProviderFault) -> Self {
        Self::Provider(fault)
    }
}
