//! Starting a pathway for a person.

use super::{App, people};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use component::{InstanceQuery, PeerError};
use orchestrator::api::{DefinitionInfo, InstanceInfo, StartInstance};
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    page: Page,
    patient: String,
    definitions: Vec<DefinitionInfo>,
    running: Vec<(String, String)>,
}

/// The form.
pub async fn form(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    people::may_see(&page, &id)?;
    let patient = app.fhir(&page).read("Patient", &id).await?;
    let orchestrator = app.orchestrator(&page);
    let mut definitions = newest(orchestrator.definitions().await?);
    let mut running = orchestrator.instances(&of_patient(&id)).await?.items;
    running.retain(|i| i.ended.is_none());
    let name = |instance: &InstanceInfo| {
        let process = instance.definition.split(':').next().unwrap_or_default();
        definitions
            .iter()
            .find(|d| d.id == process)
            .map_or(process, |d| d.name.as_str())
            .to_owned()
    };
    let running = running.iter().map(|i| (i.id.clone(), name(i))).collect();
    definitions.retain(|d| crate::deployments::is_pathway(&d.id));
    let page = page
        .crumb("/assistiti", "patients-title")
        .crumb_named(&format!("/assistiti/{id}"), people::name(&patient))
        .titled("start-title");
    web::show(&Start {
        page,
        patient: id,
        definitions,
        running,
    })
}

/// What was chosen.
#[derive(Debug, Deserialize)]
pub struct Chosen {
    percorso: String,
}

/// Starts it; a person has one running pathway of a kind at most.
pub async fn submit(State(app): State<App>, page: Page, Path(id): Path<String>, Form(chosen): Form<Chosen>) -> Answer {
    people::may_see(&page, &id)?;
    let patient = app.fhir(&page).read("Patient", &id).await?;
    if people::died(&patient).is_some() {
        return Err(Failure::Unprocessable(page.t("start-dead")));
    }
    let orchestrator = app.orchestrator(&page);
    let running = orchestrator.instances(&of_patient(&id)).await?.items;
    if running
        .iter()
        .any(|i| i.ended.is_none() && i.definition.split(':').next() == Some(chosen.percorso.as_str()))
    {
        let path = format!("/assistiti/{id}");
        return page.redirect(&path, Flash::warning(page.t("start-already")));
    }
    if !crate::deployments::is_pathway(&chosen.percorso) {
        return Err(Failure::Unprocessable(page.t("start-none")));
    }
    if orchestrator.definition(&chosen.percorso).await?.start_form.is_some() {
        // Its questions come first.
        return page.go(&format!("/assistiti/{id}/percorsi/nuovo/{}", chosen.percorso));
    }
    let start = StartInstance {
        definition: chosen.percorso,
        patient: Some(id.clone()),
        only_one: true,
        ..StartInstance::default()
    };
    begin(&app, page, &start).await
}

/// Starts it and shows it.
pub(super) async fn begin(app: &App, page: Page, start: &StartInstance) -> Answer {
    let instance = match app.orchestrator(&page).start(start).await {
        Ok(instance) => instance,
        // A second click, or a colleague at the same moment.
        Err(PeerError::Status { status, .. }) if status == http::StatusCode::CONFLICT => {
            let back = start
                .patient
                .as_ref()
                .map_or("/".to_owned(), |id| format!("/assistiti/{id}"));
            return page.redirect(&back, Flash::warning(page.t("start-already")));
        }
        Err(error) => return Err(error.into()),
    };
    page.redirect(
        &format!("/percorsi/{}", instance.id),
        Flash::success(page.t("start-done")),
    )
}

fn of_patient(patient: &str) -> InstanceQuery {
    InstanceQuery {
        patient: Some(patient.to_owned()),
        ..InstanceQuery::default()
    }
}

/// The newest version of each process.
pub(super) fn newest(definitions: Vec<DefinitionInfo>) -> Vec<DefinitionInfo> {
    let mut newest: Vec<DefinitionInfo> = Vec::new();
    for definition in definitions {
        match newest.iter_mut().find(|d| d.id == definition.id) {
            Some(known) if known.version >= definition.version => {}
            Some(known) => *known = definition,
            None => newest.push(definition),
        }
    }
    newest
}
