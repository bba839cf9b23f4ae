//! Lists of structures brought as CSV files and reconciled with the registry: each row is proposed as a structure that is there,
//! perhaps one, or a new one; somebody looks at what is not sure, and at whose value counts where list and registry differ; then all
//! is written as one import, which can be taken back.
//!
//! Proposals are made anew whenever they are looked at, of the file and of the registry as they are: only what somebody decided is
//! kept ([`job::Job`]). So a list that is written twice finds nothing left to write.

mod api;
mod command;
mod details;
mod differences;
mod facts;
mod job;
mod likeness;
mod page;
mod plan;
mod propose;
mod review;
mod row;
mod rules;
mod run;
#[cfg(test)]
mod tests;
mod write;

pub use command::{Imported, import};
pub(crate) use row::form as code_form;

use crate::Declared;
use access::describe;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use http::Method;

/// Rows of a list at most: as many as are compared while somebody waits.
const MAX_ROWS: usize = 20_000;
/// Largest file, bytes.
const MAX_FILE: usize = 4 << 20;

/// Whether structures of a kind lie in the territory of an ASL and are not part of it.
pub(crate) fn of_territory(kind: &str) -> bool {
    rules::rules().of_territory.iter().any(|known| known == kind)
}

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    const IMPORT: &str = "facilities.import";
    let limit = || DefaultBodyLimit::max(MAX_FILE + (64 << 10));
    declared
        .may(IMPORT, Method::GET, "/strutture/elenchi", get(page::list))
        .may(
            IMPORT,
            Method::POST,
            "/strutture/elenchi",
            post(page::upload).layer(limit()),
        )
        .may(IMPORT, Method::GET, "/strutture/elenchi/{id}", get(review::show))
        .may(
            IMPORT,
            Method::POST,
            "/strutture/elenchi/{id}/colonne",
            post(page::columns),
        )
        .may(
            IMPORT,
            Method::POST,
            "/strutture/elenchi/{id}/righe/{line}",
            post(review::decide),
        )
        .may(
            IMPORT,
            Method::POST,
            "/strutture/elenchi/{id}/mancanti",
            post(review::cease),
        )
        .may(
            IMPORT,
            Method::POST,
            "/strutture/elenchi/{id}/applica",
            post(page::apply),
        )
        .may(
            IMPORT,
            Method::POST,
            "/strutture/elenchi/{id}/annulla",
            post(page::undo),
        )
        .may(
            IMPORT,
            Method::GET,
            "/strutture/elenchi/{id}/proposte.csv",
            get(api::file),
        )
        .may(
            IMPORT,
            Method::POST,
            "/facilities/lists/proposals",
            post(api::proposals).layer(limit()),
        )
        .described(
            "Which structures the rows of a CSV list are; nothing is written",
            describe(&api::proposals),
        )
}
