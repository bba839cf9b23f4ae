//! Elements of every resource, data type and nested element.

use crate::package::Package;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};

/// A bundle of definitions; only what is compiled is read.
#[derive(Deserialize)]
pub struct Bundle<T> {
    /// Its entries.
    pub entry: Vec<Entry<T>>,
}

/// An entry of a bundle.
#[derive(Deserialize)]
pub struct Entry<T> {
    /// The definition.
    pub resource: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Structure {
    resource_type: String,
    kind: Option<String>,
    #[serde(rename = "abstract")]
    is_abstract: Option<bool>,
    derivation: Option<String>,
    name: Option<String>,
    snapshot: Option<Snapshot>,
}

#[derive(Deserialize)]
struct Snapshot {
    element: Vec<RawElement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawElement {
    path: String,
    min: Option<u32>,
    max: Option<String>,
    #[serde(default)]
    r#type: Vec<RawType>,
    content_reference: Option<String>,
    binding: Option<Binding>,
    is_summary: Option<bool>,
    is_modifier: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawType {
    code: String,
    #[serde(default)]
    target_profile: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    strength: String,
    value_set: Option<String>,
}

/// A type: resource, data type or nested element (path such as `Patient.contact`).
pub struct Type {
    /// `r` concrete resource, `a` abstract resource, `c` complex type, `b` nested element, `p` primitive.
    pub kind: char,
    /// Elements in their defined order; choices expanded.
    pub elements: Vec<Element>,
}

/// An element of a type.
pub struct Element {
    /// JSON name, e.g. `valueQuantity`.
    pub name: String,
    /// Type path.
    pub type_path: String,
    /// Least count (0 or 1 in R4; of the whole choice for a choice).
    pub min: u32,
    /// Whether it repeats.
    pub many: bool,
    /// Name without the type for a choice (`value`), else empty.
    pub stem: String,
    /// Types that a Reference may point to; empty for any.
    pub targets: Vec<String>,
    /// Code system implied by a required binding of a `code`, else empty.
    pub system: String,
    /// `s` for an element of the summary, `m` for one that changes the meaning of others.
    pub flags: String,
}

/// Type path to type, sorted.
pub type Types = BTreeMap<String, Type>;

/// Canonical of a value set to the one code system it is drawn from.
pub fn code_systems(package: &Package) -> HashMap<String, String> {
    #[derive(Deserialize)]
    struct ValueSet {
        url: Option<String>,
        compose: Option<Compose>,
    }
    #[derive(Deserialize)]
    struct Compose {
        include: Vec<Include>,
    }
    #[derive(Deserialize)]
    struct Include {
        system: Option<String>,
    }
    let bundle: Bundle<ValueSet> = package.read("Bundle-valuesets.json");
    bundle
        .entry
        .into_iter()
        .filter_map(|entry| {
            let mut systems: Vec<String> = entry
                .resource
                .compose?
                .include
                .into_iter()
                .map(|include| include.system)
                .collect::<Option<_>>()?;
            systems.dedup();
            (systems.len() == 1).then(|| Some((entry.resource.url?, systems.pop()?)))?
        })
        .collect()
}

/// Every type of R4.
pub fn read(package: &Package, systems: &HashMap<String, String>) -> Types {
    let mut types = Types::new();
    for file in ["Bundle-types.json", "Bundle-resources.json"] {
        let bundle: Bundle<Structure> = package.read(file);
        for structure in bundle.entry.into_iter().map(|entry| entry.resource) {
            // `constraint` leaves out the profiles SimpleQuantity and MoneyQuantity; `logical` MetadataResource
            let is_type = structure.resource_type == "StructureDefinition"
                && structure.derivation.as_deref() != Some("constraint")
                && structure.kind.as_deref() != Some("logical");
            if is_type {
                add(&mut types, structure, systems);
            }
        }
    }
    types
}

fn add(types: &mut Types, structure: Structure, systems: &HashMap<String, String>) {
    let name = structure.name.expect("a structure has a name");
    let kind = match structure.kind.as_deref() {
        Some("resource") if structure.is_abstract == Some(true) => 'a',
        Some("resource") => 'r',
        Some("primitive-type") => 'p',
        _ => 'c',
    };
    types.insert(name.clone(), Type { kind, elements: vec![] });
    if kind == 'p' {
        return; // id and extension of a primitive are those of Element; the value is the JSON value itself
    }
    let elements = structure.snapshot.expect("a structure has a snapshot").element;
    for raw in elements.iter().skip(1) {
        let (parent, leaf) = raw.path.rsplit_once('.').expect("only the root has no dot");
        let nested = raw
            .r#type
            .iter()
            .any(|t| t.code == "BackboneElement" || t.code == "Element");
        if nested {
            types.insert(
                raw.path.clone(),
                Type {
                    kind: 'b',
                    elements: vec![],
                },
            );
        }
        let children = expand(raw, leaf, matches!(kind, 'r' | 'a'), systems);
        types
            .get_mut(parent)
            .expect("parents come first")
            .elements
            .extend(children);
    }
}

/// The elements that one definition makes: one, or one for each type of a choice. Ids of a `resource` are `id`, those of
/// nested elements and data types are free strings.
fn expand(raw: &RawElement, leaf: &str, resource: bool, systems: &HashMap<String, String>) -> Vec<Element> {
    let flag = |is: Option<bool>, name: &'static str| if is == Some(true) { name } else { "" };
    let flags = format!("{}{}", flag(raw.is_summary, "s"), flag(raw.is_modifier, "m"));
    let element = |name: String, type_path: String, stem: &str, targets: Vec<String>, system: String| Element {
        name,
        type_path,
        min: raw.min.unwrap_or(0),
        many: !matches!(raw.max.as_deref(), Some("0" | "1")),
        stem: stem.to_owned(),
        targets,
        system,
        flags: flags.clone(),
    };
    if let Some(reference) = &raw.content_reference {
        let target = reference.trim_start_matches('#').to_owned();
        return vec![element(leaf.to_owned(), target, "", vec![], String::new())];
    }
    let stem = leaf.strip_suffix("[x]");
    let mut seen = vec![];
    let mut out = vec![];
    for kind in &raw.r#type {
        if seen.contains(&&kind.code) {
            continue; // Some definitions repeat a type to give it another profile
        }
        seen.push(&kind.code);
        let path = match kind.code.as_str() {
            "BackboneElement" | "Element" => raw.path.clone(),
            "http://hl7.org/fhirpath/System.String" if raw.path == "Extension.url" => "uri".to_owned(),
            "http://hl7.org/fhirpath/System.String" if resource && raw.path.matches('.').count() == 1 => {
                "id".to_owned()
            }
            "http://hl7.org/fhirpath/System.String" => "string".to_owned(),
            code => code.to_owned(),
        };
        let name = stem.map_or_else(|| leaf.to_owned(), |stem| format!("{stem}{}", capitalised(&kind.code)));
        let targets = raw
            .r#type
            .iter()
            .filter(|t| t.code == kind.code)
            .flat_map(targets)
            .collect();
        let system = if path == "code" {
            implied_system(raw, systems)
        } else {
            String::new()
        };
        out.push(element(name, path, stem.unwrap_or(""), targets, system));
    }
    out
}

fn targets(kind: &RawType) -> Vec<String> {
    kind.target_profile
        .iter()
        .filter_map(|url| url.rsplit('/').next())
        .filter(|name| *name != "Resource")
        .map(str::to_owned)
        .collect()
}

fn implied_system(raw: &RawElement, systems: &HashMap<String, String>) -> String {
    raw.binding
        .as_ref()
        .filter(|binding| binding.strength == "required")
        .and_then(|binding| binding.value_set.as_deref())
        .and_then(|url| systems.get(url.split('|').next()?))
        .cloned()
        .unwrap_or_default()
}

fn capitalised(text: &str) -> String {
    let mut out = text.to_owned();
    out[..1].make_ascii_uppercase();
    out
}
