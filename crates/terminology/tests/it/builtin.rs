//! What is packed: all of it can be read, and it answers what R4 binds its elements to.

use terminology::{Builtin, Canonical, Membership, Source as _, membership};

const FHIR: &str = "http://hl7.org/fhir/ValueSet";

/// Membership in a value set of R4.
fn of(name: &str, system: Option<&str>, code: &str) -> Membership {
    membership(Builtin::r4(), &format!("{FHIR}/{name}"), system, code)
}

#[test]
fn every_packed_resource_can_be_read() {
    let builtin = Builtin::r4();
    let mut broken = Vec::new();
    let (systems, sets, maps) = (
        builtin.urls("CodeSystem"),
        builtin.urls("ValueSet"),
        builtin.urls("ConceptMap"),
    );
    assert!(systems.len() > 1_050 && sets.len() > 1_300 && maps.len() >= 19);
    for url in systems {
        let text = builtin.json("CodeSystem", url).unwrap();
        broken.extend(terminology::CodeSystem::from_json(&text).err().map(|e| e.to_string()));
    }
    for url in sets {
        let text = builtin.json("ValueSet", url).unwrap();
        broken.extend(terminology::ValueSet::from_json(&text).err().map(|e| e.to_string()));
    }
    for url in maps {
        let text = builtin.json("ConceptMap", url).unwrap();
        broken.extend(terminology::ConceptMap::from_json(&text).err().map(|e| e.to_string()));
    }
    assert_eq!(broken, [] as [&str; 0]);
}

#[test]
fn required_bindings_are_decided() {
    use Membership::{In, Out, Unknown};
    assert_eq!(of("administrative-gender|4.0.1", None, "female"), In);
    assert_eq!(of("administrative-gender", None, "donna"), Out);
    assert_eq!(of("administrative-gender", Some("http://other"), "female"), Out);
    assert_eq!(
        of("administrative-gender|3.0.0", None, "female"),
        Unknown,
        "another version"
    );
    assert_eq!(of("no-such-set", None, "x"), Unknown);
    assert_eq!(of("mimetypes|4.0.1", None, "application/pdf"), In);
    assert_eq!(of("mimetypes|4.0.1", None, "pdf"), Out);
    assert_eq!(of("all-languages", None, "it-IT"), In);
    assert_eq!(of("currencies|4.0.1", None, "EUR"), In);
    assert_eq!(of("currencies|4.0.1", None, "euro"), Out);
    assert_eq!(of("resource-types|4.0.1", None, "Patient"), In);
    assert_eq!(of("all-types|4.0.1", None, "Patient"), In);
    assert_eq!(of("all-types|4.0.1", None, "dateTime"), In);
    assert_eq!(of("all-types|4.0.1", None, "Paziente"), Out);
    // listed codes of a system that is not here
    let loinc = Some("http://loinc.org");
    assert_eq!(of("observation-vitalsignresult", loinc, "8867-4"), In);
    assert_eq!(of("observation-codes", loinc, "8867-4"), Unknown);
    // a hierarchy decides
    let act = Some("http://terminology.hl7.org/CodeSystem/v3-ActCode");
    assert_eq!(
        membership(
            Builtin::r4(),
            "http://terminology.hl7.org/ValueSet/v3-ActEncounterCode",
            act,
            "AMB"
        ),
        In
    );
    assert_eq!(
        membership(
            Builtin::r4(),
            "http://terminology.hl7.org/ValueSet/v3-ActEncounterCode",
            act,
            "DIET"
        ),
        Out
    );
}

#[test]
fn every_required_binding_of_r4_is_there() {
    let missing: Vec<String> = required_value_sets()
        .into_iter()
        .filter(|url| Builtin::r4().value_set(Canonical::parse(url)).is_none())
        .collect();
    // a list of LOINC answers, which is not the package's to give
    assert_eq!(missing, ["http://loinc.org/vs/LL379-9|4.0.1"]);
}

/// Value sets that elements of R4's types and resources are bound to, strength required.
fn required_value_sets() -> Vec<String> {
    let mut urls = Vec::new();
    for file in ["Bundle-types.json", "Bundle-resources.json"] {
        let bundle = package(file);
        for entry in bundle["entry"].as_array().unwrap() {
            let elements = entry["resource"]["snapshot"]["element"].as_array();
            for element in elements.into_iter().flatten() {
                let binding = &element["binding"];
                if binding["strength"] == "required" {
                    urls.extend(binding["valueSet"].as_str().map(str::to_owned));
                }
            }
        }
    }
    urls.sort();
    urls.dedup();
    urls
}

/// A file of the npm package.
pub fn package(file: &str) -> serde_json::Value {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../node_modules/hl7.fhir.r4.examples");
    let folder = std::env::var("SINFONIA_FHIR_DEFINITIONS").unwrap_or_else(|_| root.to_owned());
    let text = std::fs::read(std::path::Path::new(&folder).join(file)).unwrap();
    serde_json::from_slice(&text).unwrap()
}
