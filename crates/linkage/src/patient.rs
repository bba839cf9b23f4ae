//! A FHIR `Patient` as a record of [`crate::persons`]: the one place here that knows FHIR.

use crate::fiscal;
use serde_json::Value;

/// The system of the codice fiscale.
const CODE: [&str; 2] = ["http://hl7.it/sid/codiceFiscale", "urn:oid:2.16.840.1.113883.2.9.4.3.2"];
const BIRTH_PLACE: &str = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";

/// The values of a record, in the order of the fields of [`crate::persons`]; empty where the Patient has none.
///
/// The official name counts, else the first; the address at home, else the first; a telephone, else none. The codice fiscale
/// is written without omocodia.
pub fn values(patient: &Value) -> [String; 10] {
    let name = of_use(&patient["name"], "official");
    let address = of_use(&patient["address"], "home");
    let given: Vec<&str> = texts(&name["given"]).collect();
    let (street, number) = street(&texts(&address["line"]).collect::<Vec<_>>().join(" "));
    [
        text(&name["family"]),
        given.join(" "),
        match patient["gender"].as_str() {
            Some("male") => "M".to_owned(),
            Some("female") => "F".to_owned(),
            _ => String::new(),
        },
        text(&patient["birthDate"]),
        birth_place(patient),
        code(patient).unwrap_or_default(),
        text(&address["city"]),
        street,
        number,
        telephone(patient).unwrap_or_default(),
    ]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn of_use<'a>(list: &'a Value, wanted: &str) -> &'a Value {
    let all = || list.as_array().into_iter().flatten();
    let found = all().find(|one| one["use"] == wanted).or_else(|| all().next());
    found.unwrap_or(&Value::Null)
}

fn birth_place(patient: &Value) -> String {
    let mut extensions = patient["extension"].as_array().into_iter().flatten();
    let Some(place) = extensions.find(|one| one["url"] == BIRTH_PLACE) else {
        return String::new();
    };
    let place = &place["valueAddress"];
    let parts = ["city", "text", "country"].map(|part| &place[part]);
    parts.into_iter().find_map(Value::as_str).unwrap_or_default().to_owned()
}

fn code(patient: &Value) -> Option<String> {
    let mut identifiers = patient["identifier"].as_array()?.iter();
    let of = |one: &&Value| one["use"] != "old" && CODE.iter().any(|system| one["system"] == *system);
    Some(fiscal::plain(identifiers.find(of)?["value"].as_str()?))
}

/// The first telephone, its digits without the prefix of Italy.
fn telephone(patient: &Value) -> Option<String> {
    let mut telecom = patient["telecom"].as_array()?.iter();
    let phone = telecom.find(|one| matches!(one["system"].as_str(), Some("phone" | "sms")))?["value"].as_str()?;
    let own = phone.trim();
    let own = own
        .strip_prefix("+39")
        .or_else(|| own.strip_prefix("0039"))
        .unwrap_or(own);
    Some(own.chars().filter(char::is_ascii_digit).collect())
}

/// Street and house number: the number is the last word that begins with a digit, if another comes before it.
fn street(line: &str) -> (String, String) {
    let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let number = words
        .iter()
        .rposition(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    // what follows a number is a letter, or the number is part of a name (Via 25 Aprile)
    let ends = |at: usize| at + 2 >= words.len() && words[at + 1..].iter().all(|word| word.len() == 1);
    match number.filter(|at| *at > 0 && ends(*at)) {
        Some(at) => (words[..at].join(" "), words[at..].concat()),
        None => (words.join(" "), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_patient_becomes_a_record() {
        let patient = json!({
            "resourceType": "Patient",
            "extension": [{"url": BIRTH_PLACE, "valueAddress": {"city": "NAPOLI", "country": "IT"}}],
            "identifier": [
                {"use": "old", "system": CODE[0], "value": "XXXXXX00X00X000X"},
                {"system": CODE[0], "value": "RSSMRA41R64F83VZ"}
            ],
            "name": [{"use": "maiden", "family": "Verdi"}, {"use": "official", "family": "Rossi", "given": ["Maria", "Rosa"]}],
            "gender": "female", "birthDate": "1941-10-24",
            "address": [{"use": "temp", "city": "Roma"}, {"use": "home", "city": "Eboli", "line": ["Via Roma, 12 A"]}],
            "telecom": [{"system": "email", "value": "x"}, {"system": "phone", "value": "+39 081 12-34"}]
        });
        let expected = [
            "Rossi",
            "Maria Rosa",
            "F",
            "1941-10-24",
            "NAPOLI",
            "rssmra41r64f839z",
            "Eboli",
            "Via Roma",
            "12A",
            "0811234",
        ];
        assert_eq!(values(&patient), expected);
        assert_eq!(values(&json!({})), [const { String::new() }; 10]);
        assert_eq!(street("Via 25 Aprile"), ("Via 25 Aprile".to_owned(), String::new()));
        assert_eq!(street("Piazza Dante 3"), ("Piazza Dante".to_owned(), "3".to_owned()));
    }
}
