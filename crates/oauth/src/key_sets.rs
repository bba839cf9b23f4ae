//! Key sets published elsewhere: fetched under the SSRF guard, kept for a while, fetched again when a key is not known.

use crate::{Code, Oauth, OauthError};
use jose::{Algorithm, Claims, Jwks, MAX_JWKS_BYTES, Unverified};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A set is used so long without asking again, seconds.
const KEEP_S: i64 = 600;
/// An unknown `kid` makes us ask again, but not more often than this, seconds.
const AGAIN_S: i64 = 30;
/// Most sets kept.
const MAX_SETS: usize = 1_000;

#[derive(Default)]
pub(crate) struct KeySets(Mutex<HashMap<String, (Arc<Jwks>, i64)>>);

impl Oauth {
    /// Checks a token with the keys published at an address.
    ///
    /// # Errors
    /// The keys cannot be had; the signature does not fit.
    pub(crate) async fn verify_with_keys_at(&self, url: &str, token: &str) -> Result<Claims, OauthError> {
        let wrong = |error: jose::JoseError| OauthError::client(error.to_string());
        let read = Unverified::parse(token, Algorithm::USUAL).map_err(wrong)?;
        let known = self.key_set(url, KEEP_S).await?;
        let (algorithm, kid) = (read.header().algorithm, read.header().kid.clone());
        let keys = match known.candidates(algorithm, kid.as_deref()).next() {
            Some(_) => known.clone(),
            None => self.key_set(url, AGAIN_S).await?,
        };
        read.verify_with(&keys).map_err(wrong)
    }

    async fn key_set(&self, url: &str, keep_s: i64) -> Result<Arc<Jwks>, OauthError> {
        let now = self.now();
        // Held while fetching: many tokens of one client make one request.
        let mut sets = self.key_sets.0.lock().await;
        if let Some((set, at)) = sets.get(url)
            && now - at < keep_s
        {
            return Ok(set.clone());
        }
        let set = Arc::new(self.fetch(url).await?);
        if sets.len() >= MAX_SETS {
            sets.clear();
        }
        sets.insert(url.to_owned(), (set.clone(), now));
        Ok(set)
    }

    async fn fetch(&self, url: &str) -> Result<Jwks, OauthError> {
        let failed = |why: String| OauthError::client(format!("the keys at {url} cannot be had: {why}"));
        let checked = self.config.endpoints.check(url).map_err(failed)?;
        self.config.endpoints.resolve(&checked).await.map_err(failed)?;
        let sent = self.http.get(checked).header("accept", "application/json").send().await;
        let mut answer = sent.map_err(|error| failed(error.without_url().to_string()))?;
        if !answer.status().is_success() {
            return Err(failed(format!("it answers {}", answer.status())));
        }
        let mut bytes = vec![];
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| failed(error.without_url().to_string()))?
        {
            if bytes.len() + chunk.len() > MAX_JWKS_BYTES {
                return Err(failed(format!("it answers more than {MAX_JWKS_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Jwks::parse(&bytes).map_err(|error| OauthError::new(Code::InvalidClient, error.to_string()))
    }
}
