//! `GET /emergenza`, `POST /emergenza/cerca`: the rule, and the search by exact identity. It is posted, so that who was
//! sought is in no address and in no log of addresses.

use super::{Say, found, show};
use crate::App;
use crate::identity::Sought;
use access::{Actor, AuditPatient, View};
use axum::Form;
use axum::extract::State;
use http::StatusCode;
use web::{Answer, Page};

/// The page.
pub async fn form(State(app): State<App>, page: Page) -> Answer {
    show(&app, page, Say::default())
}

/// The search.
pub async fn search(State(app): State<App>, page: Page, view: View, Form(sought): Form<Sought>) -> Answer {
    if !app.pace.admits(&page.actor().subject, page.now()) {
        let say = Say {
            sought,
            nobody: Some("emergency-too-many"),
            ..Say::default()
        };
        let mut response = show(&app, page, say)?;
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        return Ok(response);
    }
    let person = sought.find(&app.context.peers.fhir(&Actor::system())).await?;
    let nobody = person.is_none().then_some("emergency-nobody");
    let found = person.as_ref().map(|person| found(&page, &view, person));
    let say = Say {
        sought,
        nobody,
        found,
        ..Say::default()
    };
    let mut response = show(&app, page, say)?;
    if let Some(id) = person.as_ref().and_then(|person| person["id"].as_str()) {
        response.extensions_mut().insert(AuditPatient(id.to_owned()));
    }
    Ok(response)
}
