//! Modification and migration over HTTP: the requests of `docs/operate-instances.md`.

use crate::http::call;
use crate::models::{catch_message, line, message, user_task};
use crate::support::{System, gp};
use access::Guard;
use orchestrator::OrchestratorError;
use orchestrator::api::{CompleteTask, Moved, ReassignInstance, SendMessage};
use serde_json::{Value, json};

async fn post(router: &axum::Router, path: &str, key: Option<&str>, body: Value) -> (u16, Value) {
    let (status, _, body) = call(router, "POST", path, key, Some(body)).await;
    (status, body)
}

#[tokio::test]
async fn an_instance_is_modified_and_moved_to_a_new_version() {
    let system = System::new();
    system.patient("p1").await;
    let guard = Guard::open(system.store.clone(), system.clock.clone());
    let router = orchestrator::routes(system.orchestrator.clone()).guard(&guard);
    let first = [user_task("esame", "mmg"), user_task("referto", "mmg")];
    system.deploy("visita.bpmn", line("", "visita", &first)).await;
    let instance = system.start("visita", Some("p1")).await.id;
    let other = system.start("visita", None).await.id;

    let modify = format!("/orchestrator/instances/{instance}/modify");
    let body = json!({"reason": "esame già fatto altrove", "instructions": [
        {"cancel": {"at": "esame"}}, {"startBefore": {"element": "referto", "variables": {"esterno": true}}}]});
    let (status, moved) = post(&router, &modify, Some("k1"), body.clone()).await;
    assert_eq!((status, &moved["status"]), (200, &json!("active")), "{moved}");
    assert_eq!(
        post(&router, &modify, Some("k1"), body).await,
        (200, moved),
        "a repetition changes nothing"
    );
    assert_eq!(system.tokens(&instance).await, ["referto"]);
    let (status, problem) = post(
        &router,
        &modify,
        None,
        json!({"reason": "x", "instructions": [{"startBefore": {"element": "no"}}]}),
    )
    .await;
    assert_eq!(
        (status, problem["detail"].as_str().unwrap().contains("'no'")),
        (422, true),
        "{problem}"
    );

    let second = [user_task("esame", "mmg"), user_task("lettera", "mmg")];
    let text = line("", "visita", &second).replace("Compito lettera", "Compito referto");
    system.deploy("visita.bpmn", text).await;
    let versions = json!({"from": "visita:1", "to": "visita:2"});
    let (status, plan) = post(&router, "/orchestrator/migrations/plan", None, versions.clone()).await;
    assert_eq!(
        (status, &plan["mapping"]),
        (200, &json!({"referto": "lettera"})),
        "{plan}"
    );
    let mut bare = versions.clone();
    bare["mapping"] = json!({});
    let (status, dry) = post(&router, "/orchestrator/migrations/dry-run", None, bare).await;
    assert_eq!(status, 200, "{dry}");
    let outcome = |id: &str| {
        dry["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["instance"] == id)
            .unwrap()
    };
    assert_eq!(
        (&outcome(&instance)["possible"], &outcome(&other)["possible"]),
        (&json!(false), &json!(true))
    );
    assert!(
        outcome(&instance)["problems"][0]
            .as_str()
            .unwrap()
            .contains("'referto'")
    );

    moves_to_the_second_version(&system, &router, &instance).await;
}

async fn moves_to_the_second_version(system: &System, router: &axum::Router, instance: &str) {
    let migrate = format!("/orchestrator/instances/{instance}/migrate");
    let (status, moved) = post(router, &migrate, None, json!({"to": "visita:2"})).await;
    assert_eq!(status, 200, "{moved}");
    let info = system.info(instance).await;
    assert_eq!(
        (info.definition.as_str(), info.active[0].element.as_str()),
        ("visita:2", "lettera")
    );
    let task = system.task_of(instance).await;
    assert_eq!(
        (task.element.as_str(), task.definition.as_str()),
        ("lettera", "visita:2")
    );
    let mirror = system.read("Task", &task.id).await.unwrap();
    assert_eq!(mirror["code"]["coding"][0]["code"], "lettera");
    let history = format!("/orchestrator/instances/{instance}/history");
    let (_, _, history) = call(router, "GET", &history, None, None).await;
    let text = history.to_string();
    assert!(text.contains("Modified") && text.contains("Migrated"), "{text}");
}

/// A course of `p1` that waits for a message after its first task: the system, the instance, that task.
async fn waiting() -> (System, String, String) {
    let system = System::new();
    for patient in ["p1", "p2"] {
        system.patient(patient).await;
    }
    let nodes = [
        user_task("visita", "mmg"),
        catch_message("esito", "m"),
        user_task("referto", "mmg"),
    ];
    let model = line(&message("m", "esito"), "attesa", &nodes);
    system.deploy("attesa.bpmn", model).await;
    let about = json!({"assistito": "Patient/p1", "testo": "Patient/p1 sta bene"});
    let id = system.start_with("attesa", Some("p1"), about).await.id;
    let task = system.task_of(&id).await.id;
    complete(&system, &task).await;
    (system, id, task)
}

async fn complete(system: &System, task: &str) {
    let orchestrator = &system.orchestrator;
    orchestrator
        .complete_task(&gp(), task, CompleteTask::default(), None)
        .await
        .unwrap();
}

async fn reassign(system: &System, id: &str, patient: &str, reason: &str) -> Result<Moved, OrchestratorError> {
    let request = ReassignInstance {
        patient: patient.into(),
        reason: reason.into(),
    };
    let program = access::Actor::system();
    system.orchestrator.reassign(&program, id, request).await
}

/// Sends the message; gives whom it reached.
async fn send(system: &System, key: &str) -> Result<Vec<String>, OrchestratorError> {
    let message = SendMessage {
        name: "esito".into(),
        key: Some(key.into()),
        ..SendMessage::default()
    };
    let sent = system.orchestrator.send_message(&gp(), message, None).await?;
    Ok(sent.delivered)
}

/// The CarePlan of an instance, but its version.
async fn plan(system: &System, id: &str) -> Value {
    let mut plan = system.read("CarePlan", id).await.unwrap();
    plan.as_object_mut().unwrap().remove("meta");
    plan
}

#[tokio::test]
async fn an_instance_is_of_another_record_of_its_person() {
    let (system, id, task) = waiting().await;
    let status = |error: OrchestratorError| error.status();
    assert_eq!(
        reassign(&system, &id, "nobody", "x").await.map_err(status).unwrap_err(),
        422
    );
    assert_eq!(
        reassign(&system, &id, "p2", " ").await.map_err(status).unwrap_err(),
        422
    );
    let moved = reassign(&system, &id, "p2", "schede unite").await.unwrap();
    let again = reassign(&system, &id, "p2", "schede unite").await.unwrap();
    assert_eq!(again.revision, moved.revision, "again, nothing changes");
    let now = system.info(&id).await;
    assert_eq!(
        (now.patient.as_deref(), now.business_key.as_deref()),
        (Some("p2"), Some("Patient/p2"))
    );
    assert_eq!(now.variables["assistito"], "Patient/p2");
    assert_eq!(
        now.variables["testo"], "Patient/p1 sta bene",
        "only what is the name as a whole"
    );
    let closed = system.read("Task", &task).await.unwrap();
    let own = json!({"reference": "Patient/p2"});
    assert_eq!((&closed["for"], &closed["focus"]), (&own, &own));
    // history: whose it is, is told as of now; what it knew, as of then
    for (revision, expected) in [(moved.revision - 1, "Patient/p1"), (moved.revision, "Patient/p2")] {
        let asked = orchestrator::AtQuery {
            revision: Some(revision),
            ..Default::default()
        };
        let then = system.orchestrator.instance_at(&gp(), &id, asked).await.unwrap();
        assert_eq!(then.instance.patient.as_deref(), Some("p2"));
        assert_eq!(then.instance.variables["assistito"], expected);
    }
}

#[tokio::test]
async fn an_instance_goes_back_as_it_was_and_hears_by_its_name() {
    let (system, id, _) = waiting().await;
    let before = (system.info(&id).await, plan(&system, &id).await);
    reassign(&system, &id, "p2", "schede unite").await.unwrap();
    assert!(
        send(&system, "Patient/p1").await.is_err(),
        "nobody waits by the old name"
    );
    reassign(&system, &id, "p1", "schede separate").await.unwrap();
    let info = system.info(&id).await;
    assert_eq!(
        (&info.variables, &info.business_key),
        (&before.0.variables, &before.0.business_key)
    );
    assert_eq!(plan(&system, &id).await, before.1);
    reassign(&system, &id, "p2", "schede unite").await.unwrap();
    assert_eq!(send(&system, "Patient/p2").await.unwrap(), std::slice::from_ref(&id));
    // one that has ended follows, too
    let task = system.task_of(&id).await.id;
    complete(&system, &task).await;
    assert_eq!(system.status(&id).await, "completed");
    reassign(&system, &id, "p1", "schede separate").await.unwrap();
    let plan = plan(&system, &id).await;
    assert_eq!(plan["subject"]["reference"], "Patient/p1");
    assert_eq!(plan["status"], "completed");
}
