//! A FHIR `Patient` as the registry reads it.

use serde_json::Value;

/// System of the codice fiscale.
pub(crate) const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
/// System of STP codes (straniero temporaneamente presente).
pub(crate) const STP: &str = "http://hl7.it/sid/stp";
/// System of ENI codes (europeo non iscritto).
pub(crate) const ENI: &str = "http://hl7.it/sid/eni";
/// System of the number of the European health insurance card.
pub(crate) const TEAM: &str = "urn:oid:2.16.840.1.113883.2.9.4.3.7";

/// Place of birth.
pub(crate) const BIRTH_PLACE: &str = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace";
/// Citizenship.
pub(crate) const CITIZENSHIP: &str = "http://hl7.org/fhir/StructureDefinition/patient-citizenship";
/// `valueBoolean`: the person has no home; the residence has no street.
pub(crate) const HOMELESS: &str = "https://sinfonia.it/fhir/StructureDefinition/senza-dimora";
/// `valueCode`: why there is no code yet (`neonato`, `in-attesa`, `sconosciuto`).
pub(crate) const NO_CODE: &str = "https://sinfonia.it/fhir/StructureDefinition/codice-mancante";
/// `valueCode` on an address of birth: Belfiore code of the municipality or state.
pub(crate) const BELFIORE: &str = "https://sinfonia.it/fhir/StructureDefinition/belfiore";
/// `valueCode` on an address: ISTAT code of the municipality.
pub(crate) const MUNICIPALITY: &str = "https://sinfonia.it/fhir/StructureDefinition/comune";

/// The items of a list element.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// A text element; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The value of an identifier in this system that is in use.
pub(crate) fn identifier<'a>(patient: &'a Value, system: &str) -> Option<&'a str> {
    let of_system = items(patient, "identifier").filter(|one| one["system"] == system && one["use"] != "old");
    of_system.filter_map(|one| one["value"].as_str()).next()
}

/// The extension with this address.
pub(crate) fn extension<'a>(value: &'a Value, url: &str) -> Option<&'a Value> {
    items(value, "extension").find(|one| one["url"] == url)
}

/// The name in use: the first that is not an old one.
pub(crate) fn current_name(patient: &Value) -> &Value {
    let in_use = |name: &&Value| !matches!(name["use"].as_str(), Some("old" | "maiden" | "nickname"));
    let found = items(patient, "name").find(|name| in_use(name) && name["period"]["end"].is_null());
    found.unwrap_or(&patient["name"][0])
}

/// Surname.
pub(crate) fn family(patient: &Value) -> &str {
    text(current_name(patient), "family")
}

/// Given names, separated by blanks.
pub(crate) fn given(patient: &Value) -> String {
    let given: Vec<&str> = items(current_name(patient), "given")
        .filter_map(Value::as_str)
        .collect();
    given.join(" ")
}

/// `De Luca Carmela`, as registries write it; the text of the name where it has no parts; else the id.
pub(crate) fn name(patient: &Value) -> String {
    let (family, given) = (family(patient), given(patient));
    let both = format!("{family} {given}");
    match (both.trim(), current_name(patient)["text"].as_str()) {
        ("", Some(text)) => text.to_owned(),
        ("", None) => text(patient, "id").to_owned(),
        (name, _) => name.to_owned(),
    }
}

/// The address of a use (`home`: residence, `temp`: domicile) that has no end.
pub(crate) fn address<'a>(patient: &'a Value, usage: &str) -> Option<&'a Value> {
    items(patient, "address").find(|one| one["use"] == usage && one["period"]["end"].is_null())
}

/// `Via Roma 3, 80121 Napoli (NA)`.
pub(crate) fn address_line(address: &Value) -> String {
    let lines: Vec<&str> = items(address, "line").filter_map(Value::as_str).collect();
    let mut place = [text(address, "postalCode"), text(address, "city")]
        .join(" ")
        .trim()
        .to_owned();
    if let Some(district) = address["district"].as_str().filter(|district| !district.is_empty()) {
        place = format!("{place} ({district})");
    }
    match address["country"].as_str() {
        Some(country) if !matches!(country, "IT" | "ITA" | "Italia" | "") => place = format!("{place}, {country}"),
        _ => {}
    }
    let all: Vec<&str> = lines
        .iter()
        .copied()
        .chain([place.as_str()])
        .filter(|part| !part.trim().is_empty())
        .collect();
    match (all.is_empty(), address["text"].as_str()) {
        (true, Some(text)) => text.to_owned(),
        _ => all.join(", "),
    }
}

/// Whether the record says that the person died.
pub(crate) fn is_dead(patient: &Value) -> bool {
    patient["deceasedBoolean"] == true || patient["deceasedDateTime"].is_string()
}

/// Whether the record was replaced by another, or closed.
pub(crate) fn is_inactive(patient: &Value) -> bool {
    patient["active"] == false
}

/// The code a person is known by at a desk, and its message key: codice fiscale, else STP, else ENI.
pub(crate) fn main_code(patient: &Value) -> Option<(&'static str, &str)> {
    [
        ("code-cf", FISCAL),
        ("code-stp", STP),
        ("code-eni", ENI),
        ("code-team", TEAM),
    ]
    .into_iter()
    .find_map(|(key, system)| Some((key, identifier(patient, system)?)))
}

/// `Napoli (NA)`, or the state; empty where it is not known.
pub(crate) fn birth_place(patient: &Value) -> String {
    let Some(place) = extension(patient, BIRTH_PLACE).map(|one| &one["valueAddress"]) else {
        return String::new();
    };
    match (text(place, "city"), text(place, "district")) {
        ("", _) if !text(place, "text").is_empty() => text(place, "text").to_owned(),
        ("", _) => text(place, "country").to_owned(),
        (city, "") => city.to_owned(),
        (city, district) => format!("{city} ({district})"),
    }
}

/// The state of citizenship, where the record names one: nobody's is written where it is Italy.
pub(crate) fn citizenship(patient: &Value) -> Option<String> {
    let one = extension(patient, CITIZENSHIP)?;
    let concept = &items(one, "extension").find(|part| part["url"] == "code")?["valueCodeableConcept"];
    let said = concept["text"]
        .as_str()
        .or_else(|| concept["coding"][0]["display"].as_str());
    said.or_else(|| concept["coding"][0]["code"].as_str())
        .map(str::to_owned)
}

/// Whether the record says that the person has no home.
pub(crate) fn is_homeless(patient: &Value) -> bool {
    extension(patient, HOMELESS).is_some_and(|one| one["valueBoolean"] == true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_is_read() {
        let patient = json!({"id": "1", "name": [
            {"use": "old", "family": "Rossi", "given": ["Anna"]},
            {"use": "official", "family": "De Luca", "given": ["Anna", "Maria"]}],
            "identifier": [{"system": FISCAL, "value": "OLD", "use": "old"}, {"system": STP, "value": "STP1"}],
            "address": [{"use": "home", "line": ["Via Roma 3"], "city": "Napoli", "district": "NA", "postalCode": "80121", "country": "IT"}]});
        assert_eq!(name(&patient), "De Luca Anna Maria");
        assert_eq!(main_code(&patient), Some(("code-stp", "STP1")));
        assert_eq!(
            address_line(address(&patient, "home").unwrap()),
            "Via Roma 3, 80121 Napoli (NA)"
        );
        assert_eq!(name(&json!({"id": "x"})), "x");
        assert_eq!(name(&json!({"name": [{"text": "Ignoto"}]})), "Ignoto");
    }
}
