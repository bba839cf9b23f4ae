//! People as FHIR resources.

use super::course::{Eye, Insulin, Therapy};
use super::{CODICE_FISCALE, Person, Sex};
use jiff::civil::Date;
use serde_json::{Value, json};

const ICD9: &str = "http://hl7.org/fhir/sid/icd-9-cm";
const SNOMED: &str = "http://snomed.info/sct";
const ATC: &str = "http://www.whocc.no/atc";

/// The Patient, with its general practitioner and its local health authority (ids without type).
pub fn patient(person: &Person, practitioner: &str, organization: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "id": person.id,
        "extension": [{
            "url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace",
            "valueAddress": {"city": person.birth_place.name, "district": person.birth_place.province, "country": "IT"},
        }],
        "identifier": [{"use": "official", "system": CODICE_FISCALE, "value": person.codice_fiscale}],
        "active": true,
        "name": [{"use": "official", "family": person.family, "given": [person.given]}],
        "telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}],
        "gender": if person.sex == Sex::Female { "female" } else { "male" },
        "birthDate": person.birth.to_string(),
        "address": [{
            "use": "home",
            "line": [person.street],
            "city": person.residence.name,
            "district": person.residence.province,
            "state": "Campania",
            "country": "IT",
        }],
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "it"}]}, "preferred": true}],
        "generalPractitioner": [{"reference": format!("Practitioner/{practitioner}")}],
        "managingOrganization": {"reference": format!("Organization/{organization}")},
    })
}

struct Problem {
    slug: &'static str,
    text: &'static str,
    icd9: &'static str,
    snomed: &'static str,
}

const fn problem(slug: &'static str, text: &'static str, icd9: &'static str, snomed: &'static str) -> Problem {
    Problem {
        slug,
        text,
        icd9,
        snomed,
    }
}

const DIABETES: Problem = problem("dm2", "Diabete mellito di tipo 2", "250.00", "44054006");
const HYPERTENSION: Problem = problem("ipertensione", "Ipertensione arteriosa essenziale", "401.9", "59621000");
const LIPIDS: Problem = problem("dislipidemia", "Iperlipidemia", "272.4", "55822004");
const KIDNEY: Problem = problem("rene", "Malattia renale cronica", "585.9", "709044004");
const HEART: Problem = problem("cuore", "Cardiopatia ischemica cronica", "414.9", "413838009");
const FAILURE: Problem = problem("scompenso", "Scompenso cardiaco", "428.0", "42343007");
const RETINA: Problem = problem("retinopatia", "Retinopatia diabetica", "362.01", "4855003");
const OBESITY: Problem = problem("obesita", "Obesità", "278.00", "414916001");

/// Problems, each with the day it was recorded. The diagnosis of diabetes is recorded only when `diagnosed`.
pub fn conditions(person: &Person, today: Date, diagnosed: bool) -> Vec<Value> {
    let long_ago = today
        .checked_sub(jiff::Span::new().years(6))
        .expect("a date six years ago");
    let mut out = Vec::new();
    let mut add = |p: &Problem, since: Date| out.push(condition(person, p, since));
    if person.hypertension {
        add(&HYPERTENSION, long_ago);
    }
    if person.dyslipidaemia {
        add(&LIPIDS, long_ago);
    }
    if person.bmi() >= 30.0 {
        add(&OBESITY, long_ago);
    }
    if let Some(course) = &person.diabetes {
        let onset = course.onset;
        let later = onset.max(long_ago);
        let found = [
            (&DIABETES, diagnosed, onset),
            (&KIDNEY, course.egfr < 60.0, later),
            (&HEART, course.cardiovascular, later),
            (&FAILURE, course.heart_failure, later),
            (&RETINA, course.eye != Eye::None, later),
        ];
        found
            .iter()
            .filter(|(_, there, _)| *there)
            .for_each(|(p, _, since)| add(p, *since));
    }
    out
}

fn condition(person: &Person, problem: &Problem, since: Date) -> Value {
    json!({
        "resourceType": "Condition",
        "id": format!("{}-{}", person.id, problem.slug),
        "clinicalStatus": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active",
        }]},
        "verificationStatus": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed",
        }]},
        "category": [{"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/condition-category", "code": "problem-list-item",
        }]}],
        "code": {
            "coding": [
                {"system": ICD9, "code": problem.icd9},
                {"system": SNOMED, "code": problem.snomed},
            ],
            "text": problem.text,
        },
        "subject": {"reference": person.reference()},
        "onsetDateTime": since.to_string(),
        "recordedDate": since.to_string(),
    })
}

/// What the person takes: for diabetes after `therapy`, and for pressure and lipids.
pub fn medications(person: &Person, therapy: Option<Therapy>, since: Date) -> Vec<Value> {
    let mut drugs: Vec<(&str, &str, &str)> = Vec::new();
    if let Some(t) = therapy {
        if t.metformin {
            drugs.push(("A10BA02", "Metformina", "1000 mg due volte al giorno"));
        }
        if t.protective {
            drugs.push(("A10BK03", "Empagliflozin", "10 mg una volta al giorno"));
        }
        if t.secretagogue {
            drugs.push(("A10BB09", "Gliclazide", "60 mg una volta al giorno"));
        }
        if t.insulin != Insulin::None {
            drugs.push(("A10AE04", "Insulina glargine", "secondo schema, la sera"));
        }
        if t.insulin == Insulin::Multiple {
            drugs.push(("A10AB04", "Insulina lispro", "secondo schema, ai pasti"));
        }
    }
    if person.hypertension {
        drugs.push(("C09AA05", "Ramipril", "5 mg una volta al giorno"));
    }
    if person.dyslipidaemia {
        drugs.push(("C10AA05", "Atorvastatina", "20 mg una volta al giorno"));
    }
    drugs
        .iter()
        .map(|(code, name, dose)| medication(person, code, name, dose, since))
        .collect()
}

fn medication(person: &Person, code: &str, name: &str, dose: &str, since: Date) -> Value {
    json!({
        "resourceType": "MedicationStatement",
        "id": format!("{}-{}", person.id, code.to_lowercase()),
        "status": "active",
        "medicationCodeableConcept": {"coding": [{"system": ATC, "code": code, "display": name}], "text": name},
        "subject": {"reference": person.reference()},
        "effectivePeriod": {"start": since.to_string()},
        "dosage": [{"text": dose}],
    })
}
