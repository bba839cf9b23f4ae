//! A JSON file: a transaction goes in whole or not at all; other bundles and single resources in chunks.

use super::LoadError;
use super::chunks::{CHUNK, Chunks, Place, entry};
use super::file::{Pass, count, transact};
use super::record::{self, Stage};
use super::report::{Counts, Tally};
use crate::http::blocking;
use crate::scope::Scope;
use crate::transaction::{Entry, Mode, Source, entries, stable_id};
use crate::{Hub, HubError};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Imports; `true` if the file waits for others.
pub(super) async fn import(
    hub: &Arc<Hub>,
    name: &str,
    bytes: Bytes,
    key: &str,
    stage: Stage,
    tally: &Tally<'_>,
    pass: Pass,
) -> Result<bool, LoadError> {
    let text = bytes.clone();
    let parsed = blocking(move || serde_json::from_slice::<Value>(&text).map_err(|e| HubError::json(&e))).await;
    let value = match parsed {
        Ok(value) => value,
        Err(error) => {
            tally.problems(name, vec![(String::new(), error)]);
            return Ok(false);
        }
    };
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let is_bundle = value.get("resourceType").and_then(Value::as_str) == Some("Bundle");
    if is_bundle && kind == "transaction" {
        return transaction(hub, name, bytes, value, key, tally, pass).await;
    }
    let list = match collection(hub, value, is_bundle) {
        Ok(list) => list,
        Err(error) => {
            tally.problems(name, vec![(String::new(), error)]);
            return Ok(false);
        }
    };
    let around = Arc::new(links(&list));
    let mut chunks = Chunks {
        hub,
        name,
        key,
        tally,
        around,
        problems: Vec::new(),
        waits: false,
    };
    let done = if let Stage::Until(done) = stage {
        usize::try_from(done).unwrap_or(0)
    } else {
        0
    };
    let mut chunk = Vec::with_capacity(CHUNK);
    let total = list.len();
    for (at, item) in list.into_iter().enumerate().skip(done) {
        let index = item.as_ref().map_or(at, |entry| entry.index);
        chunk.push((Place::Entry(index), item));
        if chunk.len() == CHUNK || at + 1 == total {
            chunks.put(std::mem::take(&mut chunk), at as u64 + 1).await?;
        }
    }
    chunks.finish(pass == Pass::First).await
}

async fn transaction(
    hub: &Arc<Hub>,
    name: &str,
    bytes: Bytes,
    value: Value,
    key: &str,
    tally: &Tally<'_>,
    pass: Pass,
) -> Result<bool, LoadError> {
    let mode = Mode {
        by: Scope::All,
        stable: true,
        records: vec![record::write(key, Stage::Whole)],
        ..Mode::default()
    };
    let first = Mutex::new(Some(value));
    let source = || Source::Bundle(bytes.clone(), first.lock().expect("only this task").take());
    let counts = match transact(hub, source, &mode).await? {
        Ok(outcomes) => count(outcomes, Place::Entry),
        Err(HubError::Entries(errors)) => {
            let problems = errors
                .into_iter()
                .map(|(at, error)| (Place::Entry(at).to_string(), error))
                .collect();
            Counts {
                problems,
                ..Counts::default()
            }
        }
        Err(error) => Counts {
            problems: vec![(String::new(), error)],
            ..Counts::default()
        },
    };
    if pass == Pass::First && counts.waits() {
        return Ok(true);
    }
    tally.add(name, &counts);
    if counts.problems.is_empty() {
        tally.file_result(false);
    }
    tally.problems(name, counts.problems);
    Ok(false)
}

/// The resources of a bundle that is no transaction, or the one resource.
fn collection(hub: &Arc<Hub>, mut value: Value, is_bundle: bool) -> Result<Vec<Result<Entry, HubError>>, HubError> {
    if !is_bundle {
        return Ok(vec![entry(0, None, value)]);
    }
    if value.get("type").and_then(Value::as_str) == Some("batch") {
        let list = entries(hub, value)?.into_iter().map(|e| e.map_err(|(_, error)| error));
        return Ok(list
            .filter(|e| e.as_ref().map_or(true, |e| e.method != Method::GET))
            .collect());
    }
    let list = match value.get_mut("entry").map(Value::take) {
        Some(Value::Array(list)) => list,
        None => Vec::new(),
        Some(_) => return Err(HubError::bad("Bundle.entry must be an array")),
    };
    Ok(list
        .into_iter()
        .enumerate()
        .map(|(index, one)| item(index, one))
        .collect())
}

/// An entry of a bundle that holds resources without requests.
pub(super) fn item(index: usize, mut item: Value) -> Result<Entry, HubError> {
    let full_url = item.get("fullUrl").and_then(Value::as_str).map(str::to_owned);
    match item.get_mut("resource").map(Value::take) {
        Some(resource) => entry(index, full_url, resource),
        None => Err(HubError::bad("the entry has no resource")),
    }
}

/// What every fullUrl of the file means, so that a chunk can refer to another.
fn links(list: &[Result<Entry, HubError>]) -> HashMap<String, String> {
    let mut links = HashMap::new();
    for entry in list.iter().flatten() {
        links.extend(identity(entry));
    }
    links
}

/// What the fullUrl of an entry stands for, where it is known before the entry is done.
pub(super) fn identity(entry: &Entry) -> Option<(String, String)> {
    let full_url = entry.full_url.clone()?;
    let identity = match (entry.target.as_instance(), entry.target.as_type()) {
        (Some((rtype, id)), _) => format!("{rtype}/{id}"),
        // A conditional create finds its id only when it is done.
        (None, Some(rtype)) if entry.if_none_exist.is_none() => format!("{rtype}/{}", stable_id(entry)),
        _ => return None,
    };
    Some((full_url, identity))
}
