//! Two records that may be of the same person, and what people decided of them.

use super::kept::{Kept, id_of};
use component::{Fhir, PeerError};
use linkage::{Band, Fitted, Level, Scorer, Table, patient};
use serde_json::Value;

/// Code of pairs.
pub(crate) const PAIR: &str = "coppia";

/// States: to be looked at; put off; waiting for a second person; decided; no more alike.
pub(crate) const OPEN: &str = "da-vedere";
pub(crate) const LATER: &str = "rimandata";
pub(crate) const PROPOSED: &str = "proposta";
pub(crate) const SAME: &str = "stessa";
pub(crate) const DIFFERENT: &str = "diversa";
pub(crate) const GONE: &str = "superata";

/// The id of a pair, whichever record is named first.
pub(crate) fn id(a: &str, b: &str) -> String {
    id_of("coppia", &[a.min(b), a.max(b)])
}

/// The ids of its two records.
pub(crate) fn records(pair: &Kept) -> (&str, &str) {
    (pair.get("a"), pair.get("b"))
}

/// A pair as a run or a desk found it.
pub(crate) fn new(a: &str, b: &str) -> Kept {
    let mut pair = Kept::new(id(a, b), PAIR, OPEN);
    pair.set("a", a.min(b));
    pair.set("b", a.max(b));
    pair
}

/// Says how alike the two are: the heaviest come first in the list.
pub(crate) fn set_weight(pair: &mut Kept, weight: f64, band: Band) {
    pair.set("peso", format!("{weight:.2}"));
    pair.set("banda", if band == Band::Same { "certa" } else { "dubbia" });
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let order = (1_000_000.0 - weight.clamp(-9_000.0, 9_000.0) * 100.0) as u32;
    pair.order = Some(order);
}

/// What was compared of two records: a decision holds as long as it is the same.
pub(crate) fn fingerprint(a: &Value, b: &Value) -> String {
    let values = |one: &Value| patient::values(one).join("\u{1f}");
    let (left, right) = (values(a), values(b));
    let first = a["id"].as_str() <= b["id"].as_str();
    let (left, right) = if first { (left, right) } else { (right, left) };
    id_of("v", &[&left, &right])
}

/// How two records compare, for a person to read.
#[derive(Debug)]
pub(crate) struct Compared {
    /// Total weight.
    pub weight: f64,
    /// Its band.
    pub band: Band,
    /// Field by field.
    pub fields: Vec<FieldCompared>,
    /// The weight beforehand.
    pub beforehand: f64,
    /// Whether the likelier alternative is a relative.
    pub against_kin: bool,
}

/// One field.
#[derive(Debug)]
pub(crate) struct FieldCompared {
    /// Its name.
    pub name: &'static str,
    /// The two values, as they are compared.
    pub values: (String, String),
    /// How far they agree.
    pub level: Level,
    /// What that says.
    pub weight: f64,
}

/// Compares two records by a model.
pub(crate) fn compare(a: &Value, b: &Value, fitted: &Fitted) -> Compared {
    let (left, right) = (patient::values(a), patient::values(b));
    let mut table = Table::new(linkage::persons()).expect("the setup of persons is checked by tests");
    for values in [&left, &right] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        table.add(&values).expect("two records of ten values");
    }
    let scorer = Scorer::fitted(&table, fitted);
    let weight = scorer.weight(0, 1);
    let said = scorer.explain(0, 1);
    let names = linkage::persons().fields;
    Compared {
        weight,
        band: fitted.thresholds.band(weight),
        beforehand: scorer.beforehand(0, 1),
        against_kin: said.first().is_some_and(|part| part.against_kin),
        fields: said
            .iter()
            .map(|part| FieldCompared {
                name: names[part.field].name,
                values: (left[part.field].clone(), right[part.field].clone()),
                level: part.level,
                weight: part.weight,
            })
            .collect(),
    }
}

/// The model that the last run over the registry learnt, else the one that comes with the program.
pub(crate) async fn model(fhir: &Fhir) -> Result<Fitted, PeerError> {
    let kept = Kept::find(fhir, MODEL, MODEL_ID).await?;
    let learnt = kept.and_then(|kept| Fitted::read(kept.get("json").as_bytes()).ok());
    Ok(learnt.unwrap_or_else(|| Fitted::of_program().clone()))
}

/// Code and id of the model that is kept.
pub(crate) const MODEL: &str = "modello";
pub(crate) const MODEL_ID: &str = "doppioni-modello";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pair_is_the_same_from_both_sides_until_its_data_change() {
        let a = json!({"id": "a", "name": [{"family": "Rossi", "given": ["Maria"]}], "birthDate": "1980-01-01"});
        let mut b = json!({"id": "b", "name": [{"family": "Rosi", "given": ["Maria"]}], "birthDate": "1980-01-01"});
        assert_eq!(id("a", "b"), id("b", "a"));
        let before = fingerprint(&a, &b);
        assert_eq!(before, fingerprint(&b, &a));
        let compared = compare(&a, &b, Fitted::of_program());
        let sum: f64 = compared.fields.iter().map(|field| field.weight).sum();
        assert!((sum + compared.beforehand - compared.weight).abs() < 1e-6);
        b["birthDate"] = json!("1981-01-01");
        assert_ne!(before, fingerprint(&a, &b));
        let (mut heavy, mut light) = (new("b", "a"), new("a", "c"));
        set_weight(&mut heavy, 20.0, Band::Same);
        set_weight(&mut light, -3.0, Band::Review);
        assert!(heavy.order < light.order && records(&heavy) == ("a", "b"));
    }
}
