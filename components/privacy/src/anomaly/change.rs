//! What the office does with findings: a note, another state, an evaluation now.

use super::finding::STATE_SYSTEM;
use super::show::get;
use crate::{App, watch};
use access::Actor;
use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Answer, Failure, Flash, Page};

/// Notes kept of one finding.
const NOTES: usize = 100;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    stato: String,
    nota: String,
}

/// Notes, and changes the state.
pub async fn change(State(app): State<App>, page: Page, Path(id): Path<String>, Form(sent): Form<Sent>) -> Answer {
    let to = format!("/ufficio-privacy/anomalie/{id}");
    let mut issue = get(&app, &id).await?;
    let status = match sent.stato.as_str() {
        "nuova" => "registered",
        "vista" => "preliminary",
        "chiusa" => "final",
        _ => return Err(Failure::Unprocessable(page.t("anomaly-no-state"))),
    };
    let note: String = sent.nota.trim().chars().take(2_000).collect();
    if sent.stato == "chiusa" && note.is_empty() {
        return page.redirect(&to, Flash::danger(page.t("anomaly-no-note")));
    }
    issue["status"] = json!(status);
    issue["meta"]["tag"] = json!([{"system": STATE_SYSTEM, "code": sent.stato}]);
    if !note.is_empty() {
        let text = format!("{}: {note}", page.actor().name);
        let note = json!({
            "action": {"text": text}, "date": page.now().to_string(), "author": {"reference": page.actor().subject},
        });
        match issue.get_mut("mitigation").and_then(Value::as_array_mut) {
            Some(notes) if notes.len() >= NOTES => return Err(Failure::Conflict(page.t1("anomaly-notes", "n", NOTES))),
            Some(notes) => notes.push(note),
            None => issue["mitigation"] = json!([note]),
        }
    }
    app.context
        .peers
        .fhir(&Actor::system())
        .update_if_unchanged(&issue)
        .await?;
    page.redirect(&to, Flash::success(page.t("anomaly-changed")))
}

/// Evaluates what is new in the log without waiting for the next time.
pub async fn evaluate_now(State(app): State<App>, page: Page) -> Answer {
    let done = watch::watch(&app.context).await.map_err(Failure::Unavailable)?;
    let text = page.t2("anomalies-evaluated", "n", done.entries, "found", done.findings);
    page.redirect("/ufficio-privacy/anomalie", Flash::success(text))
}
