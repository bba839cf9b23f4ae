//! `/assistiti/{id}`: one person: banner, problems and therapy, values over time, the pathway, what happened.

mod clinical;
mod timeline;
pub(super) mod values;

use super::task_row::TaskRow;
use super::{App, instance, people};
use askama::Template;
use axum::extract::{Path, Query, State};
use clinical::{Problem, Therapy};
use component::InstanceQuery;
use orchestrator::api::InstanceInfo;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use timeline::Moment;
use values::{Latest, Series};
use web::{Answer, Failure, Html, Page};

/// What to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Which value the chart shows (a key of [`values::SERIES`]).
    valore: String,
    /// Timeline before this moment.
    prima: Option<jiff::Timestamp>,
}

struct Banner {
    name: String,
    sex: String,
    age: Option<i32>,
    born: String,
    codice_fiscale: Option<String>,
    address: Option<String>,
    phone: Option<String>,
    doctor: Option<String>,
    died: Option<String>,
}

struct Pathway {
    instance: InstanceInfo,
    name: String,
    waiting: Vec<String>,
    drawings: Vec<instance::Drawing>,
    tasks: Vec<TaskRow>,
}

/// A pathway that is over.
struct Ended {
    id: String,
    name: String,
    started: jiff::Timestamp,
    ended: String,
}

#[derive(Template)]
#[template(path = "patient.html")]
struct PatientPage {
    page: Page,
    id: String,
    banner: Banner,
    problems: Vec<Problem>,
    therapies: Vec<Therapy>,
    chosen: &'static Series,
    latest: Vec<Latest>,
    chart: Option<Html>,
    pathways: Vec<Pathway>,
    ended: Vec<Ended>,
    chosen_key: String,
    moments: Vec<Moment>,
    earlier: Option<jiff::Timestamp>,
    may_start: bool,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    if !people::is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let fhir = app.fhir(&page);
    let patient = fhir.read("Patient", &id).await?;
    let banner = banner(&app, &page, &patient).await?;
    let chosen = values::chosen(&asked.valore);
    let points = values::points(&fhir, &id, chosen).await?;
    let latest = values::latest(&fhir, &page, &id).await?;
    let chart = values::chart(&page, chosen, &points);
    let orchestrator = app.orchestrator(&page);
    let all = InstanceQuery {
        patient: Some(id.clone()),
        ..InstanceQuery::default()
    };
    let (open, ended): (Vec<_>, Vec<_>) = orchestrator
        .instances(&all)
        .await?
        .items
        .into_iter()
        .partition(|i| i.ended.is_none());
    let ended = finished(&app, &page, ended).await?;
    let pathways = pathways(&app, &page, &id, open).await?;
    let problems = clinical::problems(&fhir, &page, &id).await?;
    let therapies = clinical::therapies(&fhir, &id).await?;
    let (moments, earlier) = timeline::moments(&fhir, &page, &id, asked.prima).await?;
    let is_self = page.actor().patient() == Some(&id);
    let may_start = !is_self && banner.died.is_none();
    let mut page = page.with_diagram().with_title(banner.name.clone());
    if !is_self {
        page = page.crumb("/assistiti", "patients-title");
    }
    web::show(&PatientPage {
        page,
        id,
        banner,
        problems,
        therapies,
        chosen_key: format!("value-{}", chosen.key),
        chosen,
        latest,
        chart,
        pathways,
        ended,
        moments,
        earlier,
        may_start,
    })
}

async fn banner(app: &App, page: &Page, patient: &Value) -> Result<Banner, Failure> {
    let doctor = match patient["generalPractitioner"][0]["reference"].as_str() {
        Some(reference) => app
            .fhir(page)
            .resolve(reference)
            .await
            .ok()
            .flatten()
            .map(|d| people::name(&d)),
        None => None,
    };
    let today = web::local_date(page.now());
    Ok(Banner {
        name: people::name(patient),
        sex: page.t(people::sex_key(patient)),
        age: people::age(patient, today),
        born: patient["birthDate"]
            .as_str()
            .map(|d| page.fhir_date(d))
            .unwrap_or_default(),
        codice_fiscale: people::codice_fiscale(patient),
        address: people::address(patient),
        phone: people::phone(patient),
        doctor,
        died: people::died(patient).map(web::date),
    })
}

async fn pathways(app: &App, page: &Page, id: &str, open: Vec<InstanceInfo>) -> Result<Vec<Pathway>, Failure> {
    let search = [
        ("patient", id),
        ("status", "ready,in-progress"),
        ("_sort", "due"),
        ("_count", "100"),
    ];
    let tasks = if open.is_empty() {
        Vec::new()
    } else {
        app.fhir(page).search("Task", &search).await?
    };
    let orchestrator = app.orchestrator(page);
    let mut pathways = Vec::new();
    for instance in open {
        let whole = orchestrator.instance(&instance.id).await?;
        let history = orchestrator.history(&instance.id, 0, 1000).await?;
        let mine = tasks.iter().filter(|t| t["groupIdentifier"]["value"] == *instance.id);
        pathways.push(Pathway {
            name: orchestrator.definition(&instance.definition).await?.name,
            waiting: waiting(page, &whole),
            drawings: instance::drawings(page, &orchestrator, &whole, &history).await?,
            tasks: mine.map(|t| TaskRow::read(t, &HashMap::new())).collect(),
            instance: whole,
        });
    }
    Ok(pathways)
}

/// What the pathway waits for besides people: dates.
fn waiting(page: &Page, instance: &InstanceInfo) -> Vec<String> {
    let timers = instance
        .active
        .iter()
        .filter(|a| a.kind != "userTask" && !a.name.is_empty());
    let dated = timers.filter_map(|a| {
        let due = a.due?;
        Some(page.t2("pathway-wait-until", "name", a.name.as_str(), "date", page.date(&due)))
    });
    dated.collect()
}

async fn finished(app: &App, page: &Page, instances: Vec<InstanceInfo>) -> Result<Vec<Ended>, Failure> {
    let orchestrator = app.orchestrator(page);
    let mut ended = Vec::new();
    for instance in instances {
        ended.push(Ended {
            name: orchestrator.definition(&instance.definition).await?.name,
            ended: instance.ended.map(|at| page.date(&at)).unwrap_or_default(),
            started: instance.started,
            id: instance.id,
        });
    }
    Ok(ended)
}
