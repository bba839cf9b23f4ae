//! `/sportello-consensi`: an operator records what a person at the desk has signed on paper.

use super::page::{Place, done_key, in_words, organization, places};
use super::record::{self, By, Choice, New};
use super::state;
use crate::rules::{self, ConsentKind};
use crate::{App, people};
use access::AuditPatient;
use askama::Template;
use axum::Form;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage {
    page: Page,
    sent: Sent,
    error: Option<String>,
    person: Option<Person>,
}

struct Person {
    name: String,
    born: String,
    kinds: Vec<(&'static ConsentKind, Vec<String>)>,
    places: Vec<Place>,
}

/// Who the person is: both must fit, so that nobody can look up who is in the registry.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    codice_fiscale: String,
    #[serde(default)]
    cognome: String,
    #[serde(default)]
    cerca: String,
    #[serde(default)]
    tipo: String,
    #[serde(default)]
    scelta: String,
    #[serde(default)]
    organizzazione: String,
    #[serde(default)]
    modulo: String,
}

/// `GET /sportello-consensi`.
pub(crate) async fn desk_form(State(_): State<App>, page: Page) -> Answer {
    show(page, Sent::default(), None, None)
}

/// `POST /sportello-consensi`: finds the person and shows what was said so far.
pub(crate) async fn desk_find(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let Some(patient) = find(&app, &sent).await? else {
        let error = page.t("desk-nobody");
        let mut response = show(page, sent, Some(error), None)?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    };
    found(&app, page, sent, &patient, None, StatusCode::OK).await
}

/// `POST /sportello-consensi/registra`.
pub(crate) async fn desk_record(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let patient = find(&app, &sent)
        .await?
        .ok_or_else(|| Failure::Unprocessable(page.t("desk-nobody")))?;
    let id = patient["id"].as_str().unwrap_or_default().to_owned();
    let (Some(kind), Some(choice)) = (rules::consent(&sent.tipo), Choice::of(&sent.scelta)) else {
        let error = page.t("choice-missing");
        return found(
            &app,
            page,
            sent,
            &patient,
            Some(error),
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
    };
    let paper = sent.modulo.trim();
    if paper.is_empty() || paper.chars().count() > 200 {
        let error = page.t("paper-missing");
        return found(
            &app,
            page,
            sent,
            &patient,
            Some(error),
            StatusCode::UNPROCESSABLE_ENTITY,
        )
        .await;
    }
    let place = organization(&app, &page, kind, &sent.organizzazione).await?;
    let new = New {
        patient: &id,
        kind: &kind.code,
        purposes: &kind.purposes,
        text: &kind.text(&web::local_date(page.now()).to_string()).version,
        organization: place.as_ref().map(|(id, name)| (id.as_str(), name.as_str())),
        choice,
        paper: Some(paper),
        by: By {
            subject: &page.actor().subject,
            name: &page.actor().name,
            for_other: page.actor().acts_for.is_some(),
        },
    };
    record::write(&app.context, &new).await?;
    let done = Flash::success(page.t(done_key(choice)));
    let again = Sent {
        codice_fiscale: sent.codice_fiscale.clone(),
        cognome: sent.cognome.clone(),
        ..Sent::default()
    };
    found(&app, page.with_flash(done), again, &patient, None, StatusCode::OK).await
}

async fn find(app: &App, sent: &Sent) -> Result<Option<Value>, Failure> {
    let code = sent.codice_fiscale.trim().to_uppercase();
    if code.len() != 16 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let identifier = format!("{}|{code}", people::FISCAL);
    let found = app.system().search("Patient", &[("identifier", &identifier)]).await?;
    let named = |person: &Value| {
        let family = person["name"][0]["family"].as_str().unwrap_or_default();
        !family.is_empty() && fhir::normalize_string(family) == fhir::normalize_string(sent.cognome.trim())
    };
    Ok(found.into_iter().find(named))
}

async fn found(
    app: &App,
    page: Page,
    sent: Sent,
    patient: &Value,
    error: Option<String>,
    status: StatusCode,
) -> Answer {
    let id = patient["id"].as_str().unwrap_or_default();
    let all = state::all(&app.system(), id).await?;
    let active: Vec<_> = all
        .iter()
        .filter(|one| one.active && one.organization.is_some())
        .cloned()
        .collect();
    let kinds = rules::consents()
        .iter()
        .map(|kind| (kind, in_words(&page, kind, &all)))
        .collect();
    let person = Person {
        name: people::name(patient),
        born: web::fhir_date(patient["birthDate"].as_str().unwrap_or_default()),
        kinds,
        places: places(app, None, &active, &sent.cerca).await?,
    };
    let mut response = show(page, sent, error, Some(person))?;
    *response.status_mut() = status;
    // The log names whose consents the operator saw.
    response.extensions_mut().insert(AuditPatient(id.to_owned()));
    Ok(response)
}

fn show(page: Page, sent: Sent, error: Option<String>, person: Option<Person>) -> Answer {
    web::show(&DeskPage {
        page: page.titled("desk-title"),
        sent,
        error,
        person,
    })
}
