//! The codice fiscale for those who work with it: checked against a person's data, computed, decoded, in all its forms. As a page,
//! as JSON under `/citizens/codice-fiscale`, and as the command `sinfonia codice-fiscale`.

mod api;
mod page;
mod words;

pub(crate) use words::{told, told_by};

use crate::Declared;
use axum::routing::{get, post};

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    const DESK: &str = "citizens.desk";
    const TOOLS: &str = "citizens.fiscal";
    declared
        .get(DESK, "/anagrafe/codice-fiscale", get(page::show))
        .post(DESK, "/anagrafe/codice-fiscale", post(page::answer))
        .post(TOOLS, "/citizens/codice-fiscale/check", post(api::check))
        .described(
            "Whether a codice fiscale is well formed and that of a person: each mismatch explained",
            access::describe(&api::check),
        )
        .post(TOOLS, "/citizens/codice-fiscale/compute", post(api::compute))
        .described(
            "The codice fiscale that a person's data make",
            access::describe(&api::compute),
        )
        .post(TOOLS, "/citizens/codice-fiscale/decode", post(api::decode))
        .described(
            "What a codice fiscale says: date, sex, place of birth, letters of the names",
            access::describe(&api::decode),
        )
        .post(TOOLS, "/citizens/codice-fiscale/forms", post(api::forms))
        .described(
            "The 128 forms of a codice fiscale (omocodia)",
            access::describe(&api::forms),
        )
}
