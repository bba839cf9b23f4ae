//! `/percorsi/{id}`: one running pathway: where it stands, on the diagram and in words, and everything that happened.

use super::{App, people};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use component::{Orchestrator, PeerError};
use engine::Event;
use orchestrator::api::{DefinitionInfo, HistoryEntry, InstanceInfo, SendMessage};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use web::{Answer, Flash, Html, Page};

/// History entries shown at a time.
const ENTRIES: usize = 200;
/// Processes a pathway may call, shown as diagrams.
const DIAGRAMS: usize = 8;

struct Moment {
    at: String,
    actor: String,
    lines: Vec<String>,
}

pub(super) struct Drawing {
    pub name: String,
    pub html: Html,
    pub live: bool,
}

#[derive(Template)]
#[template(path = "instance.html")]
struct InstancePage {
    page: Page,
    instance: InstanceInfo,
    definition: DefinitionInfo,
    patient_name: String,
    drawings: Vec<Drawing>,
    moments: Vec<Moment>,
    older: Option<u64>,
    may_send: bool,
    state_key: String,
}

/// Which part of the history.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct From {
    da: u64,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>, Query(from): Query<From>) -> Answer {
    let orchestrator = app.orchestrator(&page);
    let instance = orchestrator.instance(&id).await?;
    let definition = orchestrator.definition(&instance.definition).await?;
    let history = orchestrator.history(&id, from.da, ENTRIES).await?;
    let patient_name = match &instance.patient {
        Some(patient) => people::name(&app.fhir(&page).read("Patient", patient).await?),
        None => instance.business_key.clone().unwrap_or_default(),
    };
    let drawings = drawings(&page, &orchestrator, &instance, &history).await?;
    let names = element_names(&orchestrator, &instance).await?;
    let people = actors(&app, &page, &history).await;
    let older = (history.len() == ENTRIES).then(|| history.last().map_or(0, |e| e.revision + 1));
    let moments = history
        .iter()
        .rev()
        .filter_map(|entry| moment(&page, entry, &names, &people))
        .collect();
    let back = instance.patient.as_ref().map(|p| format!("/assistiti/{p}"));
    let may_send = instance.ended.is_none() && page.actor().patient().is_none();
    let mut page = page.with_diagram().with_title(definition.name.clone());
    if let Some(back) = back {
        page = page.crumb_named(&back, patient_name.clone());
    }
    let state_key = format!("instance-{}", instance.status);
    web::show(&InstancePage {
        state_key,
        page,
        instance,
        definition,
        patient_name,
        drawings,
        moments,
        older,
        may_send,
    })
}

/// A message that a member of the staff sends to the pathway.
#[derive(Debug, Deserialize)]
pub struct Message {
    nome: String,
    #[serde(default)]
    motivo: String,
}

/// Messages that people may send; the models wait for them.
const MESSAGES: [&str; 2] = ["uscita-richiesta", "controllo-anticipato"];

/// `POST /percorsi/{id}/messaggio`.
pub async fn message(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(message): Form<Message>,
) -> Answer {
    let orchestrator = app.orchestrator(&page);
    let instance = orchestrator.instance(&id).await?;
    let Some(name) = MESSAGES.iter().find(|known| **known == message.nome) else {
        return Err(web::Failure::Unprocessable(page.t("message-unknown")));
    };
    let mut send = SendMessage {
        name: (*name).into(),
        key: instance.business_key.clone(),
        ..SendMessage::default()
    };
    send.variables.insert("motivo".into(), message.motivo.trim().into());
    send.variables
        .insert("richiestoDa".into(), page.actor().subject.clone().into());
    let path = format!("/percorsi/{id}");
    match orchestrator.send_message(&send).await {
        Ok(_) => page.redirect(&path, Flash::success(page.t("message-sent"))),
        Err(PeerError::Status { status, .. }) if status == http::StatusCode::NOT_FOUND => {
            page.redirect(&path, Flash::warning(page.t("message-nobody-waits")))
        }
        Err(error) => Err(error.into()),
    }
}

/// The process and those it calls, as keys and sources, callers first.
async fn models(orchestrator: &Orchestrator, root: &str) -> Result<Vec<(DefinitionInfo, String)>, PeerError> {
    let mut found: Vec<(DefinitionInfo, String)> = Vec::new();
    let mut wanted = vec![root.to_owned()];
    while let Some(key) = wanted.pop() {
        if found.len() == DIAGRAMS || found.iter().any(|(d, _)| d.key == key || d.id == key) {
            continue;
        }
        let definition = orchestrator.definition(&key).await?;
        let source = orchestrator.definition_xml(&definition.key).await?;
        wanted.extend(called(&source));
        found.push((definition, source));
    }
    Ok(found)
}

/// Process ids of the call activities of a source.
fn called(source: &str) -> Vec<String> {
    let marks = source.split("calledElement ").skip(1);
    let ids = marks.filter_map(|rest| rest.split_once("processId=\"")?.1.split('"').next());
    ids.map(str::to_owned).collect()
}

/// Diagrams with live tokens; the ones where something is live first.
pub(super) async fn drawings(
    page: &Page,
    orchestrator: &Orchestrator,
    instance: &InstanceInfo,
    history: &[HistoryEntry],
) -> Result<Vec<Drawing>, PeerError> {
    let mut live: BTreeMap<&str, usize> = BTreeMap::new();
    for active in &instance.active {
        *live.entry(&active.element).or_default() += 1;
    }
    let live: Vec<(&str, usize)> = live.into_iter().collect();
    let left: BTreeSet<&str> = history
        .iter()
        .flat_map(|entry| &entry.events)
        .filter_map(|event| match event {
            Event::Left { element, .. } => Some(element.as_str()),
            _ => None,
        })
        .collect();
    let done: Vec<&str> = left.into_iter().collect();
    let models = models(orchestrator, &instance.definition).await?;
    let mut drawings: Vec<Drawing> = models
        .iter()
        .map(|(definition, source)| Drawing {
            name: definition.name.clone(),
            html: diagram(page, &definition.id, source, &live, &done),
            live: live
                .iter()
                .any(|(element, _)| source.contains(&format!("id=\"{element}\""))),
        })
        .collect();
    drawings.sort_by_key(|d| !d.live);
    Ok(drawings)
}

async fn element_names(
    orchestrator: &Orchestrator,
    instance: &InstanceInfo,
) -> Result<BTreeMap<String, String>, PeerError> {
    let mut names = BTreeMap::new();
    for (_, source) in models(orchestrator, &instance.definition).await? {
        if let Ok(model) = bpmn::parse(&source) {
            for process in &model.processes {
                names.extend(process.nodes.iter().map(|n| (n.id.to_string(), n.name.to_string())));
            }
        }
    }
    Ok(names)
}

/// Names of the people who acted.
async fn actors(app: &App, page: &Page, history: &[HistoryEntry]) -> BTreeMap<String, String> {
    let fhir = app.fhir(page);
    let subjects: BTreeSet<&str> = history
        .iter()
        .map(|e| e.actor.as_str())
        .filter(|a| a.contains('/'))
        .collect();
    let mut names = BTreeMap::new();
    for subject in subjects {
        if let Ok(Some(person)) = fhir.resolve(subject).await {
            names.insert(subject.to_owned(), people::name(&person));
        }
    }
    names
}

fn moment(
    page: &Page,
    entry: &HistoryEntry,
    names: &BTreeMap<String, String>,
    people: &BTreeMap<String, String>,
) -> Option<Moment> {
    let lines: Vec<String> = entry
        .events
        .iter()
        .filter_map(|event| line(page, event, names))
        .collect();
    let known = people.get(&entry.actor).cloned();
    let actor = known.unwrap_or_else(|| {
        page.texts()
            .find(&format!("actor-{}", entry.actor), &[])
            .unwrap_or_default()
    });
    (!lines.is_empty()).then(|| Moment {
        at: page.date_time(&entry.at),
        actor,
        lines,
    })
}

/// An event in words; `None` for what only the engine cares about.
fn line(page: &Page, event: &Event, names: &BTreeMap<String, String>) -> Option<String> {
    let name = |element: &str| {
        names
            .get(element)
            .filter(|n| !n.is_empty())
            .map_or(element, String::as_str)
            .to_owned()
    };
    Some(match event {
        Event::Started { .. } => page.t("event-started"),
        Event::TaskCreated { element, .. } => page.t1("event-task-created", "name", name(element)),
        Event::TaskCompleted { element, .. } => page.t1("event-task-completed", "name", name(element)),
        Event::TaskCancelled { element, .. } => page.t1("event-task-cancelled", "name", name(element)),
        Event::TaskAssigned {
            reason: Some(reason), ..
        } => page.t1("event-task-reassigned", "reason", reason),
        Event::TaskAssigned { assignee: None, .. } => page.t("event-task-released"),
        Event::TaskAssigned { .. } => page.t("event-task-claimed"),
        Event::Decided { element, trace, .. } => {
            page.t2("event-decided", "name", name(element), "rules", rules_of(trace))
        }
        Event::TimerFired { element, .. } => page.t1("event-timer", "name", name(element)),
        Event::MessageReceived { element, .. } => page.t1("event-message", "name", name(element)),
        Event::IncidentOpened { element, message, .. } => {
            page.t2("event-incident", "name", name(element), "message", message)
        }
        Event::IncidentResolved { .. } => page.t("event-incident-resolved"),
        Event::Completed => page.t("event-completed"),
        Event::Terminated { reason } => page.t1("event-terminated", "reason", reason),
        _ => return None,
    })
}

/// What a decision gave, from its trace, on one line.
fn rules_of(trace: &serde_json::Value) -> String {
    let steps = trace.as_array().map_or(&[][..], Vec::as_slice);
    let outputs = steps.iter().filter_map(|step| {
        let output = &step["output"];
        let text = match output {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => return None,
            serde_json::Value::Object(fields) => {
                let short = fields
                    .iter()
                    .filter(|(_, v)| v.is_string() || v.is_number() || v.is_boolean());
                let pairs: Vec<String> = short
                    .map(|(k, v)| format!("{k}: {}", v.to_string().trim_matches('"')))
                    .collect();
                pairs.join(", ")
            }
            other => other.to_string(),
        };
        (!text.is_empty()).then_some(text)
    });
    outputs.last().unwrap_or_default()
}

/// One diagram; without DI in the source, nothing.
pub(super) fn diagram(page: &Page, process: &str, source: &str, live: &[(&str, usize)], done: &[&str]) -> Html {
    super::drawing::draw(page, process, source, live, done)
}
