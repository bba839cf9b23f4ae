//! Browser sessions: record kind `session`, key the session's id; `session-of`, key `user name/id`; `session-at`, key
//! a hash of the provider and its `sid` or `sub`, and the id.
//!
//! The cookie is `id.secret`; the store keeps hashes of secrets only, so that who reads it can take no session over. The
//! secret changes at the sign-in, at each proof of who one is, and every [`SignInRules::renew`]: the new one goes out with
//! an answer and replaces the old one when the browser first comes with it, so that an answer lost on the way ends
//! nothing. The old one is taken for [`GRACE`] more (requests that were under way); whoever comes with it later has
//! copied it, and the session ends.

use super::account::{Account, KIND as ACCOUNT, parse, record, remove};
use super::rules::SignInRules;
use super::ticket::hex;
use super::trail;
use crate::registry;
use crate::{AccessError, Actor, Session, SessionInfo, SignedIn, Visit};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::{AuditEntry, Clock, Random, RecordWrite, Store, Transaction};
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;

const KIND: &str = "session";
const BY_USER: &str = "session-of";
const BY_PROVIDER: &str = "session-at";
/// The last request is written at most this often: a page view must not cost a commit.
const TOUCH: SignedDuration = SignedDuration::from_mins(1);
/// How long a replaced secret is still taken.
const GRACE: SignedDuration = SignedDuration::from_secs(30);
/// Dead sessions cleared at each sign-in, at most.
const SWEEP: usize = 200;
/// Sessions of one account; the oldest ends when one more opens.
const MAX_OF_ACCOUNT: usize = 20;

/// A session as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stored {
    pub username: String,
    /// Hash of the present secret.
    secret: String,
    /// Hash of the next secret, and when it went out.
    next: Option<(String, Timestamp)>,
    /// Hash of the secret before, and until when it is taken.
    previous: Option<(String, Timestamp)>,
    csrf: String,
    opened: Timestamp,
    seen: Timestamp,
    /// When the secret was last changed.
    turned: Timestamp,
    /// When the person last proved who they are.
    pub proven: Timestamp,
    pub assurance: u8,
    device: String,
    place: String,
    /// Chosen capacity.
    pub capacity: Option<String>,
    /// Whom it acts for: reference and name.
    pub acts_for: Option<(String, String)>,
    pub provider: Option<ProviderSession>,
}

/// What the provider that vouched for a session must be told, or may tell, at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProviderSession {
    /// Name in the configuration.
    pub name: String,
    /// The provider's name for the person.
    pub subject: String,
    /// The provider's name for its session.
    pub sid: Option<String>,
    /// `id_token_hint` of the logout.
    pub id_token: String,
}

/// What a session starts with.
pub(crate) struct Opening<'a> {
    pub account: &'a Account,
    pub visit: &'a Visit,
    pub assurance: u8,
    pub capacity: Option<String>,
    pub provider: Option<ProviderSession>,
}

#[derive(Clone)]
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    rules: SignInRules,
    /// Changes of one session happen one after the other (sessions share 64 gates).
    gates: Arc<[Mutex<()>; 64]>,
}

impl Sessions {
    pub(super) fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        rules: SignInRules,
    ) -> Self {
        Self {
            store,
            clock,
            random,
            rules,
            gates: Arc::new(std::array::from_fn(|_| Mutex::new(()))),
        }
    }

    /// A new session under a new secret; the previous one of the browser is closed. `with`: rows of the same commit.
    pub(super) async fn open(
        &self,
        opening: Opening<'_>,
        with: (Vec<RecordWrite>, Vec<AuditEntry>),
    ) -> Result<SignedIn, AccessError> {
        let now = self.clock.now();
        let (secret, csrf) = (self.secret(), self.secret());
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let id = hex(&bytes);
        let username = opening.account.username.clone();
        let stored = Stored {
            username: username.clone(),
            secret: hash(&secret),
            next: None,
            previous: None,
            csrf,
            opened: now,
            seen: now,
            turned: now,
            proven: now,
            assurance: opening.assurance,
            device: opening.visit.device.chars().take(80).collect(),
            place: opening.visit.place.chars().take(64).collect(),
            capacity: opening.capacity,
            acts_for: None,
            provider: opening.provider,
        };
        let (mut records, mut audit) = with;
        records.extend(self.dead(&id[..2]).await?);
        records.extend(self.surplus(&username).await?);
        if let Some((old, _)) = opening.visit.previous.as_deref().and_then(split)
            && let Some(stored) = self.load(old).await?
        {
            records.extend(gone(old, &stored));
        }
        records.retain(|write| !(write.value.is_none() && write.key == id));
        records.push(record(KIND, &id, true, &stored));
        records.push(record(BY_USER, &format!("{username}/{id}"), false, &true));
        let keys = stored.provider.iter().flat_map(provider_keys::all);
        records.extend(keys.map(|key| record(BY_PROVIDER, &format!("{key}/{id}"), false, &true)));
        let subject = &opening.account.actor.subject;
        audit.push(trail::act(
            now,
            subject,
            "sign-in",
            &username,
            &format!("permit assurance-{}", stored.assurance),
        ));
        self.commit(records, audit).await?;
        let session = self.session(&id, &stored, opening.account, None).await?;
        Ok(SignedIn {
            session,
            token: format!("{id}.{secret}"),
            back: opening.visit.back.clone(),
            codes: Vec::new(),
        })
    }

    /// The session of a cookie, unless it is unknown, expired or its account disabled.
    pub(super) async fn find(&self, token: &str) -> Result<Option<Session>, AccessError> {
        let Some((id, secret)) = split(token) else {
            return Ok(None);
        };
        let mut snapshot = self.store.snapshot().await?;
        let Some(bytes) = snapshot.record(KIND, id).await? else {
            return Ok(None);
        };
        let mut stored: Stored = parse(KIND, id, &bytes)?;
        let now = self.clock.now();
        if self.expired(&stored) {
            return Ok(None);
        }
        let given = hash(secret);
        let mut renewed = None;
        if !same(&given, &stored.secret) {
            match self.with_other_secret(id, stored, &given).await? {
                Some(found) => stored = found,
                None => return Ok(None),
            }
        } else if self.due(&stored, now) {
            (stored, renewed) = self.renew(id, stored).await?;
        }
        let account = snapshot.record(ACCOUNT, &stored.username).await?;
        let account = account
            .map(|b| parse::<Account>(ACCOUNT, &stored.username, &b))
            .transpose()?;
        let Some(account) = account.filter(|account| !account.disabled) else {
            return Ok(None);
        };
        drop(snapshot);
        if now.duration_since(stored.seen) > TOUCH {
            self.change(id, |stored| stored.seen = now).await?;
        }
        Ok(Some(self.session(id, &stored, &account, renewed).await?))
    }

    /// The stored session of an id, if it is alive.
    pub(crate) async fn alive(&self, id: &str) -> Result<Option<Stored>, AccessError> {
        Ok(self.load(id).await?.filter(|stored| !self.expired(stored)))
    }

    /// Changes a stored session under its gate; `None` when it is gone.
    pub(super) async fn change(&self, id: &str, edit: impl FnOnce(&mut Stored)) -> Result<Option<Stored>, AccessError> {
        let _turn = self.turn(id).await;
        let Some(mut stored) = self.load(id).await? else {
            return Ok(None);
        };
        edit(&mut stored);
        self.commit(vec![record(KIND, id, false, &stored)], Vec::new()).await?;
        Ok(Some(stored))
    }

    /// Changes a stored session and its secret; the new cookie.
    pub(super) async fn turn_over(
        &self,
        id: &str,
        edit: impl FnOnce(&mut Stored),
    ) -> Result<Option<String>, AccessError> {
        let (secret, now) = (self.secret(), self.clock.now());
        let changed = self.change(id, |stored| {
            let old = std::mem::replace(&mut stored.secret, hash(&secret));
            (stored.previous, stored.next, stored.turned) = (Some((old, now + GRACE)), None, now);
            edit(stored);
        });
        Ok(changed.await?.map(|_| format!("{id}.{secret}")))
    }

    /// Closes the session of a cookie; an unknown one is no error. What it was, for the provider's logout.
    pub(crate) async fn close(&self, token: &str) -> Result<Option<Stored>, AccessError> {
        let Some((id, secret)) = split(token) else {
            return Ok(None);
        };
        let given = hash(secret);
        let Some(stored) = self.load(id).await? else {
            return Ok(None);
        };
        let known = [
            Some(&stored.secret),
            stored.next.as_ref().map(|n| &n.0),
            stored.previous.as_ref().map(|p| &p.0),
        ];
        if !known.into_iter().flatten().any(|secret| same(secret, &given)) {
            return Ok(None);
        }
        let entry = trail::act(
            self.clock.now(),
            &stored.username,
            "sign-out",
            &stored.username,
            "permit own",
        );
        self.commit(gone(id, &stored), vec![entry]).await?;
        Ok(Some(stored))
    }

    /// Sessions of an account with their ids, newest first.
    pub(crate) async fn of(&self, username: &str) -> Result<Vec<(String, Stored)>, AccessError> {
        let prefix = format!("{username}/");
        let mut snapshot = self.store.snapshot().await?;
        let mut found = Vec::new();
        for (key, _) in snapshot.records(BY_USER, &prefix, 10 * MAX_OF_ACCOUNT).await? {
            let id = key[prefix.len()..].to_owned();
            if let Some(bytes) = snapshot.record(KIND, &id).await? {
                let stored: Stored = parse(KIND, &id, &bytes)?;
                if !self.expired(&stored) {
                    found.push((id, stored));
                }
            }
        }
        found.sort_by_key(|(_, stored)| std::cmp::Reverse(stored.seen));
        Ok(found)
    }

    /// Sessions that a provider means by one of [`provider_keys`].
    pub(super) async fn of_provider(&self, key: &str, max: usize) -> Result<Vec<(String, Stored)>, AccessError> {
        let prefix = format!("{key}/");
        let rows = self.store.snapshot().await?.records(BY_PROVIDER, &prefix, max).await?;
        let mut found = Vec::new();
        for (row, _) in rows {
            let id = row[prefix.len()..].to_owned();
            if let Some(stored) = self.load(&id).await? {
                found.push((id, stored));
            }
        }
        Ok(found)
    }

    /// Rows that end sessions of an account: this one, or all but one.
    pub(crate) async fn ended(
        &self,
        username: &str,
        which: impl Fn(&str, &Stored) -> bool,
    ) -> Result<Vec<RecordWrite>, AccessError> {
        let all = self.of(username).await?;
        let ended = all.iter().filter(|(id, stored)| which(id, stored));
        Ok(ended.flat_map(|(id, stored)| gone(id, stored)).collect())
    }

    fn expired(&self, stored: &Stored) -> bool {
        let now = self.clock.now();
        now.duration_since(stored.seen) > self.rules.idle || now.duration_since(stored.opened) > self.rules.absolute
    }

    fn due(&self, stored: &Stored, now: Timestamp) -> bool {
        let waiting = stored
            .next
            .as_ref()
            .is_some_and(|(_, at)| now.duration_since(*at) <= GRACE);
        !waiting && now.duration_since(stored.turned) > self.rules.renew
    }

    /// A secret that is not the present one: the next one takes over; the one before is taken for a while, then it is
    /// the sign of a copy.
    async fn with_other_secret(&self, id: &str, stored: Stored, given: &str) -> Result<Option<Stored>, AccessError> {
        let now = self.clock.now();
        if stored.next.as_ref().is_some_and(|(next, _)| same(next, given)) {
            return self
                .change(id, |stored| {
                    let Some((next, _)) = stored.next.take() else {
                        return;
                    };
                    let old = std::mem::replace(&mut stored.secret, next);
                    (stored.previous, stored.turned) = (Some((old, now + GRACE)), now);
                })
                .await;
        }
        let Some((_, until)) = stored.previous.as_ref().filter(|(secret, _)| same(secret, given)) else {
            return Ok(None);
        };
        if now <= *until {
            return Ok(Some(stored));
        }
        tracing::warn!(
            username = stored.username,
            "a replaced session secret came back: the session is ended"
        );
        let entry = trail::act(now, "anonymous", "session.copied", &stored.username, "deny old-secret");
        self.commit(gone(id, &stored), vec![entry]).await?;
        Ok(None)
    }

    /// Gives the session its next secret, unless a request beside this one just did.
    async fn renew(&self, id: &str, seen: Stored) -> Result<(Stored, Option<String>), AccessError> {
        let (secret, now) = (self.secret(), self.clock.now());
        let mut given = None;
        let changed = self
            .change(id, |stored| {
                if self.due(stored, now) && same(&stored.secret, &seen.secret) {
                    stored.next = Some((hash(&secret), now));
                    given = Some(format!("{id}.{secret}"));
                }
            })
            .await?;
        Ok((changed.unwrap_or(seen), given))
    }

    /// The session as handlers see it.
    async fn session(
        &self,
        id: &str,
        stored: &Stored,
        account: &Account,
        renewed: Option<String>,
    ) -> Result<Session, AccessError> {
        let (actor, acting_for) = self.actor(stored, account).await?;
        Ok(Session {
            actor,
            csrf: stored.csrf.clone(),
            id: id.to_owned(),
            renewed,
            acting_for,
        })
    }

    /// Who acts: the account in the session's capacity, as of now.
    async fn actor(&self, stored: &Stored, account: &Account) -> Result<(Actor, Option<String>), AccessError> {
        let now = self.clock.now();
        let capacities = registry::capacities(self.store.as_ref(), account, now).await?;
        let mut actor = registry::actor(account, &capacities, stored.capacity.as_deref());
        actor.assurance = stored.assurance;
        let Some((patient, _)) = &stored.acts_for else {
            return Ok((actor, None));
        };
        let wards = registry::wards(self.store.as_ref(), &actor, now).await?;
        let ward = wards.into_iter().find(|ward| ward.patient == *patient);
        actor.acts_for = ward.as_ref().map(|ward| ward.patient.clone());
        Ok((actor, ward.map(|ward| ward.name)))
    }

    async fn load(&self, id: &str) -> Result<Option<Stored>, AccessError> {
        let bytes = self.store.snapshot().await?.record(KIND, id).await?;
        bytes.map(|b| parse(KIND, id, &b)).transpose()
    }

    /// Removals for the dead sessions of one 256th of the keys: the store stays clean without a sweeper of its own.
    async fn dead(&self, prefix: &str) -> Result<Vec<RecordWrite>, AccessError> {
        let rows = self.store.snapshot().await?.records(KIND, prefix, SWEEP).await?;
        let removals = rows.iter().flat_map(|(key, bytes)| {
            match serde_json::from_slice::<Stored>(bytes) {
                Ok(stored) if !self.expired(&stored) => Vec::new(),
                Ok(stored) => gone(key, &stored),
                // Written by a program before this one.
                Err(_) => vec![remove(KIND, key)],
            }
        });
        Ok(removals.collect())
    }

    /// Removals that leave room for one more session of an account.
    async fn surplus(&self, username: &str) -> Result<Vec<RecordWrite>, AccessError> {
        let all = self.of(username).await?;
        let old = all.iter().skip(MAX_OF_ACCOUNT - 1);
        Ok(old.flat_map(|(id, stored)| gone(id, stored)).collect())
    }

    async fn commit(&self, records: Vec<RecordWrite>, audit: Vec<AuditEntry>) -> Result<(), AccessError> {
        let transaction = Transaction {
            records,
            audit,
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        Ok(())
    }

    async fn turn(&self, id: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let gate = Sha256::digest(id.as_bytes())[0] % 64;
        self.gates[usize::from(gate)].lock().await
    }

    fn secret(&self) -> String {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl Stored {
    /// As listed; `current` is the id of the session that asks.
    pub(super) fn info(&self, id: &str, current: &str) -> SessionInfo {
        SessionInfo {
            id: id.to_owned(),
            device: self.device.clone(),
            place: self.place.clone(),
            opened: self.opened,
            seen: self.seen,
            assurance: self.assurance,
            current: id == current,
            provider: self.provider.as_ref().map(|p| p.name.clone()),
        }
    }
}

/// Id and secret of a cookie that can be one of ours.
fn split(token: &str) -> Option<(&str, &str)> {
    let (id, secret) = token.split_once('.')?;
    let good = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()) && secret.len() <= 64;
    good.then_some((id, secret))
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Rows that end a session.
pub(super) fn gone(id: &str, stored: &Stored) -> Vec<RecordWrite> {
    let username = &stored.username;
    let mut rows = vec![remove(KIND, id), remove(BY_USER, &format!("{username}/{id}"))];
    let keys = stored.provider.iter().flat_map(provider_keys::all);
    rows.extend(keys.map(|key| remove(BY_PROVIDER, &format!("{key}/{id}"))));
    rows
}

/// Keys by which a provider finds its sessions.
pub(super) mod provider_keys {
    use super::{ProviderSession, hash};

    /// Of one session of the provider.
    pub(in crate::local) fn sid(provider: &str, sid: &str) -> String {
        hash(&format!("sid {provider} {sid}"))
    }

    /// Of a person at the provider.
    pub(in crate::local) fn subject(provider: &str, subject: &str) -> String {
        hash(&format!("sub {provider} {subject}"))
    }

    pub(super) fn all(session: &ProviderSession) -> Vec<String> {
        let by_sid = session.sid.iter().map(|given| sid(&session.name, given));
        by_sid.chain([subject(&session.name, &session.subject)]).collect()
    }
}
