//! Modification and migration over HTTP: the requests of `docs/operate-instances.md`.

use crate::http::call;
use crate::models::{line, user_task};
use crate::support::System;
use access::Guard;
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
