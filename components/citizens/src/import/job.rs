//! An import and its file, as they are kept.

use component::{Fhir, PeerError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use web::csv::Csv;

/// Codes of imports.
const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/importazione";
/// What the `Basic` holds.
const STATE: &str = "https://sinfonia.it/fhir/StructureDefinition/importazione";
/// Imports listed.
const LISTED: &str = "30";

/// How far an import is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Stage {
    /// The columns are being mapped.
    #[default]
    Mapping,
    /// Rows are being written.
    Running,
    /// All were.
    Done,
    /// What was written is being taken back.
    Undoing,
    /// It was.
    Undone,
}

/// An import, without anybody's data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Job {
    pub id: String,
    /// Name of the file.
    pub file: String,
    /// Who brought it: a reference, and a name.
    pub by: String,
    pub by_name: String,
    /// RFC 3339.
    pub at: String,
    pub stage: Stage,
    pub header: Vec<String>,
    /// Field of each column; empty: not imported.
    pub mapping: Vec<String>,
    /// Whether the records of people who are there are changed.
    pub update: bool,
    pub rows: usize,
    /// Rows done.
    pub done: usize,
    pub created: usize,
    pub updated: usize,
    /// Rows of people who are there, and were left alone.
    pub known: usize,
    /// Rows that are wrong.
    pub wrong: usize,
    /// Lines that the hub refused.
    pub refused: Vec<usize>,
    /// Records taken back, and those that somebody had changed since.
    pub undone: usize,
    pub kept: usize,
    /// When something was last done, RFC 3339.
    pub beat: String,
}

/// Loads an import, with the version it was read in.
pub(super) async fn load(fhir: &Fhir, id: &str) -> Result<Option<Job>, PeerError> {
    if !fhir::is_id(id) {
        return Ok(None);
    }
    let found = fhir.find("Basic", &format!("importazione-{id}")).await?;
    Ok(found.as_ref().and_then(read))
}

fn read(basic: &Value) -> Option<Job> {
    let state = crate::people::extension(basic, STATE)?["valueString"].as_str()?;
    serde_json::from_str(state).ok()
}

/// Keeps an import.
pub(super) async fn save(fhir: &Fhir, job: &Job) -> Result<(), PeerError> {
    let state = serde_json::to_string(job).map_err(|error| PeerError::Malformed(error.to_string()))?;
    let basic = json!({"resourceType": "Basic", "id": format!("importazione-{}", job.id),
        "code": {"coding": [{"system": SYSTEM, "code": "persone"}]}, "created": job.at.get(..10),
        "extension": [{"url": STATE, "valueString": state}]});
    fhir.update(&basic).await.map(drop)
}

/// The latest imports.
pub(super) async fn list(fhir: &Fhir) -> Result<Vec<Job>, PeerError> {
    let code = format!("{SYSTEM}|persone");
    let found = fhir
        .search(
            "Basic",
            &[("code", &code), ("_sort", "-_lastUpdated"), ("_count", LISTED)],
        )
        .await?;
    Ok(found.iter().filter_map(read).collect())
}

/// Keeps the file.
pub(super) async fn save_file(fhir: &Fhir, id: &str, csv: &Csv) -> Result<(), PeerError> {
    web::csv::keep(fhir, &format!("importazione-{id}"), csv).await
}

/// The file; `None` once it was removed.
pub(super) async fn file(fhir: &Fhir, id: &str) -> Result<Option<Csv>, PeerError> {
    web::csv::kept(fhir, &format!("importazione-{id}")).await
}

/// Removes the file.
pub(super) async fn drop_file(fhir: &Fhir, id: &str) -> Result<(), PeerError> {
    fhir.delete("Binary", &format!("importazione-{id}")).await
}
