//! Years of observations before (or outside) the pathway.

use super::{LOINC, Person, UCUM};
use jiff::Span;
use jiff::civil::Date;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Number, Value, json};

/// A kind of measurement.
struct Kind {
    slug: &'static str,
    loinc: &'static str,
    text: &'static str,
    unit: (&'static str, &'static str),
    vital: bool,
}

const fn kind(
    slug: &'static str,
    loinc: &'static str,
    text: &'static str,
    unit: (&'static str, &'static str),
    vital: bool,
) -> Kind {
    Kind {
        slug,
        loinc,
        text,
        unit,
        vital,
    }
}

const MG_DL: (&str, &str) = ("mg/dL", "mg/dL");
const HBA1C: Kind = kind("hba1c", "59261-8", "HbA1c", ("mmol/mol", "mmol/mol"), false);
const GLUCOSE: Kind = kind("glicemia", "1558-6", "Glicemia a digiuno", MG_DL, false);
const CHOLESTEROL: Kind = kind("colesterolo", "2093-3", "Colesterolo totale", MG_DL, false);
const HDL: Kind = kind("hdl", "2085-9", "Colesterolo HDL", MG_DL, false);
const LDL: Kind = kind("ldl", "13457-7", "Colesterolo LDL", MG_DL, false);
const TRIGLYCERIDES: Kind = kind("trigliceridi", "2571-8", "Trigliceridi", MG_DL, false);
const CREATININE: Kind = kind("creatinina", "2160-0", "Creatinina", MG_DL, false);
const EGFR: Kind = kind("egfr", "62238-1", "eGFR", ("mL/min/{1.73_m2}", "mL/min/1,73 m²"), false);
const ACR: Kind = kind(
    "acr",
    "9318-7",
    "Rapporto albumina/creatinina urinaria",
    ("mg/g", "mg/g"),
    false,
);
const SYSTOLIC: Kind = kind("sistolica", "8480-6", "Pressione sistolica", ("mm[Hg]", "mmHg"), true);
const DIASTOLIC: Kind = kind("diastolica", "8462-4", "Pressione diastolica", ("mm[Hg]", "mmHg"), true);
const WEIGHT: Kind = kind("peso", "29463-7", "Peso", ("kg", "kg"), true);
const BMI: Kind = kind("bmi", "39156-5", "Indice di massa corporea", ("kg/m2", "kg/m²"), true);

/// Observations from `from` to `until`, as a general practice would have them: every four to eight months with
/// diabetes, yearly without.
pub fn history(person: &Person, from: Date, until: Date, today: Date, rng: &mut StdRng) -> Vec<Value> {
    let mut out = Vec::new();
    let mut at = from
        .checked_add(Span::new().days(rng.random_range(0..120)))
        .unwrap_or(from);
    while at < until {
        out.extend(lab_report(person, at, None, today, rng));
        out.extend(visit(person, at, rng));
        let gap = if person.diabetes.is_some() {
            rng.random_range(120..240)
        } else {
            rng.random_range(330..430)
        };
        at = at.checked_add(Span::new().days(gap)).unwrap_or(until);
    }
    out
}

/// The results of one blood and urine sample. `managed`: since when the person is in the pathway.
pub fn lab_report(person: &Person, at: Date, managed: Option<Date>, today: Date, rng: &mut StdRng) -> Vec<Value> {
    let mut put = Writer {
        person,
        at,
        out: Vec::new(),
    };
    let hba1c = person
        .diabetes
        .as_ref()
        .map_or(person.healthy_hba1c, |c| c.hba1c(at, managed, rng));
    put.add(&HBA1C, f64::from(hba1c));
    // Mean glucose from HbA1c (ADAG: 28.7 x % - 46.7), a little lower when fasting.
    let percent = 0.0915 * f64::from(hba1c) + 2.15;
    put.add(
        &GLUCOSE,
        ((28.7 * percent - 46.7) * rng.random_range(0.84..0.97))
            .round()
            .max(68.0),
    );
    let ldl = if person.dyslipidaemia {
        rng.random_range(74.0..128.0_f64)
    } else {
        rng.random_range(82.0..134.0)
    }
    .round();
    let hdl = rng.random_range(36.0..66.0_f64).round();
    let triglycerides = rng.random_range(78.0..210.0_f64).round();
    put.add(&LDL, ldl);
    put.add(&HDL, hdl);
    put.add(&TRIGLYCERIDES, triglycerides);
    // Friedewald.
    put.add(&CHOLESTEROL, (ldl + hdl + triglycerides / 5.0).round());
    let egfr = match &person.diabetes {
        Some(course) => course.egfr_at(at, today, rng),
        None => rng.random_range(74.0..108.0_f64).round(),
    };
    put.add(&EGFR, egfr);
    put.add(&CREATININE, (7500.0 / egfr).round() / 100.0);
    if let Some(course) = &person.diabetes {
        put.add(&ACR, course.acr_at(rng));
    }
    put.out
}

fn visit(person: &Person, at: Date, rng: &mut StdRng) -> Vec<Value> {
    let mut put = Writer {
        person,
        at,
        out: Vec::new(),
    };
    put.add(
        &SYSTOLIC,
        f64::from(person.pressure.0) + f64::from(rng.random_range(-8..9)),
    );
    put.add(
        &DIASTOLIC,
        f64::from(person.pressure.1) + f64::from(rng.random_range(-5..6)),
    );
    let weight = person.weight_kg + f64::from(rng.random_range(-2..3));
    let metres = person.height_cm / 100.0;
    put.add(&WEIGHT, weight);
    put.add(&BMI, (weight / (metres * metres) * 10.0).round() / 10.0);
    put.out
}

struct Writer<'a> {
    person: &'a Person,
    at: Date,
    out: Vec<Value>,
}

impl Writer<'_> {
    fn add(&mut self, kind: &Kind, value: f64) {
        let category = if kind.vital { "vital-signs" } else { "laboratory" };
        self.out.push(json!({
            "resourceType": "Observation",
            "id": format!("{}-{}-{}", self.person.id, kind.slug, self.at.strftime("%Y%m%d")),
            "status": "final",
            "category": [{"coding": [{
                "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": category,
            }]}],
            "code": {"coding": [{"system": LOINC, "code": kind.loinc}], "text": kind.text},
            "subject": {"reference": self.person.reference()},
            "effectiveDateTime": self.at.to_string(),
            "valueQuantity": {
                "value": number(value), "unit": kind.unit.1, "system": UCUM, "code": kind.unit.0,
            },
        }));
    }
}

/// Whole values as integers, others with two decimals at most.
pub(crate) fn number(value: f64) -> Number {
    if value.fract() == 0.0 {
        return Number::from(value as i64);
    }
    Number::from_f64((value * 100.0).round() / 100.0).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::generate;
    use jiff::civil::date;
    use rand::SeedableRng;

    #[test]
    fn years_of_valid_observations() {
        let today = date(2026, 11, 21);
        for person in generate(3, 6, 3, today) {
            let mut rng = StdRng::seed_from_u64(1);
            let made = history(&person, date(2022, 1, 1), date(2024, 11, 21), today, &mut rng);
            assert!(made.len() > 20, "{} has {}", person.id, made.len());
            let mut ids: Vec<&str> = made.iter().map(|o| o["id"].as_str().unwrap()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), made.len());
            for observation in &made {
                fhir::extract(fhir::Definitions::r4(), observation).unwrap();
                let value = observation["valueQuantity"]["value"].as_f64().unwrap();
                assert!(value > 0.0 && value < 1000.0, "{observation}");
            }
        }
    }
}
