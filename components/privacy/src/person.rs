//! People as shown, and the narrow look-ups of identity that the pages make for somebody who has no tie: names only,
//! asked as the program and noted under the person's own request.

use component::{Fhir, PeerError};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Names asked for at once.
const CHUNK: usize = 50;
/// Systems of the codice fiscale: HL7 Italia's, and the OID of the FSE.
pub const FISCAL: [&str; 2] = ["http://hl7.it/sid/codiceFiscale", "urn:oid:2.16.840.1.113883.2.9.4.3.2"];

/// `De Luca Carmela`.
pub fn name(person: &Value) -> String {
    let names = person["name"].as_array().map_or(&[][..], Vec::as_slice);
    let chosen = names.iter().find(|n| n["use"] == "official").or(names.first());
    let Some(chosen) = chosen else { return String::new() };
    let given = chosen["given"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let family = chosen["family"].as_str().unwrap_or_default();
    let text = std::iter::once(family).chain(given).collect::<Vec<_>>().join(" ");
    match text.trim() {
        "" => chosen["text"].as_str().unwrap_or_default().to_owned(),
        text => text.to_owned(),
    }
}

/// The codice fiscale.
pub fn fiscal_code(person: &Value) -> Option<&str> {
    let identifiers = person["identifier"].as_array()?;
    let found = identifiers
        .iter()
        .find(|i| FISCAL.iter().any(|system| i["system"] == *system))?;
    found["value"].as_str()
}

/// The tokens that find a codice fiscale.
pub fn fiscal_token(code: &str) -> String {
    FISCAL.map(|system| format!("{system}|{code}")).join(",")
}

/// Whether a text can be a codice fiscale.
pub fn is_fiscal_code(code: &str) -> bool {
    code.len() == 16 && code.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether it can be an id of a resource, so that it may stand in an address or a search.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// Resources of a type by id, with these elements only.
pub async fn by_id(
    fhir: &Fhir,
    rtype: &str,
    ids: &BTreeSet<String>,
    elements: &str,
) -> Result<HashMap<String, Value>, PeerError> {
    let mut found = HashMap::new();
    let ids: Vec<&str> = ids.iter().map(String::as_str).filter(|id| is_id(id)).collect();
    for chunk in ids.chunks(CHUNK) {
        let list = chunk.join(",");
        let search = [("_id", list.as_str()), ("_elements", elements), ("_count", "100")];
        for resource in fhir.search(rtype, &search).await? {
            if let Some(id) = resource["id"].as_str() {
                found.insert(id.to_owned(), resource);
            }
        }
    }
    Ok(found)
}

/// Names by reference (`Patient/…`, `Practitioner/…`); what is not there has none.
pub async fn names<'a>(
    fhir: &Fhir,
    references: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, String>, PeerError> {
    let mut by_type: HashMap<&str, BTreeSet<String>> = HashMap::new();
    for reference in references {
        if let Some((rtype @ ("Patient" | "Practitioner"), id)) = reference.split_once('/') {
            by_type.entry(rtype).or_default().insert(id.to_owned());
        }
    }
    let mut found = HashMap::new();
    for (rtype, ids) in by_type {
        for (id, person) in by_id(fhir, rtype, &ids, "name").await? {
            found.insert(format!("{rtype}/{id}"), name(&person));
        }
    }
    Ok(found)
}
