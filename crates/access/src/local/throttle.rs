//! Progressive delay after failed sign-ins: record kind `sign-in`.
//!
//! After [`FREE`] failures the account is locked for 30 s, doubled with each further failure up to 15 minutes; a success
//! forgets them, and so does a day without a try. Names without an account behave the same, but share a fixed number of
//! rows, so that a stranger can neither tell them apart nor fill the store.

use super::account::{find, parse, record};
use crate::{AccessError, SignInError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::{Clock, RecordWrite, Store, Transaction};

const KIND: &str = "sign-in";
/// Failures before the first delay.
const FREE: u32 = 5;
const FIRST_DELAY: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_DELAY: SignedDuration = SignedDuration::from_mins(15);
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Failures {
    count: u32,
    last: Option<Timestamp>,
}

impl Failures {
    fn locked_until(&self) -> Option<Timestamp> {
        let over = self.count.checked_sub(FREE)?;
        let delay = (FIRST_DELAY * (1 << over.min(10))).min(LONGEST_DELAY);
        self.last.map(|last| last + delay)
    }
}

#[derive(Clone)]
pub(crate) struct Throttle {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Throttle {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Fails while the name is locked.
    pub(super) async fn check(&self, username: &str) -> Result<(), SignInError> {
        let key = self.key(username).await?;
        self.refuse_if_locked(&self.read(&key).await?)
    }

    /// Notes a failure and gives the error to answer with.
    pub(super) async fn failed(&self, username: &str) -> Result<SignInError, AccessError> {
        let key = self.key(username).await?;
        let mut failures = self.read(&key).await?;
        let now = self.clock.now();
        if failures.last.is_some_and(|last| now > last + FORGOTTEN) {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = Some(now);
        self.write(record(KIND, &key, false, &failures)).await?;
        Ok(self.refuse_if_locked(&failures).err().unwrap_or(SignInError::Wrong))
    }

    /// Forgets failures.
    pub(super) async fn succeeded(&self, username: &str) -> Result<(), AccessError> {
        let key = self.key(username).await?;
        if self.read(&key).await?.count == 0 {
            return Ok(());
        }
        self.write(RecordWrite {
            kind: KIND.into(),
            key,
            must_be_new: false,
            value: None,
        })
        .await
    }

    fn refuse_if_locked(&self, failures: &Failures) -> Result<(), SignInError> {
        let now = self.clock.now();
        match failures.locked_until() {
            Some(until) if until > now => {
                let left = until.duration_since(now).as_millis();
                Err(SignInError::Locked {
                    retry_after_s: u64::try_from(left).unwrap_or(0).div_ceil(1000),
                })
            }
            _ => Ok(()),
        }
    }

    /// A known account has its own row; other names share 4,096.
    async fn key(&self, username: &str) -> Result<String, AccessError> {
        if find(self.store.as_ref(), username).await?.is_some() {
            return Ok(username.to_owned());
        }
        let hash = Sha256::digest(username.as_bytes());
        Ok(format!("?{:02x}{:x}", hash[0], hash[1] & 0x0f))
    }

    async fn read(&self, key: &str) -> Result<Failures, AccessError> {
        let bytes = self.store.snapshot().await?.record(KIND, key).await?;
        bytes.map_or_else(|| Ok(Failures::default()), |b| parse(KIND, key, &b))
    }

    async fn write(&self, write: RecordWrite) -> Result<(), AccessError> {
        self.store
            .commit(Transaction {
                records: vec![write],
                ..Transaction::default()
            })
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_and_stops_at_the_longest() {
        let last: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        let delay = |count| {
            Failures {
                count,
                last: Some(last),
            }
            .locked_until()
            .map(|until| until.duration_since(last))
        };
        assert_eq!(delay(4), None);
        assert_eq!(delay(5), Some(SignedDuration::from_secs(30)));
        assert_eq!(delay(6), Some(SignedDuration::from_secs(60)));
        assert_eq!(delay(9), Some(SignedDuration::from_secs(480)));
        assert_eq!(delay(10), Some(LONGEST_DELAY));
        assert_eq!(delay(u32::MAX), Some(LONGEST_DELAY));
    }
}
