//! Choice and revocation of the family doctor and of the paediatrician: by the citizen, at the desk, by the doctor.
//!
//! A request is a record ([`record`]) and an instance of `processes/scelta-medico.bpmn`; what is admitted says
//! `decisions/ammissibilita-scelta.dmn`, over the numbers of `rules/scelta.json`. What is written is worked out as a
//! [`plan`] and goes in one transaction ([`commit`]).

mod citizen;
pub(crate) mod codes;
pub(crate) mod commit;
mod counter;
pub(crate) mod demo;
mod desk;
mod doctors;
mod ending;
mod facts;
mod lapsed;
mod movements;
mod panel;
mod pdf;
pub(crate) mod person;
pub(crate) mod places;
pub(crate) mod plan;
mod receipt;
pub(crate) mod record;
mod request;
pub(crate) mod rules;
mod shown;
mod worker;

use crate::Declared;
use axum::routing::{get, post};

pub(crate) use worker::workers;

/// Where it answers.
pub(crate) fn routes(declared: Declared) -> Declared {
    const OWN: &str = "citizens.own";
    const DESK: &str = "citizens.desk";
    const DOCTOR: &str = "citizens.doctor";
    declared
        .get(OWN, "/il-mio-medico", get(citizen::home))
        .get(OWN, "/il-mio-medico/scegli", get(citizen::list))
        .post(OWN, "/il-mio-medico/richieste", post(citizen::ask))
        .get(OWN, "/il-mio-medico/richieste/{id}", get(citizen::show))
        .get(OWN, "/il-mio-medico/richieste/{id}/ricevuta", get(citizen::receipt))
        .get(DESK, "/anagrafe/scelta", get(desk::home))
        .post(DESK, "/anagrafe/scelta", post(desk::find))
        .post(DESK, "/anagrafe/scelta/richieste", post(desk::ask))
        .get(DESK, "/anagrafe/scelta/richieste/{id}", get(desk::show))
        .post(DESK, "/anagrafe/scelta/richieste/{id}", post(desk::decide))
        .get(DESK, "/anagrafe/scelta/richieste/{id}/ricevuta", get(desk::receipt))
        .get(DOCTOR, "/i-miei-assistiti", get(panel::list))
        .get(DOCTOR, "/i-miei-assistiti/movimenti", get(panel::movements))
        .post(DOCTOR, "/i-miei-assistiti/ricusa", post(panel::refuse))
        .post(DOCTOR, "/i-miei-assistiti/richieste/{id}", post(panel::answer))
}
