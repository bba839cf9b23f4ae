//! What somebody answered when a task was done: the questions and answers of its QuestionnaireResponse.

use component::{Fhir, PeerError};
use serde_json::Value;
use web::Page;

/// Identifier of the responses that belong to a task; written by the page kit's forms and by the demo.
const TASK_IDENTIFIER: &str = "https://sinfonia.it/fhir/sid/task";

/// Questions and answers in words, in the order of the form; empty for a task without a form.
///
/// # Errors
/// The hub refuses or does not answer.
pub async fn answered(fhir: &Fhir, page: &Page, task: &str) -> Result<Vec<(String, String)>, PeerError> {
    let identifier = format!("{TASK_IDENTIFIER}|{task}");
    let search = [("identifier", identifier.as_str()), ("_count", "1")];
    let found = fhir.search("QuestionnaireResponse", &search).await?;
    let mut lines = Vec::new();
    for response in &found {
        walk(page, &response["item"], &mut lines);
    }
    Ok(lines)
}

fn walk(page: &Page, items: &Value, lines: &mut Vec<(String, String)>) {
    for item in items.as_array().into_iter().flatten() {
        let answers = item["answer"].as_array().map_or(&[][..], Vec::as_slice);
        let words: Vec<String> = answers.iter().filter_map(|answer| word(page, answer)).collect();
        if !words.is_empty() {
            lines.push((item["text"].as_str().unwrap_or_default().to_owned(), words.join(", ")));
        }
        walk(page, &item["item"], lines);
        for answer in answers {
            walk(page, &answer["item"], lines);
        }
    }
}

fn word(page: &Page, answer: &Value) -> Option<String> {
    let (kind, value) = answer.as_object()?.iter().find(|(kind, _)| kind.starts_with("value"))?;
    Some(match kind.as_str() {
        "valueBoolean" => page.t(if value.as_bool()? { "yes" } else { "no" }),
        "valueDecimal" | "valueInteger" => page.decimal(&value.to_string()),
        "valueCoding" => value["display"].as_str().or_else(|| value["code"].as_str())?.to_owned(),
        "valueDate" | "valueDateTime" => page.fhir_date(value.as_str()?),
        "valueQuantity" => {
            let number = page.decimal(&value["value"].to_string());
            format!("{number} {}", value["unit"].as_str().unwrap_or_default())
        }
        _ => value.as_str()?.to_owned(),
    })
}
