//! The rules of emergency access, unlocking and review: `rules/emergenza.json`.

use serde::Deserialize;
use std::sync::LazyLock;
use web::Page;

const TEXT: &str = include_str!("../rules/emergenza.json");

/// The rules in force.
pub static RULES: LazyLock<Rules> =
    LazyLock::new(|| serde_json::from_str(TEXT).expect("rules/emergenza.json is checked by a test"));

/// The file.
#[derive(Debug, Deserialize)]
pub struct Rules {
    /// The search for a person by exact identity.
    pub search: SearchRule,
    /// Emergency access.
    pub emergency: EmergencyRule,
    /// Protected categories.
    pub unlock: UnlockRule,
    /// What happens afterwards.
    pub review: ReviewRule,
}

/// How often one may search.
#[derive(Debug, Deserialize)]
pub struct SearchRule {
    /// Searches of one person in an hour.
    pub per_hour: usize,
}

/// For how long an emergency access is open, and with which reasons. Who may is the capability `privacy.emergency`.
#[derive(Debug, Deserialize)]
pub struct EmergencyRule {
    /// Minutes it is open.
    pub minutes: i64,
    /// How many times it may be carried on, each with a reason of its own.
    pub extensions: usize,
    /// Minutes within which a form must be sent.
    pub form_minutes: i64,
    /// Characters that a reason in words must have.
    pub reason_min_chars: usize,
    /// Reasons.
    pub reasons: Vec<Choice>,
    /// Where the rule comes from.
    pub source: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// For how long protected categories are unlocked. Who may is the capability `privacy.unlock`.
#[derive(Debug, Deserialize)]
pub struct UnlockRule {
    /// Minutes, when the patient agreed.
    pub minutes_with_agreement: i64,
    /// Minutes, for an emergency.
    pub minutes_in_emergency: i64,
    /// Characters that a reason in words must have.
    pub reason_min_chars: usize,
    /// How a patient may have agreed.
    pub agreements: Vec<Choice>,
    /// Where the rule comes from.
    pub source: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// By when it is looked at.
#[derive(Debug, Deserialize)]
pub struct ReviewRule {
    /// Days for the review.
    pub days: i64,
    /// Days more, when it must be looked into.
    pub deepening_days: i64,
    /// Whether an unlocking with the patient's agreement is looked at, too.
    pub unlock_with_agreement: bool,
    /// What may come out.
    pub outcomes: Vec<Choice>,
}

/// Something to choose.
#[derive(Debug, Clone, Deserialize)]
pub struct Choice {
    /// Code.
    pub code: String,
    /// Italian.
    pub it: String,
    /// English.
    pub en: String,
}

impl Choice {
    /// In the page's language.
    pub fn text(&self, page: &Page) -> &str {
        if page.lang() == web::Lang::It {
            &self.it
        } else {
            &self.en
        }
    }
}

/// The choice of a code.
pub fn choice<'a>(list: &'a [Choice], code: &str) -> Option<&'a Choice> {
    list.iter().find(|choice| choice.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_can_be_read_and_name_what_the_form_offers() {
        let form: serde_json::Value =
            serde_json::from_str(include_str!("../forms/esito-revisione-accesso.json")).unwrap();
        let offered = form["item"][0]["answerOption"].as_array().unwrap();
        let offered: Vec<&str> = offered
            .iter()
            .filter_map(|o| o["valueCoding"]["code"].as_str())
            .collect();
        let known: Vec<&str> = RULES.review.outcomes.iter().map(|o| o.code.as_str()).collect();
        assert_eq!(offered, known);
    }
}
