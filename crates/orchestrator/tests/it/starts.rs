//! Starts by condition, and by several events that must all have come.

use crate::models::{bpmn, flow, message, user_task};
use crate::support::{System, gp, hba1c, object};
use jiff::SignedDuration;
use orchestrator::InstancesQuery;
use orchestrator::api::{EvaluateConditions, SendMessage, SendSignal};
use serde_json::{Value, json};

/// A process that begins with this start event, and a task.
fn beginning(shared: &str, id: &str, start: &str) -> String {
    let body = format!(
        r#"{start}{}<bpmn:endEvent id="fine"/>{}{}"#,
        user_task("visita", "mmg").1,
        flow("s", "visita"),
        flow("visita", "fine"),
    );
    bpmn(shared, id, &body)
}

fn conditional(criteria: &str) -> String {
    format!(
        r#"<bpmn:startEvent id="s"><bpmn:extensionElements>{criteria}</bpmn:extensionElements><bpmn:conditionalEventDefinition><bpmn:condition>=resource.valueQuantity.value &gt; 8</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:startEvent>"#
    )
}

fn conditions(variables: Value) -> EvaluateConditions {
    EvaluateConditions {
        variables: object(variables),
        ..EvaluateConditions::default()
    }
}

async fn running(system: &System, definition: &str) -> Vec<String> {
    let query = InstancesQuery {
        definition: Some(definition.into()),
        ..InstancesQuery::default()
    };
    let found = system.orchestrator.instances(&gp(), query).await.unwrap().items;
    found.into_iter().map(|info| info.id).collect()
}

#[tokio::test]
async fn a_condition_starts_what_it_holds_for() {
    let system = System::new();
    system.deploy("a.bpmn", beginning("", "alta", &conditional(""))).await;
    system.patient("p1").await;
    let evaluate = |variables| system.orchestrator.evaluate_conditions(&ACTOR, variables, None);
    let none = evaluate(conditions(json!({"resource": {"valueQuantity": {"value": 7}}})))
        .await
        .unwrap();
    assert!(none.started.is_empty());
    let unknown = evaluate(conditions(json!({}))).await.unwrap();
    assert!(unknown.started.is_empty(), "what cannot be evaluated does not hold");
    let mut request = conditions(json!({"resource": {"valueQuantity": {"value": 9}}}));
    request.patient = Some("p1".into());
    let started = evaluate(request).await.unwrap().started;
    let info = system.info(&started[0]).await;
    assert_eq!(info.business_key.as_deref(), Some("Patient/p1"));
    assert_eq!(info.variables["resource"]["valueQuantity"]["value"], 9);
}

static ACTOR: std::sync::LazyLock<access::Actor> = std::sync::LazyLock::new(access::Actor::system);

#[tokio::test]
async fn a_hub_write_starts_by_condition_once_for_each_patient() {
    let system = System::new();
    let trigger = r#"<sinfonia:fhirTrigger criteria="Observation?code=http://loinc.org|4548-4"/>"#;
    system
        .deploy("a.bpmn", beginning("", "alta", &conditional(trigger)))
        .await;
    system.patient("p1").await;
    for (id, value) in [("o1", 7.0), ("o2", 9.0), ("o3", 10.0)] {
        system.put(hba1c(id, "p1", value)).await;
        system.settle().await;
    }
    let running = running(&system, "alta").await;
    assert_eq!(running.len(), 1);
    let info = system.info(&running[0]).await;
    assert_eq!(
        (info.patient.as_deref(), &info.variables["reference"]),
        (Some("p1"), &json!("Observation/o2"))
    );
}

const SHARED: &str = r#"<bpmn:signal id="g" name="via"/>"#;

fn both(id: &str) -> String {
    let start = r#"<bpmn:startEvent id="s" parallelMultiple="true"><bpmn:messageEventDefinition messageRef="a"/><bpmn:messageEventDefinition messageRef="b"/><bpmn:signalEventDefinition signalRef="g"/></bpmn:startEvent>"#;
    let shared = format!("{}{}{SHARED}", message("a", "referto"), message("b", "consenso"));
    beginning(&shared, id, start)
}

async fn tell(system: &System, name: &str, key: &str) -> (usize, usize) {
    let request = SendMessage {
        name: name.into(),
        key: Some(key.into()),
        variables: object(json!({ (name): key })),
        ..SendMessage::default()
    };
    let told = system.orchestrator.send_message(&gp(), request, None).await.unwrap();
    (told.started.len(), told.waiting.len())
}

async fn signal(system: &System) -> usize {
    let request = SendSignal {
        name: "via".into(),
        ..SendSignal::default()
    };
    let told = system.orchestrator.send_signal(&gp(), request, None).await.unwrap();
    system.settle().await;
    told.started.len()
}

#[tokio::test]
async fn all_parts_of_a_start_must_come_with_the_same_key() {
    let system = System::new();
    system.deploy("a.bpmn", both("insieme")).await;
    assert_eq!(tell(&system, "referto", "k1").await, (0, 1));
    assert_eq!(tell(&system, "consenso", "k2").await, (0, 1), "another key");
    let system = system.restart();
    assert_eq!(
        signal(&system).await,
        0,
        "it counts for both keys, and neither is whole"
    );
    let waiting = system.orchestrator.start_parts(&ACTOR).await.unwrap();
    let missing: Vec<&[String]> = waiting.iter().map(|parts| parts.missing.as_slice()).collect();
    assert_eq!(missing, [["message 'consenso'"], ["message 'referto'"]]);
    assert_eq!(tell(&system, "consenso", "k1").await, (1, 0));
    let running = running(&system, "insieme").await;
    let info = system.info(&running[0]).await;
    assert_eq!((running.len(), info.business_key.as_deref()), (1, Some("k1")));
    assert_eq!(
        (&info.variables["referto"], &info.variables["consenso"]),
        (&json!("k1"), &json!("k1"))
    );
    assert_eq!(system.tokens(&running[0]).await, ["visita"]);
    assert_eq!(system.orchestrator.start_parts(&ACTOR).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_part_without_a_key_waits_for_the_first_that_has_one() {
    let system = System::new();
    system.deploy("a.bpmn", both("insieme")).await;
    assert_eq!(signal(&system).await, 0);
    assert_eq!(tell(&system, "referto", "k1").await, (0, 1));
    assert_eq!(tell(&system, "consenso", "k1").await, (1, 0));
    assert!(system.orchestrator.start_parts(&ACTOR).await.unwrap().is_empty());
    assert_eq!(system.orchestrator.next_timer().await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_whole_in_time_expires_and_is_told() {
    let system = System::new();
    system.deploy("a.bpmn", both("insieme")).await;
    tell(&system, "referto", "k1").await;
    system.advance(SignedDuration::from_hours(24));
    system.settle().await;
    let told = system.orchestrator.start_parts(&ACTOR).await.unwrap();
    assert_eq!(
        (told[0].expired, told[0].arrived.as_slice()),
        (true, ["message 'referto'".to_owned()].as_slice())
    );
    signal(&system).await;
    assert_eq!(tell(&system, "consenso", "k1").await, (0, 1), "it begins anew");
    assert_eq!(tell(&system, "referto", "k1").await, (1, 0));
    let system = system.restart();
    system.advance(SignedDuration::from_hours(48));
    system.settle().await;
    assert!(system.orchestrator.start_parts(&ACTOR).await.unwrap().is_empty());
}
