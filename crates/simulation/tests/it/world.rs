//! Building and playing small models.

use calendar::Calendars;
use serde_json::Value;
use simulation::{Models, Plan, Progress, Report, Scenario, SimulationError};
use std::sync::Arc;

/// Wraps root elements and the inside of a process `p` into a file.
pub fn file(root: &str, process: &str) -> String {
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
        id="definitions">{root}<process id="p" isExecutable="true">{process}</process></definitions>"#
    )
}

/// Sequence flows along a chain `a b c`, each `a--b`.
pub fn chain(nodes: &str) -> String {
    let nodes: Vec<&str> = nodes.split_whitespace().collect();
    let flow = |pair: &[&str]| {
        let (source, target) = (pair[0], pair[1]);
        format!(r#"<sequenceFlow id="{source}--{target}" sourceRef="{source}" targetRef="{target}"/>"#)
    };
    nodes.windows(2).map(flow).collect()
}

/// A process with user tasks one after the other.
pub fn tasks(ids: &str) -> String {
    let all: String = ids
        .split_whitespace()
        .map(|id| format!(r#"<userTask id="{id}"/>"#))
        .collect();
    file(
        "",
        &format!(
            r#"<startEvent id="s"/>{all}<endEvent id="e"/>{}"#,
            chain(&format!("s {ids} e"))
        ),
    )
}

pub fn plan(xml: &str, scenario: &Value) -> Result<Plan, SimulationError> {
    plan_with(xml, scenario, dmn::Feel::new())
}

pub fn plan_with(xml: &str, scenario: &Value, feel: dmn::Feel) -> Result<Plan, SimulationError> {
    let mut models = Models::default();
    models.read(xml).unwrap_or_else(|issues| panic!("{issues}"));
    let scenario = Scenario::read(scenario, &Calendars::default())?;
    Plan::new(scenario, &models, Arc::new(feel))
}

pub fn play(xml: &str, scenario: &Value) -> Report {
    let plan = plan(xml, scenario).unwrap_or_else(|error| panic!("{error}"));
    simulation::run(&plan, &Progress::default(), 2).unwrap_or_else(|error| panic!("{error}"))
}

pub fn element<'r>(report: &'r Report, id: &str) -> &'r simulation::ElementReport {
    report.elements.iter().find(|element| element.element == id).unwrap()
}

pub fn taken(report: &Report, flow: &str) -> f64 {
    report.flows.iter().find(|one| one.flow == flow).unwrap().percent.mean
}
