//! What well-known examples are found by.

use fhir::{Definitions, IndexValue, extract};
use jiff::Timestamp;
use serde_json::{Value, json};

fn show(value: &IndexValue) -> String {
    let time = |us: i64| match us {
        i64::MIN => "-".to_owned(),
        i64::MAX => "+".to_owned(),
        us => Timestamp::from_microsecond(us).unwrap().to_string(),
    };
    match value {
        IndexValue::Token { system, code } => format!("{system}|{code}"),
        IndexValue::String { normalized, exact } => format!("{normalized} <- {exact}"),
        IndexValue::Date { lo, hi } => format!("{}..{}", time(*lo), time(*hi)),
        IndexValue::Number(number) => format!("{number}"),
        IndexValue::Quantity {
            value,
            system,
            code,
            unit,
            ..
        } => format!("{value}|{system}|{code} {unit}"),
        IndexValue::Reference { rtype, id } => format!("{rtype}/{id}"),
        IndexValue::ReferenceUrl(url) => format!("url {url}"),
        IndexValue::ReferenceIdentifier { system, value } => format!("identifier {system}|{value}"),
        IndexValue::Uri(uri) => uri.clone(),
        IndexValue::Composite(parts) => parts.iter().map(show).collect::<Vec<_>>().join(" $ "),
        IndexValue::Position { latitude, longitude } => format!("{latitude} {longitude}"),
        IndexValue::Text(text, alone) => format!("text {text}{}", if *alone { " alone" } else { "" }),
        IndexValue::OfType { system, code, value } => format!("{value} of type {system}|{code}"),
    }
}

/// The values of one parameter, without the texts beside them.
fn values(resource: &Value, code: &str) -> Vec<String> {
    let beside = |shown: &String| shown.starts_with("text ") || shown.contains(" of type ");
    let mut shown = all_values(resource, code);
    shown.retain(|shown| !beside(shown));
    shown
}

/// The values of one parameter.
fn all_values(resource: &Value, code: &str) -> Vec<String> {
    let r4 = Definitions::r4();
    let param = r4
        .param(resource["resourceType"].as_str().unwrap(), code)
        .unwrap_or_else(|| panic!("{code}"));
    let found = extract(r4, resource).unwrap();
    found
        .entries
        .iter()
        .filter(|entry| entry.param == param.id)
        .map(|entry| show(&entry.value))
        .collect()
}

fn check(name: &str, expected: &[(&str, &[&str])]) {
    let resource = super::example(name);
    for (code, wanted) in expected {
        assert_eq!(values(&resource, code), *wanted, "{name} {code}");
    }
}

fn patient(resource: &Value) -> Option<String> {
    extract(Definitions::r4(), resource).unwrap().patient
}

const DAY_2012_09_17: &str = "2012-09-17T00:00:00Z..2012-09-17T23:59:59.999999Z";

#[test]
fn people() {
    check(
        "Patient-example",
        &[
            ("active", &["|true"]),
            ("deceased", &["|false"]),
            ("gender", &["http://hl7.org/fhir/administrative-gender|male"]),
            ("birthdate", &["1974-12-25T00:00:00Z..1974-12-25T23:59:59.999999Z"]),
            ("family", &["chalmers <- Chalmers", "windsor <- Windsor"]),
            ("given", &["james <- James", "jim <- Jim", "peter <- Peter"]),
            // As written, and the digits alone.
            (
                "phone",
                &[
                    "|(03) 3410 5613",
                    "|(03) 5555 6473",
                    "|(03) 5555 8834",
                    "|0334105613",
                    "|0355556473",
                    "|0355558834",
                ],
            ),
            (
                "fullname",
                &[
                    "chalmers james <- ",
                    "chalmers peter <- ",
                    "james chalmers <- ",
                    "james windsor <- ",
                    "jim <- ",
                    "peter chalmers <- ",
                    "peter james <- ",
                    "peter windsor <- ",
                    "windsor james <- ",
                    "windsor peter <- ",
                ],
            ),
            ("email", &[]),
            ("identifier", &["urn:oid:1.2.36.146.595.217.0.1|12345"]),
            ("address-city", &["pleasantville <- PleasantVille"]),
            ("organization", &["Organization/1"]),
            ("general-practitioner", &[]),
        ],
    );
    check(
        "Practitioner-example",
        &[("name", &["adam <- Adam", "careful <- Careful", "dr <- Dr"])],
    );
    check(
        "Organization-hl7",
        &[
            (
                "name",
                &[
                    "hl7 international <- HL7 International",
                    "health level seven international <- Health Level Seven International",
                ],
            ),
            ("address-country", &["usa <- USA"]),
            ("endpoint", &["Endpoint/example"]),
        ],
    );
    assert_eq!(patient(&super::example("Patient-example")).as_deref(), Some("example"));
    assert_eq!(patient(&super::example("Practitioner-example")), None);
}

#[test]
fn a_deceased_patient() {
    let patient = |name: &str, value: Value| values(&json!({"resourceType": "Patient", name: value}), "deceased");
    assert_eq!(patient("deceasedBoolean", json!(true)), ["|true"]);
    assert_eq!(patient("deceasedBoolean", json!(false)), ["|false"]);
    assert_eq!(patient("deceasedDateTime", json!("2020-01")), ["|true"]);
}

#[test]
fn observations() {
    check(
        "Observation-f001",
        &[
            ("code", &["http://loinc.org|15074-8"]),
            ("value-quantity", &["6.3|http://unitsofmeasure.org|mmol/L mmol/l"]),
            ("combo-value-quantity", &["6.3|http://unitsofmeasure.org|mmol/L mmol/l"]),
            ("value-string", &[]),
            ("date", &["2013-04-02T08:30:10Z..+"]),
            ("status", &["http://hl7.org/fhir/observation-status|final"]),
            ("subject", &["Patient/f001"]),
            ("patient", &["Patient/f001"]),
            ("performer", &["Practitioner/f005"]),
        ],
    );
    check(
        "Observation-blood-pressure",
        &[
            ("date", &[DAY_2012_09_17]),
            ("based-on", &["identifier https://acme.org/identifiers|1234"]),
            (
                "component-value-quantity",
                &[
                    "60|http://unitsofmeasure.org|mm[Hg] mmHg",
                    "107|http://unitsofmeasure.org|mm[Hg] mmHg",
                ],
            ),
            ("_profile", &["http://hl7.org/fhir/StructureDefinition/vitalsigns"]),
            (
                "combo-code",
                &[
                    "http://snomed.info/sct|271649006",
                    "http://loinc.org|8462-4",
                    "http://loinc.org|8480-6",
                    "http://loinc.org|85354-9",
                    "http://acme.org/devices/clinical-codes|bp-s",
                ],
            ),
        ],
    );
    assert_eq!(patient(&super::example("Observation-f001")).as_deref(), Some("f001"));
}

#[test]
fn care() {
    check(
        "Condition-example",
        &[
            ("onset-date", &["2012-05-24T00:00:00Z..2012-05-24T23:59:59.999999Z"]),
            (
                "clinical-status",
                &["http://terminology.hl7.org/CodeSystem/condition-clinical|active"],
            ),
            ("code", &["http://snomed.info/sct|39065001"]),
        ],
    );
    check(
        "Encounter-f001",
        &[
            ("class", &["http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB"]),
            ("length", &["140|http://unitsofmeasure.org|min min"]),
            ("practitioner", &["Practitioner/f002"]),
            ("service-provider", &["Organization/f001"]),
        ],
    );
    check(
        "CarePlan-example",
        &[
            ("date", &["-..2017-06-01T23:59:59.999999Z"]),
            ("goal", &["Goal/example"]),
        ],
    );
    check(
        "Appointment-example",
        &[
            ("actor", &["Location/1", "Patient/example", "Practitioner/example"]),
            ("patient", &["Patient/example"]),
            ("location", &["Location/1"]),
            ("practitioner", &["Practitioner/example"]),
        ],
    );
    check(
        "Task-example1",
        &[
            ("period", &["2016-10-30T22:25:05Z..+"]),
            ("focus", &["ServiceRequest/lipid"]),
            ("patient", &["Patient/example"]),
        ],
    );
    check(
        "RiskAssessment-genetic",
        &[
            ("date", &["2006-01-13T23:01:00Z..2006-01-13T23:01:00.999999Z"]),
            ("method", &["|BRCAPRO"]),
        ],
    );
    check(
        "Group-102",
        &[
            (
                "member",
                &["Patient/pat1", "Patient/pat2", "Patient/pat3", "Patient/pat4"],
            ),
            ("actual", &["|true"]),
        ],
    );
    // R4 has no patient compartment for Task: its patient places it
    for (name, id) in [
        ("Task-example1", "example"),
        ("Group-102", "pat1"),
        ("Coverage-9876B1", "4"),
    ] {
        assert_eq!(patient(&super::example(name)).as_deref(), Some(id), "{name}");
    }
}

#[test]
fn definitions_and_money() {
    check("Invoice-example", &[("totalgross", &["48|urn:iso:std:iso:4217|EUR "])]);
    check(
        "Library-library-cms146-example",
        &[
            ("depends-on", &["Library/library-quick-model-definition"]),
            ("composed-of", &[]),
        ],
    );
    check(
        "Bundle-father",
        &[
            ("composition", &["Composition/180f219f-97a8-486d-99d9-ed631fe4fc57"]),
            ("message", &[]),
        ],
    );
    check(
        "ConceptMap-101",
        &[
            ("source-uri", &["url http://hl7.org/fhir/ValueSet/address-use"]),
            ("url", &["http://hl7.org/fhir/ConceptMap/101"]),
        ],
    );
    check("MolecularSequence-example", &[("variant-start", &["22125503"])]);
    check(
        "ValueSet-example-extensional",
        &[
            ("context-quantity", &["18|http://unitsofmeasure.org|a yrs"]),
            ("reference", &["http://loinc.org"]),
        ],
    );
    check(
        "Coverage-9876B1",
        &[("policy-holder", &["url http://benefitsinc.com/FHIR/Organization/CBI35"])],
    );
}

#[test]
fn an_italian_identifier_is_found_by_either_name_of_its_system() {
    let tax_code = |system: &str| json!({"resourceType": "Patient", "identifier": [{"system": system, "value": "RSSMRA41R64A455O"}]});
    let both = [
        "http://hl7.it/sid/codiceFiscale|RSSMRA41R64A455O",
        "urn:oid:2.16.840.1.113883.2.9.4.3.2|RSSMRA41R64A455O",
    ];
    assert_eq!(values(&tax_code("http://hl7.it/sid/codiceFiscale"), "identifier"), both);
    assert_eq!(
        values(&tax_code("urn:oid:2.16.840.1.113883.2.9.4.3.2"), "identifier"),
        both
    );
}

#[test]
fn references_of_every_form() {
    let of = |reference: Value| values(&json!({"resourceType": "Observation", "subject": reference}), "subject");
    assert_eq!(of(json!({"reference": "Patient/1/_history/2"})), ["Patient/1"]);
    assert_eq!(of(json!({"reference": "urn:uuid:1"})), ["url urn:uuid:1"]);
    assert_eq!(
        of(json!({"reference": "https://x/fhir/Patient/1/_history/2"})),
        ["url https://x/fhir/Patient/1"]
    );
    assert_eq!(of(json!({"reference": "#p"})), [] as [&str; 0]);
    assert_eq!(of(json!({"identifier": {"value": "7"}})), ["identifier |7"]);
    let patient = |reference: Value| values(&json!({"resourceType": "Observation", "subject": reference}), "patient");
    assert_eq!(patient(json!({"reference": "Group/1"})), [] as [&str; 0]);
    assert_eq!(
        patient(json!({"reference": "urn:uuid:1", "type": "Patient"})),
        ["url urn:uuid:1"]
    );
    assert_eq!(
        patient(json!({"reference": "https://x/fhir/Patient/1"})),
        ["url https://x/fhir/Patient/1"]
    );
    assert_eq!(patient(json!({"identifier": {"value": "7"}})), ["identifier |7"]);
}

#[test]
fn values_of_the_wrong_shape_are_passed_over() {
    let odd = json!({
        "resourceType": "Patient", "id": 3, "name": "Ada", "gender": ["x", null], "birthDate": "yesterday",
        "address": [[{"city": ["Roma"]}]], "managingOrganization": [{"reference": 1}], "active": "true",
    });
    let found = extract(Definitions::r4(), &odd).unwrap();
    assert_eq!(found.patient, None);
    assert_eq!(values(&odd, "gender"), ["http://hl7.org/fhir/administrative-gender|x"]);
    assert!(values(&odd, "birthdate").is_empty() && values(&odd, "active").is_empty());
}

#[test]
fn long_values_are_cut_or_left_out() {
    let long = "è".repeat(100_000);
    let patient = json!({
        "resourceType": "Patient", "name": [{"family": long}], "identifier": [{"value": long}],
        "managingOrganization": {"reference": format!("http://x/{long}")},
    });
    let family = values(&patient, "family");
    assert_eq!(
        family,
        [format!(
            "{} <- {}",
            "e".repeat(fhir::MAX_INDEXED_CHARS),
            "è".repeat(fhir::MAX_INDEXED_CHARS)
        )]
    );
    assert!(values(&patient, "identifier").is_empty() && values(&patient, "organization").is_empty());
}

#[test]
fn components_of_a_composite_come_from_one_element() {
    let code = |code: &str| json!({"coding": [{"system": "http://loinc.org", "code": code, "display": "Shown"}]});
    let mmhg = |value: f64| json!({"value": value, "system": "http://unitsofmeasure.org", "code": "mm[Hg]"});
    let pressure = json!({"resourceType": "Observation", "status": "final", "code": code("85354-9"),
        "component": [
            {"code": code("8480-6"), "valueQuantity": mmhg(150.0)},
            {"code": code("8462-4"), "valueQuantity": mmhg(90.0)},
            {"code": code("x"), "valueCodeableConcept": {"coding": [{"code": "a"}, {"code": "b"}]}}]});
    let sys = "http://loinc.org|8462-4 $ 90|http://unitsofmeasure.org|mm[Hg] ";
    let dia = "http://loinc.org|8480-6 $ 150|http://unitsofmeasure.org|mm[Hg] ";
    assert_eq!(all_values(&pressure, "component-code-value-quantity"), [sys, dia]);
    assert_eq!(all_values(&pressure, "combo-code-value-quantity"), [sys, dia]);
    assert_eq!(all_values(&pressure, "code-value-quantity"), Vec::<String>::new());
    let both = ["http://loinc.org|x $ |a", "http://loinc.org|x $ |b"];
    assert_eq!(all_values(&pressure, "combo-code-value-concept"), both);
    let dated = json!({"resourceType": "Observation", "code": code("c"), "valueDateTime": "2024"});
    let year = "http://loinc.org|c $ 2024-01-01T00:00:00Z..2024-12-31T23:59:59.999999Z";
    assert_eq!(all_values(&dated, "code-value-date"), [year]);
}

#[test]
fn composites_of_every_form() {
    let sequence = json!({"resourceType": "MolecularSequence", "coordinateSystem": 0,
        "referenceSeq": {"chromosome": {"coding": [{"system": "s", "code": "3"}]}, "windowStart": 1, "windowEnd": 9},
        "variant": [{"start": 2, "end": 4}, {"start": 5, "end": 6}]});
    let variants = ["s|3 $ 2 $ 4", "s|3 $ 5 $ 6"];
    assert_eq!(all_values(&sequence, "chromosome-variant-coordinate"), variants);
    assert_eq!(all_values(&sequence, "chromosome-window-coordinate"), ["s|3 $ 1 $ 9"]);
    let document = json!({"resourceType": "DocumentReference",
        "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/1"}}]});
    let replaces = "http://hl7.org/fhir/document-relationship-type|replaces $ DocumentReference/1";
    assert_eq!(all_values(&document, "relationship"), [replaces]);
    let group = json!({"resourceType": "Group", "characteristic": [
        {"code": {"coding": [{"code": "smoker"}]}, "valueBoolean": true, "exclude": false}]});
    assert_eq!(all_values(&group, "characteristic-value"), ["|smoker $ |true"]);
    let set = json!({"resourceType": "ValueSet", "useContext": [{"code": {"system": "s", "code": "age"},
        "valueRange": {"low": {"value": 1}, "high": {"value": 4}}}]});
    assert_eq!(
        all_values(&set, "context-type-quantity"),
        ["s|age $ 1|| ", "s|age $ 4|| "]
    );
}

#[test]
fn texts_and_types_stand_beside_codes() {
    let patient = json!({"resourceType": "Patient",
        "maritalStatus": {"text": "Sposàta"},
        "generalPractitioner": [{"reference": "Practitioner/1", "display": "Dott. Verdi"}, {"display": "Dott. Neri"}],
        "identifier": [{"value": "1", "type": {"text": "Cartella", "coding": [{"system": "t", "code": "MR"}]}}]});
    assert_eq!(
        all_values(&patient, "general-practitioner"),
        ["Practitioner/1", "text dott neri alone", "text dott verdi"]
    );
    assert_eq!(
        all_values(&patient, "identifier"),
        ["|1", "text cartella", "1 of type t|MR"]
    );
    let condition = json!({"resourceType": "Condition", "code": {"text": "Mal di testa"}});
    assert_eq!(all_values(&condition, "code"), ["text mal di testa alone"]);
    let place = json!({"resourceType": "Location", "position": {"latitude": 40.85, "longitude": 14.27}});
    assert_eq!(all_values(&place, "near"), ["40.85 14.27"]);
    assert!(all_values(&patient, "_id").is_empty(), "a column of its own");
}
