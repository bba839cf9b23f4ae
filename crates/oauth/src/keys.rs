//! The signing keys: made at the first start, sealed in the store, changed without a gap.
//!
//! There are two current keys: ES256 signs access tokens (small and fast), RS256 signs ID tokens (OpenID Connect Core section
//! 15.1 asks for it). After a rotation the old keys stay published until the last token that they signed has ended.

use crate::records::{self, KEY};
use crate::{Oauth, OauthError};
use jose::{Algorithm, Jwk, Jwks, PrivateKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Store;

/// Most keys kept.
const MAX_KEPT: usize = 64;
/// How long an ID token is good, seconds; old keys are published at least as long.
pub(crate) const ID_TOKEN_S: i64 = 3_600;

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    algorithm: Algorithm,
    sealed: String,
    since: i64,
    /// Not used to sign any more; published until this second.
    until: Option<i64>,
}

/// A key as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    /// `kid`.
    pub kid: String,
    /// Algorithm.
    pub algorithm: Algorithm,
    /// Made at, seconds since 1970.
    pub since: i64,
    /// Published until, seconds since 1970; `None`: it signs.
    pub until: Option<i64>,
}

/// The keys in use.
pub(crate) struct SigningKeys {
    pub access: PrivateKey,
    pub id: PrivateKey,
    old: Vec<(Jwk, i64)>,
}

impl SigningKeys {
    /// Opens the keys of the store, and makes those that are missing.
    pub(crate) async fn open(store: &dyn Store, with: &[u8; 32], now: i64) -> Result<Self, OauthError> {
        let rows = store.snapshot().await?.records(KEY, "", MAX_KEPT).await?;
        let (mut access, mut id, mut old) = (None, None, vec![]);
        for (kid, bytes) in rows {
            let stored: Stored = records::parse(KEY, &kid, &bytes)?;
            let key = PrivateKey::unseal(&stored.sealed, with, &kid, stored.algorithm)?;
            match (stored.until, stored.algorithm) {
                (Some(until), _) => old.push((key.public().clone(), until)),
                (None, Algorithm::ES256) => access = Some(key),
                (None, _) => id = Some(key),
            }
        }
        let mut writes = vec![];
        let mut made = |algorithm| -> Result<PrivateKey, OauthError> {
            let key = PrivateKey::generate(algorithm)?;
            writes.push(stored(&key, with, now, None)?);
            Ok(key)
        };
        let access = access.map_or_else(|| made(Algorithm::ES256), Ok)?;
        let id = id.map_or_else(|| made(Algorithm::RS256), Ok)?;
        if !writes.is_empty() {
            records::commit(store, writes).await?;
        }
        old.retain(|(_, until)| *until > now);
        Ok(Self { access, id, old })
    }

    /// What is published.
    pub(crate) fn published(&self, now: i64) -> Jwks {
        let current = [self.access.public().clone(), self.id.public().clone()];
        let old = self
            .old
            .iter()
            .filter(|(_, until)| *until > now)
            .map(|(key, _)| key.clone());
        Jwks {
            keys: current.into_iter().chain(old).collect(),
        }
    }
}

fn stored(key: &PrivateKey, with: &[u8; 32], since: i64, until: Option<i64>) -> Result<store::RecordWrite, OauthError> {
    let stored = Stored {
        algorithm: key.algorithm(),
        sealed: key.seal(with)?,
        since,
        until,
    };
    Ok(records::write(KEY, key.kid(), false, &stored))
}

impl Oauth {
    /// The keys as listed, newest last.
    ///
    /// # Errors
    /// The store fails.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, OauthError> {
        let rows = self.store.snapshot().await?.records(KEY, "", MAX_KEPT).await?;
        let mut list = vec![];
        for (kid, bytes) in rows {
            let stored: Stored = records::parse(KEY, &kid, &bytes)?;
            list.push(KeyInfo {
                kid,
                algorithm: stored.algorithm,
                since: stored.since,
                until: stored.until,
            });
        }
        list.sort_by_key(|key| key.since);
        Ok(list)
    }

    /// New keys sign from now on; the present ones are published until the last token that they signed has ended. Those that
    /// ended before are removed.
    ///
    /// # Errors
    /// The store or the cryptographic library fails.
    pub async fn rotate_keys(&self) -> Result<Vec<KeyInfo>, OauthError> {
        let now = self.now();
        let until = now + ID_TOKEN_S.max(self.config.access_s) + 60;
        let (access, id) = (
            PrivateKey::generate(Algorithm::ES256)?,
            PrivateKey::generate(Algorithm::RS256)?,
        );
        let with = &self.config.key;
        let mut writes = vec![stored(&access, with, now, None)?, stored(&id, with, now, None)?];
        for key in self.keys().await? {
            match key.until {
                Some(until) if until <= now => writes.push(records::remove(KEY, &key.kid)),
                Some(_) => {}
                None => {
                    let old: Option<Stored> = records::read(self.store.as_ref(), KEY, &key.kid).await?;
                    let old = old.map(|old| Stored {
                        until: Some(until),
                        ..old
                    });
                    writes.extend(old.map(|old| records::write(KEY, &key.kid, false, &old)));
                }
            }
        }
        records::commit(self.store.as_ref(), writes).await?;
        let keys = SigningKeys::open(self.store.as_ref(), with, now).await?;
        *self.keys.write().expect("key lock") = Arc::new(keys);
        self.keys().await
    }
}
