//! Which value wins when two records become one, and when two people must agree to it: data.

use serde::Deserialize;
use std::sync::LazyLock;

/// `rules/fusione.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// Where the rules come from.
    pub source: String,
    /// `verified` or `unverified`.
    pub status: String,
    /// Since when, `YYYY-MM-DD`.
    pub valid_from: String,
    /// Elements of the Patient and whose value wins; an element that is not named stays as the survivor has it.
    pub fields: Vec<FieldRule>,
    /// When a second person must confirm a merge.
    pub four_eyes: Vec<FourEyes>,
    /// Types of resources that keep pointing to the record they were written about.
    pub left_alone: Vec<String>,
}

/// The rule of one element.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldRule {
    /// Element of the Patient.
    pub path: String,
    /// Whose value.
    pub rule: Whose,
}

/// Whose value wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Whose {
    /// The survivor's, the other's where it has none.
    First,
    /// That of the record that was written last.
    Latest,
    /// Those of both; of the other as old ones where they contradict.
    All,
    /// Those of both, one of each `url`, the survivor's first.
    ByUrl,
}

/// Why a second person must confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FourEyes {
    /// The weight alone does not say that it is the same person.
    Review,
    /// Both have a codice fiscale, and not the same.
    CodesDiffer,
    /// One is dead and the other is not.
    BothDeadOrAlive,
}

impl FourEyes {
    /// Key of its text.
    pub fn key(self) -> &'static str {
        match self {
            Self::Review => "match-eyes-review",
            Self::CodesDiffer => "match-eyes-codes",
            Self::BothDeadOrAlive => "match-eyes-dead",
        }
    }
}

/// The rules.
pub(crate) fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        let text = include_str!("../../rules/fusione.json");
        serde_json::from_str(text).expect("the rules that come with the program are well formed (tested)")
    });
    &RULES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_well_formed_and_say_where_they_come_from() {
        let rules = rules();
        assert!(!rules.source.is_empty() && rules.valid_from.len() == 10);
        assert!(["verified", "unverified"].contains(&rules.status.as_str()));
        for kept in ["id", "meta", "link", "active", "generalPractitioner"] {
            assert!(
                rules.fields.iter().all(|field| field.path != kept),
                "{kept} is not a matter of rules"
            );
        }
    }
}
