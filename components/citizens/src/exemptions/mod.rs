//! Exemptions from the ticket: by income (list of the ministry, self-certification), chronic and rare diseases, disability,
//! pregnancy. An exemption is a `Coverage` of the kind [`EXEMPTION`](crate::choice::codes::EXEMPTION); a self-certification and a control are
//! records.

mod check;
mod citizen;
mod controls;
mod desk;
mod held;
mod list;
mod rules;
mod worker;

use crate::Declared;
use access::describe;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler as _;
use axum::routing::{get, post};

pub(crate) use worker::workers;

/// Largest list, bytes.
const MAX_FILE: usize = 6 * 1024 * 1024;

/// Where it answers.
pub(crate) fn routes(declared: Declared) -> Declared {
    const OWN: &str = "citizens.own";
    const DESK: &str = "citizens.desk";
    declared
        .get(OWN, "/esenzioni", get(citizen::home))
        .post(OWN, "/esenzioni", post(citizen::declare))
        .post(OWN, "/esenzioni/{id}/termina", post(citizen::end))
        .get(DESK, "/anagrafe/esenzioni", get(desk::home))
        .post(DESK, "/anagrafe/esenzioni", post(desk::find))
        .post(DESK, "/anagrafe/esenzioni/registra", post(desk::record))
        .post(DESK, "/anagrafe/esenzioni/{id}/termina", post(desk::end))
        .post(
            DESK,
            "/anagrafe/esenzioni/elenco",
            post(desk::load.layer(DefaultBodyLimit::max(MAX_FILE))),
        )
        .get(DESK, "/anagrafe/esenzioni/controlli", get(controls::list))
        .post(DESK, "/anagrafe/esenzioni/controlli", post(controls::draw))
        .post(DESK, "/anagrafe/esenzioni/controlli/{id}", post(controls::decide))
        .get("citizens.check", "/citizens/exemptions/check", get(check::check))
        .described(
            "Whether an exemption holds for a person on a day, or which do for a service",
            describe(&check::check),
        )
}
