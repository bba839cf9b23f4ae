//! HL7's own examples: each is written to the hub over its router, read back, and must say the same.

use crate::Report;
use access::Guard;
use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use hub::{Hub, HubConfig};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{SystemClock, UuidIds};
use store_sqlite::{Options, SqliteStore};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

const JSON: &str = "application/fhir+json";
const XML: &str = "application/fhir+xml";

/// Requests under way at the same time, so that they share commits.
const IN_FLIGHT: usize = 32;

/// Puts every `*.json` resource of a folder (and its sub-folders) through a fresh hub.
///
/// A case passes when the resource is accepted in JSON, goes out and comes back in XML, and reads back with the same
/// elements, the digits of its numbers included; `meta.versionId` and `meta.lastUpdated` are the server's own.
pub fn run(folder: &Path) -> Report {
    let mut report = Report::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime
        .map_err(|e| e.to_string())
        .and_then(|runtime| runtime.block_on(run_all(folder, &mut report)))
    {
        Ok(()) => {}
        Err(message) => report.fail("hl7-examples", message),
    }
    report
}

async fn run_all(folder: &Path, report: &mut Report) -> Result<(), String> {
    let mut files = Vec::new();
    list(folder, &mut files).map_err(|error| format!("{}: {error}", folder.display()))?;
    files.sort();
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let store = SqliteStore::open(dir.path().join("examples.db"), Options::default()).map_err(|e| e.to_string())?;
    let clock = Arc::new(SystemClock);
    let hub = Hub::new(
        store.clone(),
        clock.clone(),
        Arc::new(UuidIds),
        HubConfig::new("http://localhost/fhir"),
    );
    let router = hub::routes(hub).guard(&Guard::open(store, clock));
    let mut running: JoinSet<(usize, Outcome)> = JoinSet::new();
    let mut outcomes: Vec<(usize, Outcome)> = Vec::with_capacity(files.len());
    for (n, file) in files.iter().enumerate() {
        if running.len() >= IN_FLIGHT
            && let Some(done) = running.join_next().await
        {
            outcomes.push(done.map_err(|error| error.to_string())?);
        }
        let (router, file) = (router.clone(), file.clone());
        running.spawn(async move { (n, case(&router, &file).await) });
    }
    while let Some(done) = running.join_next().await {
        outcomes.push(done.map_err(|error| error.to_string())?);
    }
    outcomes.sort_by_key(|(n, _)| *n);
    for (n, outcome) in outcomes {
        let name = files[n].strip_prefix(folder).unwrap_or(&files[n]).display().to_string();
        match outcome {
            Outcome::Same => report.pass(),
            Outcome::Different(message) => report.fail(name, message),
            Outcome::NoResource(reason) => report.skip(name, reason),
        }
    }
    Ok(())
}

enum Outcome {
    Same,
    Different(String),
    NoResource(String),
}

/// Every JSON file below a folder; what npm itself put there is no example.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "json") && name != "package.json" && !name.starts_with('.') {
            files.push(path);
        }
    }
    Ok(())
}

async fn case(router: &Router, file: &Path) -> Outcome {
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) => return Outcome::NoResource(error.to_string()),
    };
    let value: Value = match serde_json::from_slice(&text) {
        Ok(value) => value,
        Err(error) => return Outcome::NoResource(format!("not JSON: {error}")),
    };
    let Some(rtype) = value.get("resourceType").and_then(Value::as_str).map(str::to_owned) else {
        return Outcome::NoResource("no resourceType".into());
    };
    match round_trip(router, &rtype, text, value).await {
        Ok(()) => Outcome::Same,
        Err(message) => Outcome::Different(message),
    }
}

async fn round_trip(router: &Router, rtype: &str, text: Vec<u8>, mut given: Value) -> Result<(), String> {
    let id = given.get("id").and_then(Value::as_str).map(str::to_owned);
    let (method, path) = match &id {
        Some(id) => (Method::PUT, format!("/fhir/{rtype}/{id}")),
        None => (Method::POST, format!("/fhir/{rtype}")),
    };
    let (status, location, written) = send(router, method.clone(), &path, JSON, text).await?;
    if !status.is_success() {
        return Err(format!("{method} answered {status}: {}", diagnostics(&written)));
    }
    let read = match &id {
        Some(_) => path,
        None => location
            .split("/_history/")
            .next()
            .unwrap_or_default()
            .replace("http://localhost", ""),
    };
    through_xml(router, &read).await?;
    let (status, _, body) = send(router, Method::GET, &read, JSON, Vec::new()).await?;
    if status != StatusCode::OK {
        return Err(format!("GET {read} answered {status}: {}", diagnostics(&body)));
    }
    let mut found: Value = serde_json::from_slice(&body).map_err(|error| format!("read back as bad JSON: {error}"))?;
    if id.is_none()
        && let Some(object) = found.as_object_mut()
    {
        object.shift_remove("id");
    }
    strip(&mut given);
    strip(&mut found);
    trim(&mut given);
    trim(&mut found);
    match difference("", &given, &found) {
        None => Ok(()),
        Some(message) => Err(message),
    }
}

/// Fetches a stored resource in XML and stores that text as its next version.
async fn through_xml(router: &Router, path: &str) -> Result<(), String> {
    let (status, _, text) = send(router, Method::GET, path, XML, Vec::new()).await?;
    if status != StatusCode::OK || !text.starts_with(b"<?xml") {
        return Err(format!("GET {path} in XML answered {status}: {}", diagnostics(&text)));
    }
    let (status, _, answer) = send(router, Method::PUT, path, XML, text).await?;
    if !status.is_success() {
        let answer = String::from_utf8_lossy(&answer);
        let shown: String = answer.chars().take(500).collect();
        return Err(format!("PUT {path} in XML answered {status}: {shown}"));
    }
    Ok(())
}

async fn send(
    router: &Router,
    method: Method,
    path: &str,
    format: &str,
    body: Vec<u8>,
) -> Result<(StatusCode, String, Vec<u8>), String> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", format)
        .header("content-type", format);
    let request = request
        .body(Body::from(body))
        .map_err(|error| format!("{path}: {error}"))?;
    let response = router
        .clone()
        .oneshot(request)
        .await
        .map_err(|error| error.to_string())?;
    let status = response.status();
    let location = response
        .headers()
        .get("location")
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .map_err(|error| error.to_string())?;
    Ok((status, location, bytes.to_vec()))
}

fn diagnostics(body: &[u8]) -> String {
    let outcome: Value = serde_json::from_slice(body).unwrap_or_default();
    let issues = outcome.get("issue").and_then(Value::as_array).into_iter().flatten();
    let texts: Vec<&str> = issues
        .filter_map(|issue| issue.get("diagnostics")?.as_str())
        .take(3)
        .collect();
    texts.join("; ")
}

/// `_given: [x, null]` says what `_given: [x]` says: XML has no place for what is empty at the end.
fn trim(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(trim),
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                trim(value);
                if let (true, Value::Array(items)) = (name.starts_with('_'), value) {
                    while items.last().is_some_and(Value::is_null) {
                        items.pop();
                    }
                }
            }
        }
        _ => {}
    }
}

/// Takes away what belongs to the server.
fn strip(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    if let Some(meta) = object.get_mut("meta").and_then(Value::as_object_mut) {
        meta.shift_remove("versionId");
        meta.shift_remove("lastUpdated");
        if meta.is_empty() {
            object.shift_remove("meta");
        }
    }
}

/// The first place where two values differ. Numbers are compared by their digits.
fn difference(path: &str, given: &Value, found: &Value) -> Option<String> {
    match (given, found) {
        (Value::Object(a), Value::Object(b)) => {
            let gone = a.iter().find_map(|(name, value)| match b.get(name) {
                Some(other) => difference(&format!("{path}.{name}"), value, other),
                None => Some(format!("{path}.{name} is gone")),
            });
            let extra = || {
                b.keys()
                    .find(|name| !a.contains_key(*name))
                    .map(|name| format!("{path}.{name} is new"))
            };
            gone.or_else(extra)
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(n, (x, y))| difference(&format!("{path}[{n}]"), x, y)),
        _ if given == found => None,
        _ => Some(format!("{path}: {given} came back as {found}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn digits_count_and_server_meta_does_not() {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(difference("", &parse("{\"a\":1.0}"), &parse("{\"a\":1.00}")).is_some());
        let mut stored = json!({"id": "1", "meta": {"versionId": "1", "lastUpdated": "x"}});
        strip(&mut stored);
        assert_eq!(difference("", &json!({"id": "1"}), &stored), None);
        assert_eq!(
            difference("", &json!({"a": [1]}), &json!({"a": [1], "b": 2})),
            Some(".b is new".into())
        );
    }

    #[test]
    fn a_folder_is_run_through_the_hub() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write(
            "a.json",
            r#"{"resourceType":"Patient","id":"a","multipleBirthInteger":2}"#,
        );
        write("b.json", r#"{"resourceType":"Patient","active":true}"#);
        write("bad.json", r#"{"resourceType":"Patient","id":"bad","nome":"x"}"#);
        write("none.json", "{}");
        write("package.json", "{}");
        let report = run(dir.path());
        assert_eq!(
            report.summary(),
            "2 passed, 1 failed, 1 skipped",
            "{}",
            report.details()
        );
    }
}
