//! Modification and migration over HTTP: the requests of `docs/operate-instances.md`.

use crate::http::call;
use crate::models::{catch_message, line, message, user_task};
use crate::support::{System, gp};
use access::Guard;
use orchestrator::TasksQuery;
use orchestrator::api::{CompleteTask, SendMessage};
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

#[tokio::test]
async fn an_instance_is_of_another_record_of_its_person_and_back() {
    use orchestrator::api::ReassignInstance;
    let system = System::new();
    for patient in ["p1", "p2"] {
        system.patient(patient).await;
    }
    let model = line(
        &message("m", "esito"),
        "attesa",
        &[
            user_task("visita", "mmg"),
            catch_message("esito", "m"),
            user_task("referto", "mmg"),
        ],
    );
    system.deploy("attesa.bpmn", model).await;
    let about = serde_json::json!({"assistito": "Patient/p1", "testo": "Patient/p1 sta bene"});
    let id = system.start_with("attesa", Some("p1"), about).await.id;
    let task = system.task_of(&id).await;
    system
        .orchestrator
        .complete_task(&gp(), &task.id, CompleteTask::default(), None)
        .await
        .unwrap();
    let plan = async || {
        let mut plan = system.read("CarePlan", &id).await.unwrap();
        plan.as_object_mut().unwrap().remove("meta");
        plan
    };
    let before = (system.info(&id).await, plan().await);
    let reassign = async |patient: &str, reason: &str| {
        let request = ReassignInstance {
            patient: patient.into(),
            reason: reason.into(),
        };
        system
            .orchestrator
            .reassign(&access::Actor::system(), &id, request)
            .await
    };
    assert_eq!(reassign("nobody", "x").await.unwrap_err().status(), 422);
    assert_eq!(reassign("p2", " ").await.unwrap_err().status(), 422);
    let moved = reassign("p2", "schede unite").await.unwrap();
    assert_eq!(
        reassign("p2", "schede unite").await.unwrap().revision,
        moved.revision,
        "again, nothing changes"
    );
    let now = system.info(&id).await;
    assert_eq!(
        (now.patient.as_deref(), now.business_key.as_deref()),
        (Some("p2"), Some("Patient/p2"))
    );
    assert_eq!(
        (&now.variables["assistito"], &now.variables["testo"]),
        (&json!("Patient/p2"), &json!("Patient/p1 sta bene"))
    );
    let closed = system.read("Task", &task.id).await.unwrap();
    assert_eq!(
        (&closed["for"]["reference"], &closed["focus"]["reference"]),
        (&json!("Patient/p2"), &json!("Patient/p2"))
    );
    // history gives every state back, and whoever waits waits under the new name only
    let asked = |revision| orchestrator::AtQuery {
        revision: Some(revision),
        ..Default::default()
    };
    let then = system
        .orchestrator
        .instance_at(&gp(), &id, asked(moved.revision - 1))
        .await
        .unwrap();
    // whose it is, is told as of now; what it knew, as of then
    assert_eq!(then.instance.patient.as_deref(), Some("p2"));
    assert_eq!(then.instance.variables["assistito"], "Patient/p1");
    let then = system
        .orchestrator
        .instance_at(&gp(), &id, asked(moved.revision))
        .await
        .unwrap();
    assert_eq!(
        (then.instance.business_key.as_deref(), &then.instance.variables),
        (Some("Patient/p2"), &now.variables)
    );
    let send = |key: &str| SendMessage {
        name: "esito".into(),
        key: Some(key.into()),
        ..SendMessage::default()
    };
    assert!(
        system
            .orchestrator
            .send_message(&gp(), send("Patient/p1"), None)
            .await
            .is_err()
    );
    reassign("p1", "schede separate").await.unwrap();
    let info = system.info(&id).await;
    assert_eq!(
        (&info.variables, &info.business_key, &plan().await),
        (&before.0.variables, &before.0.business_key, &before.1)
    );
    let sent = system
        .orchestrator
        .send_message(&gp(), send("Patient/p1"), None)
        .await
        .unwrap();
    assert_eq!(sent.delivered, [id.clone()]);
    // one that has ended follows, too
    let task = system
        .tasks(TasksQuery {
            instance: Some(id.clone()),
            ..TasksQuery::default()
        })
        .await
        .remove(0);
    system
        .orchestrator
        .complete_task(&gp(), &task.id, CompleteTask::default(), None)
        .await
        .unwrap();
    assert_eq!(system.status(&id).await, "completed");
    reassign("p2", "schede unite").await.unwrap();
    let plan = plan().await;
    assert_eq!(
        (&plan["subject"]["reference"], &plan["status"]),
        (&json!("Patient/p2"), &json!("completed"))
    );
}
