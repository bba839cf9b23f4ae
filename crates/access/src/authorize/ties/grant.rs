//! Access that somebody opened for a time, with a reason: emergencies, and sensitive categories unlocked.

use super::Ties;
use jiff::Timestamp;
use policy::{LabelSet, Policies, Relation};
use serde::{Deserialize, Serialize};
use store::{RecordWrite, Store, StoreError};

/// Kind of the records; their key is `<type>/<id of who>/<id of the grant>`.
pub const GRANT: &str = "access-grant";

/// Grants of one person that are looked at.
const MAX_GRANTS: usize = 1000;

/// What was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// Emergency access to a patient without another tie.
    Emergency,
    /// Sensitive categories of a patient whom the person is tied to.
    Unlock,
}

/// An access opened for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessGrant {
    /// Id of the grant.
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
    /// What.
    pub kind: GrantKind,
    /// Names of the categories unlocked.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The reason given.
    pub reason: String,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
}

impl AccessGrant {
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
        if now < grant.from || now >= grant.until {
            continue;
        }
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
