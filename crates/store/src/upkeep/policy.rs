//! How long superseded versions are kept.

use std::collections::BTreeMap;
use std::str::FromStr;

/// µs in a day.
const DAY_US: i64 = 86_400_000_000;

/// What is kept of one type. Where both are set, a version goes only when both let it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// The last so many versions of each resource, the current one counted; at least 1.
    pub versions: Option<u32>,
    /// Versions until so many days after they were superseded.
    pub days: Option<u32>,
}

impl Keep {
    /// Whether nothing ever goes.
    pub fn is_all(self) -> bool {
        self.versions.is_none() && self.days.is_none()
    }

    /// Versions superseded before this moment (µs since epoch) may go.
    pub fn cutoff(self, now: i64) -> Option<i64> {
        self.days
            .map(|days| now.saturating_sub(i64::from(days).saturating_mul(DAY_US)))
    }
}

/// What an installation keeps of the history, by type; the current version is always kept.
///
/// As text: `all` (the default), or clauses separated by `;`, the first for every type, the others for one type each:
/// `all; Observation=last:3; Task=last:10,days:365`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryPolicy {
    default: Keep,
    by_type: BTreeMap<String, Keep>,
}

/// A policy that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history policy cannot be read at '{clause}': {why}")]
pub struct HistoryPolicyError {
    clause: String,
    why: String,
}

impl HistoryPolicy {
    /// What is kept of a type.
    pub fn of(&self, rtype: &str) -> Keep {
        self.by_type.get(rtype).copied().unwrap_or(self.default)
    }

    /// Whether nothing of any type ever goes.
    pub fn keeps_all(&self) -> bool {
        self.default.is_all() && self.by_type.values().all(|keep| keep.is_all())
    }
}

impl FromStr for HistoryPolicy {
    type Err = HistoryPolicyError;

    fn from_str(text: &str) -> Result<Self, HistoryPolicyError> {
        let mut policy = Self::default();
        let clauses = text.split(';').map(str::trim).filter(|clause| !clause.is_empty());
        for (at, clause) in clauses.enumerate() {
            let fail = |why: String| HistoryPolicyError {
                clause: clause.to_owned(),
                why,
            };
            match clause.split_once('=') {
                None if at == 0 => policy.default = keep(clause).map_err(fail)?,
                None => return Err(fail("only the first clause may be for every type; write Type=…".into())),
                Some((rtype, rule)) if fhir::Definitions::r4().is_resource(rtype.trim()) => {
                    policy
                        .by_type
                        .insert(rtype.trim().to_owned(), keep(rule).map_err(fail)?);
                }
                Some((rtype, _)) => return Err(fail(format!("'{}' is not a FHIR R4 resource type", rtype.trim()))),
            }
        }
        Ok(policy)
    }
}

fn keep(text: &str) -> Result<Keep, String> {
    let mut keep = Keep::default();
    if text.trim() == "all" {
        return Ok(keep);
    }
    for rule in text.split(',').map(str::trim) {
        let (name, number) = rule.split_once(':').unwrap_or((rule, ""));
        let place = match name.trim() {
            "last" => &mut keep.versions,
            "days" => &mut keep.days,
            _ => return Err(format!("'{rule}' is none of all, last:N and days:N")),
        };
        let number = number.trim().parse().ok().filter(|number| *number > 0);
        *place = Some(number.ok_or_else(|| format!("'{rule}' needs a whole number of at least 1 after the colon"))?);
    }
    Ok(keep)
}

impl std::fmt::Display for Keep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.versions, self.days) {
            (None, None) => f.write_str("all"),
            (Some(versions), None) => write!(f, "last:{versions}"),
            (None, Some(days)) => write!(f, "days:{days}"),
            (Some(versions), Some(days)) => write!(f, "last:{versions},days:{days}"),
        }
    }
}

impl std::fmt::Display for HistoryPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.default)?;
        self.by_type
            .iter()
            .try_for_each(|(rtype, keep)| write!(f, "; {rtype}={keep}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_and_written() {
        let text = "last:20; AuditEvent=days:365; Observation=last:3,days:30; Patient=all";
        let policy: HistoryPolicy = text.parse().unwrap();
        assert_eq!(policy.to_string(), text);
        assert!(policy.of("Patient").is_all() && !policy.keeps_all());
        assert_eq!(policy.of("Task").versions, Some(20));
        assert!("".parse::<HistoryPolicy>().unwrap().keeps_all());
    }

    #[test]
    fn mistakes_are_told() {
        let told = |text: &str| text.parse::<HistoryPolicy>().unwrap_err().to_string();
        assert!(told("last:0").contains("at least 1"));
        assert!(told("all; Paziente=last:1").ends_with("'Paziente' is not a FHIR R4 resource type"));
        assert!(told("all; last:1").contains("only the first clause"));
        assert!(told("forever").ends_with("'forever' is none of all, last:N and days:N"));
    }
}
