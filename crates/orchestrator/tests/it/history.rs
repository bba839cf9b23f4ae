//! History: the state of any moment, and own cases as an event log.

use crate::models::{line, service_task, timer, user_task};
use crate::support::{System, gp, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{CancelInstance, CompleteTask, MigrateInstance, ModifyInstance, SuspendInstance};
use orchestrator::{AtQuery, Label, LogQuery, OrchestratorError};
use serde_json::json;
use std::collections::BTreeMap;

/// Everything that `GET /orchestrator/instances/{id}` and the task list say now.
async fn seen(system: &System, instance: &str) -> serde_json::Value {
    let info = system.info(instance).await;
    serde_json::to_value(info).unwrap()
}

async fn at(system: &System, instance: &str, query: AtQuery) -> orchestrator::api::InstanceAt {
    system
        .orchestrator
        .instance_at(&Actor::system(), instance, query)
        .await
        .unwrap()
}

fn revision(revision: u64) -> AtQuery {
    AtQuery {
        revision: Some(revision),
        time: None,
    }
}

async fn complete(system: &System, instance: &str, variables: serde_json::Value) {
    let task = system.task_of(instance).await.id;
    let request = CompleteTask {
        variables: object(variables),
        ..CompleteTask::default()
    };
    system
        .orchestrator
        .complete_task(&gp(), &task, request, None)
        .await
        .unwrap();
}

#[tokio::test]
async fn every_state_can_be_seen_again_across_modification_and_migration_and_after_the_end() {
    let system = System::new();
    let steps = [
        user_task("esame", "mmg"),
        timer("attesa", "P1D"),
        user_task("referto", "mmg"),
    ];
    system.deploy("visita.bpmn", line("", "visita", &steps)).await;
    let instance = system.start_with("visita", None, json!({"peso": 70.50})).await.id;
    let mut states = BTreeMap::new();
    let mut keep = async |system: &System| {
        let now = at(system, &instance, AtQuery::default()).await;
        states.insert(now.revision, (seen(system, &instance).await, now.at));
    };
    keep(&system).await;
    system.advance(SignedDuration::from_hours(1));
    complete(&system, &instance, json!({"peso": 71, "nota": {"testo": "sì"}})).await;
    keep(&system).await;
    let steps = [
        user_task("esame", "mmg"),
        timer("attesa", "P1D"),
        user_task("lettera", "mmg"),
    ];
    system.deploy("visita.bpmn", line("", "visita", &steps)).await;
    let request = MigrateInstance {
        to: "visita:2".into(),
        ..MigrateInstance::default()
    };
    let system_actor = Actor::system();
    system
        .orchestrator
        .migrate(&system_actor, &instance, request, None)
        .await
        .unwrap();
    keep(&system).await;
    let request = SuspendInstance {
        reason: "controllo".into(),
    };
    system
        .orchestrator
        .suspend(&system_actor, &instance, request, None)
        .await
        .unwrap();
    keep(&system).await;
    system.advance(SignedDuration::from_hours(48));
    system.settle().await;
    keep(&system).await;
    system
        .orchestrator
        .resume(&system_actor, &instance, Default::default(), None)
        .await
        .unwrap();
    keep(&system).await;
    let instructions =
        json!([{"cancel": {"at": "lettera"}}, {"startBefore": {"element": "esame", "variables": {"di": "nuovo"}}}]);
    let request: ModifyInstance =
        serde_json::from_value(json!({"reason": "ripetere", "instructions": instructions})).unwrap();
    system
        .orchestrator
        .modify(&system_actor, &instance, request, None)
        .await
        .unwrap();
    keep(&system).await;
    let request = CancelInstance {
        reason: "rinuncia".into(),
    };
    system
        .orchestrator
        .cancel(&system_actor, &instance, request, None)
        .await
        .unwrap();
    keep(&system).await;

    let system = system.restart();
    assert_eq!(
        states.keys().copied().collect::<Vec<_>>(),
        (1..=states.len() as u64).collect::<Vec<_>>()
    );
    for (number, (state, moment)) in &states {
        let then = at(&system, &instance, revision(*number)).await;
        assert_eq!(
            serde_json::to_value(&then.instance).unwrap(),
            *state,
            "revision {number}"
        );
        assert_eq!((then.at, then.last_revision), (*moment, states.len() as u64));
    }
    let first = at(
        &system,
        &instance,
        AtQuery {
            time: Some(states[&2].1 - SignedDuration::from_secs(1)),
            revision: None,
        },
    )
    .await;
    assert_eq!(
        (first.revision, first.tasks.len(), first.instance.definition.as_str()),
        (1, 1, "visita:1")
    );
    let second = at(
        &system,
        &instance,
        AtQuery {
            time: Some(states[&2].1),
            revision: None,
        },
    )
    .await;
    // migrated and suspended at the same moment
    assert_eq!(
        (second.revision, second.timers.len(), second.timers[0].element.as_str()),
        (4, 1, "attesa")
    );
    let before = AtQuery {
        time: Some("2020-01-01T00:00:00Z".parse().unwrap()),
        revision: None,
    };
    for query in [before, revision(99), revision(0)] {
        let refused = system
            .orchestrator
            .instance_at(&Actor::system(), &instance, query)
            .await;
        assert!(
            matches!(refused, Err(OrchestratorError::NotFound { .. })),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_long_history_is_rebuilt_from_the_last_whole_state() {
    let system = System::new();
    system.deploy("p.bpmn", line("", "p", &[user_task("a", "mmg")])).await;
    let instance = system.start("p", None).await.id;
    for n in 0..600 {
        let request = orchestrator::api::SetVariables {
            variables: object(json!({"n": n, (format!("v{}", n % 7)): [n]})),
            reason: None,
        };
        system
            .orchestrator
            .set_variables(&Actor::system(), &instance, request, None)
            .await
            .unwrap();
    }
    for number in [1, 2, 255, 256, 257, 511, 512, 601] {
        let then = at(&system, &instance, revision(number)).await;
        let n = (number > 1).then(|| json!(number - 2)).unwrap_or_default();
        assert_eq!(
            then.instance.variables.get("n").cloned().unwrap_or_default(),
            n,
            "revision {number}"
        );
    }
}

#[tokio::test]
async fn own_history_becomes_a_log() {
    let system = System::new();
    system
        .deploy(
            "p.bpmn",
            line("", "p", &[user_task("a", "mmg"), service_task("b", "fare")]),
        )
        .await;
    system
        .orchestrator
        .register_worker("fare", |_| Box::pin(async { Ok(serde_json::Map::new()) }));
    for _ in 0..20 {
        let instance = system.start("p", None).await.id;
        system.advance(SignedDuration::from_mins(10));
        complete(&system, &instance, json!({})).await;
        system.settle().await;
        assert_eq!(system.status(&instance).await, "completed");
    }
    system.start("p", None).await;
    let query = LogQuery {
        definition: Some("p".into()),
        label: Label::Element,
        ..LogQuery::default()
    };
    let own = system.orchestrator.event_log(&query).await.unwrap();
    assert_eq!((own.log.traces.len(), own.log.events()), (21, 40));
    let first = &own.log.traces[0].events;
    assert_eq!(
        (&*first[0].activity, first[0].resource.as_deref()),
        ("a", Some("Practitioner/mmg-1"))
    );
    assert_eq!(first[0].at_ms.unwrap() - first[0].started_ms.unwrap(), 600_000);
    assert_eq!(&*own.labels["b"].definition, "p:1");
    let ended = LogQuery {
        ended: true,
        ..query.clone()
    };
    assert_eq!(
        system.orchestrator.event_log(&ended).await.unwrap().log.traces.len(),
        20
    );
    let unknown = LogQuery {
        definition: Some("no".into()),
        ..query
    };
    assert!(system.orchestrator.event_log(&unknown).await.is_err());
}
