//! What is done to people's data follows from what the office wrote into the request, not from what processes are told.

use crate::system::{System, actor, anna, doctor, observation, office, officer, overseer};
use access::Actor;
use component::{Orchestrator, TaskQuery};
use engine::Instruction;
use http::StatusCode;
use orchestrator::api::{CompleteTask, InstanceInfo, ModifyInstance, SendMessage, StartInstance};
use serde_json::{Map, Value, json};

async fn request(system: &System, kind: &str) -> String {
    let reply = system.post(&anna(), "/diritti/richieste", &[("tipo", kind)]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
    system.settle().await;
    reply.location.rsplit('/').next().unwrap().to_owned()
}

fn as_(system: &System, who: &Actor) -> Orchestrator {
    system.context.peers.orchestrator(who)
}

async fn instance(system: &System, process: &str, key: &str) -> InstanceInfo {
    let started = as_(system, &Actor::system()).started_by_program(process, key).await;
    started.unwrap().remove(0)
}

async fn open_tasks(system: &System, instance: &str) -> Vec<String> {
    let query = TaskQuery {
        instance: Some(instance.to_owned()),
        state: Some("open".into()),
        ..TaskQuery::default()
    };
    let tasks = as_(system, &Actor::system()).tasks(&query).await.unwrap().items;
    tasks.into_iter().map(|task| task.id).collect()
}

fn variables(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn complete(system: &System, who: &Actor, task: &str, said: Value) {
    let result = CompleteTask {
        variables: variables(said),
        ..CompleteTask::default()
    };
    as_(system, who).complete(task, &result).await.unwrap();
    system.settle().await;
}

#[tokio::test]
async fn only_the_program_starts_what_stands_for_a_request_or_a_report() {
    let system = System::open().await;
    let id = request(&system, "limitazione").await;
    let admin = actor("Practitioner/admin", "admin", None);
    for process in ["richiesta-diritti", "segnalazione-accesso"] {
        let start = StartInstance {
            definition: process.into(),
            business_key: Some(id.clone()),
            variables: variables(json!({"richiesta": id, "tipo": "limitazione", "esito": "accolta"})),
            ..StartInstance::default()
        };
        for who in [doctor(), overseer(), office(), officer(), admin.clone()] {
            let refused = as_(&system, &who).start(&start).await.unwrap_err();
            assert_eq!(
                refused.status(),
                Some(StatusCode::FORBIDDEN),
                "{} {process}",
                who.subject
            );
        }
        let message = SendMessage {
            name: process.into(),
            key: Some(id.clone()),
            ..SendMessage::default()
        };
        let nobody = as_(&system, &overseer()).send_message(&message).await.unwrap_err();
        assert_eq!(nobody.status(), Some(StatusCode::NOT_FOUND));
    }
}

#[tokio::test]
async fn whoever_completes_the_task_only_the_office_decides() {
    let system = System::open().await;
    let id = request(&system, "limitazione").await;
    let process = instance(&system, "richiesta-diritti", &id).await.id;
    for outcome in ["accolta", "respinta"] {
        let task = open_tasks(&system, &process).await.remove(0);
        complete(
            &system,
            &overseer(),
            &task,
            json!({"esito": outcome, "tipo": "cancellazione"}),
        )
        .await;
        assert!(
            system.reads(&doctor(), "Observation", "hba1c").await,
            "nothing was done"
        );
        let page = system.get(&anna(), &format!("/diritti/richieste/{id}")).await.text;
        assert!(!page.contains("Lettera da stampare"), "nobody answered: {page}");
        let next = open_tasks(&system, &process).await;
        assert!(next.len() == 1 && next[0] != task, "the office has it again");
    }
    let path = format!("/richieste-dati/{id}");
    let form = [("esito", "accolta"), ("risposta", "Va bene.")];
    assert_eq!(
        system.post(&officer(), &path, &form).await.status,
        StatusCode::FORBIDDEN,
        "who controls does not decide"
    );
    assert_eq!(system.post(&office(), &path, &form).await.status, StatusCode::SEE_OTHER);
    system.settle().await;
    assert!(!system.reads(&doctor(), "Observation", "hba1c").await, "now it holds");
}

#[tokio::test]
async fn a_moved_instance_does_nothing_that_was_not_decided() {
    let system = System::open().await;
    let own = json!({"performer": [{"reference": "Patient/anna"}]});
    let mut diary = observation("diario", "anna", None);
    diary.as_object_mut().unwrap().extend(variables(own));
    system.put(&diary).await;
    let id = request(&system, "cancellazione").await;
    let other = request(&system, "limitazione").await;
    let process = instance(&system, "richiesta-diritti", &id).await.id;
    let manager = as_(&system, &overseer());
    for (element, said) in [
        ("esegui", json!({"esito": "accolta"})),
        ("rispondi", json!({"esito": "respinta"})),
        ("prepara-copia", json!({"tipo": "accesso"})),
        ("esegui", json!({"richiesta": other})),
    ] {
        let change = ModifyInstance {
            instructions: vec![Instruction::StartBefore {
                element: element.into(),
                scope: None,
                variables: variables(said),
            }],
            reason: "prova".into(),
        };
        manager.modify(&process, &change).await.unwrap();
        system.settle().await;
    }
    assert!(system.reads(&anna(), "Observation", "diario").await);
    assert!(system.reads(&doctor(), "Observation", "hba1c").await);
    for id in [id, other] {
        let stored = system.context.peers.fhir(&Actor::system());
        let stored = stored.read("Basic", &id).await.unwrap().to_string();
        for done in ["diritti-fatto", "diritti-risposta-del", "diritti-parti"] {
            assert!(!stored.contains(done), "{stored}");
        }
    }
}

#[tokio::test]
async fn a_decision_counts_while_who_gave_it_is_of_the_office() {
    let system = System::open().await;
    let id = request(&system, "limitazione").await;
    // The session is older than the end of the role.
    let former = actor("Practitioner/ex", "ufficio-privacy", None);
    let form = [("esito", "accolta"), ("risposta", "Va bene.")];
    let reply = system.post(&former, &format!("/richieste-dati/{id}"), &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    system.settle().await;
    assert!(system.reads(&doctor(), "Observation", "hba1c").await);
    let process = instance(&system, "richiesta-diritti", &id).await.id;
    assert_eq!(open_tasks(&system, &process).await.len(), 1, "the office decides anew");
}

#[tokio::test]
async fn an_address_of_the_office_opens_its_own_kind_only() {
    let system = System::open().await;
    let id = request(&system, "limitazione").await;
    let report = reported(&system).await;
    let answer = [("esito", "accolta"), ("risposta", "x"), ("motivo", "x")];
    for path in [
        format!("/richieste-dati/{report}"),
        format!("/richieste-dati/{report}/proroga"),
        format!("/richieste-dati/{report}/blocco"),
    ] {
        assert_eq!(
            system.post(&office(), &path, &answer).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let path = format!("/richieste-dati/segnalazioni/{id}");
    assert_eq!(
        system.post(&officer(), &path, &answer).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(system.get(&officer(), &path).await.status, StatusCode::NOT_FOUND);
    // What another program wrote is no request, whatever it is called.
    let forged = json!({"resourceType": "Basic", "id": "finta", "subject": {"reference": "Patient/anna"},
        "code": {"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/diritti", "code": "richiesta-diritti"}]},
        "extension": [{"url": "https://sinfonia.it/fhir/StructureDefinition/diritti-tipo", "valueString": "limitazione"}]});
    system.put(&forged).await;
    assert_eq!(
        system.get(&office(), "/richieste-dati/finta").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!system.get(&office(), "/richieste-dati").await.text.contains("finta"));
}

async fn reported(system: &System) -> String {
    let _ = system.context.peers.fhir(&doctor()).find("Observation", "hba1c").await;
    system.guard.audit().flush().await;
    let page = system.get(&anna(), "/diritti/accessi").await.text;
    let access = page
        .split("segnala?accesso=")
        .nth(1)
        .and_then(|rest| rest.split('"').next());
    let form = [("accesso", access.unwrap()), ("parole", "Non la conosco")];
    let reply = system.post(&anna(), "/diritti/accessi/segnala", &form).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    system.settle().await;
    let found = system.sees(&anna(), "Basic", &[("patient", "anna")]).await;
    found.into_iter().find(|id| id.starts_with("segnalazione-")).unwrap()
}

#[tokio::test]
async fn a_report_is_over_when_the_officer_has_answered() {
    let system = System::open().await;
    let report = reported(&system).await;
    let process = instance(&system, "segnalazione-accesso", &report).await.id;
    let task = open_tasks(&system, &process).await.remove(0);
    complete(&system, &overseer(), &task, json!({"risposta": true})).await;
    assert_eq!(open_tasks(&system, &process).await.len(), 1, "nobody has answered");
    let path = format!("/richieste-dati/segnalazioni/{report}");
    let form = [("risposta", "Era di turno.")];
    assert_eq!(
        system.post(&officer(), &path, &form).await.status,
        StatusCode::SEE_OTHER
    );
    system.settle().await;
    assert_eq!(
        instance(&system, "segnalazione-accesso", &report).await.status,
        "completed"
    );
    assert_eq!(
        system.post(&officer(), &path, &form).await.status,
        StatusCode::CONFLICT,
        "once"
    );
}
