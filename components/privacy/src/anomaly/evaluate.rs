//! The evaluation of a stretch of the log, oldest first. Pure.

use super::checks::Seen;
use super::facts::Facts;
use super::finding::Finding;
use super::memory::{Memory, Peers};
use super::rule::{Anomalies, Check};
use crate::log::{Entry, Outcome};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Italian civil time. The rule of Directive 2000/84/EC, so that no time zone database is needed on the machine.
static ROME: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("the rule is well formed"));

/// The moment in Italian civil time.
pub(super) fn italian(at: Timestamp) -> Zoned {
    at.to_zoned(ROME.clone())
}

/// What the rules find in a stretch of the log; `memories` and `peers` are brought up to its end.
pub(crate) fn evaluate(
    rules: &Anomalies,
    facts: &Facts,
    memories: &mut HashMap<String, Memory>,
    peers: &mut Peers,
    entries: &[Entry],
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let own = |entry: &Entry| rules.own_paths.iter().any(|own| entry.path.starts_with(own));
    for entry in entries.iter().filter(|entry| entry.by_staff() && !own(entry)) {
        let day = web::local_date(entry.at);
        let memory = memories.entry(entry.who.clone()).or_default();
        let roles = facts.roles.get(&entry.who).map_or(&[][..], Vec::as_slice);
        memory.turn(day, roles, peers);
        note(rules, memory, entry);
        for rule in rules.in_force(day) {
            let seen = Seen {
                entry,
                facts,
                memory,
                peers,
            };
            for found in seen.check(&rule.check) {
                let about = found.patient.as_deref().unwrap_or("-");
                let mark = format!("{}|{about}", rule.id);
                let key = format!("{}|{about}|{day}", entry.who);
                if !memory.found.insert(mark) {
                    // Found today already: what comes now stands behind it, as far as it is in this stretch.
                    let known = findings
                        .iter_mut()
                        .find(|known| known.rule == rule.id && known.key == key);
                    if let Some(known) = known {
                        known.entries.push(entry.id.clone());
                    }
                    continue;
                }
                findings.push(Finding {
                    rule: rule.id.clone(),
                    severity: rule.severity.clone(),
                    key,
                    person: entry.who.clone(),
                    patient: found.patient,
                    at: entry.at,
                    text: found.text,
                    entries: vec![entry.id.clone()],
                    grant: None,
                });
            }
        }
    }
    findings
}

/// What the entry adds to the day.
fn note(rules: &Anomalies, memory: &mut Memory, entry: &Entry) {
    match entry.outcome {
        Outcome::Refused => memory.refused += 1,
        Outcome::Failed => {}
        Outcome::Done => {
            for patient in &entry.patients {
                memory.saw(patient);
            }
            let untied = rules.rules.iter().any(|rule| match &rule.check {
                Check::NoTie { policies, .. } => {
                    !entry.policies.is_empty() && entry.policies.iter().all(|policy| policies.contains(policy))
                }
                _ => false,
            });
            if untied {
                memory.untied.extend(entry.patients.iter().cloned());
            }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
