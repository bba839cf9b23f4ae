//! Editing a scenario: the few things that are tried most as fields, everything else as its JSON text.

use crate::pages::App;
use crate::pages::sources::Source;
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use bpmn::NodeKind;
use component::PeerError;
use orchestrator::api::{ProposeScenario, Simulate};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use web::{Answer, Failure, Flash, Page};

/// Distributions offered for a new duration: name, and the JSON for a mean in minutes.
const SHAPES: [&str; 4] = ["exponential", "constant", "triangular", "lognormal"];
/// Most tasks shown as fields; others are in the text.
const MAX_TASKS: usize = 100;
/// Most resources shown as fields.
const MAX_RESOURCES: usize = 50;

/// Which process, or which simulation to start from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct From {
    percorso: String,
    da: String,
}

/// A task of the process.
struct Task {
    id: String,
    name: String,
    /// Its duration as the scenario has it.
    now: String,
    resource: String,
}

/// A resource of the scenario.
struct Resource {
    id: String,
    name: String,
    capacity: String,
    calendar: String,
    cost: String,
}

#[derive(Template)]
#[template(path = "simulation_form.html")]
struct Editor {
    page: Page,
    definition: String,
    scenario: Value,
    text: String,
    tasks: Vec<Task>,
    resources: Vec<Resource>,
    calendars: Vec<String>,
    notes: Vec<String>,
    refused: Vec<String>,
    shapes: Vec<(&'static str, String)>,
}

impl Editor {
    fn field(&self, pointer: &str) -> String {
        match self.scenario.pointer(pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    fn first_arrivals(&self, key: &str) -> String {
        let list = format!("/arrivals/0/{key}");
        let single = format!("/arrivals/{key}");
        let found = self.field(&list);
        if found.is_empty() { self.field(&single) } else { found }
    }
}

/// The form, filled from the history of the process or from another simulation.
pub async fn edit(State(app): State<App>, page: Page, Query(from): Query<From>) -> Answer {
    if !from.da.is_empty() {
        let earlier = app.orchestrator(&page).simulation(&from.da).await?;
        let scenario = earlier.scenario.unwrap_or_else(|| json!({}));
        return show(&app, page, earlier.definition, scenario, Vec::new(), Vec::new()).await;
    }
    let request = ProposeScenario {
        definition: from.percorso.clone(),
        instances: None,
    };
    let proposed = app.orchestrator(&page).propose_scenario(&request).await?;
    let mut scenario = proposed.scenario;
    let definition = scenario["process"].as_str().unwrap_or(&from.percorso).to_owned();
    scenario["name"] = page.t1("sim-default-name", "process", definition.clone()).into();
    let note = page.t1("sim-from-history", "n", proposed.instances as usize);
    let notes = proposed.notes.iter().map(|note| super::told(&page, note));
    let notes = std::iter::once(note).chain(notes).collect();
    show(&app, page, definition, scenario, notes, Vec::new()).await
}

async fn show(
    app: &App,
    page: Page,
    definition: String,
    scenario: Value,
    notes: Vec<String>,
    refused: Vec<String>,
) -> Answer {
    let family = app.sources.family(&app.orchestrator(&page), &definition, &[]).await?;
    let own = |source: &Arc<Source>| {
        let found = source
            .model
            .processes
            .iter()
            .find(|process| process.id == source.definition.id);
        found.cloned()
    };
    let processes: Vec<_> = family.iter().filter_map(own).collect();
    let nodes = processes.iter().flat_map(|process| &process.nodes);
    let work = nodes.filter(|node| {
        matches!(
            node.kind,
            NodeKind::UserTask(_) | NodeKind::ManualTask(_) | NodeKind::ServiceTask(_) | NodeKind::AbstractTask
        )
    });
    let task = |node: &bpmn::Node| {
        let entry = &scenario["elements"][&*node.id];
        let first = entry["resources"].get(0).or_else(|| entry.get("resources"));
        let resource = first.map(|first| first.get("pool").unwrap_or(first));
        Task {
            id: node.id.to_string(),
            name: node.name.to_string(),
            now: entry.get("duration").map(told).unwrap_or_default(),
            resource: resource.and_then(Value::as_str).unwrap_or_default().to_owned(),
        }
    };
    let tasks = work.take(MAX_TASKS).map(task).collect();
    let resource = |(id, one): (&String, &Value)| Resource {
        id: id.clone(),
        name: one["name"].as_str().unwrap_or(id).to_owned(),
        capacity: one["capacity"].to_string(),
        calendar: one["calendar"].as_str().unwrap_or_default().to_owned(),
        cost: one.get("costPerHour").map(Value::to_string).unwrap_or_default(),
    };
    let resources = scenario["resources"].as_object().into_iter().flatten();
    let resources = resources.take(MAX_RESOURCES).map(resource).collect();
    let own = scenario["calendars"].as_array().into_iter().flatten();
    let mut calendars: Vec<String> = own
        .filter_map(|one| Some(one["calendar"].as_str()?.to_owned()))
        .collect();
    calendars.push("it".into());
    let shapes = SHAPES.map(|shape| (shape, page.t(&format!("sim-shape-{shape}"))));
    web::show(&Editor {
        shapes: shapes.into(),
        text: serde_json::to_string_pretty(&scenario).unwrap_or_default(),
        page: page.crumb("/simulazioni", "sim-title").titled("sim-edit-title"),
        definition,
        scenario,
        tasks,
        resources,
        calendars,
        notes,
        refused,
    })
}

/// A distribution in few words.
fn told(value: &Value) -> String {
    let Some((name, inner)) = value.as_object().and_then(|members| members.iter().next()) else {
        return value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    };
    let parts = inner
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_array());
    let parts: Vec<String> = parts
        .map(|(key, value)| {
            format!(
                "{key} {}",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            )
        })
        .collect();
    format!("{name} {}", parts.join(", ")).trim().to_owned()
}

/// Plays it, or shows what is wrong with it.
pub async fn submit(State(app): State<App>, page: Page, Form(fields): Form<Vec<(String, String)>>) -> Answer {
    let of = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    };
    let definition = of("definizione").to_owned();
    let mut scenario: Value = match serde_json::from_str(of("testo")) {
        Ok(scenario @ Value::Object(_)) => scenario,
        Ok(_) => return Err(Failure::Unprocessable(page.t("sim-text-object"))),
        Err(error) => {
            return Err(Failure::Unprocessable(page.t1(
                "sim-text-wrong",
                "error",
                error.to_string(),
            )));
        }
    };
    let mut refused = apply(&page, &mut scenario, &fields);
    if refused.is_empty() {
        let request = Simulate {
            definition: Some(definition.clone()),
            files: Vec::new(),
            scenario: scenario.clone(),
        };
        match app.orchestrator(&page).simulate(&request).await {
            Ok(info) => {
                let path = format!("/simulazioni/{}", info.id);
                return page.redirect(&path, Flash::success(page.t("sim-begun")));
            }
            Err(PeerError::Status { status, message }) if status.is_client_error() => {
                refused = message.lines().map(str::to_owned).collect();
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut response = show(&app, page, definition, scenario, Vec::new(), refused).await?;
    *response.status_mut() = http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Puts the fields into the scenario; gives what cannot be read.
fn apply(page: &Page, scenario: &mut Value, fields: &[(String, String)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, value) in fields {
        let value = value.trim();
        let number = || {
            value
                .replace(',', ".")
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite() && *n >= 0.0)
        };
        let mut bad = || wrong.push(page.t1("sim-bad-number", "value", value.to_owned()));
        match key.split_once('.').unwrap_or((key, "")) {
            ("nome", _) => scenario["name"] = value.into(),
            ("mesi", _) if !value.is_empty() => match number() {
                Some(months) if months >= 1.0 => scenario["horizon"] = format!("P{months:.0}M").into(),
                _ => bad(),
            },
            ("repliche", _) if !value.is_empty() => match value.parse::<u32>() {
                Ok(count) => scenario["replications"] = count.into(),
                Err(_) => bad(),
            },
            ("seme", _) if !value.is_empty() => match value.parse::<u64>() {
                Ok(seed) => scenario["seed"] = seed.into(),
                Err(_) => bad(),
            },
            ("arrivi", _) if !value.is_empty() => match number() {
                Some(per_day) if per_day > 0.0 => arrive(scenario, per_day),
                _ => bad(),
            },
            // Shifts are shown as they are written, and stay so unless a number takes their place.
            ("unita", id) if value.starts_with('[') => match serde_json::from_str(value) {
                Ok(shifts) => scenario["resources"][id]["capacity"] = shifts,
                Err(_) => bad(),
            },
            ("unita", id) if !value.is_empty() => match value.parse::<u32>() {
                Ok(capacity) => scenario["resources"][id]["capacity"] = capacity.into(),
                Err(_) => bad(),
            },
            ("costo", id) if !value.is_empty() => match number() {
                Some(cost) => scenario["resources"][id]["costPerHour"] = json!(cost),
                None => bad(),
            },
            ("orario", id) if !value.is_empty() => scenario["resources"][id]["calendar"] = value.into(),
            ("minuti", id) if !value.is_empty() => match number() {
                Some(minutes) => {
                    let chosen = fields.iter().find(|(key, _)| *key == format!("forma.{id}"));
                    let shape = chosen.map_or("exponential", |(_, shape)| shape.as_str());
                    scenario["elements"][id]["duration"] = duration(shape, minutes);
                }
                None => bad(),
            },
            ("risorsa", id) => match value {
                "" => {}
                "-" => {
                    if let Some(entry) = scenario["elements"][id].as_object_mut() {
                        entry.remove("resources");
                    }
                }
                pool => scenario["elements"][id]["resources"] = json!([pool]),
            },
            _ => {}
        }
    }
    new_resource(page, scenario, fields, &mut wrong);
    wrong
}

fn new_resource(page: &Page, scenario: &mut Value, fields: &[(String, String)], wrong: &mut Vec<String>) {
    let of = |name: &str| {
        fields
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    };
    let name = of("nuova-risorsa");
    if name.is_empty() {
        return;
    }
    match of("nuova-unita").parse::<u32>() {
        Ok(capacity) => {
            if !scenario["resources"].is_object() {
                scenario["resources"] = Value::Object(Map::new());
            }
            scenario["resources"][name] = json!({"name": name, "capacity": capacity});
        }
        Err(_) => wrong.push(page.t1("sim-bad-number", "value", of("nuova-unita").to_owned())),
    }
}

/// So many a day in the first source; what it says of hours and variables stays.
fn arrive(scenario: &mut Value, per_day: f64) {
    if !scenario["arrivals"].is_object() && !scenario["arrivals"].is_array() {
        scenario["arrivals"] = json!([{}]);
    }
    let first = match &mut scenario["arrivals"] {
        Value::Array(list) => list.first_mut(),
        single => Some(single),
    };
    if let Some(members) = first.and_then(Value::as_object_mut) {
        members.remove("interval");
        members.insert("perDay".into(), json!(per_day));
    }
}

fn duration(shape: &str, minutes: f64) -> Value {
    let iso = |minutes: f64| format!("PT{:.0}S", minutes * 60.0);
    match shape {
        "constant" => json!({"constant": {"value": iso(minutes)}}),
        "triangular" => {
            json!({"triangular": {"min": iso(minutes * 0.5), "mode": iso(minutes), "max": iso(minutes * 1.5)}})
        }
        "lognormal" => json!({"lognormal": {"mean": iso(minutes), "sd": iso(minutes * 0.5)}}),
        _ => json!({"exponential": {"mean": iso(minutes)}}),
    }
}
