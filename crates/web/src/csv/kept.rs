//! The file of an import: how it comes in a form, how it is kept between its pages, in a `Binary` that only the program reads.

use super::{Csv, CsvError, MAX_ROWS};
use crate::{Failure, Page};
use axum::extract::Multipart;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use component::{Fhir, PeerError};
use serde::Deserialize;
use serde_json::json;

/// Characters of a file's name that are kept.
const NAME: usize = 100;

/// What is wrong with a file, in the language of the page.
pub fn told(page: &Page, error: &CsvError) -> String {
    use CsvError as E;
    match error {
        E::Empty => page.t("csv-empty"),
        E::Rows => page.t1("csv-rows", "max", MAX_ROWS),
        E::Columns(line) => page.t1("csv-columns", "line", *line),
        E::Cell(line) => page.t1("csv-cell", "line", *line),
        E::Quote(line) => page.t1("csv-quote", "line", *line),
    }
}

/// The file that a form sends as `file`: its name and its rows.
///
/// # Errors
/// It did not arrive, or cannot be read; told in the language of the page.
pub async fn uploaded(page: &Page, mut form: Multipart) -> Result<(String, Csv), Failure> {
    let unread = || Failure::Unprocessable(page.t("csv-unread"));
    let mut file = None;
    while let Some(field) = form.next_field().await.map_err(|_| unread())? {
        if field.name() == Some("file") {
            let name: String = field.file_name().unwrap_or("file.csv").chars().take(NAME).collect();
            file = Some((name, field.bytes().await.map_err(|_| unread())?));
        }
    }
    let (name, bytes) = file.ok_or_else(unread)?;
    let csv = Csv::read(&bytes).map_err(|error| Failure::Unprocessable(told(page, &error)))?;
    Ok((name, csv))
}

/// Keeps a file as `Binary/<id>`.
///
/// # Errors
/// The hub refuses it, or does not answer.
pub async fn keep(fhir: &Fhir, id: &str, csv: &Csv) -> Result<(), PeerError> {
    let content = json!({"header": csv.header, "rows": csv.rows, "lines": csv.lines}).to_string();
    let binary = json!({"resourceType": "Binary", "id": id, "contentType": "application/json",
        "data": STANDARD.encode(content)});
    fhir.update(&binary).await.map(drop)
}

/// The file kept as `Binary/<id>`; `None` once it was removed.
///
/// # Errors
/// The hub does not answer, or what it has is no file.
pub async fn kept(fhir: &Fhir, id: &str) -> Result<Option<Csv>, PeerError> {
    #[derive(Deserialize)]
    struct Content {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
        lines: Vec<usize>,
    }
    let Some(binary) = fhir.find("Binary", id).await? else {
        return Ok(None);
    };
    let content = STANDARD.decode(binary["data"].as_str().unwrap_or_default()).ok();
    let content: Option<Content> = content.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let content = content.ok_or_else(|| PeerError::Malformed("the file of the import cannot be read".into()))?;
    Ok(Some(Csv {
        header: content.header,
        rows: content.rows,
        lines: content.lines,
    }))
}
