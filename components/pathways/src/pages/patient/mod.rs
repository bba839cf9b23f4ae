//! `/assistiti/{id}`: one person: banner, problems and therapy, values over time, the pathway, what happened.

mod clinical;
mod timeline;
pub(super) mod values;

use super::task_row::TaskRow;
use super::{App, facts, instance, people};
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

/// History entries read to mark what a pathway has passed.
const HISTORY: usize = 1000;

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
    plan: Vec<(String, String)>,
    waiting: Vec<String>,
    drawings: Vec<instance::Drawing>,
    tasks: Vec<Todo>,
}

/// An open task, with a link for those who may open it.
struct Todo {
    row: TaskRow,
    who: String,
    opens: bool,
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
    is_staff: bool,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    people::may_see(&page, &id)?;
    let fhir = app.fhir(&page);
    let patient = fhir.read("Patient", &id).await?;
    let chosen = values::chosen(&asked.valore);
    let work = async {
        let (open, ended) = instances(&app, &page, &id).await?;
        tokio::try_join!(pathways(&app, &page, &id, open), finished(&app, &page, ended))
    };
    let values = async {
        let (points, latest) = tokio::try_join!(values::points(&fhir, &id, chosen), values::latest(&fhir, &page, &id))?;
        Ok::<_, Failure>((points, latest))
    };
    let clinical = async {
        let (problems, therapies) =
            tokio::try_join!(clinical::problems(&fhir, &page, &id), clinical::therapies(&fhir, &id))?;
        Ok::<_, Failure>((problems, therapies))
    };
    let moments = async { Ok::<_, Failure>(timeline::moments(&fhir, &page, &id, asked.prima).await?) };
    let (banner, work, values, clinical, moments) =
        tokio::try_join!(banner(&app, &page, &patient), work, values, clinical, moments)?;
    let (pathways, ended) = work;
    let target = pathways.iter().find_map(|p| facts::hba1c_target(&p.instance.variables));
    let is_self = page.actor().patient().is_some();
    let may_start = !is_self && banner.died.is_none();
    let mut page = page.with_diagram().with_title(banner.name.clone());
    if !is_self {
        page = page.crumb("/assistiti", "patients-title");
    }
    web::show(&PatientPage {
        chart: values::chart(&page, chosen, &values.0, target.filter(|_| chosen.key == "hba1c")),
        page,
        id,
        banner,
        problems: clinical.0,
        therapies: clinical.1,
        chosen_key: format!("value-{}", chosen.key),
        chosen,
        latest: values.1,
        pathways,
        ended,
        moments: moments.0,
        earlier: moments.1,
        may_start,
        is_staff: !is_self,
    })
}

/// The person's pathways: running ones, and those that are over.
async fn instances(app: &App, page: &Page, id: &str) -> Result<(Vec<InstanceInfo>, Vec<InstanceInfo>), Failure> {
    let all = InstanceQuery {
        patient: Some(id.to_owned()),
        ..InstanceQuery::default()
    };
    let found = app.orchestrator(page).instances(&all).await?.items;
    Ok(found.into_iter().partition(|i| i.ended.is_none()))
}

async fn banner(app: &App, page: &Page, patient: &Value) -> Result<Banner, Failure> {
    let doctor = match patient["generalPractitioner"][0]["reference"].as_str() {
        Some(reference) => app
            .common()
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
        let (whole, history) = tokio::try_join!(
            orchestrator.instance(&instance.id),
            orchestrator.history(&instance.id, 0, HISTORY)
        )?;
        let sources = instance::family(app, page, &whole).await?;
        let mine = tasks.iter().filter(|t| t["groupIdentifier"]["value"] == *instance.id);
        pathways.push(Pathway {
            name: sources[0].definition.name.clone(),
            plan: facts::plan(page, &whole.variables),
            waiting: waiting(page, &whole),
            drawings: instance::drawings(page, &whole, &history, &sources),
            tasks: mine.map(|t| todo(page, TaskRow::read(t, &HashMap::new()))).collect(),
            instance: whole,
        });
    }
    Ok(pathways)
}

fn todo(page: &Page, row: TaskRow) -> Todo {
    let who: Vec<String> = row.roles.iter().map(|role| page.role_name(role)).collect();
    Todo {
        opens: page.actor().patient().is_none() || row.roles.iter().any(|role| page.actor().has_role(role)),
        who: who.join(", "),
        row,
    }
}

/// What the pathway waits for besides people: dates.
fn waiting(page: &Page, instance: &InstanceInfo) -> Vec<String> {
    let timers = instance
        .active
        .iter()
        .filter(|a| a.kind != "userTask" && a.name != a.element);
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
        let source = app.sources.get(&orchestrator, &instance.definition).await?;
        ended.push(Ended {
            name: source.definition.name.clone(),
            ended: instance.ended.map(|at| page.date(&at)).unwrap_or_default(),
            started: instance.started,
            id: instance.id,
        });
    }
    Ok(ended)
}
