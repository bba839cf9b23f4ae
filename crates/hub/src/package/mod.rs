//! FHIR packages (npm tarballs, folders of JSON files): their conformance resources become resources of the hub.
//!
//! A resource is the same as another when both have the same type, canonical URL and version: its id is made of these,
//! so loading a package again changes nothing. Where two packages define the same canonical and version differently,
//! the one in the hub stays unless the caller says otherwise, and the clash is reported.

mod tar;

use crate::transaction::hex;
use crate::{Hub, HubError};
use flate2::read::GzDecoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest package, unpacked.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Types that a package defines things with.
const LOADED: [&str; 12] = [
    "StructureDefinition",
    "ValueSet",
    "CodeSystem",
    "ConceptMap",
    "NamingSystem",
    "SearchParameter",
    "OperationDefinition",
    "CapabilityStatement",
    "ImplementationGuide",
    "Questionnaire",
    "StructureMap",
    "GraphDefinition",
];

/// How to load.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// A clash is resolved for the package, not for the hub.
    pub replace: bool,
    /// Resources below a folder `example` or `examples` are loaded too.
    pub examples: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Resources written.
    pub written: usize,
    /// Resources that were there already, the same.
    pub same: usize,
    /// Canonicals that are there with other content.
    pub clashes: usize,
    /// What was left out and why, one line each.
    pub problems: Vec<String>,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary {
            written,
            same,
            clashes,
            problems,
        } = self;
        write!(
            f,
            "{written} resources written, {same} there already, {clashes} clashes, {} problems",
            problems.len() - clashes
        )
    }
}

/// Why a package cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file or folder.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// Which.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The hub's store failed.
    #[error(transparent)]
    Hub(#[from] HubError),
}

/// Loads the package at `path`: a `.tgz` file or a folder.
///
/// # Errors
/// The package cannot be read, or the store failed. A resource that is refused is a line of the summary.
pub async fn load(hub: &Arc<Hub>, path: &Path, options: Options) -> Result<Summary, PackageError> {
    let place = path.to_owned();
    let read = tokio::task::spawn_blocking(move || read(&place)).await;
    let mut files = read.map_err(|error| unreadable(path, &error))??;
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let mut summary = Summary::default();
    for (name, text) in files {
        let example = name.split('/').any(|part| part == "example" || part == "examples");
        if example && !options.examples {
            continue;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&text) else {
            summary.problems.push(format!("{name}: is not JSON"));
            continue;
        };
        match one(hub, value, example, options).await {
            Ok(Outcome::Left) => {}
            Ok(Outcome::Written) => summary.written += 1,
            Ok(Outcome::Same) => summary.same += 1,
            Ok(Outcome::Clash(canonical)) => {
                summary.clashes += 1;
                let what = if options.replace {
                    "is replaced"
                } else {
                    "stays as it is"
                };
                summary.problems.push(format!(
                    "{name}: {canonical} is in the hub with other content, which {what}"
                ));
            }
            Err(error @ HubError::Store(_)) => return Err(error.into()),
            Err(error) => summary.problems.push(format!("{name}: {error}")),
        }
    }
    Ok(summary)
}

enum Outcome {
    Left,
    Written,
    Same,
    Clash(String),
}

async fn one(hub: &Arc<Hub>, mut value: Value, example: bool, options: Options) -> Result<Outcome, HubError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (rtype, url, version) = (text("resourceType"), text("url"), text("version"));
    if example {
        let id = text("id");
        if id.is_empty() {
            return Ok(Outcome::Left);
        }
        hub.update(&rtype, &id, value, None).await?;
        return Ok(Outcome::Written);
    }
    if !LOADED.contains(&rtype.as_str()) || url.is_empty() {
        return Ok(Outcome::Left);
    }
    let canonical = if version.is_empty() {
        url
    } else {
        format!("{url}|{version}")
    };
    let id = hex(Sha256::digest(canonical.as_bytes()).as_slice())[..40].to_owned();
    value["id"] = Value::from(id.as_str());
    drop_empty(&mut value);
    let stored = match hub.read(&rtype, &id).await {
        Ok(stored) => stored.body,
        Err(HubError::NotFound { .. } | HubError::Gone { .. }) => None,
        Err(error) => return Err(error),
    };
    let there: Option<Value> = stored.and_then(|body| serde_json::from_slice(&body).ok());
    let clash = match &there {
        Some(there) if bare(there) == bare(&value) => return Ok(Outcome::Same),
        Some(_) => true,
        None => false,
    };
    if clash && !options.replace {
        return Ok(Outcome::Clash(canonical));
    }
    hub.update(&rtype, &id, value, None).await?;
    Ok(if clash {
        Outcome::Clash(canonical)
    } else {
        Outcome::Written
    })
}

/// Compilers of profiles leave empty objects (`"_severity": {}`) that FHIR does not allow and that say nothing.
fn drop_empty(value: &mut Value) {
    if let Some(object) = value.as_object_mut() {
        for (name, member) in object.iter_mut() {
            drop_empty(member);
            let Some(items) = member.as_array_mut() else { continue };
            if name.starts_with('_') {
                // Beside an array of primitives: the places must stay.
                items
                    .iter_mut()
                    .filter(|item| is_empty(item))
                    .for_each(|item| *item = Value::Null);
                if items.iter().all(Value::is_null) {
                    items.clear();
                }
            } else {
                items.retain(|item| !is_empty(item));
            }
        }
        object.retain(|_, member| !is_empty(member));
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(drop_empty);
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// Without what the server and the publisher's tools add.
fn bare(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        for name in ["meta", "text"] {
            object.shift_remove(name);
        }
    }
    value
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> PackageError {
    PackageError::Unreadable {
        path: path.display().to_string(),
        why: error.to_string(),
    }
}

type Files = Vec<(String, Vec<u8>)>;

fn read(path: &Path) -> Result<Files, PackageError> {
    let mut files = Files::new();
    if path.is_dir() {
        read_folder(path, path, &mut files)?;
        return Ok(files);
    }
    let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let unpacked = GzDecoder::new(file).take(MAX_BYTES);
    let keep = |name: &str| is_resource_file(name);
    tar::read(unpacked, keep).map_err(|error| unreadable(path, &error))
}

fn read_folder(root: &Path, folder: &Path, files: &mut Files) -> Result<(), PackageError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path: PathBuf = entry.map_err(|error| unreadable(folder, &error))?.path();
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        if path.is_dir() {
            read_folder(root, &path, files)?;
        } else if is_resource_file(&name) {
            let text = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            files.push((name, text));
        }
    }
    Ok(())
}

/// A JSON file that is not npm's own or the index of the package.
fn is_resource_file(name: &str) -> bool {
    let leaf = name.rsplit('/').next().unwrap_or(name);
    leaf.ends_with(".json") && leaf != "package.json" && !leaf.starts_with('.') && !name.starts_with("package/other/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_says_nothing_is_left_out_and_places_stay() {
        let mut value = json!({"a": {"_severity": {}, "b": [{}, {"c": []}, 1]}, "_given": [{}, {"id": "x"}], "_d": [{}],
            "given": ["x", null]});
        drop_empty(&mut value);
        assert_eq!(
            value,
            json!({"a": {"b": [1]}, "_given": [null, {"id": "x"}], "given": ["x", null]})
        );
    }
}
