//! What a scenario says of one element.

use super::Resource;
use crate::distribution::{Distribution, Kind};
use crate::draw::{Draws, read_all as read_draws};
use crate::read::{At, Problems};
use std::collections::BTreeMap;

const FIELDS: &[&str] = &[
    "duration",
    "resources",
    "cost",
    "priority",
    "results",
    "errors",
    "waiting",
    "probability",
    "comment",
];
/// Most entries.
const MAX_ELEMENTS: usize = 10_000;

/// One element.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Element {
    /// How long the work takes, seconds.
    pub duration: Option<Distribution>,
    /// Places in [`super::Scenario::resources`], and how many units.
    pub resources: Vec<(usize, u32)>,
    pub cost_fixed: f64,
    pub cost_per_hour: f64,
    /// The higher, the sooner; stands in for the task's own.
    pub priority: Option<i64>,
    pub results: Draws,
    /// Error codes and how probable they are.
    pub errors: Vec<(String, f64)>,
    /// Messages and signals: how long until they come.
    pub waiting: Option<Distribution>,
    /// Messages and signals: whether they come at all.
    pub probability: f64,
}

/// Reads `{"element": {…}, …}`.
pub(super) fn read_all(
    at: &At<'_>,
    key: &str,
    resources: &[Resource],
    problems: &mut Problems,
) -> BTreeMap<String, Element> {
    let Some(list) = at.get(key) else {
        return BTreeMap::new();
    };
    let members = list.members(problems);
    if members.len() > MAX_ELEMENTS {
        problems.add(
            &list,
            format!("more than {MAX_ELEMENTS} entries"),
            "leave out what says nothing",
        );
    }
    let members = members.into_iter().take(MAX_ELEMENTS);
    members
        .filter_map(|(id, at)| Some((id.to_owned(), read(&at, resources, problems)?)))
        .collect()
}

fn read(at: &At<'_>, resources: &[Resource], problems: &mut Problems) -> Option<Element> {
    at.object(FIELDS, problems)?;
    let mut element = Element {
        probability: 1.0,
        ..Element::default()
    };
    let duration = |key: &str, problems: &mut Problems| {
        let at = at.get(key)?;
        Distribution::read(&at, Kind::Duration, problems)
    };
    element.duration = duration("duration", problems);
    element.waiting = duration("waiting", problems);
    if let Some(at) = at.get("resources") {
        element.resources = needs(&at, resources, problems);
    }
    if let Some(at) = at.get("cost") {
        at.object(&["fixed", "perHour"], problems)?;
        let cost = |key: &str, problems: &mut Problems| at.get(key).and_then(|at| at.number(0.0, 1e9, problems));
        element.cost_fixed = cost("fixed", problems).unwrap_or(0.0);
        element.cost_per_hour = cost("perHour", problems).unwrap_or(0.0);
    }
    if let Some(at) = at.get("priority") {
        element.priority = at.number(-1e6, 1e6, problems).map(|number| number.round() as i64);
    }
    if let Some(at) = at.get("results") {
        element.results = read_draws(&at, problems);
    }
    if let Some(at) = at.get("probability") {
        element.probability = at.number(0.0, 1.0, problems)?;
    }
    if let Some(at) = at.get("errors") {
        element.errors = errors(&at, problems);
    }
    Some(element)
}

/// `["infermieri"]`, or `[{"pool": "infermieri", "units": 2}]`.
fn needs(at: &At<'_>, resources: &[Resource], problems: &mut Problems) -> Vec<(usize, u32)> {
    let items = if at.value.is_string() {
        vec![at.clone()]
    } else {
        at.items(problems)
    };
    let mut found: Vec<(usize, u32)> = Vec::new();
    for item in items {
        let (name, units) = if item.value.is_string() {
            (item.clone(), 1)
        } else {
            if item.object(&["pool", "units"], problems).is_none() {
                continue;
            }
            let Some(pool) = item.get("pool") else {
                problems.add(&item, "'pool' is missing", "name the resource");
                continue;
            };
            let units = item.get("units").and_then(|at| at.whole(1, 1_000_000, problems));
            (pool, units.unwrap_or(1) as u32)
        };
        let Some(id) = name.text(problems) else { continue };
        let Some(place) = resources.iter().position(|resource| resource.id == id) else {
            let known: Vec<&str> = resources.iter().map(|resource| resource.id.as_str()).collect();
            let remedy = format!("define it in resources, or use one of: {}", known.join(", "));
            problems.add(&name, format!("there is no resource '{id}'"), remedy);
            continue;
        };
        if resources[place].capacity < units {
            let capacity = resources[place].capacity;
            let message = format!("{units} units are needed, '{id}' has {capacity}: the work would wait for ever");
            problems.add(&name, message, "raise the capacity or need fewer units");
        }
        if found.iter().any(|(other, _)| *other == place) {
            problems.add(&name, format!("'{id}' is named twice"), "write it once, with its units");
            continue;
        }
        found.push((place, units));
    }
    found
}

fn errors(at: &At<'_>, problems: &mut Problems) -> Vec<(String, f64)> {
    let mut found = Vec::new();
    for item in at.items(problems) {
        if item.object(&["code", "probability"], problems).is_none() {
            continue;
        }
        let code = item.get("code").and_then(|at| at.text(problems));
        let probability = item.get("probability").and_then(|at| at.number(0.0, 1.0, problems));
        match (code, probability) {
            (Some(code), Some(probability)) => found.push((code.to_owned(), probability)),
            _ => problems.add(&item, "code and probability are needed", "complete them"),
        }
    }
    let sum: f64 = found.iter().map(|(_, probability)| probability).sum();
    if sum > 1.0 + 1e-9 {
        problems.add(
            at,
            format!("the probabilities add up to {sum}"),
            "make them at most 1 together",
        );
    }
    found
}
