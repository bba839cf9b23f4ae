//! What a pathway knows about a person, in words: the variables that have a message `var-<path>`, and no others.

use serde_json::{Map, Value};
use web::Page;

/// Variables shown, in this order: the path inside the variables. Their labels are the messages `var-<path>`, with `-`
/// between the parts; `val-<path>`, where it exists, writes the value.
const SHOWN: &[&str] = &[
    "criteri/motivo",
    "classe",
    "stratificazione/motivo",
    "piano/target/testo",
    "piano/visitaMesi",
    "piano/hba1cMesi",
    "piano/lipidiMesi",
    "piano/reneMesi",
    "piano/occhioMesi",
    "piano/piedeMesi",
    "piano/ecgMesi",
    "adeguamento/suggerimento",
    "ritardo/motivo",
    "obiettivoAssistito",
    "canaleContatto",
    "fasciaOraria",
    "ostacoli",
    "motivo",
];

/// Of the plan of care, what the page of a person shows.
const PLAN: &[&str] = &[
    "classe",
    "stratificazione/motivo",
    "piano/target/testo",
    "adeguamento/suggerimento",
    "obiettivoAssistito",
];

/// Everything known that helps with a task: label and value.
pub fn known(page: &Page, variables: &Map<String, Value>) -> Vec<(String, String)> {
    SHOWN.iter().filter_map(|path| fact(page, variables, path)).collect()
}

/// The plan of care in a few lines.
pub fn plan(page: &Page, variables: &Map<String, Value>) -> Vec<(String, String)> {
    PLAN.iter().filter_map(|path| fact(page, variables, path)).collect()
}

/// The highest HbA1c wished for, mmol/mol.
pub fn hba1c_target(variables: &Map<String, Value>) -> Option<f64> {
    variables.get("piano")?["target"]["massimo"].as_f64()
}

fn fact(page: &Page, variables: &Map<String, Value>, path: &str) -> Option<(String, String)> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = variables.get(first)?;
    let value = if rest.is_empty() {
        value
    } else {
        value.pointer(&format!("/{rest}"))?
    };
    let name = path.replace('/', "-");
    let label = page.texts().find(&format!("var-{name}"), &[])?;
    let text = shown(page, value)?;
    let written = page
        .texts()
        .find(&format!("val-{name}"), &[("v", text.as_str().into())]);
    Some((label, written.unwrap_or(text)))
}

/// A value in words.
fn shown(page: &Page, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => {
            let is_code = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let named = is_code
                .then(|| page.texts().find(&format!("code-{text}"), &[]))
                .flatten();
            Some(named.unwrap_or_else(|| page.fhir_date(text)))
        }
        Value::Number(number) => Some(page.decimal(&number.to_string())),
        Value::Bool(yes) => Some(page.t(if *yes { "yes" } else { "no" })),
        _ => None,
    }
}
