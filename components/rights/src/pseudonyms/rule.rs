//! The rules, by recipient.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// For whom nothing else is said.
const ANYBODY: &str = "*";

/// What happens to dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dates {
    /// All dates of a person move by the same number of days.
    Shift,
    /// Year and month stay.
    Month,
    /// The year stays.
    Year,
}

/// What leaves for a recipient.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What happens to dates.
    pub dates: Dates,
    /// Days by which dates move at most.
    pub days: u16,
    /// What stays of the day of birth: `year`.
    pub birth: String,
    /// Years from which on all count as one.
    pub oldest_years: i16,
    /// Elements that are taken away wherever they stand.
    pub remove: BTreeSet<String>,
    /// Types that do not leave.
    pub drop: BTreeSet<String>,
}

/// A table of rules that cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("rules for pseudonyms: {0}")]
pub struct RuleError(String);

/// Rules by recipient.
#[derive(Debug, Clone, Deserialize)]
pub struct Rules {
    recipients: BTreeMap<String, Rule>,
}

static STANDARD: LazyLock<Rules> =
    LazyLock::new(|| Rules::read(include_str!("../../rules/pseudonyms.json")).expect("a test reads the table"));

/// Those that come with the program.
pub fn rules() -> &'static Rules {
    &STANDARD
}

impl Rules {
    /// Reads a table of a region's own.
    ///
    /// # Errors
    /// It is no such table, has no rule for `*`, or keeps what names a person.
    pub fn read(text: &str) -> Result<Self, RuleError> {
        let rules: Self = serde_json::from_str(text).map_err(|error| RuleError(error.to_string()))?;
        if !rules.recipients.contains_key(ANYBODY) {
            return Err(RuleError(
                "there is no rule for '*', for whom nothing else is said".into(),
            ));
        }
        for (name, rule) in &rules.recipients {
            for element in ["identifier", "name", "telecom", "address"] {
                if !rule.remove.contains(element) {
                    return Err(RuleError(format!(
                        "{name}: '{element}' names a person and must be in 'remove'"
                    )));
                }
            }
            if rule.birth != "year" {
                return Err(RuleError(format!("{name}: birth: only 'year' is known")));
            }
        }
        Ok(rules)
    }

    /// The rule of a recipient.
    pub fn of(&self, recipient: &str) -> &Rule {
        self.recipients
            .get(recipient)
            .unwrap_or_else(|| &self.recipients[ANYBODY])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_would_name_people_is_refused() {
        let text = include_str!("../../rules/pseudonyms.json").replace("\"telecom\", ", "");
        assert!(Rules::read(&text).unwrap_err().to_string().contains("telecom"));
    }
}
