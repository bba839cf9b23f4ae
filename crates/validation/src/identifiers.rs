//! Italian identifiers whose form is known: a table (`definitions/identifiers.tsv`) with the source of each rule.
//!
//! A rule that no source at hand confirms is `unverified`: what breaks it is information, never an error.

use codicefiscale::{CodiceFiscale, check_digit};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Why an identifier has not the form of its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Name of the rule, e.g. `codice-fiscale`.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub message: String,
    /// Whether the rule itself is not confirmed by a source.
    pub unverified: bool,
}

/// A rule of the table.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// Every name of the identifier system.
    pub systems: Vec<&'static str>,
    /// Whether no source at hand confirms it.
    pub unverified: bool,
    /// Where it comes from.
    pub source: &'static str,
    form: Form,
}

#[derive(Debug)]
enum Form {
    CodiceFiscale,
    Digits(Vec<usize>),
    Characters(Vec<usize>),
    Prefixed(&'static str, usize),
    PartitaIva,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let table = include_str!("../definitions/identifiers.tsv");
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(read)
        .collect()
});

static BY_SYSTEM: LazyLock<HashMap<&'static str, &'static Rule>> = LazyLock::new(|| {
    let all = RULES
        .iter()
        .flat_map(|rule| rule.systems.iter().map(move |system| (*system, rule)));
    all.collect()
});

/// Every rule.
pub fn rules() -> &'static [Rule] {
    &RULES
}

/// Checks a value against the form of its system; systems without a rule pass.
pub fn check(system: &str, value: &str) -> Result<(), Wrong> {
    let Some(rule) = BY_SYSTEM.get(system) else {
        return Ok(());
    };
    rule.form.check(value).map_err(|what| Wrong {
        rule: rule.name,
        message: format!("'{value}' is not a valid identifier of {system}: {what}"),
        unverified: rule.unverified,
    })
}

fn read(line: &'static str) -> Rule {
    let fields: Vec<&'static str> = line.split('\t').collect();
    let [name, systems, form, verified, source] = fields[..] else {
        panic!("a line of identifiers.tsv has five fields: {line}");
    };
    let mut words = form.split(' ');
    let kind = words.next().unwrap_or_default();
    let rest: Vec<&'static str> = words.collect();
    let lengths = |text: &str| text.split(',').map(|n| n.parse().expect("a length")).collect();
    Rule {
        name,
        systems: systems.split(' ').collect(),
        unverified: verified != "verified",
        source,
        form: match (kind, &rest[..]) {
            ("codice-fiscale", []) => Form::CodiceFiscale,
            ("partita-iva", []) => Form::PartitaIva,
            ("digits", [n]) => Form::Digits(lengths(n)),
            ("characters", [n]) => Form::Characters(lengths(n)),
            ("prefixed", [prefix, n]) => Form::Prefixed(prefix, n.parse().expect("a length")),
            _ => panic!("identifiers.tsv has the unknown form '{form}'"),
        },
    }
}

fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn either(lengths: &[usize]) -> String {
    lengths.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

impl Form {
    fn check(&self, value: &str) -> Result<(), String> {
        match self {
            Form::CodiceFiscale if value.len() == 11 && digits(value) => Ok(()),
            Form::CodiceFiscale => CodiceFiscale::parse(value)
                .map(|_| ())
                .map_err(|error| error.to_string()),
            Form::Digits(lengths) => {
                let fits = lengths.contains(&value.len()) && digits(value);
                fits.then_some(())
                    .ok_or_else(|| format!("{} digits are expected", either(lengths)))
            }
            Form::Characters(lengths) => {
                let fits = lengths.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric());
                fits.then_some(())
                    .ok_or_else(|| format!("{} letters or digits are expected", either(lengths)))
            }
            Form::Prefixed(prefix, length) => {
                let fits = value
                    .strip_prefix(prefix)
                    .is_some_and(|rest| rest.len() == *length && digits(rest));
                fits.then_some(())
                    .ok_or_else(|| format!("{prefix} and {length} digits are expected"))
            }
            Form::PartitaIva => partita_iva(value),
        }
    }
}

/// Eleven digits; the last makes the Luhn sum of all a multiple of ten.
fn partita_iva(value: &str) -> Result<(), String> {
    if value.len() != 11 || !digits(value) {
        return Err("11 digits are expected".into());
    }
    (value.as_bytes()[10] == b'0' + check_digit(&value.as_bytes()[..10]))
        .then_some(())
        .ok_or_else(|| "its check digit is another: look for a misspelling".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_a_system_have_the_same_rule() {
        for system in ["http://hl7.it/sid/codiceFiscale", "urn:oid:2.16.840.1.113883.2.9.4.3.2"] {
            assert_eq!(check(system, "RSSMRA71E01F205E"), Ok(()));
            assert_eq!(check(system, "12345678901"), Ok(()), "the provisional number");
            let wrong = check(system, "RSSMRA71E01F205A").unwrap_err();
            assert!(
                !wrong.unverified && wrong.message.contains("check character"),
                "{wrong:?}"
            );
        }
        assert_eq!(check("http://else.where/id", "anything"), Ok(()));
    }

    #[test]
    fn forms_of_the_other_systems() {
        let fits = |system: &str, value: &str| check(system, value).is_ok();
        assert!(fits("http://hl7.it/sid/fls", "020101") && !fits("http://hl7.it/sid/fls", "RM0011"));
        assert!(fits("http://hl7.it/sid/hsp", "01090401") && !fits("http://hl7.it/sid/hsp", "UO12345"));
        assert!(fits("http://hl7.it/sid/stp", "STP0010011234567"));
        assert!(check("http://hl7.it/sid/stp", "STP1").unwrap_err().unverified);
        assert!(
            fits("http://hl7.it/sid/partitaIva", "00177330073") && !fits("http://hl7.it/sid/partitaIva", "00177330074")
        );
        assert!(rules().iter().all(|rule| !rule.source.is_empty()));
    }
}
