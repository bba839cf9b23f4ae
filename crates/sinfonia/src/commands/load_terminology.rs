//! `sinfonia load-terminology FOLDER`: tables (CSV) and code systems, value sets and concept maps (JSON) into the hub;
//! twice, it changes nothing. Packages of FHIR resources are `load-package`'s.

use crate::backend::Place;
use crate::system::System;
use anyhow::{Context as _, bail};
use hub::load::import_bytes;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use terminology::{Builtin, table};

/// Largest file that is read.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// Types that are terminology.
const TYPES: [&str; 3] = ["CodeSystem", "ValueSet", "ConceptMap"];

/// Flags of `load-terminology`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder with CSV tables that the program knows by their file names (ICD-9-CM, national catalogue, exemptions, …)
    /// and with JSON files of CodeSystem, ValueSet and ConceptMap.
    #[arg(required_unless_present = "builtin")]
    folder: Option<PathBuf>,
    /// Stores the Italian tables that the program carries too, so that they are found by search. (The operations know
    /// them anyhow.)
    #[arg(long)]
    builtin: bool,
}

/// Loads, then says what was loaded and what was passed over.
pub async fn run(place: &Place, args: Args) -> anyhow::Result<()> {
    let mut files = Vec::new();
    if args.builtin {
        files.push(("builtin.json".to_owned(), carried()));
    }
    if let Some(folder) = &args.folder {
        let (found, passed_over) = read(folder)?;
        files.extend(found);
        for line in passed_over {
            println!("passed over {line}");
        }
    }
    if files.is_empty() {
        bail!("there is no terminology to load");
    }
    let system = System::open(place, super::real_setup("http://127.0.0.1:8080")).await?;
    let mut problems = 0;
    for (name, resources) in files {
        let entries: Vec<Value> = resources
            .into_iter()
            .map(|resource| json!({"resource": resource}))
            .collect();
        let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": entries});
        let summary = import_bytes(&system.hub, &name, bundle.to_string().into_bytes().into()).await?;
        problems += summary.problems.len();
        for problem in &summary.problems {
            println!("{problem}");
        }
        println!("{name}: {summary}");
    }
    system.close().await;
    if problems > 0 {
        bail!("{problems} problems: what is listed above was not loaded; the rest is in");
    }
    Ok(())
}

/// The tables that are built in.
fn carried() -> Vec<Value> {
    let described: Vec<Value> = serde_json::from_str(table::TABLES).expect("the tables are described in JSON");
    let named = |table: &Value, kind: &str, name: &str| {
        let text = Builtin::r4().json(kind, table[name].as_str().unwrap_or_default())?;
        serde_json::from_slice::<Value>(&text).ok()
    };
    let both = |table: &Value| [named(table, "CodeSystem", "url"), named(table, "ValueSet", "valueSet")];
    let carried = described.iter().filter(|table| table["carried"] == true);
    carried.flat_map(both).flatten().collect()
}

/// Resources of each file, by its name (ending in `.json`), and what is not terminology.
type Files = (Vec<(String, Vec<Value>)>, Vec<String>);

fn read(folder: &Path) -> anyhow::Result<Files> {
    let (mut found, mut passed_over) = (Vec::new(), Vec::new());
    let listed = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = listed.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let kind = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        if !path.is_file() || !matches!(kind, "csv" | "json") {
            continue;
        }
        let size = std::fs::metadata(&path).map(|metadata| metadata.len()).unwrap_or(0);
        if size > MAX_FILE_BYTES {
            bail!("{name} is larger than {MAX_FILE_BYTES} bytes: split it");
        }
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        match resources(&name, kind, &bytes)? {
            Some(resources) => found.push((format!("{name}.json"), resources)),
            None => passed_over.push(format!("{name}: no table known by this name, no terminology resource")),
        }
    }
    Ok((found, passed_over))
}

fn resources(name: &str, kind: &str, bytes: &[u8]) -> anyhow::Result<Option<Vec<Value>>> {
    if kind == "csv" {
        let Some(described) = table::described(name) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))?;
        let made = table::resources(&described, text).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
        return Ok(Some(made.into()));
    }
    let mut resource: Value = serde_json::from_slice(bytes).with_context(|| format!("{name} is not JSON"))?;
    if !TYPES.contains(&resource["resourceType"].as_str().unwrap_or_default()) {
        return Ok(None);
    }
    // Guides repeat ids under other canonicals: here the canonical decides, so that none takes another's place.
    if let Some(id) = resource["url"]
        .as_str()
        .map(|url| id_of(url, resource["version"].as_str()))
    {
        resource["id"] = json!(id);
    }
    Ok(Some(vec![resource]))
}

/// An id made of a canonical: its last letters that an id may have.
fn id_of(url: &str, version: Option<&str>) -> String {
    let bare = url.trim_start_matches("https://").trim_start_matches("http://");
    let canonical = format!("{bare}-{}", version.unwrap_or_default());
    let plain: Vec<char> = canonical
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    let from = plain.len().saturating_sub(64);
    plain[from..].iter().collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_from_the_canonical() {
        assert_eq!(
            id_of("http://x.it/CodeSystem/a_b", Some("1.0")),
            "x.it-CodeSystem-a-b-1.0"
        );
        assert!(id_of(&format!("http://{}", "x".repeat(200)), None).len() <= 64);
        assert_ne!(id_of("http://x.it/a", None), id_of("http://y.it/a", None));
    }

    #[test]
    fn the_tables_carried_are_all_there() {
        let all = carried();
        assert_eq!(all.len(), 24, "twelve code systems with their value sets");
        assert!(resources("altro.csv", "csv", b"a,b").unwrap().is_none());
        let made = resources("tipo_ricetta.csv", "csv", b"code,display\nEE,Extra-europei\n")
            .unwrap()
            .unwrap();
        assert_eq!(made[0]["concept"][0]["display"], "Extra-europei");
    }
}
