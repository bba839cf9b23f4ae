//! What can be seen from outside, and what must not.

use super::{Serving, ask, fill, free_port, status, text};
use regex::Regex;
use std::collections::BTreeSet;

#[test]
fn the_log_has_numbers_of_requests_and_nobodys_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = Serving::start(
        &[
            "--data",
            text(folder.path()),
            "--log-format",
            "json",
            "--log-level",
            "debug",
        ],
        &[],
    );
    fill(&serving);
    let secret = "Quaglierini";
    let patient = format!(r#"{{"resourceType":"Patient","name":[{{"family":"{secret}"}}],"birthDate":"1970-01-01"}}"#);
    let head = "POST /fhir/Patient";
    assert_eq!(status(&serving.ask(head, &patient)), 201);
    // Wrong in several ways, each with the name in it.
    for (head, body) in [
        (format!("GET /fhir/Patient?name={secret}"), String::new()),
        (format!("GET /fhir/Patient?nome={secret}"), String::new()),
        (format!("GET /fhir/{secret}/1"), String::new()),
        (format!("GET /orchestrator/instances/{secret}"), String::new()),
        (format!("GET /pratiche/{secret}"), String::new()),
        (head.to_owned(), patient.replace("1970-01-01", secret)),
        (head.to_owned(), format!("{{{secret}")),
        (
            "POST /fhir".to_owned(),
            format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"resource":{patient}}}]}}"#),
        ),
        (
            "POST /orchestrator/instances".to_owned(),
            format!(r#"{{"definition":"attesa","businessKey":"{secret}","variables":{{"nome":"{secret}"}}}}"#),
        ),
    ] {
        serving.ask(&head, &body);
    }
    let traced = serving.ask(
        "GET /fhir/Patient/p1 HTTP/1.1\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Rest:",
        "",
    );
    assert!(traced.to_lowercase().contains("x-request-id: "), "{traced}");
    serving.until("4bf92f3577b34da6a3ce929d0e0e4736");
    let log = serving.stop();
    assert!(
        !log.contains(secret) && !log.contains("Rossi"),
        "somebody's name is in the log"
    );
    let lines: Vec<serde_json::Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.len() > 50, "every line is JSON");
    let requests = lines.iter().filter(|line| line["message"] == "request");
    assert!(requests.clone().count() > 50);
    for line in requests {
        assert!(
            line["span"]["request"].is_string() && line["span"]["class"].is_string(),
            "{line}"
        );
    }
}

/// Every metric that is shown, after some work.
fn metrics(operations: u16) -> String {
    let answer = ask(operations, "GET /metrics", "");
    assert_eq!(status(&answer), 200, "{answer}");
    answer
}

#[test]
fn metrics_and_health_have_a_door_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let operations = free_port();
    let address = format!("127.0.0.1:{operations}");
    let serving = Serving::start(&["--data", text(folder.path())], &["--operations-listen", &address]);
    fill(&serving);
    let shown = metrics(operations);
    let value = |name: &str| {
        let line = shown
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("{name}: {shown}"));
        line.rsplit(' ')
            .next()
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap()
    };
    assert!(value("sinfonia_requests_total{class=\"fhir-write\",status=\"2xx\"}") >= 80.0);
    assert!(value("sinfonia_commit_transactions_total") > 80.0);
    assert!(value("sinfonia_commit_flush_seconds_count") > 10.0);
    assert!(value("sinfonia_disk_free_bytes") > 0.0);
    assert!(value("sinfonia_ready{part=\"store\"}") == 1.0);
    assert!(!shown.contains("Rossi") && !shown.contains("Patient/"));
    assert_eq!(status(&ask(operations, "GET /health/live", "")), 200);
    let ready = ask(operations, "GET /health/ready", "");
    assert!(
        status(&ready) == 200 && ready.contains("\"store\":\"ready\""),
        "{ready}"
    );
    assert!(serving.ask("GET /health/ready", "").contains("\"status\":\"ready\""));
    assert_ne!(status(&serving.ask("GET /metrics", "")), 200, "not at the front door");
    let known: BTreeSet<&str> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let name = Regex::new(r"sinfonia_[a-z_]+").unwrap();
    for (file, told) in [
        (
            "rules",
            include_str!("../../../../../deploy/observability/prometheus-rules.yaml"),
        ),
        (
            "dashboard",
            include_str!("../../../../../deploy/observability/grafana-dashboard.json"),
        ),
    ] {
        let named: BTreeSet<&str> = name.find_iter(told).map(|found| found.as_str()).collect();
        assert!(named.len() > 5, "{file}");
        for metric in named {
            let stem = ["_total", "_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| metric.strip_suffix(end));
            assert!(
                known.contains(metric) || stem.is_some_and(|stem| known.contains(stem)),
                "{file}: there is no {metric}"
            );
        }
    }
    serving.stop();
}

/// A gatherer of traces: what it was sent first.
fn gatherer() -> (String, std::sync::mpsc::Receiver<(String, serde_json::Value)>) {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (send, sent) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap() <= 2 {
                    break;
                }
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer =
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            reader.get_mut().write_all(answer.as_bytes()).unwrap();
            if send.send((head, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
        }
    });
    (url, sent)
}

/// A trace of which everything is to be kept.
const WHOLE: &str = "7bf92f3577b34da6a3ce929d0e0e4736";

fn text_of<'a>(span: &'a serde_json::Value, field: &str) -> &'a str {
    span[field].as_str().unwrap()
}

#[test]
fn requests_are_sent_as_spans_that_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (url, sent) = gatherer();
    let before = ["--data", text(folder.path())];
    let serving = Serving::start(&before, &["--otlp-endpoint", &url]);
    let secret = "Quaglierini";
    serving.ask(&format!("GET /fhir/Patient?name={secret}"), "");
    let traced = |flags: &str| {
        format!(
            "GET /fhir/Patient/{secret} HTTP/1.1\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}\r\nX-Rest:"
        )
    };
    serving.ask(&traced("00"), "");
    serving.ask(&traced("01"), "");
    let started =
        format!("POST /orchestrator/instances HTTP/1.1\r\ntraceparent: 00-{WHOLE}-00f067aa0ba902b7-01\r\nX-Rest:");
    fill(&serving);
    let body = format!(r#"{{"definition":"attesa","businessKey":"{secret}","variables":{{"nome":"{secret}"}}}}"#);
    let answer = serving.ask(&started, &body);
    assert_eq!(status(&answer) / 100, 2, "{answer}");
    // What waits goes with the end.
    serving.stop();
    let all: Vec<(String, serde_json::Value)> = sent.try_iter().collect();
    assert!(!all.is_empty());
    let mut spans = Vec::new();
    for (head, body) in &all {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        assert!(!body.to_string().contains(secret), "{body}");
        assert_eq!(
            body["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"],
            "sinfonia"
        );
        spans.extend(
            body["resourceSpans"][0]["scopeSpans"][0]["spans"]
                .as_array()
                .unwrap()
                .clone(),
        );
    }
    let searches = spans.iter().filter(|span| span["name"] == "GET fhir-search");
    assert_eq!(searches.count(), 1, "{spans:?}");
    let of_trace = |span: &&serde_json::Value| span["traceId"] == "4bf92f3577b34da6a3ce929d0e0e4736";
    let reads: Vec<_> = spans.iter().filter(of_trace).collect();
    assert_eq!(reads.len(), 1, "only the one that is to be kept: {spans:?}");
    assert_eq!(reads[0]["name"], "GET fhir-read");
    assert_eq!(reads[0]["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(reads[0]["attributes"][1]["value"]["intValue"], "404");
    // A step of the orchestrator within the request, and its commit within the step.
    let named = |name: &str| {
        let mut found = spans
            .iter()
            .filter(|span| span["traceId"] == WHOLE && span["name"] == name);
        found.next().unwrap_or_else(|| panic!("there is no span {name}"))
    };
    let (request, step, commit) = (
        named("POST process-write"),
        named("orchestrator.step"),
        named("store.commit"),
    );
    assert_eq!(request["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(step["parentSpanId"], request["spanId"]);
    assert_eq!(commit["parentSpanId"], step["spanId"]);
    assert!(text_of(commit, "endTimeUnixNano") <= text_of(step, "endTimeUnixNano"));
}
