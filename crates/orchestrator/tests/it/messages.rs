//! Messages and signals between processes and from outside.

use crate::models::{bpmn, catch_message, catch_signal, flow, line, message, throw_message, user_task};
use crate::support::{System, gp, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{CompleteTask, SendMessage, SendSignal};
use orchestrator::{InstancesQuery, OrchestratorError};
use serde_json::json;

fn send(name: &str, key: &str) -> SendMessage {
    SendMessage {
        name: name.into(),
        key: Some(key.into()),
        ..SendMessage::default()
    }
}

#[tokio::test]
async fn a_message_finds_its_instance_by_business_key() {
    let system = System::new();
    for patient in ["p1", "p2"] {
        system.patient(patient).await;
    }
    let model = line(
        &message("m", "esito"),
        "attesa",
        &[catch_message("esito", "m"), user_task("lettura", "mmg")],
    );
    system.deploy("attesa.bpmn", model).await;
    let (one, two) = (
        system.start("attesa", Some("p1")).await.id,
        system.start("attesa", Some("p2")).await.id,
    );
    let request = SendMessage {
        variables: object(json!({"valore": 7})),
        ..send("esito", "Patient/p2")
    };
    let sent = system.orchestrator.send_message(&gp(), request, None).await.unwrap();
    assert_eq!((sent.delivered, sent.started), (vec![two.clone()], vec![]));
    assert_eq!(system.tokens(&one).await, ["esito"]);
    assert_eq!(system.tokens(&two).await, ["lettura"]);
    assert_eq!(system.info(&two).await.variables["valore"], 7);
    let error = system
        .orchestrator
        .send_message(&gp(), send("esito", "Patient/p2"), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OrchestratorError::NobodyWaits { .. }));
    assert_eq!(error.status(), 404);
    assert!(error.to_string().contains("Patient/p2"), "{error}");
}

fn started_by_message() -> String {
    let body = format!(
        r#"<bpmn:startEvent id="richiesta"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>{}<bpmn:endEvent id="fine"/>{}{}"#,
        user_task("presa-in-carico", "mmg").1,
        flow("richiesta", "presa-in-carico"),
        flow("presa-in-carico", "fine"),
    );
    bpmn(&message("m", "segnalazione"), "da-messaggio", &body)
}

#[tokio::test]
async fn a_message_starts_one_instance_per_key() {
    let system = System::new();
    system.patient("p1").await;
    system.deploy("m.bpmn", started_by_message()).await;
    let first = system
        .orchestrator
        .send_message(&gp(), send("segnalazione", "Patient/p1"), None)
        .await
        .unwrap();
    assert_eq!((first.delivered.len(), first.started.len()), (0, 1));
    let info = system.info(&first.started[0]).await;
    assert_eq!(
        (info.patient.as_deref(), info.business_key.as_deref()),
        (Some("p1"), Some("Patient/p1"))
    );
    let again = system
        .orchestrator
        .send_message(&gp(), send("segnalazione", "Patient/p1"), None)
        .await;
    assert_eq!(again.unwrap_err().status(), 404, "the first still runs");
    let task = system.task_of(&first.started[0]).await.id;
    system
        .orchestrator
        .complete_task(&gp(), &task, CompleteTask::default(), None)
        .await
        .unwrap();
    assert!(
        system
            .orchestrator
            .send_message(&gp(), send("segnalazione", "Patient/p1"), None)
            .await
            .is_ok()
    );
}

async fn pair(system: &System) {
    let shared = message("m", "referto");
    system
        .deploy("manda.bpmn", line(&shared, "manda", &[throw_message("invio", "m")]))
        .await;
    system
        .deploy(
            "riceve.bpmn",
            line(
                &shared,
                "riceve",
                &[catch_message("arrivo", "m"), user_task("lettura", "mmg")],
            ),
        )
        .await;
    system.patient("p1").await;
}

#[tokio::test]
async fn a_thrown_message_waits_in_the_outbox_for_its_receiver() {
    let system = System::new();
    pair(&system).await;
    system.start("manda", Some("p1")).await;
    system.settle().await;
    assert_eq!(outbox(&system).await, 1, "nobody waits yet");
    // The sender's program ends; the message is found again, and delivered when someone waits for it.
    let system = system.restart();
    system.settle().await;
    let receiver = system.start("riceve", Some("p1")).await.id;
    system.settle().await;
    assert_eq!(system.tokens(&receiver).await, ["lettura"]);
    assert_eq!(outbox(&system).await, 0);
}

#[tokio::test]
async fn a_crash_between_throwing_and_delivering_neither_loses_nor_doubles() {
    let system = System::new();
    pair(&system).await;
    let receiver = system.start("riceve", Some("p1")).await.id;
    let second = system.start("riceve", Some("p1")).await.id;
    system.settle().await;
    system.start("manda", Some("p1")).await;
    // Committed, not relayed: the program ends here.
    assert_eq!(outbox(&system).await, 1);
    let system = system.restart();
    // Two programs relay the same entries: the store lets each delivery happen once.
    let rival = system.rival();
    let (one, two) = tokio::join!(system.orchestrator.settle(), rival.settle());
    one.unwrap();
    two.unwrap();
    drop(rival);
    let system = system.restart();
    system.settle().await;
    assert_eq!(outbox(&system).await, 0);
    for id in [receiver, second] {
        assert_eq!(system.tokens(&id).await, ["lettura"]);
        let history = system
            .orchestrator
            .history(&gp(), &id, Default::default())
            .await
            .unwrap()
            .items;
        assert_eq!(history.len(), 2, "start and one delivery");
    }
}

#[tokio::test]
async fn a_message_nobody_ever_waits_for_expires() {
    let system = System::new();
    pair(&system).await;
    system.start("manda", Some("p1")).await;
    system.settle().await;
    system.advance(SignedDuration::from_hours(25));
    system.settle().await;
    assert_eq!(outbox(&system).await, 0);
    let receiver = system.start("riceve", Some("p1")).await.id;
    system.settle().await;
    assert_eq!(system.tokens(&receiver).await, ["arrivo"]);
}

async fn outbox(system: &System) -> usize {
    system
        .snapshot()
        .await
        .outbox("process", jiff::Timestamp::MAX, 100)
        .await
        .unwrap()
        .len()
}

#[tokio::test]
async fn a_signal_reaches_everyone_and_starts_processes() {
    let shared = r#"<bpmn:signal id="s" name="allerta"/>"#;
    let body = format!(
        r#"<bpmn:startEvent id="su-allerta"><bpmn:signalEventDefinition signalRef="s"/></bpmn:startEvent>{}<bpmn:endEvent id="fine"/>{}{}"#,
        user_task("verifica", "mmg").1,
        flow("su-allerta", "verifica"),
        flow("verifica", "fine"),
    );
    let system = System::new();
    system
        .deploy(
            "a.bpmn",
            line(
                shared,
                "in-ascolto",
                &[catch_signal("allerta", "s"), user_task("dopo", "mmg")],
            ),
        )
        .await;
    system.deploy("b.bpmn", bpmn(shared, "da-segnale", &body)).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(system.start("in-ascolto", None).await.id);
    }
    let signal = SendSignal {
        name: "allerta".into(),
        ..SendSignal::default()
    };
    let sent = system
        .orchestrator
        .send_signal(&Actor::system(), signal.clone(), None)
        .await
        .unwrap();
    assert_eq!((sent.delivered.len(), sent.started.len()), (5, 1));
    for id in &waiting {
        assert_eq!(system.tokens(id).await, ["dopo"]);
    }
    system.settle().await;
    assert_eq!(outbox(&system).await, 0);
    let query = InstancesQuery {
        definition: Some("da-segnale".into()),
        ..InstancesQuery::default()
    };
    assert_eq!(
        system
            .orchestrator
            .instances(&Actor::system(), query)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let nobody = SendSignal {
        name: "altro".into(),
        ..SendSignal::default()
    };
    assert!(
        system
            .orchestrator
            .send_signal(&Actor::system(), nobody, None)
            .await
            .unwrap()
            .delivered
            .is_empty()
    );
}

#[tokio::test]
async fn a_signal_triggers_its_own_instance_once() {
    let shared = r#"<bpmn:signal id="s" name="allerta"/>"#;
    let watched = r#"<bpmn:subProcess id="dentro"><bpmn:startEvent id="si"/><bpmn:intermediateThrowEvent id="lancia"><bpmn:signalEventDefinition signalRef="s"/></bpmn:intermediateThrowEvent>"#;
    let body = format!(
        r#"<bpmn:startEvent id="inizio"/>{watched}{}{}{}</bpmn:subProcess><bpmn:boundaryEvent id="sente" attachedToRef="dentro" cancelActivity="false"><bpmn:signalEventDefinition signalRef="s"/></bpmn:boundaryEvent>{}{}{}"#,
        user_task("resta", "mmg").1,
        flow("si", "lancia"),
        flow("lancia", "resta"),
        user_task("avvisa", "mmg").1,
        flow("inizio", "dentro"),
        flow("sente", "avvisa"),
    );
    let system = System::new();
    system.deploy("c.bpmn", bpmn(shared, "eco", &body)).await;
    let id = system.start("eco", None).await.id;
    system.settle().await;
    let mut tokens = system.tokens(&id).await;
    tokens.sort();
    assert_eq!(tokens, ["avvisa", "dentro", "resta"]);
}
