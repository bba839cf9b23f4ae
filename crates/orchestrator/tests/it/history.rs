//! History: the state of any moment, and own cases as an event log.

use crate::models::{line, service_task, timer, user_task};
use crate::support::{System, gp, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{CancelInstance, CompleteTask, MigrateInstance, ModifyInstance, SuspendInstance};
use orchestrator::{AnalysisQuery, AtQuery, Label, LogQuery, OrchestratorError, Retention};
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
#[allow(clippy::too_many_lines, reason = "one life of an instance, told in order")]
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
        let n = if number > 1 { json!(number - 2) } else { json!(null) };
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

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "one life of an instance, told in order")]
async fn old_history_of_ended_instances_goes_by_policy_and_nothing_else() {
    let system = System::new();
    let model = line("", "p", &[user_task("a", "mmg")]);
    system.deploy("p.bpmn", model.clone()).await;
    let own = model.replace(
        "<bpmn:process ",
        r#"<bpmn:process xmlns:camunda="http://camunda.org/schema/1.0/bpmn" camunda:historyTimeToLive="P10D" "#,
    );
    system
        .deploy("q.bpmn", own.replace("\"p\"", "\"q\"").replace("\"d_p\"", "\"d_q\""))
        .await;
    let mut ended = Vec::new();
    for definition in ["p", "q"] {
        let done = system.start(definition, None).await.id;
        complete(&system, &done, json!({})).await;
        ended.push(done);
        ended.push(system.start(definition, None).await.id);
    }
    system.advance(SignedDuration::from_hours(24 * 20));
    let late = system.start("p", None).await.id;
    complete(&system, &late, json!({})).await;

    let forever = system.orchestrator.retention(&Retention::built_in()).await.unwrap();
    assert_eq!(
        forever
            .iter()
            .map(|kept| (kept.definition.as_str(), kept.days))
            .collect::<Vec<_>>(),
        [("q:1", 10)]
    );
    let policy = r#"{"rules": [{"definition": "p", "days": 15, "validFrom": "2025-01-01", "source": "delibera", "status": "confirmed"}]}"#;
    let kept = system
        .orchestrator
        .retention(&Retention::read(policy).unwrap())
        .await
        .unwrap();
    let rules: Vec<store::Forget> = kept
        .into_iter()
        .map(|kept| store::Forget {
            definition: kept.definition,
            ended_before: kept.ended_before,
            why: kept.why,
        })
        .collect();
    let upkeep = system.upkeep();
    let found = upkeep.forgettable_instances(&rules).await.unwrap();
    assert_eq!(
        found
            .iter()
            .map(|count| (count.instances, count.steps))
            .collect::<Vec<_>>(),
        [(1, 2), (1, 2)]
    );
    assert_eq!(
        system.info(&ended[0]).await.status,
        "completed",
        "counting removes nothing"
    );
    let now = store::Clock::now(&*system.clock);
    assert_eq!(upkeep.forget_instances(&rules, "system", now).await.unwrap(), found);
    system.orchestrator.forget_ended();
    for (id, there) in [
        (&ended[0], false),
        (&ended[1], true),
        (&ended[2], false),
        (&ended[3], true),
        (&late, true),
    ] {
        assert_eq!(
            system.orchestrator.instance(&Actor::system(), id).await.is_ok(),
            there,
            "{id}"
        );
        let rows = system.snapshot().await.instance_history(id, 0, 9).await.unwrap();
        assert_eq!(rows.is_empty(), !there);
    }
    let task = system.read("Task", &format!("{}.3", ended[0])).await;
    assert!(
        task.is_none_or(|task| task["status"] == "completed"),
        "facts in the hub stay"
    );
    let audit = system
        .snapshot()
        .await
        .audit(&store::AuditFilter::newest(None, 9))
        .await
        .unwrap()
        .entries();
    let told = audit
        .iter()
        .filter(|entry| entry.action == "PRUNE" && entry.outcome.contains("delibera (confirmed)"));
    assert_eq!(told.count(), 1);
    assert!(upkeep.forget_instances(&rules, "system", now).await.unwrap().is_empty());
}

/// One branch of two, both in parallel with a third; `again` goes round.
fn branching() -> String {
    let mut body = String::from(
        r#"<bpmn:startEvent id="s"/><bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/><bpmn:exclusiveGateway id="merge"/><bpmn:exclusiveGateway id="split" default="split-join"/><bpmn:endEvent id="e"/>"#,
    );
    for id in ["a", "b"] {
        body += &user_task(id, "mmg").1;
    }
    for (from, to) in [
        ("s", "fork"),
        ("fork", "merge"),
        ("fork", "b"),
        ("merge", "a"),
        ("a", "split"),
        ("split", "join"),
        ("b", "join"),
        ("join", "e"),
    ] {
        body += &crate::models::flow(from, to);
    }
    body += r#"<bpmn:sequenceFlow id="back" sourceRef="split" targetRef="merge"><bpmn:conditionExpression>=again</bpmn:conditionExpression></bpmn:sequenceFlow>"#;
    crate::models::bpmn("", "rami", &body)
}

#[tokio::test]
async fn own_cases_are_mined_and_replayed_on_the_model() {
    let system = System::new();
    system.deploy("rami.bpmn", branching()).await;
    for n in 0..6 {
        let instance = system.start("rami", None).await.id;
        let mut again = n % 2 == 1;
        for _ in 0..4 {
            system.advance(SignedDuration::from_mins(30));
            let query = orchestrator::TasksQuery {
                instance: Some(instance.clone()),
                ..Default::default()
            };
            let tasks = system.tasks(query).await;
            let Some(task) = tasks.first() else { break };
            let request = CompleteTask {
                variables: object(json!({"again": again && task.element == "a"})),
                ..CompleteTask::default()
            };
            again &= task.element != "a";
            let person = gp();
            let done = system.orchestrator.complete_task(&person, &task.id, request, None);
            done.await.unwrap();
        }
    }
    let query = AnalysisQuery {
        definition: "rami".into(),
        ..AnalysisQuery::default()
    };
    let analysis = system.orchestrator.analysis(&query).await.unwrap();
    let conformance = analysis.conformance.expect("completed cases");
    assert_eq!((analysis.cases, analysis.ended, conformance.cases), (6, 6, 6));
    assert_eq!(
        (conformance.fitting_percent, conformance.log_fitness),
        (100.0, 1.0),
        "{:?}",
        analysis.variants
    );
    assert!(conformance.approximated.is_empty() && conformance.unknown.is_empty());
    assert_eq!(analysis.reworked_cases, 3);
    let a = analysis
        .activities
        .iter()
        .find(|activity| activity.label == "a")
        .unwrap();
    assert_eq!((a.count, a.cases, a.repeats, a.name.as_str()), (9, 6, 3, "Compito a"));
    assert_eq!(analysis.variants.iter().map(|variant| variant.cases).sum::<u64>(), 6);
    let unknown = AnalysisQuery {
        definition: "no".into(),
        ..AnalysisQuery::default()
    };
    assert!(system.orchestrator.analysis(&unknown).await.is_err());
}

#[tokio::test]
async fn history_goes_out_as_xes_and_ocel_without_names() {
    let config = orchestrator::Config {
        pseudonyms: Some(access::SigningKey::from_bytes([7; 32])),
        ..Default::default()
    };
    let system = System::with(config);
    system.patient("p1").await;
    system
        .deploy("p.bpmn", line("", "p", &[user_task("a", "mmg"), user_task("b", "mmg")]))
        .await;
    for _ in 0..40 {
        let instance = system.start("p", Some("p1")).await.id;
        system.advance(SignedDuration::from_mins(10));
        complete(&system, &instance, json!({})).await;
    }
    let guard = access::Guard::open(system.store.clone(), system.clock.clone());
    let router = orchestrator::routes(system.orchestrator.clone()).guard(&guard);
    let get = async |path: &str| {
        use tower::ServiceExt;
        let request = ::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 24).await.unwrap();
        (status, bytes)
    };
    let (status, bytes) = get("/orchestrator/history/export?definition=p").await;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(status, 200, "{text}");
    let log = mining::xes::read(text.as_bytes()).unwrap();
    // a is started and completed, b is started
    assert_eq!((log.traces.len(), log.events()), (40, 120));
    assert!(
        !text.contains("p1") && !text.contains("mmg-1") && text.contains("org:resource"),
        "{}",
        &text[..900]
    );
    let (_, zipped) = get("/orchestrator/history/export?format=xes.gz").await;
    assert_eq!(zipped[..2], [0x1f, 0x8b]);
    let (_, bytes) = get("/orchestrator/history/export?format=ocel").await;
    is_ocel(&bytes);
    let (status, bytes) = get("/orchestrator/history/export?format=ocel.xml").await;
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(status, 200);
    is_ocel_xml(&text);
    let (_, named) = get("/orchestrator/history/export?identified=true").await;
    assert!(String::from_utf8_lossy(&named).contains("Patient/p1"));
    for wrong in ["format=pdf", "from=ieri", "definition=no"] {
        assert!(
            [400, 404].contains(&get(&format!("/orchestrator/history/export?{wrong}")).await.0),
            "{wrong}"
        );
    }
    let (status, bytes) = get("/orchestrator/history/analysis?definition=p&format=csv&table=edges").await;
    assert_eq!(
        (status, String::from_utf8_lossy(&bytes).contains("\"from\";\"to\"")),
        (200, true)
    );
}

/// The JSON form: every object that an event names is there.
fn is_ocel(bytes: &[u8]) {
    let document: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    let ids: std::collections::HashSet<&str> = document["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        (ids.len(), document["events"].as_array().unwrap().len()),
        (40 + 80 + 1 + 1 + 1, 120)
    );
    for related in document["events"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|event| event["relationships"].as_array().unwrap())
    {
        assert!(ids.contains(related["objectId"].as_str().unwrap()), "{related}");
    }
}

/// The XML form: as many elements as the JSON form has items, and no names. `SINFONIA_KEEP_OCEL` keeps it as a file, for
/// other programs to read.
fn is_ocel_xml(text: &str) {
    let count = |tag: &str| text.matches(&format!("<{tag} ")).count();
    assert_eq!((count("object"), count("event")), (123, 120));
    assert_eq!((count("object-type"), count("event-type")), (5, 2));
    assert!(text.ends_with("</events>\n</log>\n") && !text.contains("mmg-1"));
    if let Some(file) = std::env::var_os("SINFONIA_KEEP_OCEL") {
        std::fs::write(file, text).unwrap();
    }
}

/// Two visits at the same time inside a sub-process that a message interrupts; then a farewell.
fn interrupted() -> String {
    let flow = crate::models::flow;
    let inner = [
        r#"<bpmn:startEvent id="is"/><bpmn:parallelGateway id="fork"/><bpmn:parallelGateway id="join"/><bpmn:endEvent id="ie"/>"#.to_owned(),
        user_task("a", "mmg").1,
        user_task("b", "mmg").1,
        [("is", "fork"), ("fork", "a"), ("fork", "b"), ("a", "join"), ("b", "join"), ("join", "ie")].map(|(from, to)| flow(from, to)).concat(),
    ];
    let body = [
        r#"<bpmn:startEvent id="s"/><bpmn:endEvent id="e"/>"#.to_owned(),
        format!(r#"<bpmn:subProcess id="sub">{}</bpmn:subProcess>"#, inner.concat()),
        r#"<bpmn:boundaryEvent id="stop" attachedToRef="sub"><bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent>"#.to_owned(),
        user_task("c", "mmg").1,
        [("s", "sub"), ("sub", "e"), ("stop", "c"), ("c", "e")].map(|(from, to)| flow(from, to)).concat(),
    ];
    crate::models::bpmn(r#"<bpmn:message id="m" name="ferma"/>"#, "fermato", &body.concat())
}

#[tokio::test]
async fn what_an_interruption_clears_is_no_deviation() {
    let system = System::new();
    system.deploy("fermato.bpmn", interrupted()).await;
    // how many visits are done before the message comes; 2: it never does
    for (n, before) in [0, 1, 2, 1].into_iter().enumerate() {
        let start = orchestrator::api::StartInstance {
            definition: "fermato".into(),
            business_key: Some(format!("k{n}")),
            ..Default::default()
        };
        let instance = system.orchestrator.start(&gp(), start, None).await.unwrap().id;
        for _ in 0..before {
            system.advance(SignedDuration::from_mins(5));
            complete(&system, &instance, json!({})).await;
        }
        if before < 2 {
            let stop = orchestrator::api::SendMessage {
                name: "ferma".into(),
                key: Some(format!("k{n}")),
                ..Default::default()
            };
            system.orchestrator.send_message(&gp(), stop, None).await.unwrap();
            system.settle().await;
            complete(&system, &instance, json!({})).await;
        }
    }
    let query = AnalysisQuery {
        definition: "fermato".into(),
        ..AnalysisQuery::default()
    };
    let analysis = system.orchestrator.analysis(&query).await.unwrap();
    let conformance = analysis.conformance.expect("completed cases");
    assert_eq!(
        (conformance.cases, conformance.fitting_percent),
        (4, 100.0),
        "{:?}",
        analysis.variants
    );
    assert!(conformance.approximated.is_empty(), "{:?}", conformance.approximated);
}
