//! The rules: `rules/anomalies.json`.

use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;
use web::Page;

const TEXT: &str = include_str!("../../rules/anomalies.json");

/// The rules of the program.
pub(crate) static ANOMALIES: LazyLock<Anomalies> =
    LazyLock::new(|| serde_json::from_str(TEXT).expect("rules/anomalies.json is checked by a test"));

/// The file.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Anomalies {
    /// Minutes between two evaluations.
    pub every_minutes: u64,
    /// Seconds that the log is left to settle.
    pub lag_seconds: i64,
    /// Days looked back at when nothing was evaluated yet.
    pub first_days: i64,
    /// Beginnings of paths that are the office's own work: no access to be told of.
    pub own_paths: Vec<String>,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Rule {
    pub id: String,
    /// FHIR DetectedIssue.severity.
    pub severity: String,
    pub enabled: bool,
    pub valid_from: Date,
    pub valid_to: Option<Date>,
    pub it: String,
    pub en: String,
    pub about_it: String,
    pub about_en: String,
    pub source: String,
    /// `confirmed` or `unverified`.
    pub status: String,
    pub check: Check,
}

/// What a rule looks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Check {
    /// Many more different people in a day than usual.
    Volume {
        /// Below so many in a day, nothing is unusual.
        min_people: usize,
        /// Times the person's own average of the days worked.
        times_own: u32,
        /// Times the average of the role.
        times_peers: u32,
        /// Days of history that count.
        days: usize,
        /// Days worked without which there is no average.
        min_days: usize,
    },
    /// Oneself, a registered relative, same family name and address.
    Relatives {},
    /// Somebody on the list of exposed people.
    Watched {},
    /// Permitted by these policies alone, which ask for no tie.
    NoTie {
        /// Ids of policies.
        policies: Vec<String>,
        /// People in a day from which on it is told.
        per_day: usize,
    },
    /// At night or on Sunday.
    OffDuty {
        from_hour: i8,
        to_hour: i8,
        sundays: bool,
        /// Roles that usually work by day.
        roles: Vec<String>,
    },
    /// Refused requests in a day.
    Refusals { per_day: usize },
    /// A review that found an access not justified; it comes from the review itself.
    NotJustified {},
}

impl Anomalies {
    /// The rules in force on a day.
    pub fn in_force(&self, day: Date) -> impl Iterator<Item = &Rule> {
        let rules = self.rules.iter().filter(|rule| rule.enabled);
        rules.filter(move |rule| rule.valid_from <= day && rule.valid_to.is_none_or(|to| day <= to))
    }

    /// The rule of an id.
    pub fn named(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

impl Rule {
    /// Its name in the page's language.
    pub fn name(&self, page: &Page) -> &str {
        if page.lang() == web::Lang::It {
            &self.it
        } else {
            &self.en
        }
    }

    /// What it looks for, in words.
    pub fn about(&self, page: &Page) -> &str {
        if page.lang() == web::Lang::It {
            &self.about_it
        } else {
            &self.about_en
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_can_be_read_and_names_policies_and_roles_that_exist() {
        let policies = policy::Policies::standard();
        assert_eq!(ANOMALIES.rules.len(), 7);
        for rule in &ANOMALIES.rules {
            assert!(
                ["high", "moderate", "low"].contains(&rule.severity.as_str()),
                "{}",
                rule.id
            );
            match &rule.check {
                Check::NoTie { policies: ids, .. } => {
                    for id in ids {
                        assert!(policies.list().any(|about| about.id == *id), "{id}");
                    }
                }
                Check::OffDuty { roles, .. } => {
                    assert!(roles.iter().all(|role| policies.roles().knows(role)), "{}", rule.id);
                }
                _ => {}
            }
        }
    }
}
