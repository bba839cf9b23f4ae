//! Somebody leaves: a colleague takes over what they had in hand.

use crate::system::{System, actor, office};
use access::Actor;
use http::StatusCode;
use orchestrator::api::{CompleteTask, Deploy, DeployFile, StartInstance};
use serde_json::Value;

/// One step that nurses may take.
const VISIT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="https://sinfonia.it/bpmn/prova">
  <bpmn:process id="visita" name="Visita" isExecutable="true">
    <bpmn:startEvent id="inizio" name="Inizio"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:userTask id="visitare" name="Visitare a casa"><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="infermiere"/></bpmn:extensionElements><bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing></bpmn:userTask>
    <bpmn:endEvent id="fine" name="Fine"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="a" sourceRef="inizio" targetRef="visitare"/>
    <bpmn:sequenceFlow id="b" sourceRef="visitare" targetRef="fine"/>
  </bpmn:process>
</bpmn:definitions>"#;

async fn give(system: &System, who: &str) -> String {
    let form = [
        ("struttura", "reparto"),
        ("ruolo", "infermiere"),
        ("contratto", "dipendente"),
        ("dal", "2026-01-01"),
        ("principale", "si"),
    ];
    let path = format!("/personale/persone/{who}/incarichi/nuovo");
    let reply = system.post(&office(), &path, &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    let found = system
        .fhir()
        .search("PractitionerRole", &[("practitioner", who)])
        .await
        .unwrap();
    found[0]["id"].as_str().unwrap().to_owned()
}

/// Two steps that wait for a nurse.
async fn two_visits(system: &System) {
    let program = system.context.peers.orchestrator(&Actor::system());
    let file = DeployFile {
        name: "visita.bpmn".into(),
        content: VISIT.into(),
    };
    program.deploy(&Deploy { files: vec![file] }).await.unwrap();
    for _ in 0..2 {
        let start = StartInstance {
            definition: "visita".into(),
            ..StartInstance::default()
        };
        program.start(&start).await.unwrap();
    }
    system.settle().await;
}

/// The office ends the role, and is shown what is in hand.
async fn end(system: &System, role: &str) {
    let path = format!("/personale/incarichi/{role}/fine");
    let seen = system.get(&office(), &path).await.text;
    assert!(
        seen.contains("Visitare a casa (2)") && seen.contains("Ciro Amato"),
        "{seen}"
    );
    let version = system.fhir().read("PractitionerRole", role).await.unwrap()["meta"]["versionId"].clone();
    let mut form = [
        ("versione", version.as_str().unwrap()),
        ("quando", "subito"),
        ("motivo", "Trasferimento"),
        ("passa_a", "doc"),
    ];
    let wrong = system.post(&office(), &path, &form).await;
    assert_eq!(
        wrong.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "who has not the role takes nothing over"
    );
    form[3].1 = "altra";
    let ended = system.post(&office(), &path, &form).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.text);
}

#[tokio::test]
async fn a_colleague_takes_over_and_the_former_holder_is_out() {
    let system = System::open().await;
    let (role, _) = (give(&system, "inf").await, give(&system, "altra").await);
    let program = system.context.peers.orchestrator(&Actor::system());
    two_visits(&system).await;
    let as_nurse = |who: &str| actor(&format!("Practitioner/{who}"), "infermiere", Some("reparto"));
    let former = system.context.peers.orchestrator(&as_nurse("inf"));
    let colleague = system.context.peers.orchestrator(&as_nurse("altra"));
    let open = former
        .tasks(&component::TaskQuery::for_role("infermiere"))
        .await
        .unwrap()
        .items;
    let ids: Vec<&str> = open.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        former.claim(id).await.unwrap();
    }
    assert!(
        colleague.complete(ids[0], &CompleteTask::default()).await.is_err(),
        "as long as another has it"
    );
    end(&system, &role).await;
    for id in &ids {
        let task = program.task(id).await.unwrap();
        assert_eq!(task.assignee.as_deref(), Some("Practitioner/altra"));
    }
    // Neither as who has the role elsewhere, nor as who has none any more.
    let without = system.context.peers.orchestrator(&Actor {
        roles: Vec::new(),
        ..as_nurse("inf")
    });
    for out in [&former, &without] {
        assert!(out.complete(ids[0], &CompleteTask::default()).await.is_err());
        assert!(out.claim(ids[0]).await.is_err());
    }
    for id in &ids {
        colleague.complete(id, &CompleteTask::default()).await.unwrap();
    }
    system.settle().await;
    let left = program
        .tasks(&component::TaskQuery::held_by("Practitioner/altra"))
        .await
        .unwrap();
    assert_eq!(left.items.len(), 0);
    let mirrored = system
        .fhir()
        .search("Task", &[("owner", "Practitioner/altra")])
        .await
        .unwrap();
    assert!(
        mirrored.iter().all(|task: &Value| task["status"] == "completed"),
        "{mirrored:?}"
    );
}
