//! The pages under `/personale`.

mod assign;
mod edit;
mod end;
mod past;
mod search;
mod show;
mod titles;

pub(crate) use assign::{not_oneself, refused, told as forbidden};
pub(crate) use edit::told;
pub(crate) use search::told as work;
pub(crate) use show::period;

use crate::app::Declared;
use axum::routing::{get, post};

/// What is in the directory, for whoever works in the service.
pub(crate) const READ: &str = "staff.read";
/// What the office for the staff does.
pub(crate) const KEEP: &str = "staff.office";

/// Declares them.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get(READ, "/personale", get(search::search))
        .get(READ, "/personale/mia-scheda", get(show::own))
        .get(KEEP, "/personale/nuovo", get(edit::ask_new))
        .post(KEEP, "/personale/nuovo", post(edit::create))
        .get(READ, "/personale/persone/{id}", get(show::show))
        .get(KEEP, "/personale/persone/{id}/modifica", get(edit::ask))
        .post(KEEP, "/personale/persone/{id}/modifica", post(edit::change))
        .post(KEEP, "/personale/persone/{id}/titoli", post(titles::add))
        .post(KEEP, "/personale/persone/{id}/titoli/togli", post(titles::remove))
        .get(KEEP, "/personale/persone/{id}/storia", get(past::show))
        .get(KEEP, "/personale/persone/{id}/incarichi/nuovo", get(assign::ask_new))
        .post(KEEP, "/personale/persone/{id}/incarichi/nuovo", post(assign::give))
        .get(KEEP, "/personale/incarichi/{id}", get(assign::ask))
        .post(KEEP, "/personale/incarichi/{id}", post(assign::change))
        .get(KEEP, "/personale/incarichi/{id}/fine", get(end::ask))
        .post(KEEP, "/personale/incarichi/{id}/fine", post(end::end))
}
