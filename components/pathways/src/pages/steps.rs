//! `/percorsi/{id}/passi?n=`: a pathway step by step: tokens on the diagram, variables with what changed, decisions.

use super::decisions::{Taken, brief, taken};
use super::instance::{Drawing, drawings, family};
use super::sources::element_names;
use super::{App, history, people};
use askama::Template;
use axum::extract::{Path, Query, State};
use orchestrator::api::{HistoryEntry, InstanceAt};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use web::{Answer, Failure, Html, Page};

/// Steps looked back at for what was passed.
const MOST: usize = 1000;

/// Which step; 0: the last.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    n: u64,
}

/// A variable after a step.
struct Variable {
    name: String,
    value: String,
    /// What it was, when the step changed it.
    before: Option<String>,
    /// `new`, `changed`, `gone`, or empty.
    change: &'static str,
}

#[derive(Template)]
#[template(path = "steps.html")]
struct Steps {
    page: Page,
    id: String,
    at: InstanceAt,
    who: String,
    state_key: String,
    moments: Html,
    drawings: Vec<Drawing>,
    variables: Vec<Variable>,
    decisions: Vec<Taken>,
    previous: Option<u64>,
    next: Option<u64>,
    chosen: bool,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>, Query(which): Query<Which>) -> Answer {
    if !people::is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let orchestrator = app.orchestrator(&page);
    let last = match which.n {
        0 => orchestrator.instance_at_end(&id).await?.revision,
        n => n,
    };
    let at = orchestrator.instance_at(&id, last).await?;
    let before = match at.revision {
        1 => Map::new(),
        n => orchestrator.instance_at(&id, n - 1).await?.instance.variables,
    };
    let mut history = orchestrator
        .history(&id, at.revision.saturating_sub(MOST as u64), MOST + 1)
        .await?;
    history.retain(|entry| entry.revision <= at.revision);
    let sources = family(&app, &page, &at.instance).await?;
    let names = element_names(&sources);
    let entry = HistoryEntry {
        revision: at.revision,
        at: at.at,
        actor: at.actor.clone(),
        events: at.events.clone(),
    };
    let moments = history::moments(&app, &page, &[entry], &names).await;
    let decisions = taken(&app, &page, &at.events, at.at).await?;
    let drawings = drawings(&page, &at.instance, &history, &sources);
    let page = page
        .with_diagram()
        .crumb_named(&format!("/percorsi/{id}"), sources[0].definition.name.clone())
        .titled("steps-title");
    web::show(&Steps {
        state_key: format!("instance-{}", at.instance.status),
        who: moments
            .first()
            .map(|moment| moment.who.clone())
            .filter(|who| !who.is_empty())
            .unwrap_or_else(|| at.actor.clone()),
        previous: (at.revision > 1).then(|| at.revision - 1),
        next: (at.revision < at.last_revision).then(|| at.revision + 1),
        variables: variables(&before, &at.instance.variables),
        moments: web::timeline(&moments),
        chosen: which.n > 0,
        id,
        page,
        at,
        drawings,
        decisions,
    })
}

/// What changed first, then the others, each by name.
fn variables(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Variable> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let told = names.into_iter().map(|name| {
        let (old, new) = (before.get(name), after.get(name));
        let change = match (old, new) {
            (None, _) => "new",
            (_, None) => "gone",
            (old, new) if old != new => "changed",
            _ => "",
        };
        Variable {
            name: name.clone(),
            value: new.map(brief).unwrap_or_default(),
            before: old.filter(|_| !change.is_empty()).map(brief),
            change,
        }
    });
    let mut told: Vec<Variable> = told.collect();
    told.sort_by_key(|variable| variable.change.is_empty());
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_step_changed_comes_first() {
        let map = |value: Value| value.as_object().cloned().unwrap();
        let told = variables(
            &map(json!({"a": 1, "b": 2, "z": 1})),
            &map(json!({"a": 1, "b": 3, "c": null})),
        );
        let told: Vec<(&str, &str)> = told.iter().map(|v| (v.name.as_str(), v.change)).collect();
        assert_eq!(told, [("b", "changed"), ("c", "new"), ("z", "gone"), ("a", "")]);
    }
}
