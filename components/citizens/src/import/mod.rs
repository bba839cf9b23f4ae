//! Lists of persons brought as CSV files: columns mapped, looked at, written in batches, taken back.
//!
//! The file is kept in a `Binary` that only the program reads; what becomes of it in a `Basic` without anybody's data. A row becomes
//! the same form as a person entered at the desk, and is checked by the same rules. The id of a new record follows from the
//! person's code (or name, birth and sex), so that a batch that is repeated, or a file that is sent again, writes nobody twice.

mod job;
mod page;
mod row;
mod run;
mod undo;

use crate::Declared;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

/// Largest file, bytes.
const MAX_FILE: usize = 8 << 20;

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    const DESK: &str = "citizens.desk";
    let upload = post(page::upload).layer(DefaultBodyLimit::max(MAX_FILE + (64 << 10)));
    declared
        .get(DESK, "/anagrafe/importazioni", get(page::list))
        .post(DESK, "/anagrafe/importazioni", upload)
        .get(DESK, "/anagrafe/importazioni/esempio.csv", get(page::example))
        .get(DESK, "/anagrafe/importazioni/{id}", get(page::show))
        .post(DESK, "/anagrafe/importazioni/{id}/colonne", post(page::columns))
        .post(DESK, "/anagrafe/importazioni/{id}/avvia", post(page::start))
        .post(DESK, "/anagrafe/importazioni/{id}/annulla", post(page::undo))
        .get(DESK, "/anagrafe/importazioni/{id}/scarti", get(page::rejects))
}
