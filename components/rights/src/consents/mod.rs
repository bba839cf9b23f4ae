//! Consents: given, refused, revoked by the citizen, or recorded at the desk with the paper. Each is a FHIR Consent; one
//! that is replaced becomes inactive and stays as history.

mod desk;
mod page;
mod record;
mod state;

pub(crate) use desk::{desk_find, desk_form, desk_record};
pub(crate) use page::{choice, choose, list};
