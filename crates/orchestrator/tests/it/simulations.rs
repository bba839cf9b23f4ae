//! Simulations over the API: asked for, played, compared, proposed from history; refused with the reasons.

use crate::http::call;
use crate::models::{line, user_task};
use crate::support::System;
use access::Guard;
use axum::Router;
use serde_json::{Value, json};

async fn router(system: &System) -> Router {
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("colloquio", "mmg")]))
        .await;
    let guard = Guard::open(system.store.clone(), system.clock.clone());
    orchestrator::routes(system.orchestrator.clone()).guard(&guard)
}

fn scenario(minutes: u32) -> Value {
    json!({
        "name": format!("{minutes} minuti"), "start": "2026-01-01", "instances": 50, "replications": 3, "seed": 4,
        "timeUnit": "minutes", "arrivals": {"interval": {"exponential": {"mean": 30}}},
        "resources": {"mmg": {"capacity": 1}},
        "elements": {"colloquio": {"duration": minutes, "resources": ["mmg"]}}
    })
}

/// Plays a scenario to its end.
async fn played(router: &Router, body: Value) -> Value {
    let (status, _, info) = call(router, "POST", "/orchestrator/simulations", None, Some(body)).await;
    assert_eq!(status, 202, "{info}");
    let path = format!("/orchestrator/simulations/{}", info["id"].as_str().unwrap());
    loop {
        let (_, _, info) = call(router, "GET", &path, None, None).await;
        if info["status"] != "waiting" && info["status"] != "running" {
            return info;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_deployed_process_is_played_and_compared() {
    let system = System::new();
    let router = router(&system).await;
    let long = played(&router, json!({"definition": "visita", "scenario": scenario(20)})).await;
    assert_eq!(
        (&long["status"], &long["definition"]),
        (&json!("done"), &json!("visita:1")),
        "{long}"
    );
    assert_eq!(long["report"]["completed"]["mean"].as_f64(), Some(50.0));
    let short = played(&router, json!({"definition": "visita", "scenario": scenario(10)})).await;
    let (one, other) = (long["id"].as_str().unwrap(), short["id"].as_str().unwrap());
    let path = format!("/orchestrator/simulations/{one}/compare/{other}");
    let (status, _, found) = call(&router, "GET", &path, None, None).await;
    assert_eq!((status, &found["paired"]), (200, &json!(true)));
    let service = found["differences"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["what"] == "service")
        .unwrap();
    assert_eq!(service["difference"]["mean"].as_f64(), Some(-600.0));
    let (_, _, list) = call(&router, "GET", "/orchestrator/simulations", None, None).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert_eq!(list["items"][0]["report"], Value::Null);

    // Over, written down, and there again after a restart.
    let kept = async || {
        let records = store::Store::snapshot(&*system.store)
            .await
            .unwrap()
            .records("simulation", "", 9)
            .await;
        let records = records.unwrap();
        records
            .iter()
            .filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains("\"status\":\"done\""))
            .count()
    };
    while kept().await < 2 {
        tokio::task::yield_now().await;
    }
    drop(router);
    system.alone().await;
    let system = system.restart();
    let again = system.orchestrator.simulation_list().await.unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!((again[0].id.as_str(), again[0].progress), (other, 1.0));
    let found = system.orchestrator.compare_simulations(one, other).await.unwrap();
    assert!(found.paired);
}

#[tokio::test]
async fn models_may_be_given_and_mistakes_are_told() {
    let system = System::new();
    let router = router(&system).await;
    let file = json!({"name": "altro.bpmn", "content": line("", "altro", &[user_task("colloquio", "mmg")])});
    let done = played(&router, json!({"files": [file], "scenario": scenario(5)})).await;
    assert_eq!(done["definition"], "altro:1");
    let mut wrong = scenario(5);
    wrong["elements"]["nessuno"] = json!({"duration": 1});
    let body = json!({"definition": "visita", "scenario": wrong});
    let (status, _, told) = call(&router, "POST", "/orchestrator/simulations", None, Some(body)).await;
    assert_eq!(
        (status, &told["problems"][0]["field"]),
        (422, &json!("elements.nessuno")),
        "{told}"
    );
    let (status, ..) = call(&router, "GET", "/orchestrator/simulations/x", None, None).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn one_that_waits_or_runs_is_stopped() {
    let system = System::new();
    let router = router(&system).await;
    let mut endless = scenario(20);
    endless["instances"] = json!(100_000_000);
    let body = json!({"definition": "visita", "scenario": endless});
    let (_, _, info) = call(&router, "POST", "/orchestrator/simulations", None, Some(body)).await;
    let path = format!("/orchestrator/simulations/{}", info["id"].as_str().unwrap());
    call(&router, "POST", &format!("{path}/cancel"), None, None).await;
    loop {
        let (_, _, info) = call(&router, "GET", &path, None, None).await;
        if info["status"] == "cancelled" {
            break;
        }
        assert!(info["status"] != "done" && info["status"] != "failed", "{info}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_scenario_is_proposed_from_history() {
    let system = System::new();
    let router = router(&system).await;
    for _ in 0..6 {
        let info = system.start("visita", None).await;
        let task = system.task_of(&info.id).await.id;
        system.advance(jiff::SignedDuration::from_mins(15));
        call(
            &router,
            "POST",
            &format!("/orchestrator/tasks/{task}/complete"),
            None,
            Some(json!({})),
        )
        .await;
        system.advance(jiff::SignedDuration::from_mins(45));
    }
    let ask = json!({"definition": "visita"});
    let (status, _, proposed) = call(&router, "POST", "/orchestrator/simulations/proposal", None, Some(ask)).await;
    assert_eq!((status, &proposed["instances"]), (200, &json!(6)), "{proposed}");
    let scenario = &proposed["scenario"];
    assert_eq!(
        scenario["elements"]["colloquio"]["duration"]["constant"]["value"],
        "PT900S"
    );
    assert_eq!(scenario["arrivals"][0]["interval"]["constant"]["value"], "PT3600S");
    let done = played(&router, json!({"scenario": scenario})).await;
    assert_eq!(done["status"], "done", "{done}");
}
