//! `POST /emergenza/apri`: the reason opens the data. The person is named by the same exact identity once more: no id of a
//! person ever stands in an address or a form of who has no tie.

use super::{Reason, Say, found, sees, show};
use crate::identity::Sought;
use crate::{App, grants, person};
use access::{Actor, AuditPatient, View};
use axum::Form;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use web::{Answer, Flash, Page};

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    cf: String,
    cognome: String,
    nome: String,
    nascita: String,
    accesso: String,
    motivo: String,
    spiegazione: String,
    conferma: String,
}

impl Sent {
    fn parts(self) -> (Sought, Reason) {
        let sought = Sought {
            cf: self.cf,
            cognome: self.cognome,
            nome: self.nome,
            nascita: self.nascita,
        };
        let reason = Reason {
            accesso: self.accesso,
            motivo: self.motivo,
            spiegazione: self.spiegazione,
            conferma: self.conferma,
        };
        (sought, reason)
    }
}

/// Opens it.
pub async fn open(State(app): State<App>, page: Page, view: View, Form(sent): Form<Sent>) -> Answer {
    let (sought, reason) = sent.parts();
    let mut say = Say {
        sought,
        sent: reason,
        ..Say::default()
    };
    if !app.pace.admits(&page.actor().subject, page.now()) {
        say.nobody = Some("emergency-too-many");
        return refused(&app, page, say, StatusCode::TOO_MANY_REQUESTS);
    }
    let Some(patient) = say.sought.find(&app.context.peers.fhir(&Actor::system())).await? else {
        say.nobody = Some("emergency-nobody");
        return refused(&app, page, say, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let id = patient["id"].as_str().unwrap_or_default().to_owned();
    let to = format!("/assistiti/{id}");
    let already = view
        .grants()
        .iter()
        .any(|grant| grant.patient == id && grant.is_open(page.now()));
    if !already && sees(&view, &id) {
        let mut response = page.redirect(&to, Flash::warning(page.t("emergency-not-needed")))?;
        response.extensions_mut().insert(AuditPatient(id));
        return Ok(response);
    }
    if let Some(fault) = say.sent.fault(&page) {
        say.found = Some(found(&page, &view, &patient));
        say.error = Some(fault);
        let mut response = refused(&app, page, say, StatusCode::UNPROCESSABLE_ENTITY)?;
        // The page says who the person is: the record names whom it was about.
        response.extensions_mut().insert(AuditPatient(id));
        return Ok(response);
    }
    let grant = say.sent.grant(&app, &page, &id, &person::name(&patient));
    let opened = grants::open(&app.context, grant).await;
    let (grant, _) = opened.map_err(|error| grants::failure(&page, error))?;
    let text = page.t1("emergency-opened", "time", web::time(grant.until));
    let mut response = page.redirect(&to, Flash::success(text))?;
    response.extensions_mut().insert(AuditPatient(id));
    Ok(response)
}

fn refused(app: &App, page: Page, say: Say, status: StatusCode) -> Answer {
    let mut response = show(app, page, say)?;
    *response.status_mut() = status;
    Ok(response)
}
