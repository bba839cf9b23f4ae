//! Patch: `PATCH [base]/Type/id` and `PATCH [base]/Type?criteria`, with `If-Match`.

mod fhirpath_patch;
mod json_patch;
mod path;

use crate::http::{Answer, Ask, Payload, media_type};
use crate::hub::{Effect, Written, stored};
use crate::outcome::Issue;
use crate::scope::Scope;
use crate::update::{check_identity, check_match};
use crate::{Hub, HubError, parse};
use base64::Engine as _;
use fhirpath_patch::FhirPathPatch;
use json_patch::JsonPatch;
use serde_json::Value;
use std::sync::Arc;
use store::{Method, StoredResource, Transaction};

/// The media type of JSON Patch.
const JSON_PATCH: &str = "application/json-patch+json";

/// The media type of JSON Merge Patch.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// A change to a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch(Kind);

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Json(JsonPatch),
    FhirPath(FhirPathPatch),
    Merge(Value),
}

impl Patch {
    /// Reads a JSON Patch document (RFC 6902).
    pub fn json(value: Value) -> Result<Self, HubError> {
        JsonPatch::parse(value)
            .map(|patch| Self(Kind::Json(patch)))
            .map_err(unreadable)
    }

    /// Reads a FHIRPath Patch: a Parameters resource (<https://hl7.org/fhir/R4/fhirpatch.html>).
    pub fn fhirpath(parameters: Value) -> Result<Self, HubError> {
        if fhir::resource_type(&parameters)? != "Parameters" {
            return Err(HubError::bad("a FHIRPath Patch is a Parameters resource"));
        }
        FhirPathPatch::parse(parameters)
            .map(|patch| Self(Kind::FhirPath(patch)))
            .map_err(unreadable)
    }

    /// Takes a JSON Merge Patch (RFC 7396): the elements to replace, `null` for those to remove. R4 does not name it;
    /// clients such as fhirpy send it.
    pub fn merge(elements: Value) -> Result<Self, HubError> {
        if elements.is_object() {
            Ok(Self(Kind::Merge(elements)))
        } else {
            Err(unreadable("a JSON Merge Patch is an object".into()))
        }
    }

    /// The patch in an entry of a bundle: Parameters, or a Binary that holds a JSON Patch.
    pub(crate) fn in_entry(resource: &Value) -> Result<Self, HubError> {
        let text = |name: &str| resource.get(name).and_then(Value::as_str);
        match text("resourceType") {
            Some("Binary") => {}
            Some("Parameters") => return Self::fhirpath(resource.clone()),
            _ => {
                return Err(HubError::bad(format!(
                    "a PATCH entry holds Parameters or a Binary of contentType {JSON_PATCH}"
                )));
            }
        }
        if text("contentType") != Some(JSON_PATCH) {
            return Err(HubError::bad(format!(
                "Binary.contentType of a PATCH entry must be {JSON_PATCH}"
            )));
        }
        let data = base64::engine::general_purpose::STANDARD.decode(text("data").unwrap_or_default());
        let data = data.map_err(|error| HubError::bad(format!("Binary.data is not base64: {error}")))?;
        Self::json(serde_json::from_slice(&data).map_err(|error| HubError::json(&error))?)
    }

    /// The stored version, changed; what the change left empty is left out.
    pub(crate) fn apply_to(&self, current: &StoredResource) -> Result<Value, HubError> {
        let body = current.body.as_deref().unwrap_or_default();
        let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        let refuse = |why: String| {
            let message = format!("the patch does not fit {}/{}: {why}", current.rtype, current.id);
            HubError::Invalid(vec![Issue::error("processing", message)])
        };
        match &self.0 {
            Kind::Json(patch) => patch.apply(&mut value),
            Kind::FhirPath(patch) => patch.apply(&mut value),
            Kind::Merge(elements) => {
                merge(&mut value, elements);
                Ok(())
            }
        }
        .map_err(refuse)?;
        prune(&mut value);
        check_identity(&current.rtype, &current.id, &value)?;
        Ok(value)
    }
}

fn unreadable(why: String) -> HubError {
    HubError::bad(format!("the patch cannot be read: {why}"))
}

/// RFC 7396, section 2. As deep as the parser lets a body be.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        return target.clone_from(patch);
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            object.shift_remove(name);
        } else {
            merge(object.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Removes empty arrays and objects: FHIR has none.
fn prune(value: &mut Value) {
    let empty = |value: &Value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    };
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(prune);
            items.retain(|item| !empty(item));
        }
        Value::Object(object) => {
            object.values_mut().for_each(prune);
            object.retain(|_, item| !empty(item));
        }
        _ => {}
    }
}

impl Hub {
    /// Changes the current version of `rtype/id`. `if_match` as for an update.
    pub async fn patch(
        &self,
        rtype: &str,
        id: &str,
        patch: &Patch,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.patch_by(&Scope::All, rtype, id, patch, if_match).await
    }

    /// As [`Hub::patch`], on behalf of somebody.
    pub(crate) async fn patch_by(
        &self,
        by: &Scope,
        rtype: &str,
        id: &str,
        patch: &Patch,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, id), attempt, &mut turn).await;
            let current = self.read(rtype, id).await.map_err(|error| by.mask(error))?;
            by.admit(&current)?;
            check_match(rtype, id, if_match, current.version)?;
            by.may_patch(&current)?;
            let value = patch.apply_to(&current)?;
            let prepared = self.prepare_checked(by, value, id, Some(&current), Method::Put).await?;
            let resource = stored(&prepared.write);
            let transaction = Transaction {
                resources: vec![prepared.write],
                ..Transaction::default()
            };
            if self.try_commit(transaction).await?.is_some() {
                let effect = Effect::Updated;
                return Ok(Written {
                    resource,
                    effect,
                    issues: prepared.issues,
                });
            }
        }
        let attempts = self.config.limits.retries + 1;
        Err(HubError::Contention {
            rtype: rtype.to_owned(),
            id: id.to_owned(),
            attempts,
        })
    }

    /// Changes the one resource that matches `criteria`; none, or more than one, is an error.
    pub async fn patch_matching(
        &self,
        rtype: &str,
        criteria: &str,
        patch: &Patch,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.patch_matching_by(&Scope::All, rtype, criteria, patch, if_match)
            .await
    }

    /// As [`Hub::patch_matching`], on behalf of somebody.
    pub(crate) async fn patch_matching_by(
        &self,
        by: &Scope,
        rtype: &str,
        criteria: &str,
        patch: &Patch,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.check_type(rtype)?;
        let mut query = parse::criteria(&self.parse_context(), rtype, criteria)?;
        by.narrow(&mut query)?;
        let found = self.the_match(&query, criteria).await?;
        let found = found.ok_or_else(|| HubError::NothingToPatch {
            rtype: rtype.to_owned(),
            criteria: criteria.to_owned(),
        })?;
        self.patch_by(by, rtype, &found.id, patch, if_match).await
    }
}

async fn asked(hub: &Hub, ask: &mut Ask) -> Result<Patch, HubError> {
    if let Payload::Value(value) = &ask.payload {
        return Patch::in_entry(value);
    }
    let media = media_type(&ask.headers);
    match media.as_str() {
        // A body without, or with a general, type is told by its shape.
        JSON_PATCH | "application/json" | "" => {}
        MERGE_PATCH => return Patch::merge(ask.plain_json(hub).await?),
        "application/fhir+json" | "application/fhir+xml" => return Patch::fhirpath(ask.json(hub).await?),
        _ => {
            return Err(HubError::UnsupportedMediaType(format!(
                "{media} (a patch is {JSON_PATCH}, or Parameters in application/fhir+json)"
            )));
        }
    }
    let value = ask.plain_json(hub).await?;
    let general = media == "application/json" && value.is_object();
    match value.get("resourceType").and_then(Value::as_str) {
        Some("Parameters") if general => Patch::fhirpath(value),
        _ if general => Patch::merge(value),
        _ => Patch::json(value),
    }
}

/// The HTTP handler of `PATCH [base]/Type/id`.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.may_write(&hub)?;
    let if_match = ask.if_match()?;
    let patch = asked(&hub, &mut ask).await?;
    let written = hub
        .patch_by(&ask.scope, ask.param("type"), ask.param("id"), &patch, if_match)
        .await?;
    Ok(Answer::written(&ask.scope, &written))
}

/// The HTTP handler of `PATCH [base]/Type?criteria`.
pub(crate) async fn handle_matching(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.may_write(&hub)?;
    let if_match = ask.if_match()?;
    let patch = asked(&hub, &mut ask).await?;
    let written = hub
        .patch_matching_by(&ask.scope, ask.param("type"), &ask.query, &patch, if_match)
        .await?;
    Ok(Answer::written(&ask.scope, &written))
}
