//! Names of what the registry writes: code systems, extensions, identifier systems.

use serde_json::{Value, json};

/// Codice fiscale.
pub(crate) const FISCAL: &str = "http://hl7.it/sid/codiceFiscale";
/// Kinds of assistance (`Coverage.type`): `ssn`, `temporanea`, `stp`, `eni`, `team-ue`.
pub(crate) const ASSISTANCE: &str = "https://sinfonia.it/fhir/CodeSystem/assistenza";
/// Kinds of choice (`EpisodeOfCare.type`): `mmg`, `pls`, `temporanea`.
pub(crate) const CHOICE: &str = "https://sinfonia.it/fhir/CodeSystem/scelta-medico";
/// Exemptions (`Coverage.type`).
pub(crate) const EXEMPTION: &str = "https://sinfonia.it/fhir/CodeSystem/esenzione";
/// Why a period ended, on `Coverage` and `EpisodeOfCare`: `decesso`, `emigrazione`, `eta`, `cambio`, …
pub(crate) const END_REASON: &str = "https://sinfonia.it/fhir/StructureDefinition/motivo-fine";
/// Which kind of doctor a choice is for, where its type says that it is temporary.
pub(crate) const DOCTOR_KIND: &str = "https://sinfonia.it/fhir/StructureDefinition/tipo-medico";
/// A doctor's own ceiling, on `PractitionerRole`.
pub(crate) const CEILING: &str = "https://sinfonia.it/fhir/StructureDefinition/massimale";
/// The area of a doctor: reference to a `Location`.
pub(crate) const AREA: &str = "https://sinfonia.it/fhir/StructureDefinition/ambito";
/// A municipality (ISTAT code) of an area or of an address.
pub(crate) const MUNICIPALITY: &str = "https://sinfonia.it/fhir/StructureDefinition/comune";
/// Role codes of `PractitionerRole.code`.
pub(crate) const ROLE: &str = "https://sinfonia.it/fhir/CodeSystem/role";
/// Whom an `EpisodeOfCare` ties beside nobody else: without it, everybody of the health authority would see the person.
const TIES: &str = "https://sinfonia.it/fhir/CodeSystem/legami";

/// The tag of an assistance that has a last day.
pub(crate) const ENDING: (&str, &str) = ("https://sinfonia.it/fhir/CodeSystem/anagrafe", "a-termine");

/// The tag that lets a resource tie one reference only.
pub(crate) fn ties_only(reference: &str) -> Value {
    json!({"tag": [{"system": TIES, "code": reference}]})
}

/// The code of a system among the codings of a concept.
pub(crate) fn code_of<'a>(concept: &'a Value, system: &str) -> Option<&'a str> {
    let codings = concept["coding"].as_array()?;
    codings.iter().find(|one| one["system"] == system)?["code"].as_str()
}

/// The extension with an address.
pub(crate) fn extension<'a>(resource: &'a Value, url: &str) -> Option<&'a Value> {
    resource["extension"].as_array()?.iter().find(|one| one["url"] == url)
}

/// Sets an extension, in place of one with the same address.
pub(crate) fn set_extension(resource: &mut Value, url: &str, name: &str, value: Value) {
    let mut all: Vec<Value> = resource["extension"].as_array().cloned().unwrap_or_default();
    all.retain(|one| one["url"] != url);
    all.push(json!({"url": url, name: value}));
    resource["extension"] = Value::Array(all);
}

/// The id in a reference of a type.
pub(crate) fn id_in<'a>(reference: &'a Value, rtype: &str) -> Option<&'a str> {
    reference["reference"].as_str()?.strip_prefix(rtype)?.strip_prefix('/')
}
