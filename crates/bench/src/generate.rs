//! A region's data as lines: people with what a few years of care leave behind. The same number gives the same bytes.

use anyhow::{Context as _, Result};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Writes resources as lines of JSON.
#[derive(clap::Args)]
pub struct Args {
    /// How many resources.
    resources: u64,
    /// The file (`.ndjson`).
    file: PathBuf,
}

/// Encounters of a person, and of each what it leaves. About 45 resources a person, as in Synthea's short lives.
const ENCOUNTERS: u64 = 4;
const OBSERVATIONS: u64 = 8;

/// (LOINC code, name, unit, least value, span)
const MEASURES: [(&str, &str, &str, u64, u64); 8] = [
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 45, 60),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 950, 800),
    ("8462-4", "Diastolic blood pressure", "mm[Hg]", 550, 450),
    ("29463-7", "Body weight", "kg", 450, 700),
    ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 700, 1800),
    (
        "2093-3",
        "Cholesterol [Mass/volume] in Serum or Plasma",
        "mg/dL",
        1200,
        1900,
    ),
    ("33914-3", "Glomerular filtration rate", "mL/min/{1.73_m2}", 250, 950),
    ("8867-4", "Heart rate", "/min", 520, 600),
];

/// (ICD-9-CM code, name)
const DIAGNOSES: [(&str, &str); 6] = [
    ("250.00", "Diabete mellito tipo 2 non complicato"),
    ("401.9", "Ipertensione essenziale non specificata"),
    ("491.20", "Bronchite cronica ostruttiva"),
    ("428.0", "Scompenso cardiaco congestizio non specificato"),
    ("715.90", "Osteoartrosi"),
    ("272.0", "Ipercolesterolemia pura"),
];

/// (ATC code, name)
const DRUGS: [(&str, &str); 5] = [
    ("A10BA02", "Metformina"),
    ("C09AA05", "Ramipril"),
    ("C10AA05", "Atorvastatina"),
    ("B01AC06", "Acido acetilsalicilico"),
    ("A10AE04", "Insulina glargine"),
];

const GIVEN: [&str; 10] = [
    "Maria", "Giuseppe", "Anna", "Giovanni", "Rosa", "Antonio", "Lucia", "Luigi", "Elena", "Paolo",
];

/// Writes the file.
pub fn run(arguments: &Args) -> Result<()> {
    let file = File::create(&arguments.file).with_context(|| format!("making {}", arguments.file.display()))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    lines(arguments.resources, &mut |line| Ok(writeln!(out, "{line}")?))?;
    out.flush()?;
    println!("{} resources in {}", arguments.resources, arguments.file.display());
    Ok(())
}

/// Gives `resources` resources, one after the other.
pub fn lines(resources: u64, put: &mut dyn FnMut(&Value) -> Result<()>) -> Result<()> {
    let mut left = resources;
    let mut person = 0;
    while left > 0 {
        let made = of_person(person);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(made.len());
        made[..wanted].iter().try_for_each(&mut *put)?;
        left -= wanted as u64;
        person += 1;
    }
    Ok(())
}

/// Numbers that look random and are not (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap_or(0)]
    }
}

fn day(from: Date, days: u64) -> Date {
    from.saturating_add(i64::try_from(days).unwrap_or(0).days())
}

fn of_person(n: u64) -> Vec<Value> {
    let mut numbers = Numbers(n);
    let patient = format!("Patient/g{n}");
    let subject = json!({"reference": patient});
    let mut made = vec![self::patient(n, &mut numbers)];
    for condition in 0..1 + numbers.below(3) {
        let (code, name) = numbers.of(&DIAGNOSES);
        let since = day(date(2010, 1, 1), numbers.below(5000));
        made.push(json!({"resourceType": "Condition", "id": format!("g{n}-c{condition}"),
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": code, "display": name}]},
            "subject": subject, "onsetDateTime": since.to_string()}));
    }
    for drug in 0..1 + numbers.below(3) {
        let (code, name) = numbers.of(&DRUGS);
        let on = day(date(2024, 1, 1), numbers.below(700));
        made.push(json!({"resourceType": "MedicationRequest", "id": format!("g{n}-m{drug}"), "status": "active",
            "intent": "order", "subject": subject, "authoredOn": on.to_string(),
            "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": code, "display": name}]}}));
    }
    for visit in 0..ENCOUNTERS {
        of_visit(n, visit, &subject, &mut numbers, &mut made);
    }
    made
}

fn patient(n: u64, numbers: &mut Numbers) -> Value {
    let born = day(date(1930, 1, 1), numbers.below(33_000));
    let gender = numbers.of(&["female", "male"]);
    json!({"resourceType": "Patient", "id": format!("g{n}"), "active": true,
        "identifier": [{"system": "http://example.org/assistiti", "value": format!("{n:010}")}],
        "name": [{"use": "official", "family": crate::hub::family(numbers.next()), "given": [numbers.of(&GIVEN)]}],
        "telecom": [{"system": "phone", "value": format!("+39 3{:09}", numbers.below(1_000_000_000))}],
        "gender": gender, "birthDate": born.to_string(),
        "address": [{"city": "Bari", "postalCode": format!("7{:04}", numbers.below(10_000)), "country": "IT"}]})
}

fn of_visit(n: u64, visit: u64, subject: &Value, numbers: &mut Numbers, made: &mut Vec<Value>) {
    let on = day(date(2021, 1, 1), visit * 400 + numbers.below(390));
    let at = format!("{on}T{:02}:{:02}:00+01:00", 8 + numbers.below(10), numbers.below(60));
    let id = format!("g{n}-e{visit}");
    let encounter = json!({"reference": format!("Encounter/{id}")});
    made.push(json!({"resourceType": "Encounter", "id": id, "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": subject, "period": {"start": at, "end": at}}));
    for measure in 0..OBSERVATIONS {
        let (code, name, unit, least, span) = MEASURES[usize::try_from(measure).unwrap_or(0) % MEASURES.len()];
        let tenths = least + numbers.below(span);
        // As text, so that 6.0 stays 6.0.
        let value: serde_json::Number = format!("{}.{}", tenths / 10, tenths % 10).parse().expect("digits");
        made.push(json!({"resourceType": "Observation", "id": format!("g{n}-o{visit}-{measure}"), "status": "final",
            "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
            "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": name}]},
            "subject": subject, "encounter": encounter, "effectiveDateTime": at,
            "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}}));
    }
    made.push(
        json!({"resourceType": "Procedure", "id": format!("g{n}-p{visit}"), "status": "completed",
        "code": {"text": "Visita di controllo"}, "subject": subject, "encounter": encounter, "performedDateTime": at}),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn resources_are_sound_different_and_always_the_same() {
        let all = || {
            let mut all = Vec::new();
            lines(1000, &mut |resource| {
                all.push(resource.clone());
                Ok(())
            })
            .unwrap();
            all
        };
        let made = all();
        assert_eq!(made.len(), 1000);
        assert_eq!(made, all());
        let ids: HashSet<_> = made
            .iter()
            .map(|one| (one["resourceType"].to_string(), one["id"].to_string()))
            .collect();
        assert_eq!(ids.len(), 1000);
        for resource in &made {
            let checked = fhir::check(fhir::Definitions::r4(), resource);
            assert!(checked.is_ok(), "{checked:?}\n{resource}");
        }
    }
}
