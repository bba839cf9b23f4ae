//! Scenarios proposed from what has happened.

use crate::world::{chain, file};
use calendar::Calendars;
use engine::Event;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulation::fit::Observed;
use simulation::{Models, Plan, Progress, Scenario, run};
use std::sync::Arc;

fn model() -> Models {
    let xml = file(
        "",
        &format!(
            r#"<startEvent id="s"/><userTask id="t" name="Visita"><extensionElements><zeebe:assignmentDefinition candidateGroups="medici"/></extensionElements></userTask>
            <exclusiveGateway id="g" default="g--a"/><userTask id="a" name="Controllo"/><userTask id="b" name="Invio"/><endEvent id="e"/>{}
            <sequenceFlow id="g--a" sourceRef="g" targetRef="a"/>
            <sequenceFlow id="g--b" sourceRef="g" targetRef="b"><conditionExpression>=grave</conditionExpression></sequenceFlow>"#,
            chain("s t g") + chain("a e").as_str() + chain("b e").as_str()
        ),
    );
    let mut models = Models::default();
    models.read(&xml).unwrap();
    models
}

fn plays(scenario: &Value, models: &Models) -> simulation::Report {
    let mut scenario = scenario.clone();
    scenario["replications"] = 3.into();
    let scenario = Scenario::read(&scenario, &Calendars::default()).unwrap_or_else(|error| panic!("{error}"));
    let plan = Plan::new(scenario, models, Arc::new(dmn::Feel::new())).unwrap_or_else(|error| panic!("{error}"));
    run(&plan, &Progress::default(), 1).unwrap()
}

fn close(found: f64, wanted: f64, part: f64) {
    assert!((found / wanted - 1.0).abs() < part, "{found} instead of {wanted}");
}

#[test]
fn the_history_of_our_own_instances() {
    let models = model();
    let mut observed = Observed::new();
    let start: Timestamp = "2026-01-01T08:00:00Z".parse().unwrap();
    for n in 0..60_i64 {
        let at = |minutes: i64| start + SignedDuration::from_mins(n * 120 + minutes);
        let id = format!("i{n}.3");
        let flow = if n % 4 == 0 { "g--b" } else { "g--a" };
        let told = [
            (at(0), r#"{"Started":{"definition":"p:1"}}"#.to_owned()),
            (at(0), format!(r#"{{"Entered":{{"element":"t","token":"{id}"}}}}"#)),
            (at(0), format!(r#"{{"TaskCreated":{{"element":"t","task":"{id}"}}}}"#)),
            (
                at(30),
                format!(r#"{{"TaskAssigned":{{"task":"{id}","assignee":"Practitioner/1","reason":null}}}}"#),
            ),
            (
                at(60 + n % 3),
                format!(r#"{{"TaskCompleted":{{"element":"t","task":"{id}"}}}}"#),
            ),
            (at(60 + n % 3), format!(r#"{{"FlowTaken":{{"flow":"{flow}"}}}}"#)),
        ];
        let read: Vec<(Timestamp, Event)> = told
            .iter()
            .map(|(at, text)| (*at, serde_json::from_str(text).unwrap()))
            .collect();
        observed.instance(read.iter().map(|(at, event)| (*at, event)));
    }
    let proposal = observed.propose(&models, "p");
    let scenario = &proposal.scenario;
    assert_eq!(scenario["flows"]["g--b"].as_f64(), Some(0.25));
    assert_eq!(scenario["elements"]["t"]["resources"], serde_json::json!(["medici"]));
    assert_eq!(scenario["resources"]["medici"]["capacity"], 1);
    let report = plays(scenario, &models);
    // twelve a day, half an hour and a bit of work once someone has taken it
    close(report.started.mean, 12.0 * 334.0, 0.02);
    close(report.resources[0].utilisation.mean, 31.0 / 120.0, 0.02);
    close(report.ends[0].percent.mean, 100.0, 0.01);
}

#[test]
fn an_event_log() {
    let models = model();
    let mut log = String::from(r#"<log xmlns="http://www.xes-standard.org/">"#);
    for n in 0..50 {
        let event = |name: &str, minutes: i64| {
            let at = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(n * 60 + minutes);
            format!(
                r#"<event><string key="concept:name" value="{name}"/><date key="time:timestamp" value="{at}"/></event>"#
            )
        };
        let second = if n % 5 == 0 { "Invio" } else { "Controllo" };
        log += &format!(
            r#"<trace><string key="concept:name" value="{n}"/>{}{}</trace>"#,
            event("Visita", 0),
            event(second, 20)
        );
    }
    log += "</log>";
    let log = mining::xes::read(log.as_bytes()).unwrap();
    let proposal = Observed::log(&log, &models).propose(&models, "p");
    assert_eq!(proposal.scenario["flows"]["g--b"].as_f64(), Some(0.2));
    assert_eq!(
        proposal.scenario["elements"]["a"]["duration"]["constant"]["value"],
        "PT1200S"
    );
    let report = plays(&proposal.scenario, &models);
    close(report.started.mean, 24.0 * 334.0, 0.02);
    assert!(report.incidents.is_empty());
}

#[test]
fn nothing_seen_gives_defaults_that_run() {
    let models = model();
    let proposal = Observed::new().propose(&models, "p");
    let mut scenario = proposal.scenario;
    scenario["flows"] = serde_json::json!({"g--b": 0.5});
    assert!(plays(&scenario, &models).completed.mean > 100.0);
}
