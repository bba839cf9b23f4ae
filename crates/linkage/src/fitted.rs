//! What was learnt of one registry, kept to weigh pairs that it has never seen: a person who asks at a desk against a few
//! candidates. Data: JSON with where it comes from.

use crate::em::Model;
use crate::weigh::{RARITY, Thresholds};
use crate::{Outcome, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Frequent values that are kept of a field.
const KEPT: usize = 1_000;
/// Records that have a value before it is kept: rarer ones could tell of a person.
const LEAST: u32 = 20;

/// Id of the FHIR `Basic` that holds the model which a run over the registry has learnt.
pub const LEARNT_ID: &str = "doppioni-modello";
/// Its extension with the model, JSON.
pub const LEARNT_IN: &str = "https://sinfonia.it/fhir/StructureDefinition/doppioni-json";
/// The label of what only the program writes.
const OWN_LABEL: (&str, &str) = ("https://sinfonia.it/fhir/CodeSystem/oscuramento", "P99");

/// A model that stands on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    /// Where it was learnt: which registry, when, by what.
    pub provenance: String,
    /// `verified` if it was learnt from the registry that it is used for, else `unverified`.
    pub status: String,
    /// Records it was learnt from.
    pub records: u64,
    /// Names of the fields, as in the setup.
    pub fields: Vec<String>,
    /// What each level of each field says.
    pub model: Model,
    /// Where the bands begin.
    pub thresholds: Thresholds,
    /// Of each field, how much more or less the frequent values say.
    pub frequencies: Vec<Frequencies>,
}

/// How rare the values of a field are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frequencies {
    /// What agreement on a frequent value adds to the weight (negative: it says less than the mean).
    pub frequent: BTreeMap<String, f32>,
    /// What agreement on any other value adds.
    pub others: f32,
}

/// Why a model cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FittedError {
    /// No JSON of this form.
    #[error("the model of the weights is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// Of another setup.
    #[error("the model of the weights is of the fields {found:?}, the setup has {expected:?}: learn it again")]
    Fields {
        /// Fields of the model.
        found: Vec<String>,
        /// Fields of the setup.
        expected: Vec<String>,
    },
}

impl Fitted {
    /// What a run over a table has learnt.
    pub fn of(table: &Table, outcome: &Outcome, provenance: &str, verified: bool) -> Fitted {
        Fitted {
            provenance: provenance.to_owned(),
            status: if verified { "verified" } else { "unverified" }.to_owned(),
            records: table.len() as u64,
            fields: table.setup().fields.iter().map(|field| field.name.to_owned()).collect(),
            model: outcome.model.clone(),
            thresholds: outcome.thresholds,
            frequencies: (0..table.columns.len())
                .map(|field| frequencies(table, field))
                .collect(),
        }
    }

    /// Reads one, for the setup of [`crate::persons`].
    ///
    /// # Errors
    /// It is not readable, or of other fields.
    pub fn read(json: &[u8]) -> Result<Fitted, FittedError> {
        let fitted: Fitted = serde_json::from_slice(json)?;
        let expected: Vec<String> = crate::persons()
            .fields
            .iter()
            .map(|field| field.name.to_owned())
            .collect();
        let sizes = [
            fitted.model.m.len(),
            fitted.model.u.len(),
            fitted.model.kin.len(),
            fitted.frequencies.len(),
        ];
        if fitted.fields != expected || sizes.iter().any(|size| *size != expected.len()) {
            return Err(FittedError::Fields {
                found: fitted.fields,
                expected,
            });
        }
        Ok(fitted)
    }

    /// The model in the `Basic` that a run has written; `None` for anything else, and for what somebody else wrote.
    pub fn of_resource(resource: &serde_json::Value) -> Option<Fitted> {
        let mut labels = resource["meta"]["security"].as_array()?.iter();
        if !labels.any(|label| label["system"] == OWN_LABEL.0 && label["code"] == OWN_LABEL.1) {
            return None;
        }
        let mut extensions = resource["extension"].as_array()?.iter();
        let json = extensions.find(|one| one["url"] == LEARNT_IN)?["valueString"].as_str()?;
        Fitted::read(json.as_bytes()).ok()
    }

    /// The model that comes with the program (`data/persons.json` says where it was learnt).
    pub fn of_program() -> &'static Fitted {
        static OWN: LazyLock<Fitted> =
            LazyLock::new(|| Fitted::read(include_bytes!("../data/persons.json")).expect("checked by a test"));
        &OWN
    }

    /// What the rarity of each value of a table adds, by field.
    pub(crate) fn rarity(&self, table: &Table) -> Vec<Vec<f32>> {
        let of = |(column, frequencies): (&crate::table::Column, &Frequencies)| {
            let added = |text: &[u8]| {
                let known = std::str::from_utf8(text)
                    .ok()
                    .and_then(|text| frequencies.frequent.get(text));
                known.copied().unwrap_or(frequencies.others)
            };
            column.values.iter().map(|value| added(&value.text)).collect()
        };
        table.columns.iter().zip(&self.frequencies).map(of).collect()
    }
}

fn frequencies(table: &Table, field: usize) -> Frequencies {
    let column = &table.columns[field];
    if !table.setup.fields[field].by_frequency {
        return Frequencies::default();
    }
    let counts = || column.counts[1..].iter().map(|count| f64::from(*count));
    let whole: f64 = counts().sum::<f64>().max(1.0);
    let mean: f64 = counts()
        .map(|count| (count / whole) * (count / whole))
        .sum::<f64>()
        .max(f64::MIN_POSITIVE);
    #[expect(clippy::cast_possible_truncation, reason = "a weight")]
    let added = |share: f64| ((mean / share).ln().clamp(RARITY.0, RARITY.1) * 100.0).round() as f32 / 100.0;
    let mut values: Vec<(u32, &[u8])> = (column
        .counts
        .iter()
        .copied()
        .zip(column.values.iter().map(|value| &*value.text)))
    .skip(1)
    .collect();
    values.sort_unstable_by(|a, b| b.cmp(a));
    let frequent = values
        .iter()
        .take(KEPT)
        .take_while(|(count, _)| *count >= LEAST)
        .count();
    let rest = &values[frequent..];
    #[expect(clippy::cast_precision_loss, reason = "a count of values")]
    let share = rest.iter().map(|(count, _)| f64::from(*count)).sum::<f64>() / whole / (rest.len().max(1) as f64);
    let named = values[..frequent].iter().map(|(count, text)| {
        (
            String::from_utf8_lossy(text).into_owned(),
            added(f64::from(*count) / whole),
        )
    });
    Frequencies {
        frequent: named.collect(),
        others: if rest.is_empty() { 0.0 } else { added(share) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scorer, persons};

    fn weight(a: [&str; 10], b: [&str; 10]) -> f64 {
        let mut table = Table::new(persons()).unwrap();
        table.add(&a).unwrap();
        table.add(&b).unwrap();
        Scorer::fitted(&table, Fitted::of_program()).weight(0, 1)
    }

    #[test]
    fn the_model_of_the_program_tells_persons_apart() {
        let own = [
            "Iovine",
            "Gennaro",
            "M",
            "1961-04-03",
            "Napoli",
            "VNIGNR61D03F839",
            "Eboli",
            "Via Verdi",
            "3",
            "0811234",
        ];
        let bounds = Fitted::of_program().thresholds;
        let mut again = own;
        (again[0], again[9]) = ("Jovine", "3331234567");
        assert!(weight(own, again) > bounds.same);
        let mut brother = own;
        (brother[1], brother[3], brother[5]) = ("Ciro", "1958-11-21", "VNICRI58S21F839");
        assert!(weight(own, brother) < bounds.review);
        let mut moved = own;
        (moved[5], moved[6], moved[7], moved[8], moved[9]) = ("", "Aversa", "Via Roma", "71", "");
        let found = weight(own, moved);
        assert!(found > weight(own, brother) && found > 0.0, "{found}");
    }

    #[test]
    fn a_model_of_other_fields_is_refused() {
        let mut other = Fitted::of_program().clone();
        other.fields.pop();
        let text = serde_json::to_vec(&other).unwrap();
        assert!(Fitted::read(&text).unwrap_err().to_string().contains("learn it again"));
        assert!(Fitted::read(b"{").is_err());
    }
}
