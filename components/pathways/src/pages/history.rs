//! The history of a pathway in words: who did what, which rule decided what and on which source.

use super::{App, people};
use engine::Event;
use orchestrator::api::HistoryEntry;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use web::{Page, TimelineEntry, TimelineKind};

/// Entries in words, newest first.
pub async fn moments(
    app: &App,
    page: &Page,
    history: &[HistoryEntry],
    names: &BTreeMap<String, String>,
) -> Vec<TimelineEntry> {
    let people = actors(app, history).await;
    let entries = history.iter().rev();
    entries
        .flat_map(|entry| of_entry(page, entry, names, &people))
        .collect()
}

/// Names of the people who acted: staff, and the person themselves.
async fn actors(app: &App, history: &[HistoryEntry]) -> BTreeMap<String, String> {
    let fhir = app.common();
    let subjects: BTreeSet<&str> = history
        .iter()
        .map(|e| e.actor.as_str())
        .filter(|a| a.contains('/'))
        .collect();
    let found = subjects.iter().map(|subject| fhir.resolve(subject));
    let found = futures::future::join_all(found).await;
    let named = subjects.iter().zip(found);
    named
        .filter_map(|(subject, person)| Some(((*subject).to_owned(), people::name(&person.ok()??))))
        .collect()
}

fn of_entry(
    page: &Page,
    entry: &HistoryEntry,
    names: &BTreeMap<String, String>,
    people: &BTreeMap<String, String>,
) -> Vec<TimelineEntry> {
    let who = people.get(&entry.actor).cloned().unwrap_or_else(|| {
        let key = format!("actor-{}", entry.actor);
        page.texts().find(&key, &[]).unwrap_or_default()
    });
    let lines = entry.events.iter().filter_map(|event| line(page, event, names)).rev();
    lines
        .map(|(kind, title, detail)| TimelineEntry {
            when: page.date_time(&entry.at),
            datetime: entry.at.to_string(),
            kind,
            title,
            detail,
            who: who.clone(),
            href: None,
        })
        .collect()
}

/// An event as kind, title and detail; `None` for what only the engine cares about.
fn line(page: &Page, event: &Event, names: &BTreeMap<String, String>) -> Option<(TimelineKind, String, String)> {
    let named = |key: &str, element: &str| {
        let name = names.get(element).cloned();
        page.t1(key, "name", name.unwrap_or_else(|| page.t("unnamed-step")))
    };
    let plain = |kind: TimelineKind, title: String| Some((kind, title, String::new()));
    use TimelineKind::{Done, Fact, Warning, Work};
    match event {
        Event::Started { .. } => plain(Done, page.t("event-started")),
        Event::TaskCreated { element, .. } => plain(Work, named("event-task-created", element)),
        Event::TaskCompleted { element, .. } => plain(Done, named("event-task-completed", element)),
        Event::TaskCancelled { element, .. } => plain(Work, named("event-task-cancelled", element)),
        Event::TaskAssigned {
            reason: Some(reason), ..
        } => Some((Work, page.t("event-task-reassigned"), reason.clone())),
        Event::TaskAssigned { assignee: None, .. } => plain(Work, page.t("event-task-released")),
        Event::TaskAssigned { .. } => plain(Work, page.t("event-task-claimed")),
        Event::TaskDelegated { reason, .. } => {
            Some((Work, page.t("event-task-delegated"), reason.clone().unwrap_or_default()))
        }
        Event::TaskResolved { reason, .. } => {
            Some((Work, page.t("event-task-resolved"), reason.clone().unwrap_or_default()))
        }
        Event::TaskChanged { .. } => plain(Work, page.t("event-task-changed")),
        // What it says is for those who see the task, not for all who see the pathway.
        Event::TaskCommented { .. } => plain(Fact, page.t("event-task-commented")),
        Event::TaskAttached { .. } => plain(Fact, page.t("event-task-attached")),
        Event::Decided { element, trace, .. } => Some((Fact, named("event-decided", element), decided(page, trace))),
        Event::TimerFired { element, .. } => plain(Work, named("event-timer", element)),
        Event::MessageReceived { element, .. } => plain(Fact, named("event-message", element)),
        Event::IncidentOpened { element, message, .. } => {
            Some((Warning, named("event-incident", element), message.clone()))
        }
        Event::IncidentResolved { .. } => plain(Done, page.t("event-incident-resolved")),
        Event::Operated { reason, .. } => Some((Work, page.t("event-operated"), reason.clone())),
        Event::Modified { reason } => Some((Warning, page.t("event-modified"), reason.clone())),
        Event::Migrated { .. } => plain(Work, page.t("event-migrated")),
        Event::Suspended { reason } => Some((Warning, page.t("event-suspended"), reason.clone())),
        Event::Resumed => plain(Done, page.t("event-resumed")),
        Event::Completed => plain(Done, page.t("event-completed")),
        Event::Terminated { reason } => Some((Warning, page.t("event-terminated"), reason.clone())),
        _ => None,
    }
}

/// What a decision gave and by which rule: the last step of the trace that says it in a sentence, with the annotation of
/// the rule that applied (`ARR-04 — source — date — status`, written by the decision's authors).
fn decided(page: &Page, trace: &Value) -> String {
    let steps = trace.as_array().map_or(&[][..], Vec::as_slice);
    let spoken = steps
        .iter()
        .rev()
        .find_map(|step| Some((sentence(&step["output"])?, &step["rules"][0]["annotation"])));
    let Some((text, annotation)) = spoken else {
        return String::new();
    };
    match annotation.as_str() {
        Some(annotation) => format!("{text}. {}", rule(page, annotation)),
        None => text,
    }
}

/// The sentence inside a decision's output.
fn sentence(output: &Value) -> Option<String> {
    let text = |key: &str| output[key].as_str().map(str::to_owned);
    text("motivo")
        .or_else(|| text("suggerimento"))
        .or_else(|| text("testo"))
        .or_else(|| output["target"]["testo"].as_str().map(str::to_owned))
        .or_else(|| output.as_str().map(str::to_owned))
}

fn rule(page: &Page, annotation: &str) -> String {
    let parts: Vec<&str> = annotation.split(" — ").collect();
    match parts.as_slice() {
        [id, source, .., status] => {
            let status = page.texts().find(&format!("rule-{status}"), &[]).unwrap_or_default();
            let args = [
                ("id", (*id).into()),
                ("source", (*source).into()),
                ("status", status.into()),
            ];
            page.texts().get("rule-applied", &args)
        }
        _ => annotation.to_owned(),
    }
}
