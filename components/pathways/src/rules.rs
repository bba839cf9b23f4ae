//! The clinical rules as data: `rules.json`, what the decisions refer to in their annotation columns.

use serde::Deserialize;
use std::collections::BTreeMap;

/// Where a rule comes from.
#[derive(Debug, Clone, Deserialize)]
pub struct Source {
    /// Full title.
    pub title: String,
    /// Valid from (date or year), if known.
    pub valid_from: Option<String>,
    /// Address, if known.
    pub url: Option<String>,
}

/// Whether a public text that was read confirms a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// `confirmed_by` says which.
    Confirmed,
    /// To be confirmed before clinical use.
    Unverified,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// e.g. `ARR-06`.
    pub id: String,
    /// What it says.
    pub rule: String,
    /// The value or threshold, with units.
    pub value: String,
    /// Key in [`Rules::sources`].
    pub source: String,
    /// Section of the source.
    pub section: String,
    /// Valid from (date or year), if known.
    pub valid_from: Option<String>,
    /// Valid to, if it has ended.
    pub valid_to: Option<String>,
    /// Confirmed or not.
    pub status: Status,
    /// What confirms it, or what is known about it.
    pub confirmed_by: Option<String>,
}

/// All rules.
#[derive(Debug, Clone, Deserialize)]
pub struct Rules {
    /// Sources by key.
    pub sources: BTreeMap<String, Source>,
    /// Rules in order.
    pub rules: Vec<Rule>,
}

impl Rules {
    /// The rules built into this program.
    pub fn load() -> Self {
        serde_json::from_str(include_str!("../rules.json")).expect("rules.json is checked by a test")
    }

    /// A rule by id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// The table that stands in the README.
    pub fn markdown(&self) -> String {
        let mut out = String::from(
            "| Regola | Dice | Valore | Fonte, sezione | Valida dal | Stato |\n|---|---|---|---|---|---|\n",
        );
        for r in &self.rules {
            let status = if r.status == Status::Confirmed {
                "confermata"
            } else {
                "da confermare"
            };
            let from = r.valid_from.as_deref().unwrap_or("non indicata");
            out += &format!(
                "| {} | {} | {} | `{}`, {} | {from} | {status} |\n",
                r.id, r.rule, r.value, r.source, r.section
            );
        }
        out += "\n| Fonte | Titolo |\n|---|---|\n";
        for (key, source) in &self.sources {
            out += &format!("| `{key}` | {} |\n", source.title);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployments::DEPLOYMENTS;

    const README: &str = include_str!("../README.md");

    #[test]
    fn rules_are_whole() {
        let rules = Rules::load();
        for (n, rule) in rules.rules.iter().enumerate() {
            assert!(
                rules.sources.contains_key(&rule.source),
                "{}: unknown source {}",
                rule.id,
                rule.source
            );
            assert!(rules.rules[..n].iter().all(|r| r.id != rule.id), "{} twice", rule.id);
            let confirmed = rule.status == Status::Confirmed;
            assert!(
                !confirmed || rule.confirmed_by.is_some(),
                "{} is confirmed by nothing",
                rule.id
            );
        }
    }

    #[test]
    fn every_decision_rule_names_a_rule_with_its_status() {
        let rules = Rules::load();
        let mut seen = 0;
        for dmn in DEPLOYMENTS.iter().filter(|f| f.name.ends_with(".dmn")) {
            for row in dmn.content.split("<rule ").skip(1) {
                let notes: Vec<&str> = row
                    .split("<annotationEntry><text>")
                    .skip(1)
                    .map(|part| part.split("</text>").next().unwrap())
                    .collect();
                let rule = rules
                    .get(notes[0])
                    .unwrap_or_else(|| panic!("{}: no rule {}", dmn.name, notes[0]));
                let status = if rule.status == Status::Confirmed {
                    "confirmed"
                } else {
                    "unverified"
                };
                assert_eq!(notes[3], status, "{} in {}", rule.id, dmn.name);
                assert!(
                    notes[1].starts_with(&rules.sources[&rule.source].title),
                    "{} in {}",
                    rule.id,
                    dmn.name
                );
                seen += 1;
            }
        }
        assert!(seen > 70, "only {seen} decision rules found");
    }

    #[test]
    fn readme_shows_the_rules() {
        assert!(
            README.contains(&Rules::load().markdown()),
            "README.md: replace its tables with:\n{}",
            Rules::load().markdown()
        );
    }
}
