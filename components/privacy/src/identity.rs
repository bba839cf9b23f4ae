//! Finding one person by exact identity: codice fiscale, or family name, given name and day of birth together. Whoever asks
//! has no tie to the person and gets the identity only; one answer serves for nobody and for several, and the number of
//! searches in an hour is bounded, so that nobody can look up who is in the registry.

use crate::person;
use crate::rules::RULES;
use component::{Fhir, PeerError};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

/// People whose searches are counted at once; beyond it the searches of the longest silent are forgotten.
const COUNTED: usize = 10_000;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sought {
    /// Codice fiscale.
    pub cf: String,
    /// Family name.
    pub cognome: String,
    /// Given name.
    pub nome: String,
    /// Day of birth, `1950-11-21`.
    pub nascita: String,
}

impl Sought {
    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        [&self.cf, &self.cognome, &self.nome, &self.nascita]
            .iter()
            .all(|text| text.trim().is_empty())
    }

    fn criteria(&self) -> Option<Vec<(&'static str, String)>> {
        let cf = self.cf.trim().to_uppercase();
        if !cf.is_empty() {
            return person::is_fiscal_code(&cf).then(|| vec![("identifier", person::fiscal_token(&cf))]);
        }
        let family = fhir::normalize_string(self.cognome.trim());
        let given = fhir::normalize_string(self.nome.trim());
        let born: Date = self.nascita.trim().parse().ok()?;
        if family.is_empty() || given.is_empty() || self.cognome.len() + self.nome.len() > 200 {
            return None;
        }
        let escape = |text: &str| {
            text.replace('\\', "\\\\")
                .replace(',', "\\,")
                .replace('$', "\\$")
                .replace('|', "\\|")
        };
        Some(vec![
            ("birthdate", born.to_string()),
            ("family", escape(self.cognome.trim())),
            ("given", escape(self.nome.trim())),
        ])
    }

    /// Whether a found person is the one meant: search by name finds beginnings, too.
    fn is(&self, found: &Value) -> bool {
        if found["active"] == false {
            return false;
        }
        if !self.cf.trim().is_empty() {
            return person::fiscal_code(found).is_some_and(|code| code.eq_ignore_ascii_case(self.cf.trim()));
        }
        let same =
            |text: &str, sought: &str| fhir::normalize_string(text.trim()) == fhir::normalize_string(sought.trim());
        let names = found["name"].as_array().into_iter().flatten();
        let mut names = names.filter(|name| same(name["family"].as_str().unwrap_or_default(), &self.cognome));
        names.any(|name| {
            let given: Vec<&str> = name["given"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            same(&given.join(" "), &self.nome) || given.first().is_some_and(|first| same(first, &self.nome))
        })
    }

    /// The one person, if there is exactly one.
    ///
    /// # Errors
    /// The hub cannot be reached.
    pub async fn find(&self, fhir: &Fhir) -> Result<Option<Value>, PeerError> {
        let Some(criteria) = self.criteria() else {
            return Ok(None);
        };
        let mut search: Vec<(&str, &str)> = criteria.iter().map(|(name, value)| (*name, value.as_str())).collect();
        search.push(("_count", "20"));
        let found = fhir.search("Patient", &search).await?;
        let mut meant = found.into_iter().filter(|found| self.is(found));
        Ok(match (meant.next(), meant.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        })
    }
}

/// Counts the searches of each person in the last hour. In memory: a restart forgets them, the access log does not.
#[derive(Default)]
pub struct Pace(Mutex<HashMap<String, VecDeque<Timestamp>>>);

impl Pace {
    /// Whether one more search is within the bound; counts it.
    pub fn admits(&self, who: &str, now: Timestamp) -> bool {
        let hour = SignedDuration::from_hours(1);
        let mut all = self.0.lock().expect("the lock of the pace");
        if all.len() >= COUNTED && !all.contains_key(who) {
            all.retain(|_, times| times.back().is_some_and(|last| now.duration_since(*last) < hour));
            if all.len() >= COUNTED {
                return false;
            }
        }
        let times = all.entry(who.to_owned()).or_default();
        while times.front().is_some_and(|first| now.duration_since(*first) >= hour) {
            times.pop_front();
        }
        if times.len() >= RULES.search.per_hour {
            return false;
        }
        times.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_exact_person_is_meant() {
        let rossi = json!({"name": [{"family": "Rossi", "given": ["Maria", "Pia"]}], "birthDate": "1950-01-02"});
        let sought = |cognome: &str, nome: &str| Sought {
            cognome: cognome.into(),
            nome: nome.into(),
            nascita: "1950-01-02".into(),
            ..Sought::default()
        };
        assert!(sought("rossi", "maria").is(&rossi) && sought("ROSSI", "Maria Pia").is(&rossi));
        assert!(!sought("Ros", "Maria").is(&rossi) && !sought("Rossi", "Mar").is(&rossi));
        assert!(
            sought("Rossi", "").criteria().is_none(),
            "a name without a given name finds nobody"
        );
        let code = Sought {
            cf: "RSSMRA50A42F83".into(),
            ..Sought::default()
        };
        assert!(code.criteria().is_none(), "a part of a code finds nobody");
    }

    #[test]
    fn searches_are_counted_within_the_hour() {
        let pace = Pace::default();
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for _ in 0..RULES.search.per_hour {
            assert!(pace.admits("Practitioner/1", now));
        }
        assert!(!pace.admits("Practitioner/1", now) && pace.admits("Practitioner/2", now));
        assert!(pace.admits("Practitioner/1", now + SignedDuration::from_hours(1)));
    }
}
