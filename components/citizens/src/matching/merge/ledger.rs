//! The ledger of a merge: what was there before, and every place that was changed.

use super::super::kept::Kept;
use component::{Fhir, PeerError};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Code of the first sheet of a ledger.
pub(crate) const MERGE: &str = "fusione";
/// Code of its leaves.
const LEAF: &str = "foglia";

/// States of a merge: references are being moved; done; being moved back; separated again.
pub(crate) const MOVING: &str = "in-corso";
pub(crate) const DONE: &str = "fatta";
pub(crate) const RETURNING: &str = "separazione";
pub(crate) const SEPARATED: &str = "annullata";

/// Leaves of a merge at most: with a hundred resources each, more than any person has.
const MAX_LEAVES: usize = 10_000;

/// A resource whose references were changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moved {
    /// `Observation/1`.
    pub reference: String,
    /// The version that the change made.
    pub version: String,
    /// The places of the references (JSON pointers).
    pub places: Vec<String>,
}

/// A JSON text of the ledger.
pub(crate) fn json_of(merge: &Kept, name: &str) -> Value {
    serde_json::from_str(merge.get(name)).unwrap_or(Value::Null)
}

/// How many leaves a ledger has.
pub(crate) fn leaves(merge: &Kept) -> usize {
    merge.get("foglie").parse().unwrap_or(0)
}

/// The id of a leaf.
pub(crate) fn leaf_id(merge: &Kept, number: usize) -> String {
    format!("{}-{number}", merge.id)
}

/// A leaf that lists these.
pub(crate) fn leaf(merge: &Kept, number: usize, moved: &[Moved]) -> Kept {
    let mut leaf = Kept::new(leaf_id(merge, number), LEAF, "scritta");
    let rows = moved.iter().map(|one| json!([one.reference, one.version, one.places]));
    leaf.set("voci", Value::Array(rows.collect()).to_string());
    leaf
}

/// What a leaf lists; nothing if it is not there.
pub(crate) async fn read_leaf(fhir: &Fhir, merge: &Kept, number: usize) -> Result<Vec<Moved>, PeerError> {
    let found = Kept::find(fhir, LEAF, &leaf_id(merge, number)).await?;
    let rows = found.map(|leaf| json_of(&leaf, "voci")).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let moved = |row: &Value| Moved {
        reference: text(&row[0]),
        version: text(&row[1]),
        places: row[2].as_array().into_iter().flatten().map(text).collect(),
    };
    Ok(rows.as_array().into_iter().flatten().map(moved).collect())
}

/// Every resource that the ledger lists.
pub(crate) async fn listed(fhir: &Fhir, merge: &Kept) -> Result<HashSet<String>, PeerError> {
    let mut all = HashSet::new();
    for number in 0..leaves(merge).min(MAX_LEAVES) {
        all.extend(
            read_leaf(fhir, merge, number)
                .await?
                .into_iter()
                .map(|one| one.reference),
        );
    }
    let closed = json_of(merge, "chiusi");
    let of = |one: &Value| {
        let (rtype, id) = (one["prima"]["resourceType"].as_str()?, one["prima"]["id"].as_str()?);
        Some(format!("{rtype}/{id}"))
    };
    all.extend(closed.as_array().into_iter().flatten().filter_map(of));
    Ok(all)
}
