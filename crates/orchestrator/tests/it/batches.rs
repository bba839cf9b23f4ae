//! Batches over HTTP, with restarts in the middle.

use crate::http::call;
use crate::models::{catch_message, line, message, service_task, user_task};
use crate::support::System;
use access::Guard;
use jiff::SignedDuration;
use orchestrator::OrchestratorError;
use serde_json::{Value, json};

fn router(system: &System) -> axum::Router {
    let guard = Guard::open(system.store.clone(), system.clock.clone());
    orchestrator::routes(system.orchestrator.clone()).guard(&guard)
}

async fn post(system: &System, path: &str, body: Value) -> (u16, Value) {
    let (status, _, body) = call(
        &router(system),
        "POST",
        &format!("/orchestrator{path}"),
        None,
        Some(body),
    )
    .await;
    (status, body)
}

async fn get(system: &System, path: &str) -> Value {
    let (status, _, body) = call(&router(system), "GET", &format!("/orchestrator{path}"), None, None).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Previews, then begins what was previewed; gives both answers.
async fn begin(system: &System, mut request: Value) -> (Value, Value) {
    let (status, preview) = post(system, "/batches/preview", request.clone()).await;
    assert_eq!(status, 200, "{preview}");
    request["confirmation"] = preview["confirmation"].clone();
    request["reason"] = json!("prova generale");
    let (status, batch) = post(system, "/batches", request).await;
    assert_eq!(status, 201, "{batch}");
    (preview, batch)
}

async fn batch(system: &System, begun: &Value) -> Value {
    get(system, &format!("/batches/{}", begun["id"].as_str().unwrap())).await
}

async fn waiting(count: usize) -> (System, Vec<String>) {
    let system = System::new();
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("esame", "mmg")]))
        .await;
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(
            system
                .start_with(
                    "visita",
                    None,
                    json!({"n": n, "sede": if n % 2 == 0 { "Napoli" } else { "Capri" }}),
                )
                .await
                .id,
        );
    }
    (system, ids)
}

/// Ends the program and starts it again, once the audit of the last request is written.
async fn restarted(system: System) -> System {
    system.alone().await;
    system.restart()
}

async fn history(system: &System, instance: &str) -> String {
    get(system, &format!("/instances/{instance}/history")).await.to_string()
}

#[tokio::test]
async fn nothing_is_begun_that_was_not_previewed() {
    let (system, _) = waiting(1).await;
    let request = json!({"operation": {"cancel": {}}, "filter": {"definition": "visita"}, "reason": "x"});
    let (status, problem) = post(&system, "/batches", request.clone()).await;
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("/preview"), "{problem}");
    let (_, preview) = post(&system, "/batches/preview", request.clone()).await;
    let mut other = json!({"operation": {"suspend": {}}, "filter": {"definition": "visita"}, "reason": "x"});
    other["confirmation"] = preview["confirmation"].clone();
    let (status, problem) = post(&system, "/batches", other).await;
    assert_eq!(
        (status, problem["detail"].as_str().unwrap().contains("another request")),
        (422, true)
    );
    system.advance(SignedDuration::from_mins(61));
    let mut late = request;
    late["confirmation"] = preview["confirmation"].clone();
    let (status, problem) = post(&system, "/batches", late).await;
    assert_eq!(
        (status, problem["detail"].as_str().unwrap().contains("hour")),
        (422, true)
    );
    for (wrong, why) in [
        (json!({"operation": {"cancel": {}}, "filter": {}}), "condition"),
        (json!({"operation": {"cancel": {}}}), "which instances"),
        (
            json!({"operation": {"migrate": {"to": "visita:9"}}, "filter": {"status": "active"}}),
            "visita:9",
        ),
        (
            json!({"operation": {"explode": {}}, "filter": {"status": "active"}}),
            "explode",
        ),
        (
            json!({"operation": {"cancel": {}}, "filter": {"stato": "active"}}),
            "stato",
        ),
    ] {
        let (status, problem) = post(&system, "/batches/preview", wrong).await;
        assert!(status >= 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
    }
}

#[tokio::test]
async fn a_batch_killed_between_chunks_goes_on_and_does_nothing_twice() {
    let (mut system, ids) = waiting(25).await;
    let request = json!({"operation": {"suspend": {}}, "filter": {"definition": "visita"}, "ratePerSecond": 10});
    let (preview, begun) = begin(&system, request).await;
    assert_eq!(
        (&preview["count"], &preview["possible"], &preview["complete"]),
        (&json!(25), &json!(25), &json!(true))
    );
    // Started after the preview: not part of it.
    system.advance(SignedDuration::from_millis(1));
    let later = system.start("visita", None).await.id;
    system.settle().await;
    let now = batch(&system, &begun).await;
    assert_eq!(
        (&now["total"], &now["done"], &now["state"]),
        (&json!(25), &json!(10), &json!("running")),
        "{now}"
    );
    for done in [20, 25] {
        system = restarted(system).await;
        system.advance(SignedDuration::from_secs(1));
        system.settle().await;
        assert_eq!(batch(&system, &begun).await["done"], json!(done));
    }
    let now = batch(&system, &begun).await;
    assert_eq!(
        (&now["state"], &now["failed"], &now["skipped"]),
        (&json!("completed"), &json!(0), &json!(0))
    );
    for id in &ids {
        let history = history(&system, id).await;
        assert_eq!(history.matches("\"Suspended\"").count(), 1, "{history}");
        assert_eq!(history.matches("Operated").count(), 1);
        assert!(history.contains("prova generale") && history.contains(begun["id"].as_str().unwrap()));
    }
    assert_eq!(system.status(&later).await, "active");
    let items = get(
        &system,
        &format!("/batches/{}/items?limit=10", begun["id"].as_str().unwrap()),
    )
    .await;
    assert_eq!(
        (items["items"].as_array().unwrap().len(), &items["next"]),
        (10, &json!("00000009"))
    );
}

/// The program ends after some instances of a slice were done and before the slice was counted.
#[tokio::test]
async fn what_has_its_outcome_is_passed_over_after_a_crash_inside_a_slice() {
    let (system, ids) = waiting(6).await;
    let (_, begun) = begin(&system, json!({"operation": {"suspend": {}}, "instances": ids})).await;
    let id = begun["id"].as_str().unwrap().to_owned();
    // As the crash would leave it: two instances done with their outcome, the head as it was.
    let mut snapshot = system.snapshot().await;
    let head = snapshot.record("batch", &id).await.unwrap().unwrap();
    drop(snapshot);
    system.settle().await;
    let mut records = vec![store::RecordWrite {
        kind: "batch".into(),
        key: id.clone(),
        must_be_new: false,
        value: Some(head),
    }];
    records.push(store::RecordWrite {
        kind: "batch-open".into(),
        key: id.clone(),
        must_be_new: false,
        value: Some(vec![]),
    });
    for n in 2..6 {
        records.push(store::RecordWrite {
            kind: format!("batch-item/{id}"),
            key: format!("{n:08}"),
            must_be_new: false,
            value: None,
        });
    }
    store::Store::commit(
        &*system.store,
        store::Transaction {
            records,
            ..Default::default()
        },
    )
    .await
    .unwrap();
    let system = restarted(system).await;
    system.settle().await;
    let now = batch(&system, &begun).await;
    // Two were counted from their outcomes; the others stand suspended already, which is nothing to do.
    assert_eq!(
        (&now["done"], &now["skipped"], &now["state"]),
        (&json!(2), &json!(4), &json!("completed")),
        "{now}"
    );
    for id in &ids {
        assert_eq!(history(&system, id).await.matches("\"Suspended\"").count(), 1);
    }
}

#[tokio::test]
async fn a_batch_is_paused_goes_on_and_is_stopped() {
    let (system, ids) = waiting(9).await;
    let request = json!({"operation": {"cancel": {}}, "instances": ids, "ratePerSecond": 3, "concurrency": 2});
    let (_, begun) = begin(&system, request).await;
    let id = begun["id"].as_str().unwrap().to_owned();
    system.settle().await;
    let (status, _) = post(&system, &format!("/batches/{id}/pause"), json!({})).await;
    assert_eq!(status, 200);
    system.advance(SignedDuration::from_secs(60));
    let system = restarted(system).await;
    system.settle().await;
    let now = batch(&system, &begun).await;
    assert_eq!((&now["state"], &now["done"]), (&json!("paused"), &json!(3)));
    post(&system, &format!("/batches/{id}/resume"), json!({})).await;
    system.settle().await;
    assert_eq!(batch(&system, &begun).await["done"], json!(6));
    let (_, stopped) = post(&system, &format!("/batches/{id}/cancel"), json!({})).await;
    assert_eq!(stopped["state"], "cancelled");
    system.advance(SignedDuration::from_secs(60));
    system.settle().await;
    assert_eq!(batch(&system, &begun).await["done"], json!(6));
    let (status, problem) = post(&system, &format!("/batches/{id}/resume"), json!({})).await;
    assert_eq!(
        (status, problem["type"].as_str().unwrap().ends_with("nothing-to-do")),
        (409, true)
    );
    let all = get(&system, "/batches").await;
    assert_eq!(
        (all["items"].as_array().unwrap().len(), &all["items"][0]["id"]),
        (1, &json!(id))
    );
}

#[tokio::test]
async fn what_fails_is_told_exported_and_taken_up_again() {
    let (system, ids) = waiting(4).await;
    post(
        &system,
        &format!("/instances/{}/suspend", ids[1]),
        json!({"reason": "ferma"}),
    )
    .await;
    let second = [user_task("esame", "mmg"), user_task("referto", "mmg")];
    system.deploy("visita.bpmn", line("", "visita", &second)).await;
    let mut listed = ids.clone();
    listed.push("t-404".into());
    let modify =
        json!({"modify": {"instructions": [{"cancel": {"at": "esame"}}, {"startBefore": {"element": "referto"}}]}});
    let (preview, _) = begin(
        &system,
        json!({"operation": modify, "filter": {"definition": "visita:1"}}),
    )
    .await;
    assert_eq!(
        (&preview["possible"], &preview["refused"]),
        (&json!(0), &json!(4)),
        "{preview}"
    );
    assert!(preview["reasons"].to_string().contains("referto"), "{preview}");
    let request = json!({"operation": {"resume": {}}, "instances": listed});
    let (preview, begun) = begin(&system, request).await;
    assert_eq!(
        (&preview["possible"], &preview["skipped"], &preview["refused"]),
        (&json!(1), &json!(3), &json!(1))
    );
    system.settle().await;
    let id = begun["id"].as_str().unwrap();
    let now = batch(&system, &begun).await;
    assert_eq!(
        (&now["done"], &now["skipped"], &now["failed"]),
        (&json!(1), &json!(3), &json!(1)),
        "{now}"
    );
    let failed = get(&system, &format!("/batches/{id}/items?result=failed")).await;
    assert_eq!(failed["items"][0]["instance"], "t-404");
    assert!(
        failed["items"][0]["error"].as_str().unwrap().contains("does not exist"),
        "{failed}"
    );
    let request = http::Request::get(format!("/orchestrator/batches/{id}/export?format=csv"))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(router(&system), request).await.unwrap();
    let text = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert_eq!(text.lines().count(), 6, "{text}");
    let list = get(&system, &format!("/batches/{id}/export?format=json")).await;
    assert_eq!(list.as_array().unwrap().len(), 5);
    let (status, again) = post(&system, &format!("/batches/{id}/retry"), json!({})).await;
    assert_eq!((status, &again["retryOf"]), (201, &json!(id)));
    system.settle().await;
    let again = batch(&system, &again).await;
    assert_eq!(
        (&again["total"], &again["failed"], &again["state"]),
        (&json!(1), &json!(1), &json!("completed"))
    );
}

#[tokio::test]
async fn instances_are_chosen_by_what_is_inside_them() {
    let (system, ids) = waiting(6).await;
    let request = json!({"operation": {"setVariables": {"variables": {"sede": "Ischia"}}},
        "filter": {"definition": "visita", "variables": {"sede": "Capri"}, "element": "esame"}});
    let (preview, begun) = begin(&system, request).await;
    assert_eq!(preview["count"], json!(3));
    system.settle().await;
    assert_eq!(batch(&system, &begun).await["done"], json!(3));
    assert_eq!(system.info(&ids[1]).await.variables["sede"], "Ischia");
    assert_eq!(system.info(&ids[0]).await.variables["sede"], "Napoli");
    let found = get(&system, "/instances?variable=sede=Ischia&limit=2").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    let next = found["next"].as_str().unwrap();
    let found = get(
        &system,
        &format!("/instances?variable=sede=Ischia&limit=2&after={next}"),
    )
    .await;
    assert_eq!(
        (found["items"].as_array().unwrap().len(), &found["next"]),
        (1, &Value::Null)
    );
    let found = get(&system, "/instances?element=esame&startedBefore=2026-01-01T00:00:00Z").await;
    assert_eq!(found["items"], json!([]));
}

#[tokio::test]
async fn incidents_are_retried_with_variables_and_tries_in_one_commit() {
    let system = System::new();
    system.orchestrator.register_worker("referto", |job| {
        Box::pin(async move {
            match job.variables.get("corretto") {
                Some(_) => Ok(job.variables),
                None => Err("manca il laboratorio".into()),
            }
        })
    });
    system
        .deploy("esame.bpmn", line("", "esame", &[service_task("invio", "referto")]))
        .await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(system.start("esame", None).await.id);
    }
    for _ in 0..3 {
        system.settle().await;
        system.advance(SignedDuration::from_hours(2));
    }
    system.settle().await;
    assert_eq!(system.status(&ids[0]).await, "incident");
    let retry = |variables: Value| {
        json!({"operation": {"retry": {"message": "laboratorio", "retries": 1, "variables": variables}},
        "filter": {"incidentMessage": "laboratorio"}})
    };
    let (preview, begun) = begin(&system, retry(json!({}))).await;
    assert_eq!(preview["possible"], json!(3), "{preview}");
    system.settle().await;
    assert_eq!(batch(&system, &begun).await["done"], json!(3));
    // One try, without a pause: it is an incident again at once.
    assert_eq!(system.status(&ids[0]).await, "incident");
    let (_, begun) = begin(&system, retry(json!({"corretto": true}))).await;
    system.settle().await;
    assert_eq!(batch(&system, &begun).await["done"], json!(3));
    for id in &ids {
        assert_eq!(system.status(id).await, "completed");
    }
}

#[tokio::test]
async fn a_batch_migrates_and_sends_messages() {
    let system = System::new();
    let shared = message("m", "esito");
    system
        .deploy("attesa.bpmn", line(&shared, "attesa", &[catch_message("aspetta", "m")]))
        .await;
    let request = |n: usize| orchestrator::api::StartInstance {
        definition: "attesa".into(),
        business_key: Some(format!("k{n}")),
        ..Default::default()
    };
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(
            system
                .orchestrator
                .start(&access::Actor::system(), request(n), None)
                .await
                .unwrap()
                .id,
        );
    }
    let nodes = [catch_message("aspetta", "m"), user_task("lettura", "mmg")];
    system.deploy("attesa.bpmn", line(&shared, "attesa", &nodes)).await;
    let (_, moved) = begin(
        &system,
        json!({"operation": {"migrate": {"to": "attesa"}}, "filter": {"definition": "attesa"}}),
    )
    .await;
    system.settle().await;
    assert_eq!(batch(&system, &moved).await["done"], json!(3));
    assert_eq!(system.info(&ids[0]).await.definition, "attesa:2");
    let message = json!({"operation": {"message": {"name": "esito", "variables": {"valore": 7}}}, "filter": {"definition": "attesa"}});
    let (_, sent) = begin(&system, message.clone()).await;
    system.settle().await;
    assert_eq!(batch(&system, &sent).await["done"], json!(3));
    for id in &ids {
        assert_eq!(system.tokens(id).await, ["lettura"]);
        assert_eq!(system.info(id).await.variables["valore"], json!(7));
    }
    let (preview, again) = begin(&system, message).await;
    assert_eq!(preview["skipped"], json!(3));
    system.settle().await;
    assert_eq!(batch(&system, &again).await["skipped"], json!(3));
}

#[tokio::test]
async fn a_second_program_on_the_same_store_does_no_instance_twice() {
    let (system, ids) = waiting(40).await;
    let (_, begun) = begin(&system, json!({"operation": {"suspend": {}}, "instances": ids})).await;
    let rival = system.rival();
    let (one, other) = tokio::join!(system.orchestrator.settle(), rival.settle());
    for result in [one, other] {
        assert!(
            matches!(result, Ok(()) | Err(OrchestratorError::Store(_))),
            "{result:?}"
        );
    }
    for id in &ids {
        assert_eq!(history(&system, id).await.matches("\"Suspended\"").count(), 1);
    }
    let id = begun["id"].as_str().unwrap();
    let items = get(&system, &format!("/batches/{id}/items?limit=100")).await;
    assert_eq!(items["items"].as_array().unwrap().len(), 40);
}

#[tokio::test]
async fn a_definition_is_suspended_with_its_instances_and_withdrawn_when_none_runs() {
    let (system, ids) = waiting(3).await;
    let body = json!({"reason": "linea guida in revisione", "instances": true});
    let (status, info) = post(&system, "/definitions/visita:1/suspend", body).await;
    assert_eq!((status, &info["suspended"]), (200, &json!(true)), "{info}");
    system.settle().await;
    let done = get(&system, &format!("/batches/{}", info["batch"].as_str().unwrap())).await;
    assert_eq!((&done["done"], &done["state"]), (&json!(3), &json!("completed")));
    for id in &ids {
        assert_eq!(system.status(id).await, "suspended");
        assert!(history(&system, id).await.contains("linea guida in revisione"));
    }
    let (status, info) = post(&system, "/definitions/visita:1/resume", json!({"instances": true})).await;
    assert_eq!((status, &info["suspended"]), (200, &json!(false)), "{info}");
    system.settle().await;
    assert_eq!(system.status(&ids[0]).await, "active");

    let two = [user_task("esame", "mmg"), user_task("referto", "mmg")];
    system.deploy("visita.bpmn", line("", "visita", &two)).await;
    let why = json!({"reason": "deposito sbagliato"});
    let (status, problem) = post(&system, "/definitions/visita:1/retire", why.clone()).await;
    assert_eq!(
        (status, problem["type"].as_str().unwrap().ends_with("still-running")),
        (409, true)
    );
    let (status, info) = post(&system, "/definitions/visita:2/retire", why.clone()).await;
    assert_eq!((status, &info["retired"]), (200, &json!(true)), "{info}");
    let (status, _) = post(&system, "/instances", json!({"definition": "visita:2"})).await;
    assert_eq!(status, 422);
    let system = restarted(system).await;
    assert_eq!(system.start("visita", None).await.definition, "visita:1");
    let keys = system.deploy("visita.bpmn", line("", "visita", &two)).await;
    assert_eq!(keys, ["visita:3"], "a version is never given twice");
    let all = get(&system, "/definitions?all=true").await;
    assert_eq!(all["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn ended_batches_are_kept_for_a_time_or_removed_by_hand() {
    let (system, _) = waiting(3).await;
    let request = json!({"operation": {"suspend": {}}, "filter": {"definition": "visita"}});
    let (_, begun) = begin(&system, request).await;
    let path = format!("/batches/{}", begun["id"].as_str().unwrap());
    let (status, problem) = post(&system, &format!("{path}/remove"), json!({})).await;
    assert_eq!(status, 409, "{problem}");
    system.settle().await;
    assert_eq!(batch(&system, &begun).await["state"], "completed");
    let (_, other) = begin(
        &system,
        json!({"operation": {"resume": {}}, "filter": {"definition": "visita", "status": "suspended"}}),
    )
    .await;
    system.settle().await;
    let (status, _) = post(&system, &format!("{path}/remove"), json!({})).await;
    assert_eq!(status, 204);
    let (status, ..) = call(&router(&system), "GET", &format!("/orchestrator{path}"), None, None).await;
    assert_eq!(status, 404);
    assert_eq!(get(&system, "/batches").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(system.orchestrator.remove_old_batches().await.unwrap(), 0, "too young");
    system.advance(SignedDuration::from_hours(24 * 91));
    assert_eq!(system.orchestrator.remove_old_batches().await.unwrap(), 1);
    assert_eq!(get(&system, "/batches").await["items"].as_array().unwrap().len(), 0);
    let id = other["id"].as_str().unwrap();
    for kind in ["batch", "batch-newest", "batch-open"]
        .map(str::to_owned)
        .into_iter()
        .chain(["item", "chunk", "failed", "skipped"].map(|kind| format!("batch-{kind}/{id}")))
    {
        let left = store::Store::snapshot(&*system.store)
            .await
            .unwrap()
            .records(&kind, "", 9)
            .await
            .unwrap();
        assert!(left.is_empty(), "{kind}");
    }
}
