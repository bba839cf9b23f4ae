//! Answers that are measurements become Observations (SDC, observation-based extraction).

use super::answer::quantity;
use super::{About, Answer, Completed, Item};
use serde_json::{Value, json};

const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
/// LOINC codes of vital signs (blood pressure, weight, height, BMI, heart rate, waist); other measurements with a LOINC
/// code and a unit are laboratory results, everything else is an exam.
const VITAL_SIGNS: [&str; 8] = [
    "8480-6", "8462-4", "85354-9", "29463-7", "8302-2", "39156-5", "8867-4", "8280-0",
];

impl Completed<'_> {
    /// One Observation (without id) for each answered question that is marked for extraction and has a code. They are
    /// dated by the first date the form was given (when the sample was taken), else by the moment of filling in.
    pub fn observations(&self, about: &About<'_>) -> Vec<Value> {
        let first_date = self
            .form
            .all()
            .into_iter()
            .find_map(|item| match self.answers(&item.link) {
                [Answer::Date(day), ..] => Some(day.to_string()),
                _ => None,
            });
        let effective = first_date.unwrap_or_else(|| fhir::instant(about.authored));
        let marked = self
            .form
            .all()
            .into_iter()
            .filter(|item| item.extract && !item.codes.is_empty());
        marked
            .flat_map(|item| self.answers(&item.link).iter().map(move |answer| (item, answer)))
            .map(|(item, answer)| observation(item, answer, about, &effective))
            .collect()
    }
}

fn observation(item: &Item, answer: &Answer, about: &About<'_>, effective: &str) -> Value {
    let mut made = json!({
        "resourceType": "Observation",
        "status": "final",
        "category": [category(item)],
        "code": { "coding": item.codes, "text": item.text },
        "subject": { "reference": about.subject },
        "effectiveDateTime": effective,
        "issued": fhir::instant(about.authored),
        "performer": [{ "reference": about.author }],
    });
    match (answer, item.units.first()) {
        (Answer::Decimal(value), Some(unit)) => made["valueQuantity"] = quantity(value, unit),
        (Answer::Integer(value), Some(unit)) => made["valueQuantity"] = quantity(&(*value).into(), unit),
        (Answer::Decimal(value), None) => made["valueQuantity"] = json!({ "value": value }),
        (Answer::Integer(value), None) => made["valueInteger"] = json!(value),
        (Answer::Coding(coding), _) => {
            made["valueCodeableConcept"] = json!({ "coding": [coding.json()], "text": coding.label() });
        }
        (Answer::Date(day), _) => made["valueDateTime"] = json!(day.to_string()),
        (Answer::Url(url), _) => made["valueString"] = json!(url),
        (answer, _) => {
            let (kind, value) = answer.fhir();
            made[format!("value{kind}")] = value;
        }
    }
    made
}

fn category(item: &Item) -> Value {
    if let Some(category) = &item.category {
        return category.clone();
    }
    let loinc = item
        .codes
        .iter()
        .filter(|c| c["system"] == "http://loinc.org")
        .find_map(|c| c["code"].as_str());
    let code = match loinc {
        Some(code) if VITAL_SIGNS.contains(&code) => "vital-signs",
        Some(_) if !item.units.is_empty() => "laboratory",
        _ => "exam",
    };
    json!({ "coding": [{ "system": CATEGORY, "code": code }] })
}
