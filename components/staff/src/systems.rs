//! Names of what this component writes into FHIR resources (README.md tells each).

use serde_json::{Value, json};

/// Codice fiscale.
pub(crate) const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
/// Number of a member of staff in the registry of the employer.
pub(crate) const NUMBER: &str = "https://sinfonia.it/fhir/sid/matricola";
/// Number in a professional register; the register's code follows.
pub(crate) const REGISTER: &str = "https://sinfonia.it/fhir/sid/albo/";
/// Roles, as `crates/access` reads them.
pub(crate) const ROLE: &str = "https://sinfonia.it/fhir/CodeSystem/role";
/// Disciplines of the ministry (`data/disciplines.tsv`).
pub(crate) const DISCIPLINE: &str = "https://sinfonia.it/fhir/CodeSystem/disciplina";
/// Registers and titles (`rules/qualifications.json`).
pub(crate) const QUALIFICATION: &str = "https://sinfonia.it/fhir/CodeSystem/albo";
/// Start of the addresses of extensions.
pub(crate) const EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/";
/// Kinds of places: `ambito` is the area of chosen doctors.
pub(crate) const PLACE: &str = "https://sinfonia.it/fhir/CodeSystem/tipo-luogo";
/// Codes of the Basic resources of this component.
pub(crate) const NOTE: &str = "https://sinfonia.it/fhir/CodeSystem/personale";
/// Most characters of an id in FHIR R4.
const MAX_ID: usize = 64;

/// An extension of a resource by the end of its address.
pub(crate) fn extension<'a>(resource: &'a Value, name: &str) -> Option<&'a Value> {
    extensions(resource, name).next()
}

/// All of a name.
pub(crate) fn extensions<'a>(resource: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let all = resource["extension"].as_array().into_iter().flatten();
    let name = name.to_owned();
    all.filter(move |one| one["url"].as_str().and_then(|url| url.strip_prefix(EXTENSION)) == Some(name.as_str()))
}

/// Puts an extension in the place of those of the same name; `None` takes them away. `value` is its member, such as
/// `("valueCode", json!("dipendente"))`.
pub(crate) fn set_extension(resource: &mut Value, name: &str, value: Option<(&str, Value)>) {
    set_extensions(resource, name, value.into_iter().collect());
}

/// As [`set_extension`], several.
pub(crate) fn set_extensions(resource: &mut Value, name: &str, values: Vec<(&str, Value)>) {
    let url = format!("{EXTENSION}{name}");
    let mut all: Vec<Value> = resource["extension"].as_array().cloned().unwrap_or_default();
    all.retain(|one| one["url"] != url.as_str());
    for (member, value) in values {
        let mut one = json!({"url": url});
        one[member] = value;
        all.push(one);
    }
    match (all.is_empty(), resource.as_object_mut()) {
        (true, Some(object)) => {
            object.remove("extension");
        }
        _ => resource["extension"] = Value::Array(all),
    }
}

/// The id of a reference to a type.
pub(crate) fn id_of<'a>(reference: &'a Value, rtype: &str) -> Option<&'a str> {
    let text = reference["reference"].as_str()?;
    let id = text.strip_prefix(rtype)?.strip_prefix('/')?;
    is_id(id).then_some(id)
}

/// Whether it can be the id of a resource.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// `Carmela De Luca` of a person: its text where it has one.
pub(crate) fn name(person: &Value) -> String {
    let name = &person["name"][0];
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<&str> = given.chain(name["family"].as_str()).collect();
    match words.is_empty() {
        true => person["id"].as_str().unwrap_or_default().to_owned(),
        false => words.join(" "),
    }
}

/// The value of an identifier of a system.
pub(crate) fn identifier<'a>(resource: &'a Value, system: &str) -> Option<&'a str> {
    let all = resource["identifier"].as_array()?;
    all.iter().find(|one| one["system"] == system)?["value"].as_str()
}

/// Puts an identifier in the place of that of the same system; an empty one takes it away.
pub(crate) fn set_identifier(resource: &mut Value, system: &str, value: &str) {
    let mut all: Vec<Value> = resource["identifier"].as_array().cloned().unwrap_or_default();
    all.retain(|one| one["system"] != system);
    if !value.is_empty() {
        all.push(json!({"system": system, "value": value}));
    }
    match (all.is_empty(), resource.as_object_mut()) {
        (true, Some(object)) => {
            object.remove("identifier");
        }
        _ => resource["identifier"] = Value::Array(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_takes_the_place_of_its_namesake_and_leaves_the_others() {
        let mut role = json!({"extension": [{"url": "altro", "valueCode": "x"}]});
        set_extension(&mut role, "contratto", Some(("valueCode", json!("dipendente"))));
        set_extension(&mut role, "contratto", Some(("valueCode", json!("convenzionato"))));
        assert_eq!(extension(&role, "contratto").unwrap()["valueCode"], "convenzionato");
        assert_eq!(role["extension"].as_array().unwrap().len(), 2);
        set_extension(&mut role, "contratto", None);
        assert_eq!(role["extension"].as_array().unwrap().len(), 1);
    }
}
