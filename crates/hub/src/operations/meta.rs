//! `$meta`, `$meta-add`, `$meta-delete`: the labels of a resource, of a type, of the whole server
//! (<https://hl7.org/fhir/R4/resource-operation-meta.html>).

use crate::http::{Answer, Ask};
use crate::hub::{Effect, Written, stored};
use crate::update::check_match;
use crate::{Hub, HubError, binary};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Clause, Method, Page, Query, StoredResource, Transaction};

/// Resources with labels that `$meta` of a type or of the server looks at.
const MAX_SEEN: usize = 10_000;

/// The parts of `meta` that are labels.
const LABELS: [&str; 3] = ["profile", "security", "tag"];

/// The handler of `[base]/Type/id/$meta`.
pub(crate) async fn handle(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let resource = match hub.read(ask.param("type"), ask.param("id")).await {
        Ok(resource) => resource,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    binary::admit(&hub, &ask.scope, &resource).await?;
    Ok(answer(&meta_of(&resource)?))
}

/// The handler of `[base]/Type/$meta`: every label in use.
pub(crate) async fn handle_type(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let rtype = ask.param("type");
    hub.check_type(rtype)?;
    ask.scope.everything("the labels of a whole type are not for you")?;
    Ok(answer(&in_use(&hub, &[rtype.to_owned()]).await?))
}

/// The handler of `[base]/$meta`: every label in use.
pub(crate) async fn handle_system(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    ask.scope.everything("the labels of the whole server are not for you")?;
    let counts = hub.snapshot().await?.counts().await?;
    let types: Vec<String> = counts.into_iter().map(|(rtype, _)| rtype).collect();
    Ok(answer(&in_use(&hub, &types).await?))
}

/// The handler of `[base]/Type/id/$meta-add`.
pub(crate) async fn handle_add(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    change(hub, ask, join).await
}

/// The handler of `[base]/Type/id/$meta-delete`.
pub(crate) async fn handle_delete(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    change(hub, ask, |meta, given| {
        for name in LABELS {
            let gone = given[name].as_array().cloned().unwrap_or_default();
            let Some(list) = meta.get_mut(name).and_then(Value::as_array_mut) else {
                continue;
            };
            list.retain(|label| !gone.iter().any(|other| same(label, other)));
            if list.is_empty() {
                meta.as_object_mut().map(|meta| meta.shift_remove(name));
            }
        }
    })
    .await
}

/// Writes a new version when `edit` changes the labels.
async fn change(hub: Arc<Hub>, mut ask: Ask, edit: fn(&mut Value, &Value)) -> Result<Answer, HubError> {
    ask.may_write(&hub)?;
    let if_match = ask.if_match()?;
    let parameters = ask.json(&hub).await?;
    let (rtype, id) = (ask.param("type"), ask.param("id"));
    let given = given(&parameters)?;
    let mut turn = None;
    for attempt in 0..=hub.config.limits.retries {
        hub.turns.wait((rtype, id), attempt, &mut turn).await;
        let current = hub.read(rtype, id).await.map_err(|error| ask.scope.mask(error))?;
        ask.scope.admit(&current)?;
        check_match(rtype, id, if_match, current.version)?;
        let body = current.body.as_deref().unwrap_or_default();
        let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        let before = value["meta"].clone();
        edit(&mut value["meta"], given);
        if value["meta"] == before {
            return Ok(answer(&before));
        }
        let prepared = hub
            .prepare_checked(&ask.scope, value, id, Some(&current), Method::Put)
            .await?;
        let meta = prepared.value["meta"].clone();
        let resource = stored(&prepared.write);
        let transaction = Transaction {
            resources: vec![prepared.write],
            ..Transaction::default()
        };
        if hub.try_commit(transaction).await?.is_some() {
            let effect = Effect::Updated;
            let issues = prepared.issues;
            let about = Answer::written(
                &ask.scope,
                &Written {
                    resource,
                    effect,
                    issues,
                },
            )
            .about;
            return Ok(answer(&meta).speaking_of(about));
        }
    }
    Err(HubError::Contention {
        rtype: rtype.to_owned(),
        id: id.to_owned(),
        attempts: hub.config.limits.retries + 1,
    })
}

/// The `meta` parameter.
fn given(parameters: &Value) -> Result<&Value, HubError> {
    let list = parameters["parameter"].as_array().into_iter().flatten();
    let mut metas = list.filter(|one| one["name"] == "meta").map(|one| &one["valueMeta"]);
    match (metas.next(), fhir::resource_type(parameters)?) {
        (Some(meta), "Parameters") if meta.is_object() => Ok(meta),
        _ => Err(HubError::bad(
            "the body is a Parameters resource with a parameter named meta that has a valueMeta",
        )),
    }
}

/// Adds the labels of `more` that are not there yet.
fn join(meta: &mut Value, more: &Value) {
    for name in LABELS {
        for label in more[name].as_array().into_iter().flatten() {
            if meta[name].is_null() {
                meta[name] = json!([]);
            }
            if let Some(list) = meta[name].as_array_mut()
                && !list.iter().any(|other| same(label, other))
            {
                list.push(label.clone());
            }
        }
    }
}

/// Profiles are the same by their text, codings by system and code.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => a.get("system") == b.get("system") && a.get("code") == b.get("code"),
        _ => a == b,
    }
}

async fn in_use(hub: &Hub, types: &[String]) -> Result<Value, HubError> {
    let mut all = json!({});
    let mut seen = 0;
    let mut snapshot = hub.snapshot().await?;
    for rtype in types {
        let labelled = |code: &str| {
            let param = hub.definitions.param(rtype, code)?.id;
            Some(Clause::Missing { param, missing: false })
        };
        let any = ["_profile", "_security", "_tag"]
            .iter()
            .filter_map(|code| labelled(code))
            .collect();
        let mut query = Query {
            rtype: rtype.clone(),
            clauses: vec![Clause::Or(any)],
            page: Page {
                count: hub.config.limits.count_max,
                after: None,
            },
            ..Query::default()
        };
        loop {
            let page = snapshot.search(&query).await?;
            seen += page.matches.len();
            if seen > MAX_SEEN {
                return Err(HubError::Limit {
                    what: "resources with labels that $meta looks at",
                    max: MAX_SEEN,
                    found: seen,
                });
            }
            for resource in &page.matches {
                join(&mut all, &meta_of(resource)?);
            }
            query.page.after = page.next;
            if query.page.after.is_none() {
                break;
            }
        }
    }
    Ok(all)
}

fn meta_of(resource: &StoredResource) -> Result<Value, HubError> {
    let body = resource.body.as_deref().unwrap_or_default();
    let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
    Ok(value["meta"].take())
}

fn answer(meta: &Value) -> Answer {
    let mut parameter = json!({"name": "return"});
    // FHIR has no empty objects
    if meta.as_object().is_some_and(|meta| !meta.is_empty()) {
        parameter["valueMeta"] = meta.clone();
    }
    let parameters = json!({"resourceType": "Parameters", "parameter": [parameter]});
    Answer::made(Bytes::from(parameters.to_string()))
}
