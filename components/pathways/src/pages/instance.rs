//! `/percorsi/{id}`: one running pathway: where it stands, on the diagram and in words, and everything that happened.

use super::drawing::draw;
use super::sources::{Source, element_names};
use super::{App, history, people};
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use component::PeerError;
use engine::Event;
use orchestrator::api::{DefinitionInfo, HistoryEntry, InstanceInfo, SendMessage};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use web::{Answer, Failure, Flash, Html, Page};

/// History entries shown at a time.
const ENTRIES: usize = 200;

pub(super) struct Drawing {
    pub name: String,
    pub html: Html,
    pub live: bool,
}

/// A step where the pathway is now.
struct Now {
    name: String,
    /// The task's page, for those who may open it.
    task: Option<String>,
    due: Option<jiff::Timestamp>,
}

#[derive(Template)]
#[template(path = "instance.html")]
struct InstancePage {
    page: Page,
    instance: InstanceInfo,
    definition: DefinitionInfo,
    patient_name: String,
    now: Vec<Now>,
    drawings: Vec<Drawing>,
    moments: Html,
    no_moments: bool,
    older: Option<u64>,
    may_send: bool,
    /// Steps at which something was decided: the element's name and the revision.
    decided: Vec<(String, u64)>,
    may_step: bool,
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
    if !people::is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let orchestrator = app.orchestrator(&page);
    let (instance, history) =
        tokio::try_join!(orchestrator.instance(&id), orchestrator.history(&id, from.da, ENTRIES))?;
    let sources = family(&app, &page, &instance).await?;
    let definition = sources[0].definition.clone();
    let patient_name = match &instance.patient {
        Some(patient) => people::name(&app.fhir(&page).read("Patient", patient).await?),
        None => instance.business_key.clone().unwrap_or_default(),
    };
    let moments = history::moments(&app, &page, &history, &element_names(&sources)).await;
    let older = (history.len() == ENTRIES).then(|| history.last().map_or(0, |e| e.revision + 1));
    let is_self = page.actor().patient().is_some();
    let back = instance.patient.as_ref().map(|p| format!("/assistiti/{p}"));
    let now = now(&instance, is_self);
    let may_send = instance.ended.is_none() && super::STAFF.iter().any(|role| page.actor().has_role(role));
    let may_step = !is_self;
    let decided = decided(&history, &element_names(&sources));
    let drawings = drawings(&page, &instance, &history, &sources);
    let mut page = page.with_diagram().with_title(definition.name.clone());
    if let Some(back) = back {
        if !is_self {
            page = page.crumb("/assistiti", "patients-title");
        }
        page = page.crumb_named(&back, patient_name.clone());
    }
    web::show(&InstancePage {
        state_key: format!("instance-{}", instance.status),
        page,
        instance,
        definition,
        patient_name,
        now,
        drawings,
        no_moments: moments.is_empty(),
        moments: web::timeline(&moments),
        older,
        may_send,
        decided,
        may_step,
    })
}

/// Where the history shown holds decisions, newest first.
fn decided(history: &[HistoryEntry], names: &BTreeMap<String, String>) -> Vec<(String, u64)> {
    let steps = history.iter().rev().flat_map(|entry| {
        entry.events.iter().filter_map(|event| match event {
            Event::Decided { element, decision, .. } => {
                Some((names.get(element).unwrap_or(decision).clone(), entry.revision))
            }
            _ => None,
        })
    });
    steps.collect()
}

/// Where it waits, in words: people's work first, then dates; not the engine's own halts.
fn now(instance: &InstanceInfo, is_self: bool) -> Vec<Now> {
    let named = instance
        .active
        .iter()
        .filter(|a| a.name != a.element && !a.name.is_empty());
    let mut now: Vec<_> = named
        .map(|a| Now {
            name: a.name.clone(),
            task: a.id.clone().filter(|_| a.kind == "userTask" && !is_self),
            due: a.due,
        })
        .collect();
    now.sort_by_key(|n| (n.task.is_none(), n.due.is_none(), n.due));
    now
}

/// The pathway's process and those it calls, in the versions that are live.
pub(super) async fn family(app: &App, page: &Page, instance: &InstanceInfo) -> Result<Vec<Arc<Source>>, PeerError> {
    let live: Vec<&str> = instance
        .active
        .iter()
        .map(|a| a.definition.as_str())
        .filter(|d| !d.is_empty())
        .collect();
    app.sources
        .family(&app.orchestrator(page), &instance.definition, &live)
        .await
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
        return Err(Failure::Unprocessable(page.t("message-unknown")));
    };
    let reason = message.motivo.trim();
    if reason.is_empty() {
        return Err(Failure::Unprocessable(page.t("message-reason-missing")));
    }
    let mut send = SendMessage {
        name: (*name).into(),
        key: instance.business_key.clone(),
        ..SendMessage::default()
    };
    send.variables.insert("motivo".into(), reason.into());
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

/// Diagrams with live tokens: the ones where somebody's work or a date is pending first, then the others that are live.
pub(super) fn drawings(
    page: &Page,
    instance: &InstanceInfo,
    history: &[HistoryEntry],
    sources: &[Arc<Source>],
) -> Vec<Drawing> {
    let events: Vec<&Event> = history.iter().flat_map(|entry| &entry.events).collect();
    let mut drawings: Vec<Drawing> = sources
        .iter()
        .map(|source| {
            let mut tokens: BTreeMap<String, u32> = BTreeMap::new();
            let here = |a: &&orchestrator::api::ActiveElement| {
                a.definition.is_empty() || a.definition == source.definition.key
            };
            for active in instance.active.iter().filter(here) {
                *tokens.entry(active.element.clone()).or_default() += 1;
            }
            let live = !tokens.is_empty();
            Drawing {
                name: source.definition.name.clone(),
                html: draw(page, source, tokens, passed(&events, source)),
                live,
            }
        })
        .collect();
    // The innermost live process says most about now; callers come first in `sources`.
    drawings.reverse();
    drawings.sort_by_key(|d| !d.live);
    drawings
}

/// What was passed since the process last began: one that is called again and again starts with nothing done.
fn passed(events: &[&Event], source: &Source) -> BTreeSet<String> {
    let starts: BTreeSet<&str> = source
        .model
        .processes
        .iter()
        .flat_map(|process| &process.nodes)
        .filter(|node| matches!(node.kind, bpmn::NodeKind::Start(_)) && node.scope == 0)
        .map(|node| &*node.id)
        .collect();
    let begins = |event: &&Event| matches!(event, Event::Left { element, .. } if starts.contains(element.as_str()));
    let from = events.iter().rposition(begins).unwrap_or(0);
    let done = events[from..].iter().filter_map(|event| match event {
        Event::Left { element, .. } => Some(element.clone()),
        Event::FlowTaken { flow } => Some(flow.clone()),
        _ => None,
    });
    done.collect()
}
