//! Two nodes of the program over one PostgreSQL database: what one commits counts on the other at once.

use crate::world::{NOW, actor, send, setup};
use access::{Actor, NewAccount};
use axum::body::Body;
use base64::Engine as _;
use http::{Method, Request, header};
use postgres_fixture::Database;
use serde_json::{Value, json};
use sinfonia::backend::Place;
use sinfonia::commands::prune::OnDuty;
use sinfonia::system::System;
use std::sync::Arc;
use std::time::Duration;
use store::ManualClock;

/// Longest time that one node may be behind another, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Nodes {
    nodes: [System; 2],
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
    database: Database,
}

impl Nodes {
    async fn open() -> Option<Self> {
        let database = Database::new()?;
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        let first = node(&database, &folder.path().join("0"), &clock).await;
        first.deploy_components().await.unwrap();
        let other = folder.path().join("1");
        std::fs::create_dir_all(&other).unwrap();
        std::fs::copy(folder.path().join("0/internal.key"), other.join("internal.key")).unwrap();
        let second = node(&database, &other, &clock).await;
        Some(Self {
            nodes: [first, second],
            clock,
            _folder: folder,
            database,
        })
    }

    async fn ask(&self, node: usize, who: &Actor, method: Method, path: &str, body: Value) -> (u16, Value) {
        let bearer = format!("Bearer {}", self.nodes[node].guard.tokens().issue(who));
        let request = Request::builder().method(method).uri(path);
        let request = request
            .header(header::AUTHORIZATION, bearer)
            .header(header::CONTENT_TYPE, "application/json");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = send(&self.nodes[node].router, request.body(Body::from(body)).unwrap()).await;
        let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status.as_u16(), value)
    }

    /// Asks until the answer has this status.
    async fn until(&self, status: u16, node: usize, who: &Actor, path: &str) {
        let asked = async {
            loop {
                let (found, _) = self.ask(node, who, Method::GET, path, Value::Null).await;
                if found == status {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let became = tokio::time::timeout(PATIENCE, asked).await;
        became.unwrap_or_else(|_| panic!("{path} on node {node} never becomes {status}"));
    }
}

async fn node(database: &Database, data: &std::path::Path, clock: &Arc<ManualClock>) -> System {
    let place = Place {
        data: data.to_owned(),
        store: Some(database.address()),
    };
    System::open(&place, setup(clock.clone())).await.unwrap()
}

fn system() -> Actor {
    actor("system", &["system"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_tied_on_one_node_is_tied_on_the_other_and_no_longer_when_untied() {
    let Some(nodes) = Nodes::open().await else { return };
    let gp = actor("Practitioner/gp", &["mmg"]);
    let patient = |gp: &str| {
        json!({"resourceType": "Patient", "id": "anna", "name": [{"family": "Prova", "given": ["Anna"]}],
            "generalPractitioner": [{"reference": format!("Practitioner/{gp}")}]})
    };
    for id in ["gp", "altro"] {
        let body = json!({"resourceType": "Practitioner", "id": id});
        let path = format!("/fhir/Practitioner/{id}");
        assert_eq!(nodes.ask(0, &system(), Method::PUT, &path, body).await.0, 201);
    }
    // The other node remembers that there is no tie.
    nodes.until(404, 1, &gp, "/fhir/Patient/anna").await;
    let (status, answer) = nodes
        .ask(0, &system(), Method::PUT, "/fhir/Patient/anna", patient("gp"))
        .await;
    assert_eq!(status, 201, "{answer}");
    nodes.until(200, 1, &gp, "/fhir/Patient/anna").await;
    let (status, answer) = nodes
        .ask(0, &system(), Method::PUT, "/fhir/Patient/anna", patient("altro"))
        .await;
    assert_eq!(status, 200, "{answer}");
    let seen = async {
        while nodes
            .ask(1, &gp, Method::GET, "/fhir/Patient/anna", Value::Null)
            .await
            .0
            == 200
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen)
        .await
        .expect("the tie ends on the other node, too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_disabled_on_one_node_is_refused_on_the_other() {
    let Some(nodes) = Nodes::open().await else { return };
    let account = NewAccount {
        username: "rossi".into(),
        password: "una frase lunga".into(),
        actor: actor("Practitioner/rossi", &["mmg"]),
        demo: true,
    };
    let accounts = nodes.nodes[0].identity.accounts();
    accounts.create(account).await.unwrap();
    let basic = base64::engine::general_purpose::STANDARD.encode("rossi:una frase lunga");
    let status = async || {
        let request = Request::get("/orchestrator/tasks").header(header::AUTHORIZATION, format!("Basic {basic}"));
        send(&nodes.nodes[1].router, request.body(Body::empty()).unwrap())
            .await
            .status
    };
    assert_eq!(status().await, 200);
    accounts.set_disabled("rossi", true).await.unwrap();
    let refused = async {
        while status().await == 200 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("the other node forgets the password");
}

const MODEL: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://sinfonia.it/prove">
<process id="due-nodi" isExecutable="true"><startEvent id="inizio"/><userTask id="compito"/>
<intermediateCatchEvent id="attesa"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></intermediateCatchEvent>
<endEvent id="fine"/><sequenceFlow id="a" sourceRef="inizio" targetRef="compito"/><sequenceFlow id="b" sourceRef="compito" targetRef="attesa"/>
<sequenceFlow id="c" sourceRef="attesa" targetRef="fine"/></process></definitions>"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_deployed_started_and_done_on_either_node_is_one_story_and_the_duty_moves() {
    let Some(nodes) = Nodes::open().await else { return };
    let admin = actor("Practitioner/capo", &["admin", "system"]);
    let running: Vec<_> = nodes
        .nodes
        .iter()
        .map(|node| tokio::spawn(node.orchestrator.clone().run()))
        .collect();
    let deploy = json!({"files": [{"name": "due-nodi.bpmn", "content": MODEL}]});
    let (status, answer) = nodes
        .ask(0, &admin, Method::POST, "/orchestrator/deployments", deploy)
        .await;
    assert_eq!(status, 200, "{answer}");
    let start = json!({"definition": "due-nodi"});
    let started = async {
        loop {
            let (status, answer) = nodes
                .ask(1, &admin, Method::POST, "/orchestrator/instances", start.clone())
                .await;
            if status < 300 {
                return answer["id"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let id = tokio::time::timeout(PATIENCE, started)
        .await
        .expect("the other node learns of the definition");
    let path = format!("/orchestrator/instances/{id}");
    nodes.until(200, 0, &admin, &path).await;
    let list = format!("/orchestrator/tasks?instance={id}");
    let (_, tasks) = nodes.ask(0, &admin, Method::GET, &list, Value::Null).await;
    let task = tasks["items"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{tasks}"))
        .to_owned();
    let done = format!("/orchestrator/tasks/{task}/complete");
    let (status, answer) = nodes.ask(0, &admin, Method::POST, &done, json!({})).await;
    assert!(status < 300, "{answer}");
    // The node that started it kept it in memory as it was before.
    let (status, answer) = nodes.ask(1, &admin, Method::POST, &done, json!({})).await;
    assert_eq!(status, 409, "done already: {answer}");
    let on_duty = || [0, 1].map(|n| nodes.nodes[n].orchestrator.is_on_duty());
    let one = async {
        while on_duty().iter().filter(|duty| **duty).count() != 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, one)
        .await
        .expect("one of them does the background work");
    // Whoever has it leaves: the other one fires the timer.
    let leaves = usize::from(on_duty()[1]);
    running[leaves].abort();
    nodes.nodes[leaves].orchestrator.leave().await.unwrap();
    nodes.clock.advance(jiff::SignedDuration::from_hours(2));
    let ended = async {
        while nodes.ask(leaves, &admin, Method::GET, &path, Value::Null).await.1["status"] != "completed" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the other node goes on");
    let steps = nodes
        .database
        .run(&format!("SELECT count(*) FROM history WHERE instance = '{id}'"));
    assert_eq!(steps.trim(), "3", "started, done, fired: each once");
    running.iter().for_each(tokio::task::JoinHandle::abort);
}

const WORK: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
id="d" targetNamespace="https://sinfonia.it/prove"><process id="lavoro" isExecutable="true"><startEvent id="inizio"/>
<userTask id="compito" name="Compito"/><serviceTask id="opera"><extensionElements><zeebe:taskDefinition type="opera"/></extensionElements></serviceTask>
<endEvent id="fine"/><sequenceFlow id="a" sourceRef="inizio" targetRef="compito"/><sequenceFlow id="b" sourceRef="compito" targetRef="opera"/>
<sequenceFlow id="c" sourceRef="opera" targetRef="fine"/></process></definitions>"#;

/// What a node keeps in memory of an instance is no reason to work on it when another node has suspended it, nor to leave it
/// when another node has resumed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_suspended_and_resumed_on_one_node_rests_and_goes_on_on_the_other() {
    let Some(nodes) = Nodes::open().await else { return };
    let admin = actor("Practitioner/capo", &["admin", "system"]);
    let deploy = json!({"files": [{"name": "lavoro.bpmn", "content": WORK}]});
    let (status, answer) = nodes
        .ask(0, &admin, Method::POST, "/orchestrator/deployments", deploy)
        .await;
    assert_eq!(status, 200, "{answer}");
    let worked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for node in &nodes.nodes {
        let worked = worked.clone();
        node.orchestrator.register_worker("opera", move |_| {
            worked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Box::pin(async { Ok(std::iter::empty().collect()) })
        });
    }
    let running: Vec<_> = nodes
        .nodes
        .iter()
        .map(|node| tokio::spawn(node.orchestrator.clone().run()))
        .collect();
    let on_duty = || nodes.nodes.iter().position(|node| node.orchestrator.is_on_duty());
    let found = async {
        loop {
            if let Some(node) = on_duty() {
                return node;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let here = tokio::time::timeout(PATIENCE, found).await.expect("one has the duty");
    let there = 1 - here;
    // Started where the duty is, so that it is kept there; suspended on the other node, whose task is then refused on both.
    let start = json!({"definition": "lavoro"});
    let (status, answer) = nodes
        .ask(here, &admin, Method::POST, "/orchestrator/instances", start)
        .await;
    assert!(status < 300, "{answer}");
    let id = answer["id"].as_str().unwrap().to_owned();
    let list = format!("/orchestrator/tasks?instance={id}");
    let (_, tasks) = nodes.ask(here, &admin, Method::GET, &list, Value::Null).await;
    let task = tasks["items"][0]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{tasks}"))
        .to_owned();
    let suspend = format!("/orchestrator/instances/{id}/suspend");
    let (status, answer) = nodes
        .ask(there, &admin, Method::POST, &suspend, json!({"reason": "prova"}))
        .await;
    assert!(status < 300, "{answer}");
    let done = format!("/orchestrator/tasks/{task}/complete");
    let (status, answer) = nodes.ask(here, &admin, Method::POST, &done, json!({})).await;
    assert_eq!(status, 409, "suspended elsewhere: {answer}");
    assert_eq!(worked.load(std::sync::atomic::Ordering::Relaxed), 0);
    let resume = format!("/orchestrator/instances/{id}/resume");
    let (status, answer) = nodes
        .ask(there, &admin, Method::POST, &resume, json!({"reason": "prova"}))
        .await;
    assert!(status < 300, "{answer}");
    let (status, answer) = nodes.ask(there, &admin, Method::POST, &done, json!({})).await;
    assert!(status < 300, "{answer}");
    let ended = tokio::time::timeout(PATIENCE, nodes.nodes[here].orchestrator.until_ended(&id)).await;
    ended
        .expect("the node with the duty does the work that the other led to")
        .unwrap();
    assert_eq!(worked.load(std::sync::atomic::Ordering::Relaxed), 1, "once");
    running.iter().for_each(tokio::task::JoinHandle::abort);
}

/// So is the record of accesses evaluated, and history pruned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_now_and_then_is_done_on_the_node_that_has_the_background_work() {
    let Some(nodes) = Nodes::open().await else { return };
    let [first, second] = [0, 1].map(|n: usize| nodes.nodes[n].orchestrator.clone());
    let [mut own, mut other] = [&first, &second].map(|node| OnDuty::new(Duration::from_millis(1), node));
    let running = tokio::spawn(first.clone().run());
    let turn = tokio::time::timeout(PATIENCE, own.turn()).await;
    turn.expect("the node that has the work does it");
    let moment = Duration::from_secs(2);
    let turn = tokio::time::timeout(moment, other.turn()).await;
    assert!(turn.is_err(), "the other one does not");
    running.abort();
    let _ = running.await;
    first.leave().await.unwrap();
    let running = tokio::spawn(second.clone().run());
    let turn = tokio::time::timeout(PATIENCE, other.turn()).await;
    turn.expect("it does when the work has moved");
    let turn = tokio::time::timeout(moment, own.turn()).await;
    assert!(turn.is_err(), "and the first one no longer");
    running.abort();
}
