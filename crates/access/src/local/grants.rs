//! Accesses opened for a time: each is a record that ties (`access-grant`, removed when it is over), and one that stays.

use super::{LocalIdentity, trail};
use crate::authorize::{GRANT_LOG, GRANT_UNTOLD};
use crate::{AccessError, AccessGrant, AskError, GRANT, GrantKind, GrantReview, Grants, Refused, Reply, registry};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use store::{AuditEntry, RecordWrite, StoreError, Transaction};

/// Open accesses answered at once, of all people together.
const LIVE: usize = 1_000;
/// Accesses answered at once.
const PAGE: usize = 200;
/// Accesses to be told of, answered at once.
const UNTOLD: usize = 100;
/// Reviews kept of one access.
const REVIEWS: usize = 50;

impl LocalIdentity {
    pub(super) async fn grants(&self, ask: Grants) -> Result<Reply, AskError> {
        match ask {
            Grants::Open(grant) => self.open_grant(*grant).await,
            Grants::Close { id, by } => self.close_grant(&id, &by).await,
            Grants::Review { id, review } => self.review(&id, review).await,
            Grants::Get { id } => Ok(Reply::Grant(Box::new(self.known(&id).await?), false)),
            Grants::Live => {
                let now = self.clock.now();
                let mut live: Vec<AccessGrant> = self.all(GRANT, "", LIVE).await?;
                live.retain(|grant| grant.is_open(now));
                Ok(Reply::Grants(live))
            }
            Grants::List { after, limit } => {
                let limit = limit.clamp(1, PAGE);
                let after = after.unwrap_or_default();
                let mut snapshot = self.store.snapshot().await.map_err(AccessError::from)?;
                let rows = snapshot.records_after(GRANT_LOG, &after, limit).await;
                drop(snapshot);
                Ok(Reply::Grants(parsed(rows.map_err(AccessError::from)?)?))
            }
            Grants::Untold => {
                let mut snapshot = self.store.snapshot().await.map_err(AccessError::from)?;
                let ids = snapshot.records(GRANT_UNTOLD, "", UNTOLD).await;
                drop(snapshot);
                let mut untold = Vec::new();
                for (id, _) in ids.map_err(AccessError::from)? {
                    untold.push(self.known(&id).await?);
                }
                Ok(Reply::Grants(untold))
            }
            Grants::Told { id } => {
                self.commit(vec![gone(GRANT_UNTOLD, &id)], None).await?;
                Ok(Reply::Done)
            }
        }
    }

    async fn open_grant(&self, grant: AccessGrant) -> Result<Reply, AskError> {
        check(&grant)?;
        let _alone = self.opening.lock().await;
        if let Some(there) = self.find_grant(&grant.id).await? {
            // Somebody else's id is no way to learn of theirs.
            return if there.who == grant.who && there.patient == grant.patient {
                Ok(Reply::Grant(Box::new(there), false))
            } else {
                Err(Refused::Taken("access-grant".into()).into())
            };
        }
        let now = self.clock.now();
        let mut records = Vec::new();
        let mine: Vec<AccessGrant> = self.all(GRANT, &format!("{}/", grant.who), LIVE).await?;
        for mut other in mine {
            let same = other.kind == grant.kind && other.patient == grant.patient;
            if !other.is_open(now) {
                records.push(gone(GRANT, &key(&other)));
            } else if same && grant.follows.as_ref() == Some(&other.id) {
                (other.until, other.closed) = (now, Some(now));
                records.extend([gone(GRANT, &key(&other)), kept(&other, false)]);
            } else if same && other.labels == grant.labels {
                return Ok(Reply::Grant(Box::new(other), false));
            }
        }
        records.extend([
            grant.record(),
            kept(&grant, true),
            row(GRANT_UNTOLD, &grant.id, b"1".into()),
        ]);
        let action = match grant.kind {
            GrantKind::Emergency => "emergency.open",
            GrantKind::Unlock => "unlock.open",
        };
        self.commit(records, Some(entry(now, &grant, &grant.who, action)))
            .await?;
        Ok(Reply::Grant(Box::new(grant), true))
    }

    async fn close_grant(&self, id: &str, by: &str) -> Result<Reply, AskError> {
        let _alone = self.opening.lock().await;
        let mut grant = self.known(id).await?;
        let now = self.clock.now();
        if !grant.is_open(now) {
            return Ok(Reply::Grant(Box::new(grant), false));
        }
        (grant.until, grant.closed) = (now, Some(now));
        let records = vec![gone(GRANT, &key(&grant)), kept(&grant, false)];
        self.commit(records, Some(entry(now, &grant, by, "grant.close")))
            .await?;
        Ok(Reply::Grant(Box::new(grant), true))
    }

    async fn review(&self, id: &str, review: GrantReview) -> Result<Reply, AskError> {
        let _alone = self.opening.lock().await;
        let mut grant = self.known(id).await?;
        let same =
            |last: &GrantReview| last.by == review.by && last.outcome == review.outcome && last.note == review.note;
        if grant.reviews.last().is_some_and(same) {
            return Ok(Reply::Grant(Box::new(grant), false));
        }
        if grant.reviews.len() >= REVIEWS {
            return Err(Refused::TooMany(REVIEWS).into());
        }
        let by = review.by.clone();
        grant.reviews.push(review);
        let mut records = vec![kept(&grant, false)];
        let now = self.clock.now();
        if grant.is_open(now) {
            records.push(grant.record());
        }
        self.commit(records, Some(entry(now, &grant, &by, "grant.review")))
            .await?;
        Ok(Reply::Grant(Box::new(grant), true))
    }

    pub(super) async fn actors_of(&self, subject: &str) -> Result<Reply, AskError> {
        let now = self.clock.now();
        let mut actors = Vec::new();
        for account in self.accounts.all().await? {
            if account.disabled || account.actor.subject != subject {
                continue;
            }
            let capacities = registry::capacities(self.store.as_ref(), &account, now).await?;
            let keys = capacities.iter().map(|capacity| Some(capacity.key.as_str()));
            let keys: Vec<Option<&str>> = if capacities.is_empty() {
                vec![None]
            } else {
                keys.collect()
            };
            actors.extend(keys.into_iter().map(|key| registry::actor(&account, &capacities, key)));
        }
        Ok(Reply::Actors(actors))
    }

    async fn known(&self, id: &str) -> Result<AccessGrant, AskError> {
        let found = self.find_grant(id).await?;
        found.ok_or_else(|| Refused::Unknown("access-grant".into()).into())
    }

    async fn find_grant(&self, id: &str) -> Result<Option<AccessGrant>, AskError> {
        let mut snapshot = self.store.snapshot().await.map_err(AccessError::from)?;
        let bytes = snapshot.record(GRANT_LOG, id).await.map_err(AccessError::from)?;
        bytes.map(|bytes| parse(id, &bytes)).transpose()
    }

    async fn all(&self, kind: &str, prefix: &str, limit: usize) -> Result<Vec<AccessGrant>, AskError> {
        let mut snapshot = self.store.snapshot().await.map_err(AccessError::from)?;
        let rows = snapshot.records(kind, prefix, limit).await;
        parsed(rows.map_err(AccessError::from)?)
    }

    async fn commit(&self, records: Vec<RecordWrite>, audit: Option<AuditEntry>) -> Result<(), AskError> {
        let transaction = Transaction {
            records,
            audit: audit.into_iter().collect(),
            ..Transaction::default()
        };
        self.store.commit(transaction).await.map_err(AccessError::from)?;
        Ok(())
    }
}

/// What must hold of a grant, whoever asks: the rules are the component's.
fn check(grant: &AccessGrant) -> Result<(), Refused> {
    let invalid = |field: &str, message: &str| {
        Err(Refused::Invalid {
            field: field.into(),
            message: message.into(),
        })
    };
    if AccessGrant::id_moment(&grant.id).is_none() {
        return invalid("id", "an id as AccessGrant::new_id makes it");
    }
    if !grant.who.starts_with("Practitioner/") {
        return invalid("who", "Practitioner/…: nobody else opens somebody's data");
    }
    if grant.reason.trim().is_empty() || grant.reason.len() > 2_000 {
        return invalid("reason", "a reason of at most 2,000 bytes");
    }
    if grant.patient.is_empty() || grant.until <= grant.from {
        return invalid("until", "a patient, and an end after the beginning");
    }
    Ok(())
}

fn key(grant: &AccessGrant) -> String {
    format!("{}/{}", grant.who, grant.id)
}

fn kept(grant: &AccessGrant, new: bool) -> RecordWrite {
    RecordWrite {
        kind: GRANT_LOG.into(),
        key: grant.id.clone(),
        must_be_new: new,
        value: grant.record().value,
    }
}

fn row(kind: &str, key: &str, value: Vec<u8>) -> RecordWrite {
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new: false,
        value: Some(value),
    }
}

fn gone(kind: &str, key: &str) -> RecordWrite {
    RecordWrite {
        kind: kind.into(),
        key: key.into(),
        must_be_new: false,
        value: None,
    }
}

fn entry(now: Timestamp, grant: &AccessGrant, by: &str, action: &str) -> AuditEntry {
    let purpose = (grant.kind == GrantKind::Emergency).then(|| "ETREAT".to_owned());
    AuditEntry {
        patient: Some(grant.patient.clone()),
        purpose,
        target: format!("access-grant/{}", grant.id),
        ..trail::act(now, by, action, &grant.id, "permit rules")
    }
}

fn parse<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, AskError> {
    serde_json::from_slice(bytes).map_err(|error| {
        let damaged = StoreError::Backend(format!("the record {key} cannot be read: {error}"));
        AccessError::from(damaged).into()
    })
}

fn parsed(rows: Vec<(String, Vec<u8>)>) -> Result<Vec<AccessGrant>, AskError> {
    rows.iter().map(|(key, bytes)| parse(key, bytes)).collect()
}
