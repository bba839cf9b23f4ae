//! Hub writes that become messages.

use crate::models::{bpmn, catch_message, flow, hba1c_message, line, user_task};
use crate::support::{System, gp, hba1c};
use orchestrator::InstancesQuery;
use serde_json::json;

async fn waiting() -> (System, String) {
    let system = System::new();
    for patient in ["p1", "p2"] {
        system.patient(patient).await;
    }
    // Written before the pathway exists: it does not count.
    system.put(hba1c("vecchia", "p1", 9.0)).await;
    let model = line(
        &hba1c_message("m", "nuova-hba1c"),
        "attesa",
        &[catch_message("esito", "m"), user_task("lettura", "mmg")],
    );
    system.deploy("attesa.bpmn", model).await;
    let instance = system.start("attesa", Some("p1")).await.id;
    system.settle().await;
    (system, instance)
}

#[tokio::test]
async fn a_new_hba1c_moves_the_patients_pathway_and_no_other() {
    let (system, instance) = waiting().await;
    assert_eq!(system.tokens(&instance).await, ["esito"], "older facts do not count");
    let other = system.start("attesa", Some("p2")).await.id;
    let glucose = json!({
        "resourceType": "Observation", "id": "glicemia", "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
        "subject": {"reference": "Patient/p1"},
    });
    system.put(glucose).await;
    system.settle().await;
    assert_eq!(system.tokens(&instance).await, ["esito"], "another code");
    system.put(hba1c("nuova", "p1", 7.5)).await;
    system.settle().await;
    assert_eq!(system.tokens(&instance).await, ["lettura"]);
    assert_eq!(system.tokens(&other).await, ["esito"], "another patient");
    let variables = system.info(&instance).await.variables;
    assert_eq!(variables["reference"], "Observation/nuova");
    assert_eq!(variables["resource"]["valueQuantity"]["value"].to_string(), "7.5");
    let history = system
        .orchestrator
        .history(&gp(), &instance, Default::default())
        .await
        .unwrap()
        .items;
    assert_eq!(history.last().unwrap().actor, "hub");
}

#[tokio::test]
async fn a_fact_written_while_the_program_was_down_is_not_lost_and_counts_once() {
    let (system, instance) = waiting().await;
    system.put(hba1c("nuova", "p1", 7.5)).await;
    let system = system.restart();
    system.settle().await;
    assert_eq!(system.tokens(&instance).await, ["lettura"]);
    // A second pathway of the patient starts later: the fact is in the past, also after another restart.
    let later = system.start("attesa", Some("p1")).await.id;
    let system = system.restart();
    system.settle().await;
    assert_eq!(system.tokens(&later).await, ["esito"]);
}

#[tokio::test]
async fn a_fact_can_start_a_pathway_once() {
    let body = format!(
        r#"<bpmn:startEvent id="esito-alto"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>{}<bpmn:endEvent id="fine"/>{}{}"#,
        user_task("valutazione", "mmg").1,
        flow("esito-alto", "valutazione"),
        flow("valutazione", "fine"),
    );
    let system = System::new();
    system.patient("p1").await;
    system
        .deploy("m.bpmn", bpmn(&hba1c_message("m", "hba1c-alta"), "da-esito", &body))
        .await;
    system.put(hba1c("o1", "p1", 7.5)).await;
    system.settle().await;
    system.put(hba1c("o2", "p1", 7.9)).await;
    system.settle().await;
    let query = InstancesQuery {
        patient: Some("p1".into()),
        ..InstancesQuery::default()
    };
    let started = system.orchestrator.instances(&gp(), query).await.unwrap().items;
    assert_eq!(started.len(), 1, "the second fact finds it running");
    assert_eq!(
        system.read("CarePlan", &started[0].id).await.unwrap()["status"],
        "active"
    );
}
