//! How long it takes until everything works again.

use crate::kill::server::{Answer, Http, Server};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The process whose timer shows that the background work goes on.
const PROBE: &str = "sonda";
/// Longest time until all works again.
const PATIENCE: Duration = Duration::from_secs(180);
/// Longest time for one try.
const TRY: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recovery {
    /// From the end of the fault until every node acknowledged a write.
    pub writes: Duration,
    /// From the end of the fault until on every node a process was started whose timer fired.
    pub steps: Duration,
}

/// The file of the probe.
pub fn model() -> Value {
    let flow =
        |from: &str, to: &str| format!(r#"<sequenceFlow id="{from}-{to}" sourceRef="{from}" targetRef="{to}"/>"#);
    let content = format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://sinfonia.it/proof">
<process id="{PROBE}" isExecutable="true"><startEvent id="a"/><intermediateCatchEvent id="b"><timerEventDefinition>
<timeDuration>PT0S</timeDuration></timerEventDefinition></intermediateCatchEvent><endEvent id="c"/>{}{}</process></definitions>"#,
        flow("a", "b"),
        flow("b", "c")
    );
    json!({"files": [{"name": "sonda.bpmn", "content": content}]})
}

/// Waits until every node writes and the background work is done.
///
/// # Errors
/// It does not happen.
pub async fn measure(server: &Server, round: u32) -> Result<Recovery, String> {
    let since = Instant::now();
    let nodes = (0..server.nodes()).map(|n| {
        let http = server.http.of(n);
        tokio::spawn(async move { (n, timeout(PATIENCE, of_node(&http, n, round, since)).await) })
    });
    let mut all = Recovery::default();
    for node in nodes.collect::<Vec<_>>() {
        let (n, measured) = node.await.map_err(|error| error.to_string())?;
        let measured = measured.map_err(|_| format!("node {n} does not recover within {} s", PATIENCE.as_secs()))?;
        all.writes = all.writes.max(measured.writes);
        all.steps = all.steps.max(measured.steps);
    }
    Ok(all)
}

async fn of_node(http: &Http, n: usize, round: u32, since: Instant) -> Recovery {
    let id = format!("sonda-{n}");
    let resource = json!({"resourceType": "Patient", "id": id, "multipleBirthInteger": round});
    let path = format!("Patient/{id}");
    until(|| http.put(&path, &resource)).await;
    let writes = since.elapsed();
    let key = format!("sonda-{n}-{round}");
    let body = json!({"definition": PROBE, "businessKey": key});
    let started = until(|| http.post("/instances", &key, &body)).await;
    let instance = started["id"].as_str().unwrap_or_default().to_owned();
    loop {
        let found = timeout(TRY, http.get(&format!("/instances/{instance}"))).await;
        if matches!(found, Ok(Ok(found)) if found["status"] == "completed") {
            let steps = since.elapsed();
            return Recovery { writes, steps };
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until<F: Future<Output = Answer>>(ask: impl Fn() -> F) -> Value {
    loop {
        if let Ok(Answer::Given(200..300, body, _)) = timeout(TRY, ask()).await {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
