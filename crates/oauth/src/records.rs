//! The small values of the authorisation server in the store.
//!
//! What ends by itself is kept with the second at which it ends; each write of a kind also clears ended ones among its
//! neighbours, so that the store stays clean without a sweeper of its own.

use crate::OauthError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{RecordWrite, Store, StoreError, Transaction};

/// Ended values cleared by one write, at most.
const SWEEP: usize = 50;

/// Registered clients, by `client_id`.
pub(crate) const CLIENT: &str = "oauth-client";
/// Signing keys, by `kid`.
pub(crate) const KEY: &str = "oauth-key";
/// EHR launches.
pub(crate) const LAUNCH: &str = "oauth-launch";
/// Authorisation codes, by hash.
pub(crate) const CODE: &str = "oauth-code";
/// What persons have granted to applications, by subject and id.
pub(crate) const GRANT: &str = "oauth-grant";
/// Refresh tokens, by hash.
pub(crate) const REFRESH: &str = "oauth-refresh";
/// Codes and refresh tokens that were used, `jti` that were seen.
pub(crate) const USED: &str = "oauth-used";
/// What was revoked before its end.
pub(crate) const REVOKED: &str = "oauth-revoked";

/// A value that ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ending<T> {
    /// Seconds since 1970.
    pub until: i64,
    /// The value.
    pub value: T,
}

pub(crate) fn write(kind: &str, key: &str, must_be_new: bool, value: &impl Serialize) -> RecordWrite {
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new,
        value: Some(serde_json::to_vec(value).expect("records serialise")),
    }
}

pub(crate) fn remove(kind: &str, key: &str) -> RecordWrite {
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new: false,
        value: None,
    }
}

pub(crate) async fn commit(store: &dyn Store, records: Vec<RecordWrite>) -> Result<(), StoreError> {
    let transaction = Transaction {
        records,
        ..Transaction::default()
    };
    store.commit(transaction).await.map(|_| ())
}

pub(crate) async fn read<T: DeserializeOwned>(
    store: &dyn Store,
    kind: &str,
    key: &str,
) -> Result<Option<T>, OauthError> {
    let bytes = store.snapshot().await?.record(kind, key).await?;
    bytes.map(|bytes| parse(kind, key, &bytes)).transpose()
}

/// A value that has not ended.
pub(crate) async fn read_alive<T: DeserializeOwned>(
    store: &dyn Store,
    kind: &str,
    key: &str,
    now: i64,
) -> Result<Option<T>, OauthError> {
    let found: Option<Ending<T>> = read(store, kind, key).await?;
    Ok(found.filter(|found| found.until > now).map(|found| found.value))
}

pub(crate) fn parse<T: DeserializeOwned>(kind: &str, key: &str, bytes: &[u8]) -> Result<T, OauthError> {
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::error!(kind, key, %error, "a stored record cannot be read");
        OauthError::new(crate::Code::ServerError, "an error of this server: it is in its log")
    })
}

/// Removals of what has ended beside `key`.
pub(crate) async fn ended(store: &dyn Store, kind: &str, key: &str, now: i64) -> Result<Vec<RecordWrite>, StoreError> {
    let prefix: String = key.chars().take(1).collect();
    let rows = store.snapshot().await?.records(kind, &prefix, SWEEP).await?;
    let over = |bytes: &[u8]| {
        serde_json::from_slice::<Ending<serde::de::IgnoredAny>>(bytes).map_or(true, |record| record.until <= now)
    };
    let dead = rows.into_iter().filter(|(own, bytes)| own != key && over(bytes));
    Ok(dead.map(|(own, _)| remove(kind, &own)).collect())
}

/// Whether a commit failed because a key that had to be new was there.
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. })
}
