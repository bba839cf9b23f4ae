//! The record of accesses: what an entry says, and how entries are asked for.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One access as the audit keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: `Practitioner/…`, `Patient/…`, `system`, `anonymous`.
    pub actor: String,
    /// For whom, if not for themselves: `Patient/…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acts_for: Option<String>,
    /// The application it came through, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// HTTP verb or operation.
    pub action: String,
    /// Path or resource concerned, without query values.
    pub target: String,
    /// Patient concerned, if known.
    pub patient: Option<String>,
    /// Further patients concerned: a page of a search shows those of many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
    /// Purpose of use, if stated.
    pub purpose: Option<String>,
    /// `permit` or `deny`, with the rule of the route that decided.
    pub outcome: String,
    /// The policies that permitted what was shown and written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The set that they are of: the beginning of its SHA-256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_set: Option<String>,
    /// The steps in hand that the right came from: ids of `Task`s.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// HTTP status.
    pub status: u16,
}

impl AuditEntry {
    /// Every patient concerned.
    pub fn patients(&self) -> impl Iterator<Item = &str> {
        self.patient.iter().chain(&self.others).map(String::as_str)
    }

    /// Adds a patient, once.
    pub fn add_patient(&mut self, patient: &str) {
        match &self.patient {
            None => self.patient = Some(patient.to_owned()),
            Some(first) if first == patient => {}
            Some(_) if self.others.iter().any(|other| other == patient) => {}
            Some(_) => self.others.push(patient.to_owned()),
        }
    }
}

/// Where an entry lies: the row of the chain, and its place in the row. Written `ROW-PLACE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditPlace {
    /// Row.
    pub row: i64,
    /// Place in the row, from 0.
    pub place: u32,
}

impl std::fmt::Display for AuditPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.row, self.place)
    }
}

impl std::str::FromStr for AuditPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('-').and_then(|(row, place)| {
            Some(Self {
                row: row.parse().ok().filter(|row| *row > 0)?,
                place: place.parse().ok()?,
            })
        });
        parts.ok_or_else(|| format!("'{text}' is no place in the record of accesses: expected ROW-PLACE"))
    }
}

/// Which entries are asked for, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Concerning this patient.
    pub patient: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only accesses that were refused (`true`) or permitted (`false`).
    pub refused: Option<bool>,
    /// Older than this one.
    pub before: Option<AuditPlace>,
    /// At most so many.
    pub limit: usize,
}

impl AuditFilter {
    /// The newest `limit`, of one patient or of all.
    pub fn newest(patient: Option<&str>, limit: usize) -> Self {
        Self {
            patient: patient.map(str::to_owned),
            limit,
            ..Self::default()
        }
    }

    /// Whether an entry is asked for (its place aside).
    pub fn matches(&self, entry: &AuditEntry) -> bool {
        let refused = || entry.outcome.starts_with("deny");
        self.patient
            .as_deref()
            .is_none_or(|patient| entry.patients().any(|p| p == patient))
            && self.actor.as_deref().is_none_or(|actor| entry.actor == actor)
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until)
            && self.refused.is_none_or(|wanted| refused() == wanted)
    }
}

/// An entry with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Where it lies.
    pub place: AuditPlace,
    /// What it says.
    pub entry: AuditEntry,
}

/// A page of the record of accesses.
#[derive(Debug, Clone, Default)]
pub struct AuditPage {
    /// Newest first. May be fewer than asked for, even none, where many had to be looked at.
    pub records: Vec<AuditRecord>,
    /// Where to go on, as [`AuditFilter::before`]; `None`: there are no more.
    pub next: Option<AuditPlace>,
}

impl AuditPage {
    /// What the records say, without their places.
    pub fn entries(self) -> Vec<AuditEntry> {
        self.records.into_iter().map(|record| record.entry).collect()
    }
}
