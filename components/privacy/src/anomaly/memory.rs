//! What is remembered of each person who uses the service: how many people they saw on each of the last days, and whom
//! they saw today. A FHIR Basic for each, which only the office sees; and one for the position in the log with the averages
//! of roles.

use crate::{RESTRICTED_CODE, RESTRICTED_SYSTEM};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Extension that holds a memory.
pub(crate) const MEMORY: &str = "https://sinfonia.it/fhir/StructureDefinition/memoria-accessi";
/// Days remembered.
const DAYS: usize = 35;
/// Different people of one day remembered by name; beyond it they are counted together.
const PEOPLE: usize = 5_000;

/// One person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// Different people seen on each day worked.
    pub days: BTreeMap<Date, usize>,
    /// The day that the rest is about.
    pub today: Option<Date>,
    /// People seen today.
    pub people: BTreeSet<String>,
    /// People seen today without a tie.
    pub untied: BTreeSet<String>,
    /// Requests refused today.
    pub refused: usize,
    /// What was found today already: rule and whom it is about.
    pub found: BTreeSet<String>,
}

/// Averages of roles: people seen, and days worked.
pub(crate) type Peers = BTreeMap<String, (u64, u64)>;

impl Memory {
    /// The id of the resource that keeps it.
    pub fn id(subject: &str) -> String {
        format!("accessi-{}", hash(subject))
    }

    /// Reads it out of its resource.
    pub fn read(resource: &Value) -> Option<Self> {
        serde_json::from_str(resource["extension"][0]["valueString"].as_str()?).ok()
    }

    /// The resource that keeps it.
    pub fn resource(&self, subject: &str) -> Value {
        let text = serde_json::to_string(self).unwrap_or_default();
        restricted(json!({
            "resourceType": "Basic", "id": Self::id(subject),
            "extension": [{"url": MEMORY, "valueString": text}],
            "code": {"coding": [{"system": MEMORY, "code": "persona"}]},
        }))
    }

    /// Goes on to a day: what was today becomes one of the days, and counts for the role.
    pub fn turn(&mut self, day: Date, roles: &[String], peers: &mut Peers) {
        if self.today == Some(day) {
            return;
        }
        if let Some(past) = self.today.filter(|past| *past < day && !self.people.is_empty()) {
            self.days.insert(past, self.people.len());
            for role in roles {
                let (people, days) = peers.entry(role.clone()).or_default();
                *people += self.people.len() as u64;
                *days += 1;
            }
            while self.days.len() > DAYS {
                self.days.pop_first();
            }
        }
        if self.today.is_none_or(|past| past < day) {
            self.today = Some(day);
            (self.people, self.untied, self.refused, self.found) = Default::default();
        }
    }

    /// Notes that somebody was seen.
    pub fn saw(&mut self, patient: &str) {
        if self.people.len() < PEOPLE {
            self.people.insert(patient.to_owned());
        }
    }

    /// Days worked and people seen on them, of the last `days`.
    pub fn history(&self, days: usize) -> (usize, usize) {
        let last = self.days.values().rev().take(days);
        last.fold((0, 0), |(count, people), day| (count + 1, people + day))
    }
}

/// A resource that only the office sees.
pub(crate) fn restricted(mut resource: Value) -> Value {
    resource["meta"]["security"] = json!([{"system": RESTRICTED_SYSTEM, "code": RESTRICTED_CODE}]);
    resource
}

/// A name out of a text, safe in an id.
pub(crate) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
