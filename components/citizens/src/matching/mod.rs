//! Records that may be of one person: the search for them over the whole registry, the desk that decides, merging and separating.
//!
//! What is kept (pairs, ledgers of merges, the last run, the weights it learnt) are `Basic` resources of the program (`kept`); who
//! works at the desk sees the two records of a pair as their own right allows.

mod decide;
pub(crate) mod demo;
mod desk;
pub(crate) mod kept;
pub(crate) mod merge;
mod merges;
mod pair;
mod rules;
mod run;
mod show;

pub(crate) use merge::keeper::workers;
pub use run::{Progress, Report, RunError, STEPS, run};

use crate::Declared;
use axum::routing::{get, post};

/// Its routes.
pub(crate) fn routes(declared: Declared) -> Declared {
    const DESK: &str = "citizens.desk";
    declared
        .get(DESK, "/anagrafe/doppioni", get(desk::list))
        .get(DESK, "/anagrafe/doppioni.csv", get(desk::csv))
        .post(DESK, "/anagrafe/doppioni/cerca", post(desk::search))
        .get(DESK, "/anagrafe/doppioni/{id}", get(show::show))
        .post(DESK, "/anagrafe/doppioni/{id}", post(decide::decide))
        .get(DESK, "/anagrafe/fusioni", get(merges::list))
        .get(DESK, "/anagrafe/fusioni/{id}", get(merges::show))
        .post(DESK, "/anagrafe/fusioni/{id}/riprendi", post(merges::resume))
        .post(DESK, "/anagrafe/fusioni/{id}/separa", post(merges::separate))
        .post(DESK, "/anagrafe/fusioni/{id}/assegna", post(merges::assign))
}
