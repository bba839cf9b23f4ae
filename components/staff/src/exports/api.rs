//! The REST side of the files for higher bodies.

use super::run::{self, KIND, MAX_RECEIPT, Wanted};
use crate::app::App;
use crate::note::Note;
use access::Actor;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use web::Failure;

/// What to make.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MakeExport {
    /// Layout code.
    layout: String,
    /// As of this day.
    day: String,
    /// Rows of one file, where fewer are wanted than the layout permits.
    #[serde(default)]
    rows_per_file: Option<usize>,
}

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportInfo {
    /// Id.
    id: String,
    /// Layout code.
    layout: String,
    /// As of this day.
    day: String,
    /// Rows in the file.
    rows: String,
    /// Rows left out.
    left_out: String,
    /// SHA-256 of the file.
    sha256: String,
    /// When it was made.
    made: String,
    /// When the receipt came.
    receipt: Option<String>,
    /// Rows that the body accepted.
    accepted: Option<String>,
    /// Rows that the body refused.
    refused: Option<String>,
    /// The run whose refused rows it holds.
    again: Option<String>,
    /// Which part of a set of files it is; absent: it is alone.
    part: Option<usize>,
    /// Ids of all parts of the set, in order.
    parts: Vec<String>,
    /// What is wrong with rows; empty in the list.
    faults: Vec<RowFault>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RowFault {
    /// Assignment or person id.
    id: String,
    /// Rule and column, or what the body answered.
    faults: Vec<String>,
}

fn info(note: &Note) -> ExportInfo {
    let some = |name: &str| Some(note.get(name).to_owned()).filter(|text| !text.is_empty());
    let text = |name: &str| note.get(name).to_owned();
    ExportInfo {
        id: note.id.clone(),
        layout: text("layout"),
        day: text("giorno"),
        rows: text("righe"),
        left_out: text("fuori"),
        sha256: text("sha256"),
        made: text("scritta"),
        receipt: some("ricevuta"),
        accepted: some("accettate"),
        refused: some("rifiutate"),
        again: some("precedente"),
        part: run::part(note).map(|(part, _)| part),
        parts: run::part(note).map_or_else(Vec::new, |(_, all)| all.into_iter().map(str::to_owned).collect()),
        faults: Vec::new(),
    }
}

/// `GET /staff/exports`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Vec<ExportInfo>>, Failure> {
    let notes = Note::all(&app.system(), KIND, None).await?;
    Ok(Json(notes.iter().map(info).collect()))
}

/// `POST /staff/exports`.
pub(crate) async fn make(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<MakeExport>,
) -> Result<(StatusCode, Json<ExportInfo>), Failure> {
    let wanted = Wanted {
        layout: &asked.layout,
        day: &asked.day,
        by: &actor.subject,
        again: None,
        most_rows: asked.rows_per_file,
    };
    let made = run::make(&app.context, &app.system(), &wanted).await?;
    Ok((StatusCode::CREATED, Json(info(&made))))
}

/// `GET /staff/exports/{id}`.
pub(crate) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<ExportInfo>, Failure> {
    let system = app.system();
    let note = run::find(&system, &id).await?;
    let mut told = info(&note);
    for row in run::rows(&system, &id).await? {
        let mut faults: Vec<String> = row
            .faults
            .iter()
            .map(|(key, column)| format!("{key}: {column}"))
            .collect();
        if row.outcome == "rifiutata" {
            faults.push(row.message);
        }
        if !faults.is_empty() {
            told.faults.push(RowFault { id: row.id, faults });
        }
    }
    Ok(Json(told))
}

/// `POST /staff/exports/{id}/receipt`.
pub(crate) async fn receive(
    State(app): State<App>,
    Path(id): Path<String>,
    text: axum::body::Bytes,
) -> Result<Json<ExportInfo>, Failure> {
    if text.len() > MAX_RECEIPT {
        return Err(Failure::Unprocessable(format!(
            "a receipt has at most {MAX_RECEIPT} bytes"
        )));
    }
    let system = app.system();
    let text = String::from_utf8_lossy(&text);
    run::receive(&app.context, &system, &id, &text).await?;
    Ok(Json(info(&run::find(&system, &id).await?)))
}

/// `POST /staff/exports/{id}/resend`.
pub(crate) async fn again(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ExportInfo>), Failure> {
    let system = app.system();
    let old = run::find(&system, &id).await?;
    let today = web::local_date(app.context.clock.now()).to_string();
    let wanted = Wanted {
        layout: old.get("layout"),
        day: &today,
        by: &actor.subject,
        again: Some(&id),
        most_rows: None,
    };
    let made = run::make(&app.context, &system, &wanted).await?;
    Ok((StatusCode::CREATED, Json(info(&made))))
}
