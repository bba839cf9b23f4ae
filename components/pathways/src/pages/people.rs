//! People as shown: names, age, identifiers, out of FHIR resources.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use web::{Failure, Page};

/// `De Luca Carmela` (family name first, as lists are read) of a Patient or Practitioner.
pub fn name(person: &Value) -> String {
    let names = person["name"].as_array().map_or(&[][..], Vec::as_slice);
    let chosen = names.iter().find(|n| n["use"] == "official").or(names.first());
    let Some(chosen) = chosen else {
        return person["id"].as_str().unwrap_or_default().to_owned();
    };
    let given: Vec<&str> = chosen["given"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let text = format!("{} {}", chosen["family"].as_str().unwrap_or_default(), given.join(" "));
    match text.trim() {
        "" => chosen["text"].as_str().unwrap_or_default().to_owned(),
        text => text.to_owned(),
    }
}

/// The codice fiscale, in either of the URI families in use.
pub fn codice_fiscale(patient: &Value) -> Option<String> {
    const SYSTEMS: [&str; 2] = ["http://hl7.it/sid/codiceFiscale", "urn:oid:2.16.840.1.113883.2.9.4.3.2"];
    let identifiers = patient["identifier"].as_array()?;
    let found = identifiers.iter().find(|i| SYSTEMS.iter().any(|s| i["system"] == *s))?;
    found["value"].as_str().map(str::to_owned)
}

/// Whole years at a day; up to the day of death.
pub fn age(patient: &Value, today: Date) -> Option<i32> {
    let born: Date = patient["birthDate"].as_str()?.parse().ok()?;
    let until = died(patient).unwrap_or(today);
    let had_birthday = (until.month(), until.day()) >= (born.month(), born.day());
    Some(i32::from(until.year() - born.year()) - i32::from(!had_birthday))
}

/// Day of death.
pub fn died(patient: &Value) -> Option<Date> {
    let text = patient["deceasedDateTime"].as_str()?;
    text.parse::<Timestamp>()
        .map(web::local_date)
        .or_else(|_| text.parse())
        .ok()
}

/// Message key of the sex.
pub fn sex_key(patient: &Value) -> &'static str {
    match patient["gender"].as_str() {
        Some("female") => "sex-female",
        Some("male") => "sex-male",
        Some("other") => "sex-other",
        _ => "sex-unknown",
    }
}

/// Street and town on one line.
pub fn address(patient: &Value) -> Option<String> {
    let address = &patient["address"][0];
    let mut parts: Vec<&str> = address["line"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    parts.extend(address["city"].as_str());
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Phone number.
pub fn phone(patient: &Value) -> Option<String> {
    let contacts = patient["telecom"].as_array()?;
    contacts.iter().find(|c| c["system"] == "phone")?["value"]
        .as_str()
        .map(str::to_owned)
}

/// The id behind a reference `Type/id`.
pub fn reference_id<'v>(reference: &'v Value, rtype: &str) -> Option<&'v str> {
    reference["reference"].as_str()?.strip_prefix(rtype)?.strip_prefix('/')
}

/// Refuses an assisted person the pages of others, and everyone an address that names nobody.
///
/// # Errors
/// [`Failure::Forbidden`], [`Failure::NotFound`].
pub fn may_see(page: &Page, id: &str) -> Result<(), Failure> {
    match page.actor().patient() {
        Some(own) if own != id => Err(Failure::Forbidden(page.t("only-your-own"))),
        _ if !is_id(id) => Err(Failure::NotFound(id.to_owned())),
        _ => Ok(()),
    }
}

/// Whether it can be an id of a resource, so that it may stand in an address or a search.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_begins_with_the_family() {
        let person = json!({"name": [{"use": "official", "family": "De Luca", "given": ["Carmela", "Pia"]}]});
        assert_eq!(name(&person), "De Luca Carmela Pia");
        assert_eq!(name(&json!({"id": "x"})), "x");
    }

    #[test]
    fn age_counts_birthdays_and_stops_at_death() {
        let today = jiff::civil::date(2026, 11, 21);
        assert_eq!(age(&json!({"birthDate": "1950-11-21"}), today), Some(76));
        assert_eq!(age(&json!({"birthDate": "1950-11-22"}), today), Some(75));
        let dead = json!({"birthDate": "1950-11-22", "deceasedDateTime": "2020-12-01T10:00:00+01:00"});
        assert_eq!(age(&dead, today), Some(70));
    }

    #[test]
    fn ids_are_told_from_attempts() {
        assert!(is_id("019a-b.3"));
        assert!(!is_id("a/b") && !is_id("") && !is_id("a&_count=1"));
    }
}
