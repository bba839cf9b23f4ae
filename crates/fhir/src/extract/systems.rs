//! Italian identifier systems that documents name in two ways.

/// (URI, OID) of the same system. URIs are those of the HL7 Italia base guide, OIDs those of its dossier farmaceutico
/// guide, whose Patient profiles slice `identifier` by them.
const TWO_NAMES: [(&str, &str); 3] = [
    ("http://hl7.it/sid/codiceFiscale", "urn:oid:2.16.840.1.113883.2.9.4.3.2"),
    ("http://hl7.it/sid/anpr", "urn:oid:2.16.840.1.113883.2.9.4.3.16"),
    ("http://hl7.it/sid/eni", "urn:oid:2.16.840.1.113883.2.9.4.3.18"),
];

/// The other name of a system, so that an identifier written with one is found by either.
pub(super) fn other_name(system: &str) -> Option<&'static str> {
    if !system.starts_with("http://hl7.it/") && !system.starts_with("urn:oid:2.16.840.1.113883.2.9") {
        return None;
    }
    TWO_NAMES.iter().find_map(|(uri, oid)| match system {
        _ if system == *uri => Some(*oid),
        _ if system == *oid => Some(*uri),
        _ => None,
    })
}
