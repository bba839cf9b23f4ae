//! A list as it is kept: a `Basic`, with what somebody decided of its rows; its file in a `Binary`.

use component::{Fhir, PeerError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use web::csv::Csv;

/// Codes of imports.
const SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/importazione";
/// What the `Basic` holds.
const STATE: &str = "https://sinfonia.it/fhir/StructureDefinition/importazione";
/// Lists shown.
const LISTED: &str = "30";

/// How far a list is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It is being looked at.
    #[default]
    Review,
    /// It is being written; so it stays when that stopped.
    Writing,
    /// It was written.
    Done,
    /// What was written was taken back.
    Undone,
}

/// What somebody decided of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// Id of the structure it is; `nuova`; `ignora`.
    pub is: String,
    /// Whose value counts, by field: `elenco` or `registro`.
    pub fields: BTreeMap<String, String>,
}

/// What became of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Structures written for the first time.
    pub new: usize,
    /// Structures changed.
    pub changed: usize,
    /// Structures as the list says already.
    pub same: usize,
    /// Structures that ceased, as the list lacks them.
    pub ceased: usize,
    /// Rows left out: not decided, ignored, wrong, of another region.
    pub left: usize,
}

/// A list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Job {
    pub id: String,
    /// Name of the file, and what tells it from another.
    pub file: String,
    pub digest: String,
    /// Who brought it: a reference, and a name.
    pub by: String,
    pub by_name: String,
    /// RFC 3339.
    pub at: String,
    pub stage: Stage,
    pub header: Vec<String>,
    /// Field of each column; empty: not imported.
    pub mapping: Vec<String>,
    /// Kind of the rows that say none.
    pub kind: String,
    /// Where the list is whole: `regione`, the id of an ASL; empty: nowhere.
    pub whole: String,
    pub rows: usize,
    /// By line.
    pub decisions: BTreeMap<usize, Decision>,
    /// Ids of structures that cease, as the list lacks them.
    pub ceases: BTreeSet<String>,
    /// Id of an earlier import of the same file, whose decisions these were.
    pub again: String,
    pub counts: Counts,
    /// Resources taken back, and those that somebody had changed since.
    pub undone: usize,
    pub kept: usize,
}

impl Job {
    /// By which door it writes, as its versions are signed.
    pub fn door(&self) -> String {
        format!("elenco-{}", self.id)
    }

    /// The `meta.source` of the versions it writes.
    pub fn source(&self) -> String {
        format!("{}{}#{}", crate::names::SIGNED, self.by, self.door())
    }
}

fn read(basic: &Value) -> Option<Job> {
    let extensions = basic["extension"].as_array()?;
    let state = extensions.iter().find(|one| one["url"] == STATE)?;
    serde_json::from_str(state["valueString"].as_str()?).ok()
}

/// Loads a list.
pub async fn load(fhir: &Fhir, id: &str) -> Result<Option<Job>, PeerError> {
    let sound = id.len() < 60 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !sound {
        return Ok(None);
    }
    let found = fhir.find("Basic", &format!("elenco-{id}")).await?;
    Ok(found.as_ref().and_then(read))
}

/// Keeps a list.
pub async fn save(fhir: &Fhir, job: &Job) -> Result<(), PeerError> {
    let state = serde_json::to_string(job).map_err(|error| PeerError::Malformed(error.to_string()))?;
    let basic = json!({"resourceType": "Basic", "id": format!("elenco-{}", job.id),
        "code": {"coding": [{"system": SYSTEM, "code": "strutture"}]}, "created": job.at.get(..10),
        "extension": [{"url": STATE, "valueString": state}]});
    fhir.update(&basic).await.map(drop)
}

/// The latest lists.
pub async fn latest(fhir: &Fhir) -> Result<Vec<Job>, PeerError> {
    let code = format!("{SYSTEM}|strutture");
    let asked = [("code", code.as_str()), ("_sort", "-_lastUpdated"), ("_count", LISTED)];
    let found = fhir.search("Basic", &asked).await?;
    Ok(found.iter().filter_map(read).collect())
}

/// Keeps the file.
pub async fn save_file(fhir: &Fhir, id: &str, file: &Csv) -> Result<(), PeerError> {
    web::csv::keep(fhir, &format!("elenco-{id}"), file).await
}

/// The file; `None` when it is there no more.
pub async fn file(fhir: &Fhir, id: &str) -> Result<Option<Csv>, PeerError> {
    web::csv::kept(fhir, &format!("elenco-{id}")).await
}
