//! `/casi`: everyone in the pathway, by what is due next: the case manager's list.

use super::task_row::TaskRow;
use super::{App, people};
use askama::Template;
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use component::{Fhir, InstanceQuery, Orchestrator, PeerError};
use jiff::Timestamp;
use orchestrator::api::InstanceInfo;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use web::{Answer, Page};

/// Instances looked at; beyond, the page says so.
const MOST: usize = 1000;
const PAGE: usize = 50;
/// People whose newest contact is asked for together.
const GROUP: usize = 20;

/// Filters and order.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Filter {
    q: String,
    fase: String,
    /// `si`: only with something late.
    ritardo: String,
    /// A GP sees their own; `tutti` shows everyone.
    assistiti: String,
    /// `scadenza` (default), `nome`, `contatto`, `fase`.
    ordine: String,
    pagina: usize,
}

/// One person in the pathway.
#[derive(Debug, Clone)]
pub struct Case {
    instance: String,
    patient: String,
    name: String,
    age: Option<i32>,
    /// Steps where it waits now, in words.
    phase: Vec<String>,
    due: Option<Timestamp>,
    next: String,
    late: usize,
    contact: Option<Timestamp>,
    incident: bool,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct Cases {
    page: Page,
    filter: Filter,
    phases: Vec<String>,
    cases: Vec<Case>,
    all: usize,
    late: usize,
    truncated: bool,
    previous: Option<String>,
    next: Option<String>,
    csv: String,
    is_gp: bool,
}

/// The page.
pub async fn list(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let (every, truncated) = gather(&app, &page, &filter).await?;
    let mut phases: Vec<String> = every.iter().flat_map(|c| c.phase.clone()).collect();
    phases.sort();
    phases.dedup();
    let cases = narrowed(every, &filter);
    let (all, late) = (cases.len(), cases.iter().filter(|c| c.late > 0).count());
    let from = filter.pagina.min(all / PAGE) * PAGE;
    let number = from / PAGE;
    let shown: Vec<Case> = cases.into_iter().skip(from).take(PAGE).collect();
    web::show(&Cases {
        previous: (number > 0).then(|| filter.address(number - 1)),
        next: (from + PAGE < all).then(|| filter.address(number + 1)),
        csv: filter.address(0).replacen("/casi", "/casi.csv", 1),
        is_gp: page.actor().has_role("mmg"),
        page: page.titled("cases-title"),
        filter,
        phases,
        cases: shown,
        all,
        late,
        truncated,
    })
}

/// The same list as a file.
pub async fn csv(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let (every, _) = gather(&app, &page, &filter).await?;
    let head = [
        "case-name",
        "case-age",
        "case-phase",
        "case-next",
        "case-due",
        "case-late",
        "case-contact",
    ];
    let mut text = String::from("\u{feff}");
    let mut line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&cells.join(";"));
        text.push_str("\r\n");
    };
    line(head.iter().map(|key| page.t(key)).collect());
    for case in narrowed(every, &filter) {
        line(vec![
            case.name.clone(),
            case.age.map(|a| a.to_string()).unwrap_or_default(),
            case.phase.join(", "),
            case.next.clone(),
            case.due.map(|d| page.date(&d)).unwrap_or_default(),
            case.late.to_string(),
            case.contact.map(|d| page.date(&d)).unwrap_or_default(),
        ]);
    }
    let headers = [
        (http::header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            http::header::CONTENT_DISPOSITION,
            "attachment; filename=\"percorsi.csv\"",
        ),
        (http::header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}

/// A cell that a spreadsheet reads as text: quoted, and never as a formula.
fn csv_cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

async fn gather(app: &App, page: &Page, filter: &Filter) -> Result<(Vec<Case>, bool), web::Failure> {
    let (instances, truncated) = running(&app.orchestrator(page)).await?;
    let fhir = app.fhir(page);
    let ids: Vec<&str> = instances.iter().filter_map(|i| i.patient.as_deref()).collect();
    let (patients, open, contacts) =
        tokio::try_join!(patients(&fhir, &ids), open_tasks(&fhir), last_contacts(&fhir, &ids))?;
    let own = page.actor().has_role("mmg") && filter.assistiti != "tutti";
    let gp = own.then(|| page.actor().subject.clone());
    let today = web::local_date(page.now());
    let cases = instances.iter().filter_map(|instance| {
        let id = instance.patient.as_deref()?;
        let patient = patients.get(id)?;
        let mine = |gp: &String| {
            let doctors = patient["generalPractitioner"].as_array().into_iter().flatten();
            doctors.filter_map(|d| d["reference"].as_str()).any(|d| d == gp)
        };
        if !gp.as_ref().is_none_or(mine) {
            return None;
        }
        let tasks = open.get(id).map_or(&[][..], Vec::as_slice);
        Some(case(page, instance, patient, tasks, contacts.get(id).copied(), today))
    });
    Ok((cases.collect(), truncated))
}

/// Running instances of the pathway, and whether there are more than are looked at.
async fn running(orchestrator: &Orchestrator) -> Result<(Vec<InstanceInfo>, bool), PeerError> {
    let mut instances: Vec<InstanceInfo> = Vec::new();
    let mut truncated = false;
    for status in ["active", "incident"] {
        let mut after = None;
        loop {
            let query = InstanceQuery {
                definition: Some(crate::deployments::DIABETES.into()),
                status: Some(status.into()),
                after: after.take(),
                limit: Some(200),
                ..InstanceQuery::default()
            };
            let list = orchestrator.instances(&query).await?;
            instances.extend(list.items);
            after = list.next;
            truncated |= instances.len() >= MOST && after.is_some();
            if after.is_none() || instances.len() >= MOST {
                break;
            }
        }
    }
    Ok((instances, truncated))
}

async fn patients(fhir: &Fhir, ids: &[&str]) -> Result<HashMap<String, Value>, PeerError> {
    let mut patients = HashMap::new();
    for some in ids.chunks(100) {
        let who = some.join(",");
        for patient in fhir.search("Patient", &[("_id", &who), ("_count", "100")]).await? {
            patients.insert(patient["id"].as_str().unwrap_or_default().to_owned(), patient);
        }
    }
    Ok(patients)
}

async fn open_tasks(fhir: &Fhir) -> Result<HashMap<String, Vec<TaskRow>>, PeerError> {
    let search = [("status", "ready,in-progress"), ("_sort", "due"), ("_count", "1000")];
    Ok(by_patient(&fhir.search_all("Task", &search, 5000).await?))
}

/// When each person's newest task was completed. A group of people is small enough that its newest thousand tasks hold
/// one of each.
async fn last_contacts(fhir: &Fhir, ids: &[&str]) -> Result<HashMap<String, Timestamp>, PeerError> {
    let group = async |some: &[&str]| {
        let who = some.join(",");
        let search = [
            ("status", "completed"),
            ("patient", who.as_str()),
            ("_sort", "-modified"),
            ("_count", "1000"),
            ("_elements", "for,executionPeriod"),
        ];
        fhir.search("Task", &search).await
    };
    let groups = futures::future::try_join_all(ids.chunks(GROUP).map(group)).await?;
    let mut contacts: HashMap<String, Timestamp> = HashMap::new();
    for task in groups.iter().flatten() {
        let row = TaskRow::read(task, &HashMap::new());
        if let (Some(patient), Some(ended)) = (row.patient, row.ended) {
            let newest = contacts.entry(patient).or_insert(ended);
            *newest = ended.max(*newest);
        }
    }
    Ok(contacts)
}

fn by_patient(tasks: &[Value]) -> HashMap<String, Vec<TaskRow>> {
    let mut map: HashMap<String, Vec<TaskRow>> = HashMap::new();
    for task in tasks {
        let row = TaskRow::read(task, &HashMap::new());
        if let Some(patient) = row.patient.clone() {
            map.entry(patient).or_default().push(row);
        }
    }
    map
}

fn case(
    page: &Page,
    instance: &InstanceInfo,
    patient: &Value,
    tasks: &[TaskRow],
    contact: Option<Timestamp>,
    today: jiff::civil::Date,
) -> Case {
    let first = tasks.iter().min_by_key(|t| t.due.unwrap_or(Timestamp::MAX));
    let timers = instance.active.iter().filter_map(|a| Some((a.due?, a)));
    let next_timer = timers.min_by_key(|(due, _)| *due);
    let (due, next) = match (first, next_timer) {
        (Some(task), _) => (task.due, task.name.clone()),
        (None, Some((due, active))) => (Some(due), active.name.clone()),
        (None, None) => (None, String::new()),
    };
    // The step of the pathway itself says the phase; the steps of what it called are its details.
    let own = instance
        .active
        .iter()
        .filter(|a| a.definition == instance.definition || a.definition.is_empty());
    let mut phase: Vec<String> = own.filter(|a| a.name != a.element).map(|a| a.name.clone()).collect();
    phase.sort();
    phase.dedup();
    Case {
        instance: instance.id.clone(),
        patient: patient["id"].as_str().unwrap_or_default().to_owned(),
        name: people::name(patient),
        age: people::age(patient, today),
        phase,
        due,
        next,
        late: tasks.iter().filter(|t| page.is_overdue(&t.due)).count(),
        contact,
        incident: instance.status == "incident",
    }
}

fn narrowed(mut cases: Vec<Case>, filter: &Filter) -> Vec<Case> {
    let words: Vec<String> = filter.q.split_whitespace().map(fhir::normalize_string).collect();
    cases.retain(|case| {
        let name = fhir::normalize_string(&case.name);
        words.iter().all(|w| name.contains(w.as_str()))
            && (filter.fase.is_empty() || case.phase.contains(&filter.fase))
            && (filter.ritardo != "si" || case.late > 0)
    });
    match filter.ordine.as_str() {
        "nome" => cases.sort_by_cached_key(|c| fhir::normalize_string(&c.name)),
        "contatto" => cases.sort_by_key(|c| c.contact),
        "fase" => cases.sort_by(|a, b| a.phase.cmp(&b.phase).then(a.due.cmp(&b.due))),
        _ => cases.sort_by_key(|c| c.due.unwrap_or(Timestamp::MAX)),
    }
    cases
}

impl Filter {
    fn address(&self, number: usize) -> String {
        let number = if number == 0 { String::new() } else { number.to_string() };
        let fields = [
            ("q", self.q.as_str()),
            ("fase", self.fase.as_str()),
            ("ritardo", self.ritardo.as_str()),
            ("assistiti", self.assistiti.as_str()),
            ("ordine", self.ordine.as_str()),
            ("pagina", number.as_str()),
        ];
        let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        format!("/casi?{}", serde_urlencoded::to_string(fields).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(csv_cell("=1+1"), "\"'=1+1\"");
        assert_eq!(csv_cell("detto \"Pino\""), "\"detto \"\"Pino\"\"\"");
    }
}
