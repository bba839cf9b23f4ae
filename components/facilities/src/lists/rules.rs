//! `rules/elenchi.json`.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;
use web::csv::Column;

/// How a list is read and compared.
#[derive(Debug, Deserialize)]
pub struct Rules {
    /// Code of the region whose rows are read.
    pub region: String,
    /// How alike a name must be to be surely the same, in the same municipality.
    pub sure: f64,
    /// … and to be perhaps the same, in the same municipality.
    pub likely: f64,
    /// … and to be perhaps the same, wherever it is.
    pub alone: f64,
    /// How much more alike than any other it must be.
    pub margin: f64,
    /// Fields and the names of their columns.
    pub columns: Vec<Column>,
    /// Words of names as they are written otherwise; empty: it says nothing.
    pub words: HashMap<String, String>,
    /// Whose value is proposed, by field: `elenco` or `registro`.
    pub winner: HashMap<String, String>,
    /// Kinds that lie in the territory of an ASL and are not part of it.
    pub of_territory: Vec<String>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/elenchi.json")).expect("the rules of the program are right")
});

/// The rules.
pub fn rules() -> &'static Rules {
    &RULES
}
