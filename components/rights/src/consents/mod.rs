//! Consents: given, refused, revoked by the citizen, or recorded at the desk with the paper. Each is a FHIR Consent; one
//! that is replaced becomes inactive and stays as history.

mod desk;
mod page;
mod record;
mod state;

pub(crate) use desk::{desk_find, desk_form, desk_record};
pub(crate) use page::{choice, choose, list};

use component::{Context, PeerError};

/// Something said in the person's name by the office that granted a request.
pub(crate) struct Said<'a> {
    pub patient: &'a str,
    /// Code of the kind.
    pub kind: &'a str,
    /// `None`: what was said before counts no more.
    pub permit: Option<bool>,
    /// Who decided.
    pub by: &'a str,
}

/// Writes it; said again, it says the same.
pub(crate) async fn say(context: &Context, said: &Said<'_>) -> Result<(), PeerError> {
    let known = crate::rules::consent(said.kind);
    let day = web::local_date(context.clock.now()).to_string();
    record::write(
        context,
        &record::New {
            patient: said.patient,
            kind: said.kind,
            purposes: known.map_or(&[], |kind| kind.purposes.as_slice()),
            text: known.map_or("richiesta", |kind| kind.text(&day).version.as_str()),
            organization: None,
            choice: match said.permit {
                Some(true) => record::Choice::Permit,
                Some(false) => record::Choice::Deny,
                None => record::Choice::Revoke,
            },
            paper: None,
            by: record::By {
                subject: said.by,
                name: "Ufficio protezione dati",
                for_other: true,
            },
        },
    )
    .await
}
