//! Generated people and their observations: the same for the same number.

use serde_json::{Value, json};
use std::ops::Range;

/// System of the generated identifiers.
pub const SYSTEM: &str = "http://hl7.it/sid/codiceFiscale";

const FAMILIES: [&str; 40] = [
    "Rossi",
    "Esposito",
    "Russo",
    "Romano",
    "Ferrara",
    "Marino",
    "Greco",
    "Bruno",
    "Gallo",
    "Conti",
    "Costa",
    "Mancini",
    "Giordano",
    "Rizzo",
    "Lombardi",
    "Moretti",
    "Barbieri",
    "Fontana",
    "Santoro",
    "Mariani",
    "Rinaldi",
    "Caruso",
    "Ferri",
    "Galli",
    "Martini",
    "Leone",
    "Longo",
    "Gentile",
    "Martinelli",
    "Vitale",
    "Lombardo",
    "Serra",
    "Coppola",
    "Parisi",
    "Villa",
    "Conte",
    "Ferretti",
    "Sala",
    "Bianco",
    "Marchetti",
];

/// The id of a patient.
pub fn patient_id(n: u64) -> String {
    format!("bench-{n}")
}

/// The family name of a patient.
pub fn family(n: u64) -> &'static str {
    FAMILIES[(n % FAMILIES.len() as u64) as usize]
}

/// The birth date of a patient.
pub fn birth_date(n: u64) -> String {
    format!("{}-{:02}-{:02}", 1930 + n % 60, 1 + n % 12, 1 + n % 28)
}

fn patient(n: u64) -> Value {
    json!({"resourceType": "Patient", "id": patient_id(n), "active": true,
        "identifier": [{"system": SYSTEM, "value": patient_id(n)}],
        "name": [{"use": "official", "family": family(n), "given": ["Maria"]}],
        "telecom": [{"system": "phone", "value": format!("+39 081 {n:07}")}],
        "gender": if n.is_multiple_of(2) { "female" } else { "male" }, "birthDate": birth_date(n),
        "address": [{"use": "home", "line": [format!("Via Toledo {n}")], "city": "Napoli", "postalCode": "80134"}]})
}

/// A glycated haemoglobin of a patient.
pub fn observation(patient: u64, n: u64) -> Value {
    json!({"resourceType": "Observation", "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",
            "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}]},
        "subject": {"reference": format!("Patient/{}", patient_id(patient))},
        "effectiveDateTime": format!("{}-{:02}-{:02}T08:30:00+01:00", 2023 + n % 3, 1 + n % 12, 1 + n % 28),
        "valueQuantity": {"value": 40 + n % 50, "unit": "mmol/mol", "system": "http://unitsofmeasure.org",
            "code": "mmol/mol"}})
}

/// Patients with three observations each, a resource a line.
pub fn lines(patients: Range<u64>) -> String {
    let mut out = String::new();
    for n in patients {
        out += &patient(n).to_string();
        out.push('\n');
        for k in 0..3 {
            let mut value = observation(n, k + 1);
            value["id"] = json!(format!("bench-{n}-{k}"));
            out += &value.to_string();
            out.push('\n');
        }
    }
    out
}
