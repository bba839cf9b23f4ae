//! Ten years of the diabetes pathway: the models, decisions and example scenario of the component.

use calendar::Calendars;
use simulation::{Models, Plan, Progress, Scenario, run};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../components/pathways")
        .join(name)
}

fn texts(name: &str, extension: &str) -> Vec<String> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn ten_years_of_the_diabetes_pathway() {
    let mut models = Models::default();
    for text in texts("processes", "bpmn") {
        models.read(&text).unwrap();
    }
    let feel = dmn::Feel::new();
    let decisions = texts("decisions", "dmn");
    feel.deploy_together(&decisions.iter().map(String::as_str).collect::<Vec<_>>())
        .unwrap();
    let feel: Arc<dyn dmn::Evaluator> = Arc::new(feel);
    let text = std::fs::read_to_string(folder("simulations/diabete-tipo-2.simulation.json")).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    // so that an unoptimised build is through in seconds
    value["replications"] = 1.into();
    value["arrivals"]["perDay"] = serde_json::json!(0.02);
    let scenario = Scenario::read(&value, &Calendars::default()).unwrap();
    let plan = Plan::new(scenario, &models, feel).unwrap();
    let report = run(&plan, &Progress::default(), 2).unwrap();
    assert!(report.incidents.is_empty(), "{:#?}", report.incidents);
    assert!(report.instances_simulated >= 30, "{}", report.instances_simulated);
    let entered = |id: &str| {
        report
            .elements
            .iter()
            .find(|one| one.element == id)
            .unwrap()
            .entered
            .mean
    };
    assert!(
        entered("ciclo-controlli") > 5.0 * report.started.mean,
        "several controls for each person"
    );
    assert!(entered("visita-controllo") > 0.0 && entered("visita-specialistica") > 0.0);
    assert!(entered("questionario-scaduto") > 0.0 && entered("contatto-case-manager") >= 0.0);
    let days = report.until.duration_since(report.from).as_hours() / 24;
    assert_eq!(days, 9 * 365 + 2, "ten years less the warm-up");
}

#[test]
fn the_examples_are_right() {
    for text in texts("simulations", "json") {
        Scenario::parse(&text, &Calendars::default()).unwrap();
    }
}
