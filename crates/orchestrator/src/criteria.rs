//! Search criteria that turn hub writes into messages: `Observation?code=http://loinc.org|4548-4`.
//!
//! A subset of FHIR search that a single resource can be tested against: token, reference, string and uri parameters
//! without modifiers; a comma means "or", several parameters mean "and". Thresholds belong into the process, as
//! FEEL conditions over the variable `resource`.

use fhir::{Definitions, IndexEntry, IndexValue, ParamId, ParamType, normalize_string};

/// Longest accepted text, in bytes.
const MAX_BYTES: usize = 2_000;

/// Parsed criteria.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Criteria {
    /// Resource type.
    pub rtype: String,
    clauses: Vec<(ParamId, Vec<Test>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Token {
        system: Option<String>,
        code: Option<String>,
    },
    Reference {
        rtype: Option<String>,
        id: String,
    },
    Text(String),
    Uri(String),
}

impl Criteria {
    /// Reads criteria; the error says what is wrong and what is allowed.
    pub(crate) fn parse(definitions: &'static Definitions, text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("longer than {MAX_BYTES} bytes"));
        }
        let (rtype, query) = text.trim().split_once('?').unwrap_or((text.trim(), ""));
        if !definitions.is_resource(rtype) {
            return Err(format!(
                "'{rtype}' is not a FHIR R4 resource type; write Type?parameter=value"
            ));
        }
        let mut clauses = Vec::new();
        for pair in query.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("'{pair}' has no value; write {pair}=…"))?;
            if name.contains(':') || name.contains('.') {
                return Err(format!(
                    "'{name}': modifiers and chains cannot be tested on a single resource"
                ));
            }
            if name == "_id" {
                return Err("'_id' is not among the values that are tested; name what the resource says".to_owned());
            }
            let param = definitions
                .param(rtype, name)
                .ok_or_else(|| format!("'{name}' is not a search parameter of {rtype}"))?;
            let value = percent_encoding::percent_decode_str(value)
                .decode_utf8_lossy()
                .into_owned();
            let tests = value
                .split(',')
                .map(|v| test(param.kind, name, v.trim()))
                .collect::<Result<Vec<_>, _>>()?;
            clauses.push((param.id, tests));
        }
        Ok(Self {
            rtype: rtype.to_owned(),
            clauses,
        })
    }

    /// Whether a resource of the right type with these index values matches.
    pub(crate) fn matches(&self, entries: &[IndexEntry]) -> bool {
        self.clauses.iter().all(|(param, tests)| {
            entries
                .iter()
                .filter(|e| e.param == *param)
                .any(|entry| tests.iter().any(|t| t.passes(&entry.value)))
        })
    }
}

fn test(kind: ParamType, name: &str, value: &str) -> Result<Test, String> {
    if value.is_empty() {
        return Err(format!("'{name}' has an empty value"));
    }
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    match kind {
        ParamType::Token => Ok(match value.split_once('|') {
            Some((system, code)) => Test::Token {
                system: Some(system.to_owned()),
                code: some(code),
            },
            None => Test::Token {
                system: None,
                code: some(value),
            },
        }),
        ParamType::Reference => Ok(match value.split_once('/') {
            Some((rtype, id)) => Test::Reference {
                rtype: Some(rtype.to_owned()),
                id: id.to_owned(),
            },
            None => Test::Reference {
                rtype: None,
                id: value.to_owned(),
            },
        }),
        ParamType::String => Ok(Test::Text(normalize_string(value))),
        ParamType::Uri => Ok(Test::Uri(value.to_owned())),
        _ => Err(format!(
            "'{name}' is a {} parameter; only token, reference, string and uri can be tested here: compare values in \
             the process, on the variable 'resource'",
            format!("{kind:?}").to_lowercase()
        )),
    }
}

impl Test {
    fn passes(&self, value: &IndexValue) -> bool {
        match (self, value) {
            (Test::Token { system, code }, IndexValue::Token { system: s, code: c }) => {
                system.as_ref().is_none_or(|system| system == s) && code.as_ref().is_none_or(|code| code == c)
            }
            (Test::Reference { rtype, id }, IndexValue::Reference { rtype: r, id: i }) => {
                id == i && rtype.as_ref().is_none_or(|rtype| rtype == r)
            }
            (Test::Text(text), IndexValue::String { normalized, .. }) => normalized.starts_with(text.as_str()),
            (Test::Uri(uri), IndexValue::Uri(u) | IndexValue::ReferenceUrl(u)) => uri == u,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(criteria: &str, resource: &serde_json::Value) -> bool {
        let definitions = Definitions::r4();
        let criteria = Criteria::parse(definitions, criteria).unwrap();
        criteria.matches(&fhir::extract(definitions, resource).unwrap().entries)
    }

    #[test]
    fn tokens_and_references_are_tested() {
        let hba1c = json!({
            "resourceType": "Observation", "id": "o", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
            "subject": {"reference": "Patient/p"},
        });
        assert!(matches("Observation?code=http://loinc.org|4548-4", &hba1c));
        assert!(matches(
            "Observation?code=http://loinc.org%7C4548-4&status=final",
            &hba1c
        ));
        assert!(matches("Observation?code=1-1,4548-4&patient=Patient/p", &hba1c));
        assert!(matches("Observation", &hba1c));
        assert!(!matches("Observation?code=http://loinc.org|2345-7", &hba1c));
        assert!(!matches(
            "Observation?code=http://loinc.org|4548-4&status=preliminary",
            &hba1c
        ));
        assert!(!matches("Observation?code=|4548-4", &hba1c));
    }

    #[test]
    fn what_cannot_be_tested_is_refused_with_a_reason() {
        let definitions = Definitions::r4();
        for (criteria, reason) in [
            ("Obs?code=1", "not a FHIR R4 resource type"),
            ("Observation?colour=red", "not a search parameter"),
            ("Observation?code:in=x", "modifiers"),
            ("Observation?_id=x", "not among the values"),
            ("Observation?date=2026", "date parameter"),
            ("Observation?code", "no value"),
        ] {
            let error = Criteria::parse(definitions, criteria).unwrap_err();
            assert!(error.contains(reason), "{criteria}: {error}");
        }
    }
}
