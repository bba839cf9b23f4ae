//! What a provider publishes: its metadata (OpenID Connect Discovery 1.0) and its keys, kept for an hour; the keys are read
//! again when a token names one that is not known (rotation), at most every half minute.

use super::config::Provider;
use super::{ProviderFault, RelyingParty};
use jiff::{SignedDuration, Timestamp};
use jose::{Jwks, MAX_JWKS_BYTES};
use serde::Deserialize;
use std::sync::Arc;

/// How long metadata and keys are kept.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// Keys are read again at most this often.
const AGAIN: SignedDuration = SignedDuration::from_secs(30);
/// Largest metadata read, bytes.
const MAX: usize = 256 * 1024;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub end_session_endpoint: Option<String>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// A provider as it was last read.
pub(super) struct Known {
    pub metadata: Metadata,
    pub keys: Jwks,
    read: Timestamp,
}

impl RelyingParty {
    /// Metadata and keys of a provider.
    pub(super) async fn known(&self, provider: &Provider) -> Result<Arc<Known>, ProviderFault> {
        let now = self.0.clock.now();
        let mut all = self.0.known.lock().await;
        if let Some(known) = all
            .get(&provider.name)
            .filter(|known| now.duration_since(known.read) < KEPT)
        {
            return Ok(known.clone());
        }
        let known = Arc::new(self.read(provider, now).await?);
        all.insert(provider.name.clone(), known.clone());
        Ok(known)
    }

    /// The same, read again if it is not quite new: a token names a key that is not known.
    pub(super) async fn known_anew(&self, provider: &Provider) -> Result<Arc<Known>, ProviderFault> {
        let now = self.0.clock.now();
        let mut all = self.0.known.lock().await;
        if let Some(known) = all
            .get(&provider.name)
            .filter(|known| now.duration_since(known.read) < AGAIN)
        {
            return Ok(known.clone());
        }
        let known = Arc::new(self.read(provider, now).await?);
        all.insert(provider.name.clone(), known.clone());
        Ok(known)
    }

    async fn read(&self, provider: &Provider, now: Timestamp) -> Result<Known, ProviderFault> {
        let issuer = provider.issuer.trim_end_matches('/');
        let bytes = self
            .get(&format!("{issuer}/.well-known/openid-configuration"), MAX)
            .await?;
        let metadata: Metadata = serde_json::from_slice(&bytes).map_err(|error| {
            tracing::warn!(provider = provider.name, %error, "the provider's metadata cannot be read");
            ProviderFault::Away
        })?;
        // Discovery 4.3: another issuer's metadata would let it speak for this one.
        if metadata.issuer != provider.issuer {
            tracing::warn!(
                provider = provider.name,
                said = metadata.issuer,
                "the metadata are of another issuer"
            );
            return Err(ProviderFault::Away);
        }
        let keys = self.get(&metadata.jwks_uri, MAX_JWKS_BYTES).await?;
        let keys = Jwks::parse(&keys).map_err(|error| {
            tracing::warn!(provider = provider.name, %error, "the provider's keys cannot be read");
            ProviderFault::Away
        })?;
        Ok(Known {
            metadata,
            keys,
            read: now,
        })
    }

    async fn get(&self, url: &str, max: usize) -> Result<Vec<u8>, ProviderFault> {
        let url = self.checked(url)?;
        let answer = self.0.http.get(url.clone()).send().await;
        let answer = answer.map_err(|error| away(&url, &error))?;
        if !answer.status().is_success() {
            tracing::warn!(%url, status = %answer.status(), "a provider answers an error");
            return Err(ProviderFault::Away);
        }
        bytes(answer, max).await
    }

    pub(super) fn checked(&self, url: &str) -> Result<url::Url, ProviderFault> {
        self.0.policy.check(url).map_err(|why| {
            tracing::warn!(why, "an address of a provider is not permitted");
            ProviderFault::Away
        })
    }
}

/// A body of limited size.
pub(super) async fn bytes(mut answer: reqwest::Response, max: usize) -> Result<Vec<u8>, ProviderFault> {
    let mut bytes = Vec::new();
    let url = answer.url().clone();
    while let Some(chunk) = answer.chunk().await.map_err(|error| away(&url, &error))? {
        if bytes.len() + chunk.len() > max {
            tracing::warn!(%url, max, "the answer of a provider is too large");
            return Err(ProviderFault::Away);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(super) fn away(url: &url::Url, error: &reqwest::Error) -> ProviderFault {
    tracing::warn!(%url, error = ?error, "a provider cannot be reached");
    ProviderFault::Away
}
