//! Files for higher bodies: layouts as data (`rules/layouts.json`), runs with checks per row, hash, receipts, sending again.

mod api;
mod layout;
mod page;
mod run;

pub use run::ExportError;

use crate::app::Declared;
use crate::pages::KEEP;
use access::{Actor, describe};
use axum::routing::{get, post};
use component::Context;

/// Declares pages and REST.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get(KEEP, "/personale/invii", get(page::list))
        .post(KEEP, "/personale/invii", post(page::make))
        .get(KEEP, "/personale/invii/{id}", get(page::show))
        .get(KEEP, "/personale/invii/{id}/file", get(page::download))
        .post(KEEP, "/personale/invii/{id}/ricevuta", post(page::receive))
        .post(KEEP, "/personale/invii/{id}/rinvia", post(page::again))
        .get(KEEP, "/staff/exports", get(api::list))
        .described("Lists the files made for higher bodies", describe(&api::list))
        .post(KEEP, "/staff/exports", post(api::make))
        .described("Makes a file for a higher body", describe(&api::make))
        .get(KEEP, "/staff/exports/{id}", get(api::one))
        .described("One file with what is wrong with its rows", describe(&api::one))
        .get(KEEP, "/staff/exports/{id}/file", get(page::download))
        .described("The file", describe(&page::download))
        .post(KEEP, "/staff/exports/{id}/receipt", post(api::receive))
        .described(
            "Takes the receipt of the body (delimited text)",
            describe(&api::receive),
        )
        .post(KEEP, "/staff/exports/{id}/resend", post(api::again))
        .described("Makes a file of the rows that were refused", describe(&api::again))
}

/// A file made on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFile {
    /// Id of the run.
    pub id: String,
    /// Bytes.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes, hexadecimal.
    pub sha256: String,
    /// Rows in it.
    pub rows: String,
    /// Rows left out: name, and what is wrong (rule and column).
    pub left_out: Vec<(String, String)>,
}

/// The layouts: code, name in Italian, `verified` or `unverified`.
pub fn layouts() -> Vec<(&'static str, &'static str, &'static str)> {
    layout::layouts()
        .iter()
        .map(|one| (one.code.as_str(), one.name.it.as_str(), one.status.as_str()))
        .collect()
}

/// Makes a file as the program itself; with more rows than one holds, several, in order.
///
/// # Errors
/// See [`ExportError`].
pub async fn make(
    context: &Context,
    layout: &str,
    day: &str,
    most_rows: Option<usize>,
) -> Result<Vec<MadeFile>, ExportError> {
    let actor = Actor::system();
    let fhir = context.peers.fhir(&actor);
    let wanted = run::Wanted {
        layout,
        day,
        by: &actor.subject,
        again: None,
        most_rows,
    };
    let note = run::make(context, &fhir, &wanted).await?;
    let ids = run::part(&note).map_or_else(|| vec![note.id.as_str()], |(_, all)| all);
    let mut made = Vec::new();
    for id in ids {
        made.push(made_file(&fhir, id).await?);
    }
    Ok(made)
}

async fn made_file(fhir: &component::Fhir, id: &str) -> Result<MadeFile, ExportError> {
    let note = run::find(fhir, id).await?;
    let rows = run::rows(fhir, id).await?;
    let left_out = rows.into_iter().filter(|row| row.key.is_empty()).map(|row| {
        let faults: Vec<String> = row
            .faults
            .iter()
            .map(|(key, column)| format!("{column}: {key}"))
            .collect();
        (row.name, faults.join(", "))
    });
    Ok(MadeFile {
        bytes: run::file(fhir, id).await?,
        sha256: note.get("sha256").to_owned(),
        rows: note.get("righe").to_owned(),
        left_out: left_out.collect(),
        id: note.id,
    })
}

/// Takes the receipt of a run: rows accepted, refused, and lines that speak of no row.
///
/// # Errors
/// See [`ExportError`].
pub async fn receive(context: &Context, run: &str, text: &str) -> Result<(String, String, usize), ExportError> {
    let fhir = context.peers.fhir(&Actor::system());
    let strange = run::receive(context, &fhir, run, text).await?;
    let note = run::find(&fhir, run).await?;
    Ok((
        note.get("accettate").to_owned(),
        note.get("rifiutate").to_owned(),
        strange,
    ))
}
