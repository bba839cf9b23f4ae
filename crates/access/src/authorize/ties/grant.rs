//! Access that somebody opened for a time, with a reason: emergencies, and sensitive categories unlocked.

use super::Ties;
use jiff::Timestamp;
use policy::{LabelSet, Policies, Relation};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{RecordWrite, Store, StoreError};

/// Kind of the records; their key is `<type>/<id of who>/<id of the grant>`.
pub const GRANT: &str = "access-grant";

/// Grants of one person that are looked at.
const MAX_GRANTS: usize = 1000;

/// Kind of the records that keep every grant, ended ones too, newest first; their key is the grant's id.
pub(crate) const GRANT_LOG: &str = "access-grant-log";

/// Kind of the records that name grants nobody has been told of yet; their key is the grant's id.
pub(crate) const GRANT_UNTOLD: &str = "access-grant-untold";

/// What was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// Emergency access to a patient without another tie.
    #[default]
    Emergency,
    /// Sensitive categories of a patient whom the person is tied to.
    Unlock,
}

/// What was found when a grant was looked at afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantReview {
    /// Who looked, `Practitioner/…`.
    pub by: String,
    /// Name shown.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// A code of the rules, e.g. `giustificato`.
    pub outcome: String,
    /// In words.
    #[serde(default)]
    pub note: String,
}

/// An access opened for a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessGrant {
    /// Id of the grant, see [`AccessGrant::new_id`].
    pub id: String,
    /// Who, `Practitioner/…`.
    pub who: String,
    /// Name shown.
    pub name: String,
    /// Organization id of who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Patient id.
    pub patient: String,
    /// The patient's name, as shown while it is open and in its review.
    #[serde(default)]
    pub patient_name: String,
    /// What.
    pub kind: GrantKind,
    /// Names of the categories unlocked.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Code of the reason, as the rules list them.
    #[serde(default)]
    pub reason_code: String,
    /// The reason given.
    pub reason: String,
    /// How the patient's agreement was given; `None`: there was none to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// The grant that this one carries on, with a reason of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// When it was ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// By when it must be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_due: Option<Timestamp>,
    /// What was found when it was looked at; the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviews: Vec<GrantReview>,
}

impl AccessGrant {
    /// An id whose order is the newest first; `unique` sets apart those of one microsecond.
    pub fn new_id(now: Timestamp, unique: &str) -> String {
        let rest = i64::MAX - now.as_microsecond();
        format!("{rest:016x}-{unique}")
    }

    /// The moment an id was made; `None` for what is no id.
    pub fn id_moment(id: &str) -> Option<Timestamp> {
        let (rest, unique) = id.split_once('-')?;
        let plain = unique.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if rest.len() != 16 || unique.is_empty() || unique.len() > 64 || !plain {
            return None;
        }
        let rest = i64::from_str_radix(rest, 16).ok()?;
        Timestamp::from_microsecond(i64::MAX - rest).ok()
    }

    /// Whether it opens something at a moment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// The record that keeps it.
    pub fn record(&self) -> RecordWrite {
        RecordWrite {
            kind: GRANT.into(),
            key: format!("{}/{}", self.who, self.id),
            must_be_new: false,
            value: Some(serde_json::to_vec(self).expect("grants serialise")),
        }
    }
}

/// Whose the record of this key is.
pub(in crate::authorize) fn holder(key: &str) -> Option<(&str, &str)> {
    let mut parts = key.splitn(3, '/');
    Some((parts.next()?, parts.next()?))
}

pub(super) async fn read(
    store: &dyn Store,
    policies: &Policies,
    who: (&str, &str),
    now: Timestamp,
) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    let prefix = format!("{}/{}/", who.0, who.1);
    let rows = store.snapshot().await?.records(GRANT, &prefix, MAX_GRANTS).await?;
    for (key, bytes) in rows {
        let grant: AccessGrant = serde_json::from_slice(&bytes)
            .map_err(|error| StoreError::Backend(format!("the record {GRANT} {key} cannot be read: {error}")))?;
        ties.changes_at(grant.from, now);
        ties.changes_at(grant.until, now);
        if !grant.is_open(now) {
            continue;
        }
        let grant = Arc::new(grant);
        ties.grants.push(grant.clone());
        match grant.kind {
            GrantKind::Emergency => ties.tie(&grant.patient, Relation::Emergency)?,
            GrantKind::Unlock => {
                let tie = ties.entry(&grant.patient)?;
                let labels = grant.labels.iter().filter_map(|name| policies.labels().named(name));
                tie.unlocked = labels.fold(tie.unlocked, LabelSet::and);
            }
        }
    }
    Ok(ties)
}
