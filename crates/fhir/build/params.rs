//! Search parameters for each resource type, and the patient compartment.

use crate::{package::Package, structures::Bundle, structures::Types};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct SearchParameter {
    url: String,
    code: String,
    base: Vec<String>,
    r#type: String,
    expression: Option<String>,
    #[serde(default)]
    target: Vec<String>,
    #[serde(default)]
    component: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    definition: String,
    expression: String,
}

/// A parameter on one type.
pub struct Param {
    /// Its type: number, date, string, token, reference, composite, quantity, uri or special.
    pub kind: String,
    /// Canonical URL.
    pub url: String,
    /// The parts of the expression that start at this type.
    pub expression: String,
    /// Reference targets; empty for any.
    pub targets: Vec<String>,
    /// Components of a composite: type and expression.
    pub components: Vec<(String, String)>,
}

/// (resource type, parameter name) to parameter, sorted.
pub type Params = BTreeMap<(String, String), Param>;

/// Every parameter on every concrete type. `_text`, `_content` and `_query` have no expression, so no index: left out.
pub fn read(package: &Package, types: &Types) -> Params {
    let bundle: Bundle<SearchParameter> = package.read("Bundle-searchParams.json");
    let kinds: BTreeMap<String, String> = bundle
        .entry
        .iter()
        .map(|entry| (entry.resource.url.clone(), entry.resource.r#type.clone()))
        .collect();
    let official = bundle.entry.into_iter().map(|entry| entry.resource);
    let resources: Vec<&String> = types
        .iter()
        .filter(|(_, t)| t.kind == 'r')
        .map(|(name, _)| name)
        .collect();
    let mut params = Params::new();
    for definition in official.chain(own()) {
        let Some(expression) = &definition.expression else {
            continue;
        };
        let abstract_base = definition
            .base
            .iter()
            .any(|base| base == "Resource" || base == "DomainResource");
        let bases = if abstract_base {
            resources.clone()
        } else {
            definition.base.iter().collect()
        };
        let any_target = definition.target.len() >= resources.len();
        for base in bases {
            let param = Param {
                kind: definition.r#type.clone(),
                url: definition.url.clone(),
                expression: parts_of(expression, base),
                targets: if any_target { vec![] } else { definition.target.clone() },
                components: components(&definition, &kinds),
            };
            params.entry((base.clone(), definition.code.clone())).or_insert(param);
        }
    }
    params
}

/// Type and expression of each component. R4 gives `DocumentReference.relationship` the definitions of its components
/// in the wrong order (a code as a reference, a target as a token): there the definitions change places.
fn components(definition: &SearchParameter, kinds: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut types: Vec<String> = definition
        .component
        .iter()
        .map(|component| kinds[&component.definition].clone())
        .collect();
    if definition.url.ends_with("/DocumentReference-relationship") {
        types.reverse();
    }
    let expressions = definition
        .component
        .iter()
        .map(|component| component.expression.clone());
    types.into_iter().zip(expressions).collect()
}

/// Parameters that R4 lacks and Sinfonia needs: `definitions/*.json` of this crate.
fn own() -> Vec<SearchParameter> {
    println!("cargo::rerun-if-changed=definitions");
    let folder = std::fs::read_dir("definitions").expect("the crate has a folder definitions");
    let mut files: Vec<_> = folder
        .map(|file| file.expect("definitions can be listed").path())
        .collect();
    files.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("cannot understand {}: {error}", path.display()))
    };
    files.iter().map(read).collect()
}

/// Of `A.x | B.y | (B.z as dateTime)`, the parts that start at `base` or at every resource. A part that names no type
/// (`name | alias` of InsurancePlan) starts at the base.
fn parts_of(expression: &str, base: &str) -> String {
    let parts: Vec<String> = expression
        .split(" | ")
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter_map(|part| {
            let root = part.trim_start_matches('(').split(['.', ' ', ')']).next().unwrap_or("");
            if root.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Some(format!("{base}.{part}"));
            }
            (root == base || root == "Resource" || root == "DomainResource").then_some(part)
        })
        .collect();
    parts.join(" | ")
}

/// Parameters that place a resource of a type into the compartment of a patient. A type that the standard leaves out
/// though it has a patient or subject (Task, Contract, GuidanceResponse, Device) is placed by these: whatever is about
/// one person is kept and guarded with that person's record.
pub fn patient_compartment(package: &Package, params: &Params) -> BTreeMap<String, Vec<String>> {
    #[derive(Deserialize)]
    struct Compartment {
        resource: Vec<Member>,
    }
    #[derive(Deserialize)]
    struct Member {
        code: String,
        #[serde(default)]
        param: Vec<String>,
    }
    let compartment: Compartment = package.read("CompartmentDefinition-patient.json");
    let members = compartment.resource.into_iter().filter(|m| !m.param.is_empty());
    let mut members: BTreeMap<String, Vec<String>> = members.map(|m| (m.code, m.param)).collect();
    for ((base, code), param) in params {
        let about_a_patient = matches!(code.as_str(), "patient" | "subject")
            && param.kind == "reference"
            && (param.targets.is_empty() || param.targets.iter().any(|target| target == "Patient"));
        if about_a_patient && !members.contains_key(base) {
            members.insert(base.clone(), vec![code.clone()]);
        }
    }
    members.values_mut().for_each(|names| first_the_patient(names));
    members
}

/// Who the resource is about goes before who wrote, paid or acted: a doctor may be a patient too.
fn first_the_patient(params: &mut [String]) {
    params.sort_by_key(|name| !matches!(name.as_str(), "patient" | "subject" | "beneficiary" | "individual"));
}
