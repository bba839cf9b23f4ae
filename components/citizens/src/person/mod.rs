//! The record of a person: shown, entered, corrected, looked back at; assistance opened and closed.

mod assistance;
pub(crate) mod build;
pub(crate) mod check;
mod edit;
mod facts;
mod form;
mod past;
mod show;
mod similar;
pub(crate) mod write;

use crate::Declared;
use axum::routing::{get, post};

pub(crate) use assistance::{ASSISTANCE, KINDS};
pub(crate) use form::Sent;

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    const DESK: &str = "citizens.desk";
    declared
        .get(DESK, "/anagrafe/nuova", get(edit::blank))
        .post(DESK, "/anagrafe/nuova", post(edit::create))
        .get(DESK, "/anagrafe/{id}", get(show::show))
        .get(DESK, "/anagrafe/{id}/modifica", get(edit::change))
        .post(DESK, "/anagrafe/{id}/modifica", post(edit::save))
        .get(DESK, "/anagrafe/{id}/storia", get(past::show))
        .post(DESK, "/anagrafe/{id}/assistenza", post(assistance::open))
        .post(DESK, "/anagrafe/{id}/assistenza/{voce}", post(assistance::close))
}
