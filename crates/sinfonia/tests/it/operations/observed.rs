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
