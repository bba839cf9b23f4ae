//! Which written resources tie people to patients, as `policies/ties.json` says.

use crate::PolicyError;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Days of a tie at most, whatever the table says: a century.
const MAX_DAYS: u32 = 36_525;

/// The table.
#[derive(Debug, Clone, Deserialize)]
pub struct Tying {
    made_by: Vec<String>,
    at_own_unit: Vec<String>,
    after_encounter_days: u32,
    longest_days: BTreeMap<String, u32>,
}

impl Tying {
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let table: Self = serde_json::from_str(text).map_err(|error| PolicyError::file("ties.json", &error))?;
        let mut days = table.longest_days.values().copied();
        if table.after_encounter_days > MAX_DAYS || days.any(|days| days > MAX_DAYS) {
            let rule = format!("longest_days, after_encounter_days: at most {MAX_DAYS}");
            return Err(PolicyError::file("ties.json", &rule));
        }
        Ok(table)
    }

    /// Roles that tie whomever their resources name.
    pub fn made_by(&self) -> &[String] {
        &self.made_by
    }

    /// Roles that tie the organization they act for, and nobody else.
    pub fn at_own_unit(&self) -> &[String] {
        &self.at_own_unit
    }

    /// How many days after its end an encounter still ties: letters are written, results come in.
    pub fn after_encounter_days(&self) -> u32 {
        self.after_encounter_days
    }

    /// How many days a resource of a type ties at most, from its start; `None`: as long as it is open.
    pub fn longest_days(&self, rtype: &str) -> Option<u32> {
        self.longest_days.get(rtype).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_table_is_read_and_a_wrong_one_told() {
        let table = Tying::parse(include_str!("../policies/ties.json")).unwrap();
        assert_eq!(table.after_encounter_days(), 30);
        assert!(table.longest_days("Encounter").is_some() && table.longest_days("Task").is_none());
        let wrong = r#"{"made_by": [], "at_own_unit": [], "after_encounter_days": 99999, "longest_days": {}}"#;
        assert!(Tying::parse(wrong).unwrap_err().to_string().contains("at most"));
    }
}
