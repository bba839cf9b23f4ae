//! Browser sessions: record kind `session`, key the hash of the cookie (who reads the store cannot take one over).

use super::IdentityOptions;
use super::account::{Account, find, parse, record};
use crate::{AccessError, Session, SignedIn};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::{Clock, Random, RecordWrite, Store, Transaction};

const KIND: &str = "session";
/// The last request is written at most this often: a page view must not cost a commit.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);
/// Dead sessions cleared at each sign-in, at most.
const SWEEP: usize = 200;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    username: String,
    csrf: String,
    opened: Timestamp,
    seen: Timestamp,
}

#[derive(Clone)]
pub(super) struct Sessions {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    options: IdentityOptions,
}

impl Sessions {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        options: IdentityOptions,
    ) -> Self {
        Self {
            store,
            clock,
            random,
            options,
        }
    }

    /// A new session under a new secret; the previous one of the browser is closed (rotation at sign-in).
    pub(super) async fn open(&self, account: &Account, previous: Option<&str>) -> Result<SignedIn, AccessError> {
        let now = self.clock.now();
        let (token, csrf) = (self.secret(), self.secret());
        let key = key(&token);
        let stored = Stored {
            username: account.username.clone(),
            csrf: csrf.clone(),
            opened: now,
            seen: now,
        };
        let mut records = self.dead(&key[..2]).await?;
        records.extend(previous.map(|old| remove(&self::key(old))));
        records.retain(|write| write.key != key);
        records.push(record(KIND, &key, true, &stored));
        self.store
            .commit(Transaction {
                records,
                ..Transaction::default()
            })
            .await?;
        Ok(SignedIn {
            session: Session {
                actor: account.actor.clone(),
                csrf,
            },
            token,
        })
    }

    /// The session of a cookie, unless it is unknown, expired or its account disabled.
    pub(super) async fn find(&self, token: &str) -> Result<Option<Session>, AccessError> {
        if token.len() > 128 {
            return Ok(None);
        }
        let key = key(token);
        let Some(bytes) = self.store.snapshot().await?.record(KIND, &key).await? else {
            return Ok(None);
        };
        let mut stored: Stored = parse(KIND, &key, &bytes)?;
        if self.expired(&stored) {
            return Ok(None);
        }
        let Some(account) = find(self.store.as_ref(), &stored.username)
            .await?
            .filter(|a| !a.disabled)
        else {
            return Ok(None);
        };
        let now = self.clock.now();
        if now.duration_since(stored.seen) > TOUCH {
            stored.seen = now;
            let records = vec![record(KIND, &key, false, &stored)];
            self.store
                .commit(Transaction {
                    records,
                    ..Transaction::default()
                })
                .await?;
        }
        Ok(Some(Session {
            actor: account.actor,
            csrf: stored.csrf,
        }))
    }

    /// Closes a session; an unknown one is no error.
    pub(super) async fn close(&self, token: &str) -> Result<(), AccessError> {
        let records = vec![remove(&key(token))];
        self.store
            .commit(Transaction {
                records,
                ..Transaction::default()
            })
            .await?;
        Ok(())
    }

    fn expired(&self, stored: &Stored) -> bool {
        let now = self.clock.now();
        now.duration_since(stored.seen) > self.options.idle || now.duration_since(stored.opened) > self.options.absolute
    }

    /// Removals for the dead sessions of one 256th of the keys: the store stays clean without a sweeper of its own.
    async fn dead(&self, prefix: &str) -> Result<Vec<RecordWrite>, AccessError> {
        let rows = self.store.snapshot().await?.records(KIND, prefix, SWEEP).await?;
        let dead = |bytes: &[u8]| serde_json::from_slice::<Stored>(bytes).map_or(true, |s| self.expired(&s));
        Ok(rows
            .iter()
            .filter(|(_, bytes)| dead(bytes))
            .map(|(key, _)| remove(key))
            .collect())
    }

    fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

fn key(token: &str) -> String {
    Sha256::digest(token.as_bytes())
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn remove(key: &str) -> RecordWrite {
    RecordWrite {
        kind: KIND.into(),
        key: key.into(),
        must_be_new: false,
        value: None,
    }
}
